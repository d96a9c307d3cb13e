"""What may be seen of advertisers."""

from typing import TYPE_CHECKING, Any

from django.db import models

from accounts.choices import ADMIN_ROLES, STAFF_ROLES, RoleName

if TYPE_CHECKING:
    from accounts.models import User


class AdvertiserQuerySet(models.QuerySet["Advertiser"]):
    """The customers."""

    def visible_to(self, user: "User") -> "AdvertiserQuerySet":
        """Staff see all advertisers, others none."""
        return self if user.is_authenticated and user.role_id in STAFF_ROLES else self.none()

    def as_document(self, user: "User") -> "AdvertiserQuerySet":
        """With everything one advertiser's page shows `user`, in a constant number of queries."""
        from advertisers.models import AdvertiserBankAccount

        accounts = AdvertiserBankAccount.objects.visible_to(user)
        return self.prefetch_related("contacts", models.Prefetch("bank_accounts", accounts))


class ContactQuerySet(models.QuerySet["AdvertiserContact"]):
    """Whom to call."""

    def visible_to(self, user: "User") -> "ContactQuerySet":
        """Whoever sees the advertiser."""
        return self if user.is_authenticated and user.role_id in STAFF_ROLES else self.none()


class BankAccountQuerySet(models.QuerySet["AdvertiserBankAccount"]):
    """Where the money comes from."""

    def visible_to(self, user: "User") -> "BankAccountQuerySet":
        """Admins and campaign managers; moderators have no business here."""
        allowed: tuple[Any, ...] = (*ADMIN_ROLES, RoleName.CAMPAIGN_MANAGER)
        return self if user.is_authenticated and user.role_id in allowed else self.none()
