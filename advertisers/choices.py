"""What an advertiser and a contact can be."""

from django.db import models


class AdvertiserType(models.TextChoices):
    """What kind of customer this is."""

    INDIVIDUAL = "individual", "Individual"
    BUSINESS = "business", "Business"
    ENTERPRISE = "enterprise", "Enterprise"
    AGENCY = "agency", "Agency"


class ContactType(models.TextChoices):
    """What a contact person is there for."""

    ADMIN = "admin", "Administration"
    MANAGER = "manager", "Management"
    SALES = "sales", "Sales"
    SUPPORT = "support", "Support"
    MARKETING = "marketing", "Marketing"
    TECH = "tech", "Technology"
    IT = "it", "IT"
    HR = "hr", "Human resources"
    FINANCE = "finance", "Finance"
