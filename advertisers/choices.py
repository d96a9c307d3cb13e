"""The types of advertisers and contacts."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class AdvertiserType(models.TextChoices):
    """The kind of customer."""

    INDIVIDUAL = "individual", _("Individual")
    BUSINESS = "business", _("Business")
    ENTERPRISE = "enterprise", _("Enterprise")
    AGENCY = "agency", _("Agency")


class ContactType(models.TextChoices):
    """The department a contact works in."""

    ADMIN = "admin", _("Administration")
    MANAGER = "manager", _("Management")
    SALES = "sales", _("Sales")
    SUPPORT = "support", _("Support")
    MARKETING = "marketing", _("Marketing")
    TECH = "tech", _("Technology")
    IT = "it", _("IT")
    HR = "hr", _("Human resources")
    FINANCE = "finance", _("Finance")
