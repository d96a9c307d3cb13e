"""`manage.py void_views`: take the views of a device or a fleet out of every sum."""

from datetime import date
from functools import partial
from uuid import UUID

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from ads.models import AdView, Device
from ads.reporting.voiding import Period, Taken, void, would_void
from campaign_studio.acting import acting_as
from campaign_studio.database.timeouts import lift_statement_timeout
from campaign_studio.management.arguments import day, name
from campaign_studio.management.base import StudioCommand
from campaign_studio.retrying import retried
from campaigns.models import Campaign


class Command(StudioCommand):
    """Can run while views are reported, and again if it is interrupted."""

    help = _(
        "Take the views of a device or a fleet out of every sum, for example after its keys were stolen. They never "
        "count again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--device", type=name, metavar="ID", help=gettext("the device whose views to void"))
        whose.add_argument("--fleet", type=name, metavar="NAME", help=gettext("the fleet whose views to void"))
        parser.add_argument(
            "--from", type=day, dest="first", metavar="DATE", help=gettext("first day, by the screens' clocks")
        )
        parser.add_argument(
            "--to", type=day, dest="last", metavar="DATE", help=gettext("last day, by the screens' clocks")
        )
        parser.add_argument("--dry-run", action="store_true", help=gettext("only say what would be voided"))

    def handle(
        self,
        *,
        device: str | None,
        fleet: str | None,
        first: date | None,
        last: date | None,
        dry_run: bool,
        **options: object,
    ) -> None:
        """Raises CommandError for an unknown device or fleet, and for an empty period."""
        if first and last and first > last:
            raise CommandError(gettext("--from must be on or before --to."))
        devices = _of_fleet(fleet) if fleet is not None else _named(str(device))
        period = Period(first, last)
        lift_statement_timeout()
        taken: dict[UUID, Taken] = {}
        with acting_as("void_views"):
            for device_id in devices:
                if dry_run:
                    _add(taken, would_void(device_id, period))
                    continue
                while batch := retried(partial(void, device_id, period)):
                    _add(taken, batch)
        self._report(taken, dry_run=dry_run)
        if period.has_final_sums():
            self.stdout.write(
                gettext("Sums whose views have been dropped (VIEW_RETENTION_MONTHS) are final, and can't be voided.")
            )
        if Device.objects.filter(pk__in=devices, is_active=True).exists():
            self.stdout.write(gettext("These devices can go on reporting views. Deactivate them to prevent that."))

    def _report(self, taken: dict[UUID, Taken], *, dry_run: bool) -> None:
        names = dict(Campaign.objects.filter(pk__in=taken).values_list("pk", "campaign_name"))
        for campaign in sorted(taken, key=lambda key: (names.get(key, ""), key)):
            text = gettext("Campaign “%(name)s” (%(id)s). Views: %(views)d. Seconds: %(seconds)d.")
            sums = {"views": taken[campaign].views, "seconds": taken[campaign].seconds}
            self.stdout.write(text % {"name": names.get(campaign, ""), "id": campaign, **sums})
        count = sum(one.views for one in taken.values())
        if dry_run:
            text = ngettext("Would void %(count)d view.", "Would void %(count)d views.", count)
        else:
            text = ngettext("Voided %(count)d view.", "Voided %(count)d views.", count)
        self.stdout.write(text % {"count": count})


def _of_fleet(fleet: str) -> list[str]:
    """The devices of the fleet, by ID. Raises CommandError if there are none."""
    devices = list(Device.objects.filter(fleet=fleet).order_by("pk").values_list("pk", flat=True))
    if not devices:
        raise CommandError(gettext("No such fleet: “%(name)s”.") % {"name": fleet})
    return devices


def _named(device: str) -> list[str]:
    """The device. Raises CommandError if it doesn't exist and no view names it."""
    if not Device.objects.filter(pk=device).exists() and not AdView.objects.filter(device_id=device).exists():
        raise CommandError(gettext("No such device: “%(name)s”.") % {"name": device})
    return [device]


def _add(taken: dict[UUID, Taken], more: dict[UUID, Taken]) -> None:
    for campaign, sums in more.items():
        taken.setdefault(campaign, Taken()).add(sums.views, sums.seconds)
