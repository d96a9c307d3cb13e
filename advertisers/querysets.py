"""Querysets of advertisers, contacts and bank accounts: what a user may see and change."""

from typing import Self

from django.db import models

from accounts.choices import PLANNING_ROLES, STAFF_ROLES
from accounts.rules import role_of
from campaign_studio.acting import Reader
from campaign_studio.querysets import StudioQuerySet


class AdvertiserQuerySet(StudioQuerySet):
    """Advertisers. Staff see all of them; admins and campaign managers can change all of them."""

    def visible_to(self, user: Reader) -> Self:
        return self if role_of(user) in STAFF_ROLES else self.none()

    def changeable_by(self, user: Reader) -> Self:
        return self if role_of(user) in PLANNING_ROLES else self.none()

    def as_document(self, user: Reader) -> Self:
        """With their contacts and, if the user may see them, their bank accounts."""
        from advertisers.models import AdvertiserBankAccount

        accounts = AdvertiserBankAccount.objects.visible_to(user)
        return self.prefetch_related("contacts", models.Prefetch("bank_accounts", accounts))


class ContactQuerySet(StudioQuerySet):
    """Contacts, visible to everyone who can see their advertiser."""

    def visible_to(self, user: Reader) -> Self:
        return self if role_of(user) in STAFF_ROLES else self.none()


class BankAccountQuerySet(StudioQuerySet):
    """Bank accounts, visible to admins and campaign managers but not to moderators."""

    def visible_to(self, user: Reader) -> Self:
        return self if role_of(user) in PLANNING_ROLES else self.none()
