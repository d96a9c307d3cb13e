"""`manage.py expire_campaigns`: what the calendar does to campaigns and ads."""

from collections import Counter
from datetime import date
from functools import partial
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ads.models import Ad
from campaign_studio.acting import acting_as
from campaign_studio.management import arguments
from campaign_studio.retrying import retried
from campaign_studio.writing import one_write
from campaigns.models import Campaign


class Command(BaseCommand):
    """Meant for once a day, shortly after midnight UTC. Running it again changes nothing."""

    help = "Move campaigns and ads whose last day is past to inactive or expired."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--on", type=arguments.day, default=None, help="like 2026-03-31; today by default")

    def handle(self, *args: object, on: date | None, **options: object) -> None:
        """Move each row by itself. Raises CommandError at the end when some were refused."""
        day = on or timezone.localdate()
        moved: Counter[str] = Counter()
        refused = 0
        for model in (Campaign, Ad):
            keys = model.objects.over_on(day).order_by("pk").values_list("pk", flat=True)
            for key in keys.iterator():
                try:
                    status = retried(partial(self._move, model, key, day))
                except ValidationError as error:
                    refused += 1
                    self.stderr.write(f"{model._meta.verbose_name} {key}: {' '.join(error.messages)}")
                    continue
                if status:
                    moved[f"{model._meta.verbose_name_plural} → {status}"] += 1
        for what, count in sorted(moved.items()):
            self.stdout.write(f"{count} {what}")
        if not moved:
            self.stdout.write(f"Nothing to do on {day}.")
        if refused:
            raise CommandError(f"{refused} could not be moved; the reasons stand above.")

    @staticmethod
    def _move(model: type[Campaign] | type[Ad], key: UUID, day: date) -> str | None:
        """Move one row, locked, if it is still due; return its new status."""
        with acting_as("expire_campaigns"), one_write():
            row: Campaign | Ad | None = model.objects.all().for_change(key).first()
            status = row.status_by_calendar(on=day) if row else None
            if row and status:
                row.move_to(status)
        return status
