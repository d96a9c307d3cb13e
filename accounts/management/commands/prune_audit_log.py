"""`manage.py prune_audit_log`: delete old audit entries so that the remaining ones can still be verified."""

from datetime import datetime, timedelta

from django.contrib.contenttypes.models import ContentType
from django.core.management.base import CommandError, CommandParser
from django.db import connection, transaction
from django.db.models import Max, Min
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.audit.sealing import lock_chain_head, seal_everything
from accounts.audit.verifying import unsealed_entries, walk
from accounts.models import AuditEntry, AuditSeal, SecurityEvent
from campaign_studio.acting import acting_as
from campaign_studio.database.timeouts import lift_statement_timeout
from campaign_studio.management.arguments import whole_number
from campaign_studio.management.base import StudioCommand

MIN_DAYS = 90


class Command(StudioCommand):
    """The only way to delete audit entries: the database refuses all others.

    It deletes from the start of the log, up to the first entry that is not old enough. A checkpoint entry records how
    many entries were deleted, the last position and its seal. `verify_audit_log` continues from there.
    """

    help = _(
        "Delete audit entries and security events that are older than the given number of days. The remaining entries "
        "can still be verified. Deleted entries can't be restored, so export them first."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--days",
            type=whole_number(MIN_DAYS, 99_999),
            required=True,
            help=gettext("at least %(days)d, because newer entries may still be needed as evidence")
            % {"days": MIN_DAYS},
        )
        parser.add_argument(
            "--dry-run", action="store_true", help=gettext("only show how many entries and events would be deleted")
        )

    def handle(self, *args: object, days: int, dry_run: bool, **options: object) -> None:
        """Delete the old entries. Raises CommandError if the log isn't intact, because pruning would hide that."""
        lift_statement_timeout()
        before = timezone.now() - timedelta(days=days)
        seal_everything()
        if any(wrong for _, wrong in walk()) or any(unsealed_entries()):
            message = gettext(
                "The audit log is not intact. Run verify_audit_log and find the cause before you prune it."
            )
            raise CommandError(message)
        # No `one_write()`: the checkpoint must be sealed before anything is deleted, so it can't be saved later.
        with acting_as("prune_audit_log"), transaction.atomic():
            lock_chain_head(wait=True)
            last = self._last_removed(before)
            old = AuditSeal.objects.filter(position__lte=last.position).count() if last else 0
            events = SecurityEvent.objects.filter(happened_at__lt=before)
            if dry_run:
                self._report_dry_run(old, events.count())
                return
            with connection.cursor() as cursor:
                # Makes the triggers accept deletions, in this transaction only.
                cursor.execute("SET LOCAL app.audit_retention = 'on'")
            deleted = events._raw_delete(events.db)
            if last:
                self._leave_checkpoint(last, old, before)
                seals = AuditSeal.objects.filter(position__lte=last.position)
                entries = AuditEntry.objects.filter(pk__in=seals.values("entry_id"))
                entries._raw_delete(entries.db)
                seals._raw_delete(seals.db)
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL app.audit_retention = 'off'")
        self._report(old, deleted)

    def _report(self, entries: int, events: int) -> None:
        message = ngettext("Deleted %(count)d audit entry.", "Deleted %(count)d audit entries.", entries)
        self.stdout.write(message % {"count": entries})
        message = ngettext("Deleted %(count)d security event.", "Deleted %(count)d security events.", events)
        self.stdout.write(message % {"count": events})

    def _report_dry_run(self, entries: int, events: int) -> None:
        message = ngettext("Would delete %(count)d audit entry.", "Would delete %(count)d audit entries.", entries)
        self.stdout.write(message % {"count": entries})
        message = ngettext("Would delete %(count)d security event.", "Would delete %(count)d security events.", events)
        self.stdout.write(message % {"count": events})

    @staticmethod
    def _last_removed(before: datetime) -> AuditSeal | None:
        """The seal of the last entry before the first one that is not old enough."""
        young = AuditEntry.objects.filter(timestamp__gte=before).values("pk")
        kept_from = AuditSeal.objects.filter(entry_id__in=young).aggregate(Min("position"))["position__min"]
        if kept_from is None:
            kept_from = (AuditSeal.objects.aggregate(Max("position"))["position__max"] or 0) + 1
        return AuditSeal.objects.filter(position__lt=kept_from).last()

    @staticmethod
    def _leave_checkpoint(last: AuditSeal, old: int, before: datetime) -> None:
        """Record the deletion in the log. The entry is sealed first, so its seal follows those that are deleted."""
        AuditEntry.objects.create(
            content_type=ContentType.objects.get_for_model(AuditEntry),
            object_pk=str(last.position),
            # Stored and sealed, so never translated.
            object_repr=f"Audit log before {before:%Y-%m-%d}",
            action=AuditEntry.Action.DELETE,
            changes={
                "entries": [str(old), None],
                "up_to_position": [str(last.position), None],
                "seal": [last.seal, None],
            },
        )
        seal_everything()
