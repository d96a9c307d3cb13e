"""The parts of an ad: time slots and the content rating."""

import uuid
from collections.abc import Collection, Mapping
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ads import constraints
from ads.choices import (
    CONTENT_WARNING_CHOICES,
    EVERY_DAY,
    RATING_LABEL_CHOICES,
    WEEKDAY_CHOICES,
    RatingSystem,
    every_day,
)
from ads.models.ad import Ad
from ads.querysets import PartOfAdQuerySet
from ads.time_slots import Slot, weekdays_of
from campaign_studio.models.base import TimestampedModel
from campaign_studio.models.versioned import PartModel


class AdTimeSlot(PartModel):
    """A time of day during which an ad may show, on some days of the week. An ad without time slots may always show."""

    time_slot_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    ad = models.ForeignKey(Ad, models.CASCADE, related_name="time_slots", verbose_name=_("ad"))
    time_slot_start = models.TimeField(verbose_name=_("from"), help_text=_("On a quarter hour."))
    time_slot_end = models.TimeField(
        verbose_name=_("until"), help_text=_("On a quarter hour. 00:00 is midnight at the end of the day.")
    )
    weekdays = ArrayField(
        models.SmallIntegerField(choices=WEEKDAY_CHOICES),
        verbose_name=_("days of the week"),
        default=every_day,
        db_default=EVERY_DAY,
        help_text=_("By the screen's clock."),
    )
    created_at = models.DateTimeField(verbose_name=_("created at"), auto_now_add=True)

    whole_field = "ad"

    objects = PartOfAdQuerySet.as_manager()

    class Meta:
        db_table = "ad_time_slots"
        ordering = ["time_slot_start", "weekdays", "time_slot_id"]
        verbose_name = _("time slot")
        verbose_name_plural = _("time slots")
        constraints = constraints.OF_A_TIME_SLOT

    def __str__(self) -> str:
        return str(self.slot)

    @property
    def slot(self) -> Slot:
        """Its times and days as a value."""
        return Slot(self.time_slot_start, self.time_slot_end, self.weekdays)

    @classmethod
    def as_stored(cls, values: dict[str, Any]) -> list[dict[str, Any]]:
        """Two rows for a slot that runs past midnight."""
        start, end, weekdays = (values.get(name) for name in ("time_slot_start", "time_slot_end", "weekdays"))
        if start is None or end is None or not weekdays:
            return [values]
        return [values | part.values() for part in Slot(start, end, weekdays).parts()]

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Sort the days of the week."""
        if "weekdays" not in (exclude or ()):
            try:
                self.weekdays = weekdays_of(self.weekdays)
            except ValidationError as error:
                raise ValidationError({"weekdays": error}) from error
        super().clean_fields(exclude)


class AdContentRating(PartModel, TimestampedModel):
    """The age rating of an ad, its content warnings, and its content declaration. An ad has at most one."""

    rating_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    ad = models.OneToOneField(Ad, models.CASCADE, related_name="content_rating", verbose_name=_("ad"))
    warning_required = models.BooleanField(
        verbose_name=_("warning required"), default=True, help_text=_("Show a content warning before the ad.")
    )
    rating_system = models.CharField(
        verbose_name=_("rating system"), max_length=50, null=True, blank=True, choices=RatingSystem.choices
    )
    rating_label = models.CharField(
        verbose_name=_("rating label"), max_length=10, null=True, blank=True, choices=RATING_LABEL_CHOICES
    )
    content_warnings = ArrayField(
        models.CharField(max_length=50, choices=CONTENT_WARNING_CHOICES),
        verbose_name=_("content warnings"),
        default=list,
        blank=True,
    )
    no_prohibited_content = models.BooleanField(
        verbose_name=_("content declaration"),
        default=False,
        help_text=_(
            "Confirms that the ad contains no pornography, extreme violence, racism, hate speech or promotion of "
            "illegal drugs. Required to activate the ad."
        ),
    )

    reviewed = (
        "warning_required",
        "rating_system",
        "rating_label",
        "content_warnings",
        "no_prohibited_content",
    )
    whole_field = "ad"

    objects = PartOfAdQuerySet.as_manager()

    class Meta:
        db_table = "ad_content_ratings"
        ordering = ["rating_id"]
        verbose_name = _("content rating")
        verbose_name_plural = _("content ratings")
        constraints = constraints.OF_A_CONTENT_RATING

    def __str__(self) -> str:
        return f"{self.rating_system} {self.rating_label}" if self.rating_system else gettext("Unrated")

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Treat a missing list of content warnings as an empty one."""
        if self.content_warnings is None:
            self.content_warnings = []
        super().clean_fields(exclude)

    def save(self, **kwargs: Any) -> None:
        """Save. A changed rating makes a reviewed ad pending review again."""
        is_changed = self._state.adding or any(self.has_changed(name) for name in self.reviewed)
        with transaction.atomic():
            super().save(**kwargs)
            if is_changed:
                self.ad.send_back_to_review()

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """Delete. A reviewed ad becomes pending review again, because its rating is gone."""
        with transaction.atomic():
            deleted = super().delete(using, keep_parents)
            self.ad.send_back_to_review()
        return deleted


def expect_rating(ad: Ad, sent: Mapping[str, Any] | None) -> None:
    """Let the ad be judged with the content rating that will be written with it, None if it will be removed.

    Without a confirmed content declaration it can't be activated.
    """
    given = sent or {"no_prohibited_content": False}
    stored = getattr(ad, "content_rating", None)
    confirmed = given.get("no_prohibited_content", getattr(stored, "no_prohibited_content", False))
    ad.content_rating = AdContentRating(no_prohibited_content=confirmed)
