"""The database constraints of campaigns and targets, each with its message."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from campaign_studio.constraints import FieldCheck, choose_one_of, duration_checks
from campaigns.choices import DurationUnit, Status

OF_A_CAMPAIGN: list[models.BaseConstraint] = [
    FieldCheck(
        field="campaign_status",
        name="campaign_status_is_known",
        condition=Q(campaign_status__in=Status.values),
        violation_error_message=choose_one_of(Status.values),
    ),
    FieldCheck(
        field="campaign_end_date",
        name="campaign_ends_after_it_starts",
        condition=Q(campaign_end_date__gte=F("campaign_start_date")),
        violation_error_message=_("The end date must be on or after the start date."),
    ),
    FieldCheck(
        field="campaign_expiry_date",
        name="campaign_expires_after_it_ends",
        condition=Q(campaign_expiry_date__isnull=True) | Q(campaign_expiry_date__gte=F("campaign_end_date")),
        violation_error_message=_("The expiry date must be on or after the end date."),
    ),
    *duration_checks(
        "campaign_view_duration",
        value="campaign_max_view_duration_value",
        unit="campaign_max_view_duration_unit",
        units=DurationUnit,
        both_or_neither=_("Enter both the value and the unit of the viewing-time cap, or neither."),
        above_zero=_("The viewing-time cap must be more than 0."),
    ),
    FieldCheck(
        field="campaign_max_view_count",
        name="campaign_view_count_cap_is_positive",
        condition=Q(campaign_max_view_count__isnull=True) | Q(campaign_max_view_count__gt=0),
        violation_error_message=_("The view cap must be more than 0. Leave it empty for no cap."),
    ),
]

OF_A_TARGET: list[models.BaseConstraint] = [
    models.UniqueConstraint(
        "campaign",
        Lower("region"),
        Lower("country"),
        name="campaign_targets_a_place_once",
        violation_error_message=_(
            "This campaign already targets this region and country. Add the cities to the existing target."
        ),
    ),
    models.CheckConstraint(
        name="targeting_lists_have_no_blanks",
        condition=~Q(cities__contains=[""]) & ~Q(postcodes__contains=[""]),
        violation_error_message=_("A city or postcode can't be blank."),
    ),
]
