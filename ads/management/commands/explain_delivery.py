"""`manage.py explain_delivery`: what shows in a place at a moment, and why an ad does not."""

import argparse
import json
from datetime import datetime
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet
from django.utils import timezone
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from ads.choices import RATING_LEVELS, AdType
from ads.delivery.engine import Decision, decide
from ads.delivery.explaining import Explanation, explain, with_failures
from ads.delivery.facts import Reason
from ads.delivery.opportunity import FIRST_YEAR, LAST_YEAR, Opportunity, lacks_city, local_time
from ads.models import Ad
from campaign_studio.management import arguments
from campaign_studio.management.terminal import terminal
from campaign_studio.places import country_code
from campaigns.models import Campaign

HIGHEST_LIMIT = 1000
USUAL_LIMIT = 20


class Command(BaseCommand):
    """Prints the decision for six positions, or ad by ad what keeps it from showing and what to do about it."""

    help = (
        "Say what shows in a place at a moment. With --ad, --campaign or --position also say of each ad why it shows "
        "or not, and what would make it show."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """A place, a moment, and what to explain."""
        parser.add_argument("--country", type=_country, required=True, help="an ISO 3166-1 code or an English name")
        parser.add_argument("--region", type=arguments.name, default="", help="left out, every region counts")
        parser.add_argument(
            "--city", type=arguments.name, default="", help="left out, only ads for all of the country match"
        )
        parser.add_argument(
            "--postcode", type=arguments.name, default="", help="left out, only ads for all of the city match"
        )
        parser.add_argument(
            "--at", type=_moment, help="the screen's local time, e.g. 2026-11-23T08:15; else now in UTC"
        )
        parser.add_argument(
            "--device-id", type=arguments.name, default="", help="spreads ads that share a bar over devices"
        )
        parser.add_argument("--max-rating", type=arguments.one_of(RATING_LEVELS), help="nothing stronger, e.g. PG-13")
        about = parser.add_mutually_exclusive_group()
        about.add_argument("--ad", type=arguments.key, metavar="ID", help="explain one ad")
        about.add_argument("--campaign", type=arguments.key, metavar="ID", help="explain each ad of a campaign")
        about.add_argument(
            "--position",
            type=arguments.one_of(AdType.values),
            metavar="POSITION",
            help=f"one of {', '.join(AdType.values)}",
        )
        parser.add_argument(
            "--limit",
            type=arguments.whole_number(1, HIGHEST_LIMIT),
            default=USUAL_LIMIT,
            help=f"the most ads to explain, {USUAL_LIMIT} unless given",
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
        """Print the answer. Raises CommandError for half a place, and for an ad or a campaign that doesn't exist."""
        if lacks_city(city, postcode):
            raise CommandError("Give --city too: a postcode belongs to one.")
        at = at or timezone.now()
        opportunity = Opportunity(country, at, region, city, postcode, device_id, max_rating or "")
        ads = _about(ad, campaign, position)
        console = terminal(self)
        console.print(_heading(opportunity))
        decision = decide(opportunity)
        if ads is None:
            console.print(_positions(decision, list(AdType)), soft_wrap=False)
            return
        nearest = list(with_failures(ads, opportunity)[: limit + 1])
        if not nearest:
            console.print("There is no ad to explain.")
            return
        concerned = {ad.ad_type_id for ad in nearest}
        console.print(_positions(decision, [one for one in AdType if one in concerned]), soft_wrap=False)
        explained = explain(nearest[:limit], opportunity, decision)
        names = _names({one.lost_to for one in explained if one.lost_to})
        for one in explained:
            _tell(console, one, names)
        if len(nearest) > limit:
            console.print(f"There are more ads. Have more of them explained by --limit, up to {HIGHEST_LIMIT}.")


def _about(ad: UUID | None, campaign: UUID | None, position: str | None) -> "QuerySet[Ad] | None":
    """The ads to explain; None for none."""
    if ad and not Ad.objects.filter(pk=ad).exists():
        raise CommandError(f"There is no ad {ad}. Give the id that its address in the console shows.")
    if campaign and not Campaign.objects.filter(pk=campaign).exists():
        raise CommandError(f"There is no campaign {campaign}. Give the id that its address in the console shows.")
    wanted = {"pk": ad, "campaign": campaign, "ad_type_id": position}
    given = {name: value for name, value in wanted.items() if value}
    return Ad.objects.filter(**given) if given else None


def _heading(opportunity: Opportunity) -> str:
    parts = [opportunity.city, opportunity.postcode, opportunity.region, opportunity.country]
    place = escape(", ".join(filter(None, parts)))
    return f"[bold]{place}[/bold] on {opportunity.at:%A %Y-%m-%d at %H:%M}, by the screen's own clock"


def _positions(decision: Decision, positions: list[AdType]) -> Table:
    """What shows where, and how many wait for their turn in the rotation."""
    names = _names(decision.keys())
    table = Table("Position", Column("Shows", overflow="fold"), "Wait for their turn")
    for position in positions:
        shown = decision.shown[position]
        waiting = len(decision.eligible[position]) - len(shown)
        # An ad may have been deleted since the decision.
        ads = "\n".join(escape(names[key]) for key in shown if key in names)
        table.add_row(position.value, ads or "[dim]nothing[/dim]", str(waiting or ""))
    return table


def _tell(console: Console, one: Explanation, names: dict[str, str]) -> None:
    """One ad: whether it shows, then each reason as it is, with the request that would change it."""
    outcome = "[green]✓ shows[/green]" if one.shown else "[blue]… may show[/blue]"
    if one.lost_to in names:
        outcome += f"; it is the turn of “{escape(names[one.lost_to])}”"
    if one.reasons:
        outcome = f"[red]✗ doesn't show: {len(one.reasons)} reason{'' if len(one.reasons) == 1 else 's'}[/red]"
    console.print(f"\n[bold]{escape(one.ad.ad_name)}[/bold] ({one.ad_id}, {one.ad.ad_type_id}): {outcome}")
    for reason in one.reasons:
        is_so = f"{reason.field} is {_json(reason.actual)}, needed: {_json(reason.expected)}"
        console.print(f"  [red]✗[/red] {reason.code}: {escape(is_so)}")
        console.print(f"    → {escape(_to_do(reason))}")


def _to_do(reason: Reason) -> str:
    if reason.changes:
        return f"PATCH /api/{reason.resource_type}s/{reason.resource_id} {_json(reason.changes)}"
    note = reason.params.get("note")
    return f"a person has to decide; the moderator wrote: {note}" if note else "a person has to decide"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _names(keys: set[str]) -> dict[str, str]:
    found = Ad.objects.filter(pk__in=keys).order_by().values_list("pk", "ad_name")
    return {str(key): name for key, name in found}


def _country(text: str) -> str:
    code = country_code(text)
    if code is None:
        raise argparse.ArgumentTypeError(
            f"“{arguments.name(text)}” is no country. Give its code, like DE, or its English name"
        )
    return code


def _moment(text: str) -> datetime:
    try:
        return local_time(text)
    except ValueError:
        years = f"{FIRST_YEAR} to {LAST_YEAR}"
        raise argparse.ArgumentTypeError(f"give the screen's local time, {years}, like 2026-11-23T08:15") from None
