"""What a reader may do with an ad, as the rules of `rules.py` and the review say."""

from functools import partial
from typing import Any

import rules
from django.core.exceptions import PermissionDenied
from django.db.models import Expression, Q

from ads.models import Ad, AdContentRating
from ads.moderation import UnratedError, check_approval
from ads.rules import ACTIONS
from campaign_studio.acting import Reader
from campaign_studio.models.allowed import Facts, decided, is_protected
from campaigns.models import Campaign


def allowed_actions(reader: Reader) -> Expression:
    """The names of ACTIONS that the reader may do with each ad, as an expression."""
    facts = [
        ("is_of_own_campaign", Q(campaign__campaign_created_by_id=reader.pk)),
        ("is_own", Q(ad_created_by_id=reader.pk)),
        ("is_declared", Q(content_rating__no_prohibited_content=True)),
        ("is_protected", is_protected(Ad)),
    ]
    return decided(facts, partial(_of_a_specimen, reader))


def _of_a_specimen(reader: Reader, facts: Facts) -> list[str]:
    # While a statement is compiled, the key of its reader is an expression.
    reader_or_no_one: dict[bool, Any] = {True: reader.pk, False: None}
    campaign = Campaign(campaign_created_by_id=reader_or_no_one[facts["is_of_own_campaign"]])
    specimen = Ad(campaign=campaign, ad_created_by_id=reader_or_no_one[facts["is_own"]])
    specimen.content_rating = AdContentRating(no_prohibited_content=facts["is_declared"])
    refused = {"delete"} if facts["is_protected"] else set()
    try:
        check_approval(specimen, reader)
    except (PermissionDenied, UnratedError):
        refused.add("approve")
    return [
        name
        for name, permission in ACTIONS.items()
        if name not in refused and rules.has_perm(permission, reader, specimen)
    ]
