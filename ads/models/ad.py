"""The ad: what shows in one position of the screen, with its own dates, status and review."""

import uuid
from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models, transaction
from django.db.models import Expression
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.validators import validate_title
from ads import constraints, media, moderation
from ads.choices import AdDurationUnit, AdType, MediaType, ModerationStatus
from ads.querysets import AdQuerySet
from ads.uploads import use
from campaign_studio.acting import Reader
from campaign_studio.lookups import SearchKey
from campaign_studio.models.stamped import StampedModel
from campaign_studio.models.versioned import StaleError
from campaigns.choices import Status
from campaigns.lifecycle import LifecycleModel
from campaigns.models import LONGEST_TEXT, MOVE_BOTH, Campaign

# Within the dates of the campaign.
FIRST_AND_LAST_DAY = ("ad_start_date", "ad_end_date")


class Ad(LifecycleModel, StampedModel):
    """An ad of a campaign. It shows in one position of the screen."""

    ad_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="ads", verbose_name=_("campaign"))
    # 1 to 6 and unique within the campaign, so that the limit of six ads holds even when requests race.
    ad_number = models.PositiveSmallIntegerField(verbose_name=_("ad number"), editable=False)
    ad_type_id = models.CharField(max_length=50, choices=AdType.choices, verbose_name=_("position"))
    ad_name = models.CharField(verbose_name=_("name"), max_length=255)
    ad_description = models.TextField(
        verbose_name=_("description"), null=True, blank=True, validators=[MaxLengthValidator(LONGEST_TEXT)]
    )
    media_type = models.CharField(verbose_name=_("media type"), max_length=50, choices=MediaType.choices)
    media_url = models.TextField(
        null=True,
        blank=True,
        verbose_name=_("media URL"),
        validators=[media.validate_http_url, MaxLengthValidator(media.MAX_URL_LENGTH)],
        help_text=_("The URL of the image, video or feed."),
    )
    media_content = models.TextField(
        verbose_name=_("media content"),
        null=True,
        blank=True,
        validators=[MaxLengthValidator(media.MAX_CONTENT_LENGTH)],
        help_text=_("The text or HTML that shows."),
    )
    ad_impression_duration_value = models.PositiveIntegerField(
        null=True,
        blank=True,
        verbose_name=_("impression duration"),
        help_text=_("How long the ad stays on the screen."),
    )
    ad_impression_duration_unit = models.CharField(
        max_length=20, null=True, blank=True, choices=AdDurationUnit.choices, verbose_name=_("unit")
    )
    ad_advertiser_forwarding_url = models.TextField(
        null=True,
        blank=True,
        verbose_name=_("forwarding URL"),
        validators=[media.validate_http_url, MaxLengthValidator(media.MAX_URL_LENGTH)],
        help_text=_("The page that interested viewers are sent to."),
    )
    ad_start_date = models.DateField(
        verbose_name=_("start date"),
        null=True,
        blank=True,
        help_text=_("Leave empty to use the campaign's start date."),
    )
    ad_end_date = models.DateField(
        verbose_name=_("end date"),
        null=True,
        blank=True,
        help_text=_("Leave empty to use the campaign's end date."),
    )
    ad_expiry_date = models.DateField(verbose_name=_("expiry date"), null=True, blank=True)
    ad_in_view_duration_value = models.PositiveIntegerField(
        null=True,
        blank=True,
        verbose_name=_("in-view duration"),
        help_text=_("How long a view must last to be counted."),
    )
    ad_in_view_duration_unit = models.CharField(
        max_length=20, null=True, blank=True, choices=AdDurationUnit.choices, verbose_name=_("unit")
    )
    ad_view_count = models.BigIntegerField(verbose_name=_("views"), default=0, editable=False)
    ad_status = models.CharField(verbose_name=_("status"), max_length=20, choices=Status.choices, default=Status.DRAFT)
    moderation_status = models.CharField(
        verbose_name=_("review"),
        max_length=20,
        choices=ModerationStatus.choices,
        default=ModerationStatus.PENDING,
        editable=False,
    )
    moderated_by = models.ForeignKey(
        "accounts.User",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
        verbose_name=_("reviewed by"),
    )
    moderated_at = models.DateTimeField(verbose_name=_("reviewed at"), null=True, blank=True, editable=False)
    moderation_note = models.TextField(
        verbose_name=_("note"), null=True, blank=True, editable=False, validators=[MaxLengthValidator(LONGEST_TEXT)]
    )
    ad_created_by = models.ForeignKey(
        "accounts.User", models.PROTECT, related_name="+", editable=False, verbose_name=_("created by")
    )

    created_by_field = "ad_created_by"
    status_field = "ad_status"

    objects = AdQuerySet.as_manager()

    class Meta:
        db_table = "ads"
        ordering = ["created_at", "ad_id"]
        verbose_name = _("ad")
        verbose_name_plural = _("ads")
        indexes = [
            models.Index(fields=["-created_at", "-ad_id"], name="ads_newest"),
            # For clients that poll.
            models.Index(fields=["updated_at", "ad_id"], name="ads_changed"),
            GinIndex(OpClass(SearchKey("ad_name"), name="gin_trgm_ops"), name="ads_search"),
            # Everything that the review queue asks of an ad, so that it reads no ad but those of the page.
            models.Index(
                fields=["created_at", "ad_id"],
                include=["campaign", "ad_start_date", "ad_end_date", "ad_status"],
                condition=models.Q(moderation_status=ModerationStatus.PENDING),
                name="ads_pending_review",
            ),
        ]
        constraints = constraints.OF_AN_AD

    def __str__(self) -> str:
        return self.ad_name

    @classmethod
    def expressions(cls, reader: Reader) -> dict[str, Expression]:
        """With `allowed_actions_for`."""
        from ads.allowed import allowed_actions

        return {**super().expressions(reader), "allowed_actions_for": allowed_actions(reader)}

    @property
    def last_day(self) -> date | None:
        """The ad's own end date, or else the campaign's."""
        return self.ad_end_date or (self.campaign.campaign_end_date if self.campaign_id else None)

    @property
    def expiry_day(self) -> date | None:
        """The ad's own expiry date, or else the campaign's if the ad has no end date of its own either."""
        return self.ad_expiry_date or (None if self.ad_end_date else self.campaign.campaign_expiry_date)

    def get_additional_data(self) -> dict[str, str]:
        """What the audit log adds to an entry: the key of the campaign."""
        return {"parent_id": str(self.campaign_id)}

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Don't validate the number of a new ad: `save()` assigns it."""
        super().clean_fields({*(exclude or ()), "ad_number"} if self._state.adding else exclude)

    def clean(self) -> None:
        """Check what constraints can't: the campaign isn't full or exchanged, and its dates include the ad's."""
        super().clean()
        self.check_changed({"ad_name": validate_title})
        if self._state.adding and self.campaign_id:
            self._free_number()
        if self.has_changed("campaign_id"):
            message = gettext("An ad can't be moved to another campaign. Create a new ad there.")
            raise ValidationError({"campaign": ValidationError(message, code="campaign_is_fixed")})
        for name in media.URL_FIELDS:
            # Only a new value: an ad that was stored before this rule can still be edited and expire.
            if (self._state.adding or self.has_changed(name)) and media.names_a_user(getattr(self, name)):
                raise ValidationError({name: ValidationError(media.NAMES_A_USER, code="url_names_a_user")})
        if self._state.adding or any(map(self.has_changed, use.WHAT_SHOWS)):
            use.check_upload(self)
        if self.campaign_id:
            self._check_is_within(self.campaign)

    def check_activation(self, *, on: date) -> None:
        """Also raise ValidationError if the content declaration isn't confirmed."""
        super().check_activation(on=on)
        if not moderation.is_declared(self):
            self._refuse(moderation.NO_DECLARATION, code="no_declaration")

    def save(self, **kwargs: Any) -> None:
        """Save. A reviewed ad becomes pending review again if what viewers see has changed.

        Raises ValidationError if the campaign has just moved without the ad's new dates, and for a new ad if its
        campaign has six ads already or has just been deleted, or if the uploaded file that it shows has.
        """
        if moderation.needs_new_review(self):
            self._reset_review()
            if kwargs.get("update_fields"):
                kwargs["update_fields"] = {*kwargs["update_fields"], *moderation.REVIEW_FIELDS}
        with transaction.atomic():
            # Always locked before the ad, because the triggers recompute what is deliverable under the campaign's lock.
            campaign = Campaign.objects.select_for_update(no_key=True).filter(pk=self.campaign_id).first()
            if campaign and (self._state.adding or any(map(self.has_changed, FIRST_AND_LAST_DAY))):
                self._check_is_within(campaign)
            if self._state.adding and self.campaign_id is not None:
                if campaign is None:
                    message = gettext("This campaign no longer exists.")
                    raise ValidationError({"campaign": ValidationError(message, code="no_such_campaign")})
                self.ad_number = self._free_number()
            if self._state.adding or self.has_changed("media_url"):
                use.hold_upload(self)
            super().save(**kwargs)

    def touch(self) -> None:
        """As in VersionedModel. The campaign is locked before the ad, as by `save()`, so that no changes deadlock."""
        if not self.was_just_created:
            Campaign.objects.select_for_update(no_key=True).filter(pk=self.campaign_id).exists()
        super().touch()

    def may_be_approved_by(self, user: Reader) -> bool:
        """Whether the user created neither the ad nor its campaign (setting `FOUR_EYES`)."""
        return moderation.may_be_approved_by(self, user)

    def approve(self, by: User, *, at: datetime, note: str = "", version: int | None = None) -> None:
        """Record a moderator's approval.

        Raises PermissionDenied if `by` created the ad or its campaign, and UnratedError without a content declaration.

        `version` is the one that the moderator has seen. Raises StaleError if it isn't the current one.
        """
        moderation.check_approval(self, by)
        self._record_review(ModerationStatus.APPROVED, by, note, at, version)

    def reject(self, by: User, *, at: datetime, note: str, version: int | None = None) -> None:
        """Record a moderator's rejection. Raises ValidationError without a note.

        `version` is the same as in `approve()`.
        """
        moderation.check_rejection(note)
        self._record_review(ModerationStatus.REJECTED, by, note, at, version)

    def send_back_to_review(self) -> None:
        """Make a reviewed ad pending review again, and save it. Called when what viewers see has changed.

        The caller has locked the ad. It may have been reviewed since it was read.
        """
        self.refresh_from_db(fields=moderation.REVIEW_FIELDS)
        if self.moderation_status != ModerationStatus.PENDING:
            self._reset_review()
            self.save()

    def _check_is_within(self, campaign: Campaign) -> None:
        """Raise ValidationError for a date of the ad that isn't within the campaign's dates."""
        first, last = campaign.campaign_start_date, campaign.campaign_end_date
        for name in FIRST_AND_LAST_DAY:
            day = getattr(self, name)
            if day and not first <= day <= last:
                message = gettext("The date must be within the campaign's dates (%(first)s to %(last)s).")
                if not self._state.adding:
                    message += f" {MOVE_BOTH}"
                bounds = {"first": date_format(first), "last": date_format(last)}
                raise ValidationError({name: ValidationError(message, code="outside_campaign", params=bounds)})

    def _record_review(self, outcome: ModerationStatus, by: User, note: str, at: datetime, version: int | None) -> None:
        if version not in (None, self.version):
            raise StaleError(self)
        self.moderation_status, self.moderated_by, self.moderated_at = outcome, by, at
        self.moderation_note = note.strip() or None
        self.full_clean()
        self.save()

    def _reset_review(self) -> None:
        self.moderation_status = ModerationStatus.PENDING
        self.moderated_by = self.moderated_at = self.moderation_note = None

    def _free_number(self) -> int:
        """The lowest number that no ad of the campaign has. Raises ValidationError if all six are taken."""
        taken = set(Ad.objects.filter(campaign_id=self.campaign_id).values_list("ad_number", flat=True))
        free = [number for number in range(1, constraints.MAX_ADS + 1) if number not in taken]
        if not free:
            raise ValidationError(
                {NON_FIELD_ERRORS: ValidationError(constraints.CAMPAIGN_IS_FULL, code="campaign_is_full")}
            )
        return free[0]
