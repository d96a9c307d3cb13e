"""The answer of `GET /api/delivery`, put together as text from documents that the database has written."""

from collections.abc import Sequence
from json.encoder import encode_basestring_ascii as quoted
from urllib.parse import quote_plus

from ads.delivery.opportunity import Opportunity
from ads.delivery.proofs import prover
from ads.delivery.shown import Shown, ShownAd
from ads.media import BAR_POSITIONS
from campaign_studio.api.documents.written import Written
from campaign_studio.api.etags import etag_of
from campaign_studio.moments import text_of

Headers = dict[str, str]


def written(shown: Shown, opportunity: Opportunity, path: str) -> Written:
    """The body. `path` is that of the request. `at` isn't part of the ETag."""
    prove_all = prover(opportunity)
    placements = ", ".join(
        f'"{position}": {_placed(ads, prove_all(position, [key for key, _ in ads]), position in BAR_POSITIONS)}'
        for position, ads in shown.items()
    )
    until = text_of(opportunity.valid_until)
    return Written(
        (
            "{}",
            f'{{"at": "{text_of(opportunity.at)}"}}',
            f'{{"place": {_place(opportunity)}, "placements": {{{placements}}}, "valid_until": "{until}", '
            f'"next": {quoted(_next(opportunity, path, until))}}}',
        )
    )


def headers_of(answer: Written, opportunity: Opportunity) -> Headers:
    """What caches need to know. The ETag is weak: answers that are otherwise equal may differ by `at`."""
    seconds_left = int((opportunity.valid_until - opportunity.at).total_seconds())
    return {"ETag": f"W/{etag_of(answer)}", "Cache-Control": f"private, max-age={seconds_left}"}


def _placed(ads: Sequence[ShownAd], proofs: Sequence[str], is_bar: bool) -> str:
    """What shows in a position: in a bar one ad or null, otherwise a list."""
    showing = [f'{text[:-1]},"impression":"{proof}"}}' for (_key, text), proof in zip(ads, proofs, strict=True)]
    if is_bar:
        return showing[0] if showing else "null"
    return f"[{', '.join(showing)}]"


def _place(opportunity: Opportunity) -> str:
    return (
        f'{{"country": {quoted(opportunity.country)}, "region": {quoted(opportunity.region)}, '
        f'"city": {quoted(opportunity.city)}, "postcode": {quoted(opportunity.postcode)}}}'
    )


def _next(opportunity: Opportunity, path: str, until: str) -> str:
    """The URL of the next quarter hour's answer. It is the same for all screens with the same turn."""
    parts = [
        f"{name}={quote_plus(value)}"
        for name in ("country", "region", "city", "postcode", "max_rating")
        if (value := getattr(opportunity, name))
    ]
    return f"{path}?{'&'.join(parts)}&at={quote_plus(until)}&turn={opportunity.turn}"
