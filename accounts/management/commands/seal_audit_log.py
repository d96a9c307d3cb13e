"""`manage.py seal_audit_log`: seal the audit entries and security events that have no seal yet."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.audit.sealing import seal_everything
from campaign_studio.management.base import StudioCommand


class Command(StudioCommand):
    """Servers seal while they write, so the last entries before a pause may stay unsealed until this runs."""

    help = _("Seal the audit entries and security events that are not sealed yet. Schedule it every few minutes.")

    def handle(self, *args: object, **options: object) -> None:
        count = seal_everything()
        message = ngettext("Sealed %(count)d entry or event.", "Sealed %(count)d entries and events.", count)
        self.stdout.write(message % {"count": count})
