"""Campaigns and the audience they are aimed at."""

import uuid
from collections.abc import Collection
from datetime import date

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models

from campaign_studio.models.base import TimestampedModel
from campaign_studio.models.stamped import StampedModel
from campaign_studio.models.versioned import PartModel
from campaign_studio.places import country_choices, country_code
from campaigns import constraints
from campaigns.choices import DurationUnit, Status, in_seconds
from campaigns.fields import NameListField
from campaigns.lifecycle import LifecycleModel
from campaigns.querysets import AudienceTargetingQuerySet, CampaignQuerySet

LONGEST_TEXT = 10_000


class Campaign(LifecycleModel, StampedModel):
    """One advertising effort: a flight of dates, an audience, and up to six ads."""

    campaign_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign_name = models.CharField(verbose_name="name", max_length=255)
    campaign_description = models.TextField(
        verbose_name="description", null=True, blank=True, validators=[MaxLengthValidator(LONGEST_TEXT)]
    )
    advertiser = models.ForeignKey(
        "advertisers.Advertiser", models.PROTECT, null=True, blank=True, related_name="campaigns"
    )
    campaign_start_date = models.DateField(verbose_name="start date", help_text="The first day it may show.")
    campaign_end_date = models.DateField(verbose_name="end date", help_text="The last day it may show.")
    campaign_expiry_date = models.DateField(
        verbose_name="expiry date",
        null=True,
        blank=True,
        help_text="Until then it may be revived after its end; afterwards it expires for good.",
    )
    campaign_max_view_duration_value = models.PositiveIntegerField(
        verbose_name="longest viewing time",
        null=True,
        blank=True,
        help_text="Cap: all views together last no longer than this.",
    )
    campaign_max_view_duration_unit = models.CharField(
        verbose_name="unit", max_length=20, null=True, blank=True, choices=DurationUnit.choices
    )
    campaign_max_view_count = models.PositiveIntegerField(
        verbose_name="most views", null=True, blank=True, help_text="Cap: no more views than this."
    )
    campaign_status = models.CharField(
        verbose_name="status", max_length=20, choices=Status.choices, default=Status.DRAFT
    )
    campaign_created_by = models.ForeignKey("accounts.User", models.PROTECT, related_name="+", editable=False)

    created_by_field = "campaign_created_by"
    status_field = "campaign_status"
    remembered = ("campaign_status", "campaign_start_date", "campaign_end_date")

    objects = CampaignQuerySet.as_manager()

    class Meta:
        db_table = "campaigns"
        ordering = ["-created_at", "-campaign_id"]
        indexes = [
            models.Index(fields=["campaign_status", "-created_at", "-campaign_id"], name="campaigns_status_newest"),
            models.Index(fields=["-created_at", "-campaign_id"], name="campaigns_newest"),
            GinIndex(OpClass("campaign_name", name="gin_trgm_ops"), name="campaigns_name_trigrams"),
        ]
        constraints = constraints.OF_A_CAMPAIGN

    def __str__(self) -> str:
        return self.campaign_name

    @property
    def last_day(self) -> date | None:
        """The end of the flight."""
        return self.campaign_end_date

    @property
    def expiry_day(self) -> date | None:
        """When it can no longer be revived."""
        return self.campaign_expiry_date

    @property
    def max_view_seconds(self) -> int | None:
        """The cap on viewing time in seconds; None without one."""
        return in_seconds(self.campaign_max_view_duration_value, self.campaign_max_view_duration_unit)

    def clean(self) -> None:
        """Also keep the ads' dates inside the campaign's when those move."""
        super().clean()
        if self.has_changed("campaign_start_date") or self.has_changed("campaign_end_date"):
            for ad in self.ads.all():
                self._check_holds(ad.ad_name, ad.ad_start_date, ad.ad_end_date)

    def _check_holds(self, ad_name: str, first: date | None, last: date | None) -> None:
        """Raise ValidationError when an ad's own dates would lie outside."""
        if not self.campaign_start_date or not self.campaign_end_date:
            return
        for day, happens in ((first, "starts"), (last, "ends")):
            if day and not self.campaign_start_date <= day <= self.campaign_end_date:
                field = "campaign_start_date" if day < self.campaign_start_date else "campaign_end_date"
                raise ValidationError({field: f"The ad “{ad_name}” {happens} on {day}. Move that ad first."})


class CampaignAudienceTargeting(PartModel, TimestampedModel):
    """A place a campaign is aimed at: a country, narrowed to cities and postcodes where they are named."""

    audience_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="audience_targeting")
    region = models.CharField(
        max_length=100, help_text="A part of the world or of the country, e.g. Europe or Bavaria."
    )
    country = models.CharField(max_length=100, choices=country_choices)
    cities = NameListField(help_text="Comma-separated. Empty: everywhere in the country.")
    postcodes = NameListField(help_text="Comma-separated. Empty: everywhere in the cities.")

    whole_field = "campaign"

    objects = AudienceTargetingQuerySet.as_manager()

    class Meta:
        db_table = "campaign_audience_targeting"
        ordering = ["region", "country", "audience_id"]
        verbose_name = "audience target"
        constraints = constraints.OF_A_TARGET

    def __str__(self) -> str:
        return f"{self.get_country_display()}, {self.region}"

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Take a country's name or alpha-3 code for its code: `Germany` and `DEU` are stored as `DE`."""
        self.region = self.region.strip() if isinstance(self.region, str) else self.region
        if isinstance(self.country, str):
            self.country = country_code(self.country) or self.country
        super().clean_fields(exclude)
