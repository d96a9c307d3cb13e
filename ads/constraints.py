"""The database constraints of ads, time slots, content ratings and devices, each with its message."""

from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Cast, TruncMinute
from django.db.models.lookups import Regex
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from ads import media
from ads.choices import (
    ALL_CONTENT_WARNINGS,
    EVERY_DAY,
    RATING_LABELS,
    AdDurationUnit,
    AdType,
    MediaType,
    ModerationStatus,
    RatingSystem,
)
from ads.fields import IntegerMultirangeField
from ads.time_slots import NO_WEEKDAYS, OVERLAP_CODE
from campaign_studio.constraints import FieldCheck, choose_one_of, duration_checks
from campaigns.choices import Status

# What fits into a header and a URL as it is. The first character keeps `.`, `..` and formulas of spreadsheets out.
DEVICE_ID = r"^[A-Za-z0-9][A-Za-z0-9._~+=@-]*$"
MAX_ADS = 6
# An array as PostgreSQL writes it, such as {1,2,7}.
SORTED_WEEKDAYS = r"^\{1?(,?2)?(,?3)?(,?4)?(,?5)?(,?6)?(,?7)?\}$"
NOT_A_DEVICE_ID = _(
    "Use 1–100 letters from A to Z, digits and the characters . _ ~ + = @ and -, beginning with a letter or a digit."
)
CAMPAIGN_IS_FULL = _("A campaign can have up to 6 ads. Delete one of them, or add this ad to another campaign.")


OF_AN_AD: list[models.BaseConstraint] = [
    models.CheckConstraint(
        name="ad_number_is_one_to_six",
        condition=Q(ad_number__gte=1, ad_number__lte=MAX_ADS),
        violation_error_message=CAMPAIGN_IS_FULL,
    ),
    models.UniqueConstraint(
        fields=["campaign", "ad_number"],
        name="campaign_holds_six_ads",
        violation_error_message=CAMPAIGN_IS_FULL,
    ),
    FieldCheck(
        field="ad_type_id",
        name="ad_type_is_a_position",
        condition=Q(ad_type_id__in=AdType.values),
        violation_error_message=choose_one_of(AdType.values),
    ),
    FieldCheck(
        field="media_type",
        name="ad_media_type_is_known",
        condition=Q(media_type__in=MediaType.values),
        violation_error_message=choose_one_of(MediaType.values),
    ),
    FieldCheck(
        field="media_type",
        name="ad_position_takes_the_media",
        condition=media.position_takes_media,
        violation_error_message=_(
            "The bars at the top and bottom only accept text, images and animated images (text, image, gif). "
            "The two centre positions accept every media type."
        ),
    ),
    models.CheckConstraint(
        name="ad_has_what_its_media_needs",
        condition=media.has_what_it_needs,
        violation_error_message=_(
            "An image, an animated image, a video or a news feed needs a media URL. "
            "Text, HTML, events, breaking news and alerts need media content."
        ),
    ),
    *[
        FieldCheck(
            field=field,
            name=f"{field}_is_http",
            condition=media.is_http_url(field),
            violation_error_message=media.ENTER_A_FULL_URL,
        )
        for field in ("media_url", "ad_advertiser_forwarding_url")
    ],
    *duration_checks(
        "ad_impression_duration",
        value="ad_impression_duration_value",
        unit="ad_impression_duration_unit",
        units=AdDurationUnit,
        both_or_neither=_("Give both the value and the unit of the impression duration, or neither."),
        above_zero=_("The impression duration must be more than 0."),
    ),
    *duration_checks(
        "ad_in_view_duration",
        value="ad_in_view_duration_value",
        unit="ad_in_view_duration_unit",
        units=AdDurationUnit,
        both_or_neither=_("Give both the value and the unit of the in-view duration, or neither."),
        above_zero=_("The in-view duration must be more than 0."),
    ),
    FieldCheck(
        field="ad_end_date",
        name="ad_ends_after_it_starts",
        condition=Q(ad_end_date__isnull=True)
        | Q(ad_start_date__isnull=True)
        | Q(ad_end_date__gte=models.F("ad_start_date")),
        violation_error_message=_("The end date must be on or after the start date."),
    ),
    FieldCheck(
        field="ad_expiry_date",
        name="ad_expires_after_it_ends",
        condition=Q(ad_expiry_date__isnull=True)
        | Q(ad_end_date__isnull=True)
        | Q(ad_expiry_date__gte=models.F("ad_end_date")),
        violation_error_message=_("The expiry date must be on or after the end date."),
    ),
    models.CheckConstraint(
        name="ad_view_count_is_not_negative",
        condition=Q(ad_view_count__gte=0),
        violation_error_message=_("The view count can't be negative."),
    ),
    FieldCheck(
        field="ad_status",
        name="ad_status_is_known",
        condition=Q(ad_status__in=Status.values),
        violation_error_message=choose_one_of(Status.values),
    ),
    models.CheckConstraint(
        name="ad_moderation_status_is_known",
        condition=Q(moderation_status__in=ModerationStatus.values),
        violation_error_message=choose_one_of(ModerationStatus.values),
    ),
]


def _on_the_quarter_hour(field: str) -> Q:
    # Comparing with TruncMinute also refuses seconds and their fractions.
    return Q(**{f"{field}__minute__in": [0, 15, 30, 45], field: TruncMinute(field)})


class SlotsDoNotOverlap(ExclusionConstraint):
    """Names the two slots and the day. What only the database notices gets `violation_error_message`."""

    def validate(self, model: type[models.Model], instance: models.Model, *args: Any, **kwargs: Any) -> None:
        try:
            super().validate(model, instance, *args, **kwargs)
        except ValidationError as error:
            row: Any = instance
            others: Any = model._default_manager.filter(ad=row.ad_id).exclude(pk=row.pk)
            raise row.slot.refusal(other.slot for other in others) or error from error


def quarters_of_week() -> Func:
    """The quarter hours of the week (0 to 671) that a time slot covers. None for one that ends before it starts."""
    slot = ("weekdays", "time_slot_start", "time_slot_end")
    return Func(*slot, function="quarters_of_week", output_field=IntegerMultirangeField())


OF_A_TIME_SLOT: list[models.BaseConstraint] = [
    *[
        FieldCheck(
            field=field,
            name=f"{field}_is_on_the_quarter_hour",
            condition=_on_the_quarter_hour(field),
            violation_error_message=_("A time slot must start and end on a quarter hour: :00, :15, :30 or :45."),
        )
        for field in ("time_slot_start", "time_slot_end")
    ],
    FieldCheck(
        field="time_slot_end",
        name="time_slot_ends_after_it_starts",
        condition=Q(time_slot_end="00:00") | Q(time_slot_end__gt=F("time_slot_start")),
        violation_error_message=_("A time slot must end after it starts. Use 00:00 or 24:00 for midnight."),
    ),
    FieldCheck(
        field="weekdays",
        name="time_slot_has_weekdays",
        condition=Q(weekdays__len__gt=0),
        violation_error_message=NO_WEEKDAYS,
    ),
    FieldCheck(
        field="weekdays",
        name="time_slot_weekdays_are_sorted",
        condition=Q(weekdays__contained_by=EVERY_DAY) & Q(Regex(Cast("weekdays", models.TextField()), SORTED_WEEKDAYS)),
        violation_error_message=_("List each day of the week once, from 1 (Monday) to 7 (Sunday)."),
    ),
    SlotsDoNotOverlap(
        name=OVERLAP_CODE,
        expressions=[("ad", RangeOperators.EQUAL), (quarters_of_week(), RangeOperators.OVERLAPS)],
        violation_error_message=_("This time slot overlaps another time slot of the same ad."),
    ),
]

OF_A_CONTENT_RATING: list[models.BaseConstraint] = [
    FieldCheck(
        field="rating_label",
        name="rating_label_belongs_to_the_system",
        condition=Q(
            Q(rating_system__isnull=True, rating_label__isnull=True),
            # Not null, because in SQL a comparison with null is unknown, and a check constraint accepts unknown.
            *[
                Q(
                    rating_system=system,
                    rating_label__in=labels,
                    rating_system__isnull=False,
                    rating_label__isnull=False,
                )
                for system, labels in RATING_LABELS.items()
            ],
            _connector=Q.OR,
        ),
        violation_error_message=format_lazy(
            _("Choose a label of the rating system: {mpaa} for MPAA, or {esrb} for ESRB."),
            mpaa=", ".join(RATING_LABELS[RatingSystem.MPAA]),
            esrb=", ".join(RATING_LABELS[RatingSystem.ESRB]),
        ),
    ),
    FieldCheck(
        field="content_warnings",
        name="content_warnings_are_in_the_catalogue",
        condition=Q(content_warnings__contained_by=ALL_CONTENT_WARNINGS),
        violation_error_message=choose_one_of(ALL_CONTENT_WARNINGS),
    ),
]

OF_A_DEVICE: list[models.BaseConstraint] = [
    FieldCheck(
        field="device_id",
        name="device_id_fits_a_header",
        condition=Q(device_id__regex=DEVICE_ID),
        violation_error_message=NOT_A_DEVICE_ID,
    ),
    FieldCheck(
        field="fleet",
        name="device_has_a_fleet",
        condition=~Q(fleet=""),
        violation_error_message=_("Enter the name of a fleet."),
    ),
    models.CheckConstraint(
        name="device_key_is_a_hash",
        condition=Q(key_hash__regex=r"^[0-9a-f]{64}$"),
        violation_error_message=_("A device needs a key. Create one when you create the device."),
    ),
]

OF_A_MEDIA_FILE: list[models.BaseConstraint] = [
    FieldCheck(
        field="content_hash",
        name="media_file_is_named_by_its_hash",
        condition=Q(content_hash__regex=r"^[0-9a-f]{64}$"),
        violation_error_message=_("The name of an uploaded file is its SHA-256."),
    ),
    FieldCheck(
        field="media_type",
        name="media_file_shows_something",
        condition=Q(media_type__in=media.UPLOADED),
        violation_error_message=choose_one_of([*media.UPLOADED]),
    ),
]
