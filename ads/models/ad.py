"""The ad: one creative in one position, with its own dates, status and verdict."""

import uuid
from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models, transaction

from accounts.models import User
from ads import constraints, media, moderation
from ads.choices import AdDurationUnit, AdType, MediaType, ModerationStatus
from ads.querysets import AdQuerySet
from campaign_studio.acting import Reader
from campaign_studio.models.stamped import StampedModel
from campaign_studio.models.versioned import StaleError
from campaigns.choices import Status
from campaigns.lifecycle import LifecycleModel
from campaigns.models import LONGEST_TEXT, Campaign


class Ad(LifecycleModel, StampedModel):
    """One creative in one position of the screen, as part of a campaign."""

    ad_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="ads")
    # 1 to 6, unique within the campaign: this is what makes "at most six" hold when two requests race.
    ad_number = models.PositiveSmallIntegerField(editable=False)
    ad_type_id = models.CharField(max_length=50, choices=AdType.choices, verbose_name="position")
    ad_name = models.CharField(verbose_name="name", max_length=255)
    ad_description = models.TextField(
        verbose_name="description", null=True, blank=True, validators=[MaxLengthValidator(LONGEST_TEXT)]
    )
    media_type = models.CharField(max_length=50, choices=MediaType.choices)
    media_url = models.TextField(
        null=True,
        blank=True,
        verbose_name="media URL",
        validators=[media.validate_http_url, MaxLengthValidator(media.LONGEST_URL)],
        help_text="Where the image, video or feed is.",
    )
    media_content = models.TextField(
        null=True,
        blank=True,
        validators=[MaxLengthValidator(media.LONGEST_CONTENT)],
        help_text="The text or HTML itself.",
    )
    ad_impression_duration_value = models.PositiveIntegerField(
        null=True,
        blank=True,
        verbose_name="impression duration",
        help_text="How long it stays on the screen.",
    )
    ad_impression_duration_unit = models.CharField(
        max_length=20, null=True, blank=True, choices=AdDurationUnit.choices, verbose_name="unit"
    )
    ad_advertiser_forwarding_url = models.TextField(
        null=True,
        blank=True,
        verbose_name="forwarding URL",
        validators=[media.validate_http_url, MaxLengthValidator(media.LONGEST_URL)],
        help_text="Where an interested viewer is sent.",
    )
    ad_start_date = models.DateField(
        verbose_name="start date", null=True, blank=True, help_text="Empty: as the campaign."
    )
    ad_end_date = models.DateField(verbose_name="end date", null=True, blank=True, help_text="Empty: as the campaign.")
    ad_expiry_date = models.DateField(verbose_name="expiry date", null=True, blank=True)
    ad_in_view_duration_value = models.PositiveIntegerField(
        null=True,
        blank=True,
        verbose_name="in-view duration",
        help_text="A view counts when it lasted this long.",
    )
    ad_in_view_duration_unit = models.CharField(
        max_length=20, null=True, blank=True, choices=AdDurationUnit.choices, verbose_name="unit"
    )
    ad_view_count = models.BigIntegerField(verbose_name="views", default=0, editable=False)
    ad_status = models.CharField(verbose_name="status", max_length=20, choices=Status.choices, default=Status.DRAFT)
    moderation_status = models.CharField(
        verbose_name="review",
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
        verbose_name="reviewed by",
    )
    moderated_at = models.DateTimeField(verbose_name="reviewed at", null=True, blank=True, editable=False)
    moderation_note = models.TextField(
        verbose_name="note", null=True, blank=True, editable=False, validators=[MaxLengthValidator(LONGEST_TEXT)]
    )
    ad_created_by = models.ForeignKey("accounts.User", models.PROTECT, related_name="+", editable=False)

    created_by_field = "ad_created_by"
    status_field = "ad_status"
    remembered = ("ad_status", "ad_start_date", "ad_end_date", "campaign_id", *moderation.SEEN_BY_VIEWERS)

    objects = AdQuerySet.as_manager()

    class Meta:
        db_table = "ads"
        ordering = ["created_at", "ad_id"]
        indexes = [
            models.Index(fields=["-created_at", "-ad_id"], name="ads_newest"),
            GinIndex(OpClass("ad_name", name="gin_trgm_ops"), name="ads_name_trigrams"),
        ]
        constraints = constraints.OF_AN_AD

    def __str__(self) -> str:
        return self.ad_name

    @property
    def last_day(self) -> date | None:
        """The ad's own end, else the campaign's."""
        return self.ad_end_date or (self.campaign.campaign_end_date if self.campaign_id else None)

    @property
    def expiry_day(self) -> date | None:
        """The ad's own expiry; the campaign's where the ad follows its dates."""
        return self.ad_expiry_date or (None if self.ad_end_date else self.campaign.campaign_expiry_date)

    def get_additional_data(self) -> dict[str, str]:
        """For the audit log: the object this is a part of."""
        return {"parent_id": str(self.campaign_id)}

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Don't ask a new ad for its number: saving gives it out."""
        super().clean_fields({*(exclude or ()), "ad_number"} if self._state.adding else exclude)

    def clean(self) -> None:
        """What no constraint can say: the campaign has room and stays, and the dates lie inside its dates."""
        super().clean()
        if self._state.adding and self.campaign_id:
            self._free_number()
        if self.has_changed("campaign_id"):
            raise ValidationError({"campaign": "An ad stays in its campaign. Create a new one in the other campaign."})
        campaign = self.campaign if self.campaign_id else None
        for name in ("ad_start_date", "ad_end_date"):
            day = getattr(self, name)
            if campaign and day and not campaign.campaign_start_date <= day <= campaign.campaign_end_date:
                raise ValidationError(
                    {
                        name: "The ad's dates lie inside the campaign's: "
                        f"{campaign.campaign_start_date} to {campaign.campaign_end_date}."
                    }
                )

    def check_may_go_active(self, *, on: date) -> None:
        """Also needs a rating that swears off prohibited content."""
        super().check_may_go_active(on=on)
        rating = getattr(self, "content_rating", None)
        if rating is None or not rating.no_prohibited_content:
            self._refuse("It can't go active yet: it needs a content rating with “no prohibited content” confirmed.")

    def save(self, **kwargs: Any) -> None:
        """Write; a reviewed ad whose looks have changed goes back to the moderators.

        Raises ValidationError for a new ad when all six places are taken or the campaign has just been deleted.
        """
        if moderation.is_out_of_date(self):
            self._forget_review()
            if kwargs.get("update_fields"):
                kwargs["update_fields"] = {*kwargs["update_fields"], *moderation.VERDICT}
        if not self._state.adding and kwargs.get("update_fields") is None:
            # All but the count: vehicles report views while people edit, and no page undoes what they counted.
            left_alone = {self._meta.pk.name, "ad_view_count", *self.get_deferred_fields()}
            kwargs["update_fields"] = {
                field.name for field in self._meta.concrete_fields if not {field.name, field.attname} & left_alone
            }
        with transaction.atomic():
            # Before the ad itself, in everybody's order: what may show is found anew under the campaign's lock.
            campaign = Campaign.objects.select_for_update(no_key=True).filter(pk=self.campaign_id)
            is_there = campaign.exists()
            if self._state.adding and self.campaign_id is not None:
                if not is_there:
                    raise ValidationError({"campaign": "This campaign no longer exists."})
                self.ad_number = self._free_number()
            super().save(**kwargs)

    def may_be_approved_by(self, user: Reader) -> bool:
        """Whether another person than those who made it asks."""
        return moderation.may_be_approved_by(self, user)

    def approve(self, by: User, *, at: datetime, note: str = "", version: int | None = None) -> None:
        """A moderator lets it be shown. Raises PermissionDenied for those who made it.

        `version` is the one that they have seen; StaleError is raised when it is not the present one.
        """
        moderation.check_approval(self, by)
        self._take_verdict(ModerationStatus.APPROVED, by, note, at, version)

    def reject(self, by: User, *, at: datetime, note: str, version: int | None = None) -> None:
        """A moderator refuses it. Raises ValidationError without a note: the creator needs the reason.

        `version` is as for `approve()`.
        """
        moderation.check_rejection(note)
        self._take_verdict(ModerationStatus.REJECTED, by, note, at, version)

    def send_back_to_review(self) -> None:
        """What a viewer sees has changed: a verdict on the old state counts no more. Saves."""
        if self.moderation_status != ModerationStatus.PENDING:
            self._forget_review()
            self.save()

    def _take_verdict(self, verdict: ModerationStatus, by: User, note: str, at: datetime, version: int | None) -> None:
        if version not in (None, self.version):
            raise StaleError(self)
        self.moderation_status, self.moderated_by, self.moderated_at = verdict, by, at
        self.moderation_note = note.strip() or None
        self.full_clean()
        self.save()

    def _forget_review(self) -> None:
        self.moderation_status = ModerationStatus.PENDING
        self.moderated_by = self.moderated_at = self.moderation_note = None

    def _free_number(self) -> int:
        """The lowest that no ad of the campaign has. Raises ValidationError when all six are taken."""
        taken = set(Ad.objects.filter(campaign_id=self.campaign_id).values_list("ad_number", flat=True))
        free = [number for number in range(1, constraints.MOST_ADS + 1) if number not in taken]
        if not free:
            raise ValidationError(
                {NON_FIELD_ERRORS: ValidationError(constraints.CAMPAIGN_IS_FULL, code="campaign_is_full")}
            )
        return free[0]
