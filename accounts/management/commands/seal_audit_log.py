"""`manage.py seal_audit_log`: seal the audit entries that have no seal yet."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.audit.sealing import seal_everything
from campaign_studio.management.base import StudioCommand


class Command(StudioCommand):
    """Servers seal while they write, so the last entries before a pause may stay unsealed until this runs."""

    help = _("Seal the audit entries that are not sealed yet. Schedule it every few minutes.")

    def handle(self, *args: object, **options: object) -> None:
        count = seal_everything()
        self.stdout.write(
            ngettext("Sealed %(count)d audit entry.", "Sealed %(count)d audit entries.", count) % {"count": count}
        )
