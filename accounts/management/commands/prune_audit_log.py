"""`manage.py prune_audit_log`: remove what is too old, so that the rest can still prove itself."""

from datetime import datetime, timedelta

from django.contrib.contenttypes.models import ContentType
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from django.db.models import Max, Min
from django.utils import timezone

from accounts.audit.sealing import lock_chain_head, seal_everything
from accounts.audit.verifying import unsealed_entries, walk
from accounts.models import AuditEntry, AuditSeal, SecurityEvent
from campaign_studio.acting import acting_as
from campaign_studio.database.timeouts import lift_statement_timeout
from campaign_studio.management.arguments import whole_number

SHORTEST = 90


class Command(BaseCommand):
    """The only way to remove entries: the database refuses all others.

    Removed is the longest beginning of the log that is older altogether. In its place stands an entry that says how
    much was removed, up to where and with which seal; verify_audit_log goes on from there.
    """

    help = (
        f"Remove audit entries and security events older than so many days (at least {SHORTEST}). "
        "What stays can still be verified; what goes can't be brought back: export it before."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--days",
            type=whole_number(SHORTEST, 99_999),
            required=True,
            help=f"{SHORTEST} or more: younger entries may still be needed as evidence",
        )
        parser.add_argument("--dry-run", action="store_true", help="only say how much would be removed")

    def handle(self, *args: object, days: int, dry_run: bool, **options: object) -> None:
        """Raises CommandError for a log that is not whole: removing entries would hide it."""
        lift_statement_timeout()
        before = timezone.now() - timedelta(days=days)
        seal_everything()
        if any(wrong for _, wrong in walk()) or any(unsealed_entries()):
            raise CommandError("The audit log is not whole. Run verify_audit_log and find out why before removing any.")
        # No `one_write()`: the entry that it leaves is sealed before anything is removed, so it can't be put off.
        with acting_as("prune_audit_log"), transaction.atomic():
            lock_chain_head(wait=True)
            last = self._last_removed(before)
            old = AuditSeal.objects.filter(position__lte=last.position).count() if last else 0
            events = SecurityEvent.objects.filter(happened_at__lt=before)
            if dry_run:
                self.stdout.write(f"Would be removed: audit entries {old}, security events {events.count()}.")
                return
            with connection.cursor() as cursor:
                # The declared mode: in this transaction, and in no other, the triggers let entries go.
                cursor.execute("SET LOCAL app.audit_retention = 'on'")
            removed = events._raw_delete(events.db)
            if last:
                self._leave_checkpoint(last, old, before)
                seals = AuditSeal.objects.filter(position__lte=last.position)
                entries = AuditEntry.objects.filter(pk__in=seals.values("entry_id"))
                entries._raw_delete(entries.db)
                seals._raw_delete(seals.db)
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL app.audit_retention = 'off'")
        self.stdout.write(f"Removed: audit entries {old}, security events {removed}.")

    @staticmethod
    def _last_removed(before: datetime) -> AuditSeal | None:
        """The last seal of the beginning of the log that is older altogether."""
        young = AuditEntry.objects.filter(timestamp__gte=before).values("pk")
        kept_from = AuditSeal.objects.filter(entry_id__in=young).aggregate(Min("position"))["position__min"]
        if kept_from is None:
            kept_from = (AuditSeal.objects.aggregate(Max("position"))["position__max"] or 0) + 1
        return AuditSeal.objects.filter(position__lt=kept_from).last()

    @staticmethod
    def _leave_checkpoint(last: AuditSeal, old: int, before: datetime) -> None:
        """Say in the log what was removed. Sealed before anything is, it continues the very chain that it shortens."""
        AuditEntry.objects.create(
            content_type=ContentType.objects.get_for_model(AuditEntry),
            object_pk=str(last.position),
            object_repr=f"Audit log before {before:%Y-%m-%d}",
            action=AuditEntry.Action.DELETE,
            changes={
                "entries": [str(old), None],
                "up_to_position": [str(last.position), None],
                "seal": [last.seal, None],
            },
        )
        seal_everything()
