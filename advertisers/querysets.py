"""What may be seen of advertisers."""

from typing import TYPE_CHECKING, Any

from django.db import models

from accounts.choices import ADMIN_ROLES, STAFF_ROLES, RoleName
from campaign_studio.querysets import StudioQuerySet

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User


class AdvertiserQuerySet(StudioQuerySet):
    """The customers."""

    def visible_to(self, user: "User | AnonymousUser") -> "AdvertiserQuerySet":
        """Staff see all advertisers, others none."""
        return self if user.is_authenticated and user.role_id in STAFF_ROLES else self.none()

    def as_document(self, user: "User | AnonymousUser") -> "AdvertiserQuerySet":
        """With contacts and, for those who may see them, bank accounts."""
        from advertisers.models import AdvertiserBankAccount

        accounts = AdvertiserBankAccount.objects.visible_to(user)
        return self.prefetch_related("contacts", models.Prefetch("bank_accounts", accounts))


class ContactQuerySet(StudioQuerySet):
    """Whom to call."""

    def visible_to(self, user: "User | AnonymousUser") -> "ContactQuerySet":
        """Whoever sees the advertiser."""
        return self if user.is_authenticated and user.role_id in STAFF_ROLES else self.none()


class BankAccountQuerySet(StudioQuerySet):
    """Where the money comes from."""

    def visible_to(self, user: "User | AnonymousUser") -> "BankAccountQuerySet":
        """Admins and campaign managers; moderators have no business here."""
        allowed: tuple[Any, ...] = (*ADMIN_ROLES, RoleName.CAMPAIGN_MANAGER)
        return self if user.is_authenticated and user.role_id in allowed else self.none()
