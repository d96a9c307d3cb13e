"""What changes a campaign together with its ads: shift, duplicate and publish."""

import json
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ads.actions.duplicating import duplicate
from ads.actions.publishing import publish
from ads.actions.shifting import shift, shift_to
from campaign_studio.api.documents.written import StudioJSONRenderer
from campaign_studio.api.etags import etag_of
from campaign_studio.api.fields import DayField
from campaign_studio.api.serializers import StrictFields, Values
from campaign_studio.api.viewsets import StudioViewSet
from campaigns.api.serializers import NOT_EDITED, CampaignRowSerializer, CampaignSerializer
from campaigns.models import Campaign
from campaigns.rules import ACTIONS

# A hundred years: more is a mistyped date.
MOST_DAYS = 36_525


@extend_schema_serializer(
    component_name="Shift", description=_("How far a campaign and its ads move. Send one of the two fields.")
)
class ShiftSerializer(StrictFields):
    """How far a campaign and its ads move."""

    days = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=-MOST_DAYS,
        max_value=MOST_DAYS,
        help_text=_("The number of days by which all dates move. A negative number moves them to earlier days."),
    )
    campaign_start_date = DayField(required=False, allow_null=True, help_text=_("The new start date of the campaign."))

    def validate(self, attrs: Values) -> Values:
        """Exactly one of the two fields."""
        if len([value for value in attrs.values() if value is not None]) != 1:
            raise ValidationError(_("Send either days or campaign_start_date."), "one_of_two")
        return attrs


@extend_schema_serializer(component_name="Duplicate", description=_("What the copy of a campaign has of its own."))
class DuplicateSerializer(StrictFields):
    """What the copy of a campaign has of its own."""

    campaign_name = serializers.CharField(
        required=False,
        allow_null=True,
        max_length=Campaign._meta.get_field("campaign_name").max_length,
        help_text=_("By default the present name followed by “(copy)”."),
    )
    campaign_start_date = DayField(
        required=False, allow_null=True, help_text=_("By default the same. The ads' own dates move along.")
    )
    campaign_end_date = DayField(
        required=False, allow_null=True, help_text=_("By default the copy lasts as long as the campaign.")
    )


@extend_schema_serializer(component_name="Publish", description=_("Whether the ads are activated too."))
class PublishSerializer(StrictFields):
    """Whether the ads are activated too."""

    ads = serializers.BooleanField(
        default=True, help_text=_("If false, only the campaign is activated, and its ads stay as they are.")
    )


@extend_schema_serializer(description=_("An ad that couldn't be activated with its campaign, and why."))
class RefusedAdSerializer(serializers.Serializer):
    """An ad that couldn't be activated with its campaign, and why."""

    ad_id = serializers.UUIDField(source="ad.ad_id")
    ad_name = serializers.CharField(source="ad.ad_name")
    code = serializers.CharField(help_text=_("Such as `ended` or `no_declaration`."))
    message = serializers.CharField(help_text=_("What is wrong, and what to do."))


@extend_schema_serializer(component_name="Publication", description=_("A published campaign."))
class PublicationSerializer(serializers.Serializer):
    """A published campaign. The `ETag` of the answer is the campaign's."""

    campaign = CampaignSerializer()
    refused = RefusedAdSerializer(many=True, help_text=_("The ads that couldn't be activated."))


class CampaignActionViewSet(StudioViewSet[Campaign]):
    """Campaigns, changed together with their ads. Who may change a campaign may change its ads."""

    queryset = Campaign.objects.all()
    serializer_class = CampaignSerializer
    row_serializer_class = CampaignRowSerializer
    counters = NOT_EDITED
    lookup_url_kwarg = "campaign_id"

    def required_permission(self) -> str:
        return ACTIONS[self.action]

    @extend_schema(
        summary=_("Shift campaign"),
        description=_(
            "Move the campaign and its ads together: their start, end and expiry dates, by the same number of days. "
            "Ads without dates of their own follow the campaign."
        ),
        request=ShiftSerializer,
        responses=CampaignSerializer,
    )
    def shift(self, request: Request, **kwargs: object) -> Response:
        campaign, sent = self._asked(request, ShiftSerializer)
        if sent.get("days") is not None:
            shift(campaign, sent["days"])
        else:
            shift_to(campaign, sent["campaign_start_date"])
        return self.document_answer(self.document(campaign.pk))

    @extend_schema(
        summary=_("Duplicate campaign"),
        description=_(
            "Create a draft with copies of the campaign's targets and ads, and of the ads' time slots and content "
            "ratings. You are the creator of the copy. Its ads are drafts, are pending review and have no views.\n\n"
            "The ads' own dates move with the start date. An ad that would end later than the copy ends with it. If an "
            "ad would start after the end of the copy, the request is refused."
        ),
        request=DuplicateSerializer,
        responses={201: CampaignSerializer},
    )
    def duplicate(self, request: Request, **kwargs: object) -> Response:
        campaign, sent = self._asked(request, DuplicateSerializer)
        copy = duplicate(
            campaign,
            name=sent.get("campaign_name"),
            start=sent.get("campaign_start_date"),
            end=sent.get("campaign_end_date"),
        )
        answer = self.document_answer(self.document(copy.pk), status.HTTP_201_CREATED)
        answer["Location"] = reverse("campaign-detail", args=[copy.pk])
        return answer

    @extend_schema(
        summary=_("Publish campaign"),
        description=_(
            "Activate the campaign and its ads, also those that are paused, inactive or expired. Ads that can't be "
            "activated stay as they are and are listed with the reasons. If the campaign can't be activated, the "
            "request is refused and nothing changes. The `ETag` is the campaign's.\n\nAn active ad shows once it is "
            "approved. `/api/campaigns/{campaign_id}/readiness` says what else is missing."
        ),
        request=PublishSerializer,
        responses=PublicationSerializer,
    )
    def publish(self, request: Request, **kwargs: object) -> Response:
        campaign, sent = self._asked(request, PublishSerializer)
        refused = publish(campaign, ads=sent["ads"])
        document = self.document(campaign.pk)
        # The database may have written the document as text.
        answer = {
            "campaign": json.loads(StudioJSONRenderer().render(document)),
            "refused": RefusedAdSerializer(refused, many=True).data,
        }
        return Response(answer, headers={"ETag": etag_of(document, counters=self.counters)})

    def _asked(self, request: Request, shape: type[StrictFields]) -> tuple[Campaign, dict[str, Any]]:
        """The locked campaign, and what the body says."""
        campaign = self.get_object()
        serializer = shape(data=request.data)
        serializer.is_valid(raise_exception=True)
        return campaign, serializer.validated_data
