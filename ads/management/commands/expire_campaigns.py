"""`manage.py expire_campaigns`: move campaigns and ads that have ended to inactive or expired."""

from collections import Counter
from datetime import date
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from ads.models import Ad
from campaign_studio.acting import acting_as
from campaign_studio.management import arguments
from campaign_studio.management.base import StudioCommand
from campaign_studio.places.clock import still_today
from campaign_studio.retrying import retried
from campaign_studio.writing import one_write
from campaigns.choices import Status
from campaigns.models import Campaign

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# What the command prints about the campaigns and ads that have a new status.
MOVED: dict[tuple[type[Campaign | Ad], str], "StrPromise"] = {
    (Campaign, Status.INACTIVE): ngettext_lazy(
        "%(count)d campaign is now inactive.", "%(count)d campaigns are now inactive.", "count"
    ),
    (Campaign, Status.EXPIRED): ngettext_lazy(
        "%(count)d campaign has expired.", "%(count)d campaigns have expired.", "count"
    ),
    (Ad, Status.INACTIVE): ngettext_lazy("%(count)d ad is now inactive.", "%(count)d ads are now inactive.", "count"),
    (Ad, Status.EXPIRED): ngettext_lazy("%(count)d ad has expired.", "%(count)d ads have expired.", "count"),
}
REFUSED: dict[type[Campaign | Ad], "StrPromise"] = {
    Campaign: _("The status of campaign %(id)s couldn't be changed: %(reasons)s"),
    Ad: _("The status of ad %(id)s couldn't be changed: %(reasons)s"),
}


class Command(StudioCommand):
    """A second run on the same day changes nothing."""

    help = _(
        "Move campaigns and ads that have ended to inactive or expired. Schedule it once a day, shortly after "
        "12:00 UTC, when the day before is over everywhere."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--on",
            type=arguments.day,
            default=None,
            help=gettext(
                "move what ended before this day, such as 2026-03-31 (by default today, but until 12:00 UTC yesterday)"
            ),
        )

    def handle(self, *args: object, on: date | None, **options: object) -> None:
        """Change each row in its own transaction. Raises CommandError at the end if any were refused."""
        day = on or still_today()
        moved: Counter[tuple[type[Campaign | Ad], str]] = Counter()
        refused = 0
        for model in (Campaign, Ad):
            keys = model.objects.over_on(day).order_by("pk").values_list("pk", flat=True)
            for key in keys.iterator():
                try:
                    status = retried(partial(self._move, model, key, day))
                except ValidationError as error:
                    refused += 1
                    self.stderr.write(REFUSED[model] % {"id": key, "reasons": " ".join(error.messages)})
                    continue
                if status:
                    moved[model, status] += 1
        for kind, sentence in MOVED.items():
            if moved[kind]:
                self.stdout.write(sentence % {"count": moved[kind]})
        if not moved:
            self.stdout.write(gettext("Nothing to do on %(day)s.") % {"day": date_format(day)})
        if refused:
            message = ngettext(
                "%(count)d status couldn't be changed. The reason is above.",
                "%(count)d statuses couldn't be changed. The reasons are above.",
                refused,
            )
            raise CommandError(message % {"count": refused})

    @staticmethod
    def _move(model: type[Campaign] | type[Ad], key: UUID, day: date) -> str | None:
        """Lock one row, change its status if that is still due, and return the new status."""
        with acting_as("expire_campaigns"), one_write():
            row: Campaign | Ad | None = model.objects.all().for_change(key).first()
            status = row.status_by_calendar(on=day) if row else None
            if row and status:
                row.move_to(status)
        return status
