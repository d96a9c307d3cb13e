"""`manage.py seal_audit_log`: seal what waits."""

from django.core.management.base import BaseCommand

from accounts.audit.sealing import seal_everything


class Command(BaseCommand):
    """Meant for every few minutes: servers seal while they write, so the last entries before a pause may still wait."""

    help = "Seal the audit entries that are not sealed yet. Schedule it every few minutes."

    def handle(self, *args: object, **options: object) -> None:
        self.stdout.write(f"Sealed: entries {seal_everything()}.")
