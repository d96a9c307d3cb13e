"""Campaigns and their targeting."""

import uuid
from collections.abc import Collection
from datetime import date, timedelta
from functools import partial
from typing import Any

import rules
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Expression, ExpressionWrapper, F, Q, Value
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.validators import validate_title
from campaign_studio.acting import Reader
from campaign_studio.lookups import SearchKey
from campaign_studio.models.allowed import Facts, decided, is_protected
from campaign_studio.models.base import TimestampedModel
from campaign_studio.models.stamped import StampedModel
from campaign_studio.models.versioned import PartModel
from campaign_studio.places import country_choices, country_code, country_codes, country_name, is_postcode
from campaign_studio.places.clock import StillToday, still_today
from campaign_studio.places.postcodes import form_of
from campaign_studio.places.regions import continent_of
from campaigns import constraints
from campaigns.changesets.models import ChangeSet
from campaigns.choices import DurationUnit, Status, in_seconds
from campaigns.fields import NameListField
from campaigns.lifecycle import LifecycleModel
from campaigns.querysets import AudienceTargetingQuerySet, CampaignQuerySet
from campaigns.rules import ACTIONS

__all__ = [
    "LONGEST_TEXT",
    "MOVE_BOTH",
    "VIEW_ADVERTISERS",
    "Campaign",
    "CampaignAudienceTargeting",
    "ChangeSet",
    "not_postcodes",
]
LONGEST_TEXT = 10_000
VIEW_ADVERTISERS = "advertisers.view_advertiser"
CITIES_HELP = _("One in each line, or separated by commas or semicolons. Leave empty for the whole country.")
MOVE_BOTH = _("To move both, extend the campaign first, then change the ad's dates, and then shorten the campaign.")
POSTCODES_HELP = _("One in each line, or separated by commas or semicolons. Leave empty for every postcode.")


def not_postcodes(wrong: list[str], country: str) -> ValidationError:
    """The refusal of texts that aren't postcodes of the country. It names the first and shows the right form."""
    message = ngettext(
        "“%(first)s” is not a postcode of %(country)s.",
        "“%(first)s” and %(more)d more are not postcodes of %(country)s.",
        len(wrong),
    )
    params = {"first": wrong[0], "more": len(wrong) - 1, "country": country_name(country)}
    if example := form_of(country).example:
        message += " " + gettext("Enter postcodes such as %(example)s, one by one.")
        params["example"] = example
    return ValidationError(message, code="postcode", params=params)


class Campaign(LifecycleModel, StampedModel):
    """A campaign: its dates, its targeting, its caps and up to six ads."""

    campaign_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign_name = models.CharField(verbose_name=_("name"), max_length=255)
    campaign_description = models.TextField(
        verbose_name=_("description"), null=True, blank=True, validators=[MaxLengthValidator(LONGEST_TEXT)]
    )
    advertiser = models.ForeignKey(
        "advertisers.Advertiser",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="campaigns",
        verbose_name=_("advertiser"),
    )
    campaign_start_date = models.DateField(
        verbose_name=_("start date"), help_text=_("The first day on which its ads may show.")
    )
    campaign_end_date = models.DateField(
        verbose_name=_("end date"), help_text=_("The last day on which its ads may show.")
    )
    campaign_expiry_date = models.DateField(
        verbose_name=_("expiry date"),
        null=True,
        blank=True,
        help_text=_("After its end date, the campaign is inactive until this day and then expires."),
    )
    campaign_max_view_duration_value = models.PositiveIntegerField(
        verbose_name=_("viewing-time cap"),
        null=True,
        blank=True,
        help_text=_("The most viewing time that may count, in total. Leave empty for no cap."),
    )
    campaign_max_view_duration_unit = models.CharField(
        verbose_name=_("unit"), max_length=20, null=True, blank=True, choices=DurationUnit.choices
    )
    campaign_max_view_count = models.PositiveIntegerField(
        verbose_name=_("view cap"),
        null=True,
        blank=True,
        help_text=_("The most views that may count. Leave empty for no cap."),
    )
    campaign_status = models.CharField(
        verbose_name=_("status"), max_length=20, choices=Status.choices, default=Status.DRAFT
    )
    campaign_created_by = models.ForeignKey(
        "accounts.User", models.PROTECT, related_name="+", editable=False, verbose_name=_("created by")
    )

    created_by_field = "campaign_created_by"
    status_field = "campaign_status"

    objects = CampaignQuerySet.as_manager()

    class Meta:
        db_table = "campaigns"
        ordering = ["-created_at", "-campaign_id"]
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        indexes = [
            models.Index(fields=["campaign_status", "-created_at", "-campaign_id"], name="campaigns_status_newest"),
            models.Index(fields=["-created_at", "-campaign_id"], name="campaigns_newest"),
            # For clients that poll.
            models.Index(fields=["updated_at", "campaign_id"], name="campaigns_changed"),
            GinIndex(OpClass(SearchKey("campaign_name"), name="gin_trgm_ops"), name="campaigns_search"),
        ]
        constraints = constraints.OF_A_CAMPAIGN

    def __str__(self) -> str:
        return self.campaign_name

    @property
    def last_day(self) -> date | None:
        return self.campaign_end_date

    @property
    def expiry_day(self) -> date | None:
        return self.campaign_expiry_date

    @classmethod
    def expressions(cls, reader: Reader) -> dict[str, Expression]:
        """With `advertiser_name_for` and `allowed_actions_for`."""
        name = F("advertiser__advertiser_name") if rules.has_perm(VIEW_ADVERTISERS, reader) else Value(None)
        shown = ExpressionWrapper(name, models.CharField(null=True))
        facts = [
            ("is_own", Q(campaign_created_by_id=reader.pk)),
            ("is_active", Q(campaign_status=Status.ACTIVE)),
            ("has_ended", Q(campaign_end_date__lt=StillToday())),
            ("is_protected", is_protected(cls)),
        ]
        allowed = decided(facts, partial(_allowed_actions, reader))
        return {**super().expressions(reader), "advertiser_name_for": shown, "allowed_actions_for": allowed}

    def advertiser_name_for(self, reader: Reader) -> str | None:
        """The advertiser's name; None without one, and for a reader who may not see advertisers."""
        try:
            known = self.advertiser if rules.has_perm(VIEW_ADVERTISERS, reader) else None
        except ObjectDoesNotExist:
            # As it was earlier, the campaign may name an advertiser that has been deleted since.
            return None
        return known.advertiser_name if known else None

    @property
    def max_view_seconds(self) -> int | None:
        """The viewing-time cap in seconds, or None without one."""
        return in_seconds(self.campaign_max_view_duration_value, self.campaign_max_view_duration_unit)

    def clean(self) -> None:
        """Also refuse a new name that would turn lines around, and dates that no longer include those of every ad."""
        super().clean()
        self.check_changed({"campaign_name": validate_title})
        if self.has_changed("campaign_start_date") or self.has_changed("campaign_end_date"):
            for ad in self.ads.all():
                self._check_includes(ad.ad_name, ad.ad_start_date, ad.ad_end_date)

    def _check_includes(self, ad_name: str, ad_start: date | None, ad_end: date | None) -> None:
        if not self.campaign_start_date or not self.campaign_end_date:
            return
        starts = gettext("The ad “%(ad)s” starts on %(date)s. Change the ad's dates first.")
        ends = gettext("The ad “%(ad)s” ends on %(date)s. Change the ad's dates first.")
        for day, message in ((ad_start, starts), (ad_end, ends)):
            if day and not self.campaign_start_date <= day <= self.campaign_end_date:
                field = "campaign_start_date" if day < self.campaign_start_date else "campaign_end_date"
                params = {"ad": ad_name, "date": date_format(day)}
                refusal = ValidationError(f"{message} {MOVE_BOTH}", code="ad_outside", params=params)
                raise ValidationError({field: refusal})


def _allowed_actions(reader: Reader, facts: Facts) -> list[str]:
    """What the rules allow the reader to do with a campaign of this kind."""
    today = still_today()
    # While a statement is compiled, the key of its reader is an expression.
    creator: Any = reader.pk if facts["is_own"] else None
    specimen = Campaign(
        campaign_created_by_id=creator,
        campaign_status=Status.ACTIVE if facts["is_active"] else Status.DRAFT,
        campaign_end_date=today - timedelta(days=1) if facts["has_ended"] else today,
    )
    refused = {"delete"} if facts["is_protected"] else set()
    if not specimen.can_be_activated(on=today):
        refused.add("publish")
    return [
        name
        for name, permission in ACTIONS.items()
        if name not in refused and rules.has_perm(permission, reader, specimen)
    ]


class CampaignAudienceTargeting(PartModel, TimestampedModel):
    """A target of a campaign: a whole country, or only some of its cities and postcodes."""

    audience_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign = models.ForeignKey(
        Campaign, models.CASCADE, related_name="audience_targeting", verbose_name=_("campaign")
    )
    region = models.CharField(
        verbose_name=_("region"),
        max_length=100,
        blank=True,
        help_text=_(
            "A part of the country, such as Bavaria or DE-BY. A part of the world that contains the country, such as "
            "Europe, restricts nothing. Leave empty for the continent."
        ),
    )
    country = models.CharField(verbose_name=_("country"), max_length=100, choices=country_choices)
    cities = NameListField(verbose_name=_("cities"), help_text=CITIES_HELP)
    postcodes = NameListField(verbose_name=_("postcodes"), help_text=POSTCODES_HELP)
    # By which every spelling of a place finds the target. A trigger writes them.
    region_key = models.TextField(editable=False, default="", db_default="")
    city_keys = ArrayField(models.TextField(), editable=False, default=list, db_default=[])
    postcode_keys = ArrayField(models.TextField(), editable=False, default=list, db_default=[])

    whole_field = "campaign"

    objects = AudienceTargetingQuerySet.as_manager()

    class Meta:
        db_table = "campaign_audience_targeting"
        ordering = ["region", "country", "audience_id"]
        verbose_name = _("target")
        verbose_name_plural = _("targets")
        indexes = [GinIndex(fields=["city_keys"], name="targets_by_city")]
        constraints = constraints.OF_A_TARGET

    def __str__(self) -> str:
        # `get_country_display()` would go through all countries.
        return f"{country_name(self.country) if self.country in country_codes() else self.country}, {self.region}"

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Trim the region, and normalise the country: `Germany` and `DEU` become `DE`.

        Without a region, it is the continent.
        """
        self.region = self.region.strip() if isinstance(self.region, str) else self.region
        if isinstance(self.country, str):
            self.country = country_code(self.country) or self.country
        if self.region == "" and self.country in country_codes():
            self.region = continent_of(self.country)
        # A country that is known needs no search through the choices.
        is_known = self.country in country_codes()
        super().clean_fields({*(exclude or ()), "country"} if is_known else exclude)

    def clean(self) -> None:
        """Refuse new postcodes that don't have the form of the country's postcodes."""
        super().clean()
        if self.country not in country_codes() or not isinstance(self.postcodes, list):
            return
        known = self.stored("postcodes") or [] if not self.has_changed("country") else []
        added = [code for code in self.postcodes if isinstance(code, str) and code.strip() and code not in known]
        wrong = [code for code in added if not is_postcode(self.country, code)]
        if wrong:
            raise ValidationError({"postcodes": not_postcodes(wrong, self.country)})
