"""`manage.py explain_delivery`: what shows in a place at a moment, and why an ad doesn't."""

import argparse
import json
from datetime import datetime
from uuid import UUID

from django.core.management.base import CommandError, CommandParser
from django.db.models import QuerySet
from django.utils.formats import date_format
from django.utils.text import get_text_list
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from ads.choices import RATING_LEVELS, AdType
from ads.delivery.engine import Decision, decide
from ads.delivery.explaining import Explanation, explain, with_failures
from ads.delivery.facts import Reason
from ads.delivery.opportunity import FIRST_YEAR, LAST_YEAR, Opportunity, lacks_city, local_time, turn_of
from ads.models import Ad
from campaign_studio.management import arguments
from campaign_studio.management.base import StudioCommand
from campaign_studio.management.terminal import terminal
from campaign_studio.places import country_code
from campaign_studio.places.clock import now_at
from campaigns.models import Campaign

MAX_LIMIT = 1000
DEFAULT_LIMIT = 20


class Command(StudioCommand):
    """Prints what shows in each position, or for each ad which criteria fail and the requests that would fix them."""

    help = _(
        "Show what a screen in a place shows at a moment. With --ad, --campaign or --position, also explain for each "
        "ad why it does or doesn't show, and what would make it show."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--country", type=_country, required=True, help=gettext("an ISO 3166-1 code or an English name")
        )
        parser.add_argument(
            "--region", type=arguments.name, default="", help=gettext("the region (every region by default)")
        )
        parser.add_argument(
            "--city",
            type=arguments.name,
            default="",
            help=gettext("the city. Without it, only ads that target the whole country match."),
        )
        parser.add_argument(
            "--postcode",
            type=arguments.name,
            default="",
            help=gettext("the postcode. Without it, only ads that target the whole city match."),
        )
        parser.add_argument(
            "--at",
            type=_moment,
            help=gettext(
                "the screen's local time, such as 2026-11-23T08:15 (by default the current time at the place)"
            ),
        )
        parser.add_argument(
            "--device-id",
            type=arguments.name,
            default="",
            help=gettext("the device, which decides where the rotation starts"),
        )
        parser.add_argument(
            "--max-rating",
            type=arguments.one_of(RATING_LEVELS),
            help=gettext("the strongest rating label to show, such as PG-13"),
        )
        about = parser.add_mutually_exclusive_group()
        about.add_argument("--ad", type=arguments.key, metavar="ID", help=gettext("explain this ad"))
        about.add_argument(
            "--campaign", type=arguments.key, metavar="ID", help=gettext("explain every ad of this campaign")
        )
        about.add_argument(
            "--position",
            type=arguments.one_of(AdType.values),
            metavar="POSITION",
            help=gettext("explain every ad in this position: %(positions)s")
            % {"positions": get_text_list(AdType.values, gettext("or"))},
        )
        parser.add_argument(
            "--limit",
            type=arguments.whole_number(1, MAX_LIMIT),
            default=DEFAULT_LIMIT,
            help=gettext("explain at most this many ads (%(default)d by default)") % {"default": DEFAULT_LIMIT},
        )

    def handle(
        self,
        *,
        country: str,
        region: str,
        city: str,
        postcode: str,
        at: datetime | None,
        device_id: str,
        max_rating: str | None,
        ad: UUID | None,
        campaign: UUID | None,
        position: str | None,
        limit: int,
        **options: object,
    ) -> None:
        """Raises CommandError for a postcode without its city, and for an ad or a campaign that doesn't exist."""
        if lacks_city(city, postcode):
            raise CommandError(gettext("A postcode needs its city. Add --city."))
        at = at or now_at(country, city)
        opportunity = Opportunity(country, at, region, city, postcode, turn_of(device_id), max_rating or "")
        ads = _about(ad, campaign, position)
        console = terminal(self)
        console.print(_heading(opportunity))
        decision = decide(opportunity)
        if ads is None:
            console.print(_positions(decision, list(AdType)), soft_wrap=False)
            return
        nearest = list(with_failures(ads, opportunity)[: limit + 1])
        if not nearest:
            console.print(gettext("No ads to explain."))
            return
        concerned = {ad.ad_type_id for ad in nearest}
        console.print(_positions(decision, [one for one in AdType if one in concerned]), soft_wrap=False)
        explained = explain(nearest[:limit], opportunity, decision)
        names = _names({one.lost_to for one in explained if one.lost_to})
        for one in explained:
            _print_explanation(console, one, names)
        if len(nearest) > limit:
            message = gettext("There are more ads. Use --limit to explain more of them (up to %(max)d).")
            console.print(message % {"max": MAX_LIMIT})


def _about(ad: UUID | None, campaign: UUID | None, position: str | None) -> "QuerySet[Ad] | None":
    """The ads to explain, or None if only the positions are wanted."""
    if ad and not Ad.objects.filter(pk=ad).exists():
        raise CommandError(gettext("No such ad: %(id)s. Use the id from its URL in the console.") % {"id": ad})
    if campaign and not Campaign.objects.filter(pk=campaign).exists():
        message = gettext("No such campaign: %(id)s. Use the id from its URL in the console.")
        raise CommandError(message % {"id": campaign})
    wanted = {"pk": ad, "campaign": campaign, "ad_type_id": position}
    given = {name: value for name, value in wanted.items() if value}
    return Ad.objects.filter(**given) if given else None


def _heading(opportunity: Opportunity) -> str:
    parts = [opportunity.city, opportunity.postcode, opportunity.region, opportunity.country]
    place = f"[bold]{escape(', '.join(filter(None, parts)))}[/bold]"
    moment = {"weekday": date_format(opportunity.at, "l"), "moment": date_format(opportunity.at, "DATETIME_FORMAT")}
    return gettext("%(place)s on %(weekday)s, %(moment)s (the screen's local time)") % {"place": place, **moment}


def _positions(decision: Decision, positions: list[AdType]) -> Table:
    """What shows in each position, and how many other ads take turns there."""
    names = _names(decision.keys())
    shows, others = Column(gettext("Shows"), overflow="fold"), gettext("Others in rotation")
    table = Table(gettext("Position"), shows, others)
    for position in positions:
        shown = decision.shown[position]
        waiting = len(decision.eligible[position]) - len(shown)
        # An ad may have been deleted since the decision.
        ads = "\n".join(escape(names[key]) for key in shown if key in names)
        nothing = f"[dim]{gettext('nothing')}[/dim]"
        table.add_row(position.value, ads or nothing, str(waiting or ""))
    return table


def _print_explanation(console: Console, one: Explanation, names: dict[str, str]) -> None:
    """Print whether the ad shows, then for each reason the values and the request that would change them."""
    console.print(f"\n[bold]{escape(one.ad.ad_name)}[/bold] ({one.ad_id}, {one.ad.ad_type_id}): {_outcome(one, names)}")
    for reason in one.reasons:
        values = {"field": reason.field, "actual": _json(reason.actual), "expected": _json(reason.expected)}
        comparison = gettext("%(field)s is %(actual)s, expected %(expected)s") % values
        console.print(f"  [red]✗[/red] {reason.code}: {escape(comparison)}")
        console.print(f"    → {escape(_fix(reason))}")


def _outcome(one: Explanation, names: dict[str, str]) -> str:
    if one.reasons:
        count = len(one.reasons)
        message = ngettext("doesn't show (%(count)d reason)", "doesn't show (%(count)d reasons)", count)
        return f"[red]✗ {message % {'count': count}}[/red]"
    if one.shown:
        return f"[green]✓ {gettext('shows')}[/green]"
    if one.lost_to in names:
        message = gettext("eligible, takes turns with “%(name)s”") % {"name": escape(names[one.lost_to])}
    else:
        message = gettext("eligible")
    return f"[blue]… {message}[/blue]"


def _fix(reason: Reason) -> str:
    if reason.changes:
        return f"PATCH /api/{reason.resource_type}s/{reason.resource_id} {_json(reason.changes)}"
    if note := reason.params.get("note"):
        return gettext("A person has to decide. The moderator's note: %(note)s") % {"note": note}
    return gettext("A person has to decide.")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _names(keys: set[str]) -> dict[str, str]:
    found = Ad.objects.filter(pk__in=keys).order_by().values_list("pk", "ad_name")
    return {str(key): name for key, name in found}


def _country(text: str) -> str:
    code = country_code(text)
    if code is None:
        message = gettext("“%(value)s” is not a country. Use an ISO 3166-1 code such as DE, or an English name.")
        raise argparse.ArgumentTypeError(message % {"value": arguments.name(text)})
    return code


def _moment(text: str) -> datetime:
    try:
        return local_time(text)
    except ValueError:
        message = gettext("enter the screen's local time in the years %(first)d to %(last)d, such as 2026-11-23T08:15")
        raise argparse.ArgumentTypeError(message % {"first": FIRST_YEAR, "last": LAST_YEAR}) from None
