"""What may be seen of advertisers."""

from typing import Self

from django.db import models

from accounts.choices import PLANNING_ROLES, STAFF_ROLES
from accounts.rules import role_of
from campaign_studio.acting import Reader
from campaign_studio.querysets import StudioQuerySet


class AdvertiserQuerySet(StudioQuerySet):
    """Advertisers: staff see all of them, admins and campaign managers change all of them."""

    def visible_to(self, user: Reader) -> Self:
        """Staff see all advertisers, others none."""
        return self if role_of(user) in STAFF_ROLES else self.none()

    def changeable_by(self, user: Reader) -> Self:
        """Admins and campaign managers keep all advertisers."""
        return self if role_of(user) in PLANNING_ROLES else self.none()

    def as_document(self, user: Reader) -> Self:
        """With contacts and, for those who may see them, bank accounts."""
        from advertisers.models import AdvertiserBankAccount

        accounts = AdvertiserBankAccount.objects.visible_to(user)
        return self.prefetch_related("contacts", models.Prefetch("bank_accounts", accounts))


class ContactQuerySet(StudioQuerySet):
    """Contacts: seen by those who see the advertiser."""

    def visible_to(self, user: Reader) -> Self:
        return self if role_of(user) in STAFF_ROLES else self.none()


class BankAccountQuerySet(StudioQuerySet):
    """Where the money comes from."""

    def visible_to(self, user: Reader) -> Self:
        """Admins and campaign managers; moderators have no business here."""
        return self if role_of(user) in PLANNING_ROLES else self.none()
