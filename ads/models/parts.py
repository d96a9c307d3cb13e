"""The parts of an ad: time slots and the content rating."""

import uuid
from collections.abc import Collection
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction

from ads import constraints
from ads.choices import CONTENT_WARNING_CHOICES, RATING_LABEL_CHOICES, RatingSystem
from ads.models.ad import Ad
from ads.querysets import PartOfAdQuerySet
from campaign_studio.models.base import TimestampedModel
from campaign_studio.models.versioned import PartModel


class AdTimeSlot(PartModel):
    """A stretch of the day in which an ad may show. An ad without slots shows all day."""

    time_slot_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    ad = models.ForeignKey(Ad, models.CASCADE, related_name="time_slots")
    time_slot_start = models.TimeField(verbose_name="from", help_text="On the quarter hour.")
    time_slot_end = models.TimeField(verbose_name="until", help_text="On the quarter hour; 00:00 is midnight.")
    created_at = models.DateTimeField(auto_now_add=True)

    whole_field = "ad"

    objects = PartOfAdQuerySet.as_manager()

    class Meta:
        db_table = "ad_time_slots"
        ordering = ["time_slot_start", "time_slot_id"]
        verbose_name = "time slot"
        constraints = constraints.OF_A_TIME_SLOT

    def __str__(self) -> str:
        return f"{self.time_slot_start:%H:%M}–{self.time_slot_end:%H:%M}"


class AdContentRating(PartModel, TimestampedModel):
    """For whom an ad is fit, and the sworn word that nothing prohibited is in it. One per ad."""

    rating_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    ad = models.OneToOneField(Ad, models.CASCADE, related_name="content_rating")
    warning_required = models.BooleanField(default=True, help_text="Show a content warning before the ad.")
    rating_system = models.CharField(max_length=50, null=True, blank=True, choices=RatingSystem.choices)
    rating_label = models.CharField(max_length=10, null=True, blank=True, choices=RATING_LABEL_CHOICES)
    content_warnings = ArrayField(
        models.CharField(max_length=50, choices=CONTENT_WARNING_CHOICES), default=list, blank=True
    )
    no_prohibited_content = models.BooleanField(
        default=False,
        help_text=(
            "I confirm: no pornography, extreme violence, racism, hate speech or promotion of illegal drugs. "
            "Without this an ad can't go active."
        ),
    )

    remembered = (
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
        verbose_name = "content rating"
        constraints = constraints.OF_A_CONTENT_RATING

    def __str__(self) -> str:
        return f"{self.rating_system} {self.rating_label}" if self.rating_system else "Unrated"

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """No list of warnings is the empty list."""
        if self.content_warnings is None:
            self.content_warnings = []
        super().clean_fields(exclude)

    def save(self, **kwargs: Any) -> None:
        """Write; another rating of a reviewed ad sends the ad back to the moderators."""
        is_other = self._state.adding or any(self.has_changed(name) for name in self.remembered)
        with transaction.atomic():
            super().save(**kwargs)
            if is_other:
                self.ad.send_back_to_review()

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """Delete; a reviewed ad without its rating goes back to the moderators."""
        with transaction.atomic():
            deleted = super().delete(using, keep_parents)
            self.ad.send_back_to_review()
        return deleted
