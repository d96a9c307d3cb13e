"""Factories of minimal valid advertisers, contacts and bank accounts."""

import factory

from accounts.choices import RoleName
from accounts.tests.factories import UserFactory
from advertisers.choices import AdvertiserType
from advertisers.models import Advertiser, AdvertiserBankAccount, AdvertiserContact

IBAN = "DE89370400440532013000"
OTHER_IBAN = "GB82WEST12345698765432"
ACCOUNT_NUMBER = "532013456789"


class AdvertiserFactory(factory.django.DjangoModelFactory):
    """An advertiser without contacts, or with one: `AdvertiserFactory(contact=True)`."""

    class Meta:
        model = Advertiser
        skip_postgeneration_save = True

    class Params:
        contact = factory.Trait(
            contacts=factory.RelatedFactory(
                "advertisers.tests.factories.AdvertiserContactFactory", factory_related_name="advertiser"
            )
        )

    advertiser_name = factory.Sequence(lambda number: f"Advertiser {number}")
    advertiser_type = AdvertiserType.BUSINESS
    created_by = factory.SubFactory(UserFactory, role=RoleName.CAMPAIGN_MANAGER)


class AdvertiserContactFactory(factory.django.DjangoModelFactory):
    """A contact that is not the point of contact."""

    class Meta:
        model = AdvertiserContact

    advertiser = factory.SubFactory(AdvertiserFactory)
    contact_name = factory.Sequence(lambda number: f"Contact {number}")
    contact_email = factory.Sequence(lambda number: f"contact{number}@example.com")


class AdvertiserBankAccountFactory(factory.django.DjangoModelFactory):
    """A bank account with ACCOUNT_NUMBER that is not the default."""

    class Meta:
        model = AdvertiserBankAccount

    advertiser = factory.SubFactory(AdvertiserFactory)
    bank_name = factory.Sequence(lambda number: f"Bank {number}")
    bank_account_name = "Example Ltd"
    bank_account_number = ACCOUNT_NUMBER
