"""The plan of a change set, and the words for its refusals."""

from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers, status
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.settings import api_settings

from ads.api.operations import KINDS, OPERATIONS, VERBS_OF_A_ROW, FieldsField
from ads.models import Ad
from campaign_studio.api.etags import STALE
from campaign_studio.api.permissions import ROLE_MAY_NOT
from campaign_studio.api.refusals import bounded
from campaign_studio.api.serializers import StudioSerializer, Values
from campaign_studio.constraints import NO_SUCH_REFERENCE
from campaigns.api.serializers import with_shift
from campaigns.changesets.models import ChangeSet
from campaigns.changesets.operations import CREATE, Refused

STATUSES = {
    Refused.INVALID: status.HTTP_400_BAD_REQUEST,
    Refused.FORBIDDEN: status.HTTP_403_FORBIDDEN,
    Refused.MISSING: status.HTTP_404_NOT_FOUND,
    Refused.CONFLICT: status.HTTP_409_CONFLICT,
    Refused.STALE: status.HTTP_412_PRECONDITION_FAILED,
}
VALUE = {
    "anyOf": [
        {"type": ["string", "number", "boolean", "null"]},
        {"type": "array", "items": {"type": ["string", "number"]}},
    ]
}
CHANGES = ["create", "update", "delete"]
OUTCOMES = ["change", "unchanged", "refused"]
WORDS = {Refused.FORBIDDEN: ROLE_MAY_NOT, Refused.MISSING: NO_SUCH_REFERENCE, Refused.STALE: STALE}


@extend_schema_serializer(description=_("A change set in a list."))
class ChangeSetRowSerializer(StudioSerializer):
    """A change set in a list."""

    created_by_id = serializers.UUIDField(read_only=True, allow_null=True)

    class Meta:
        model = ChangeSet
        fields = [
            "change_set_id",
            "state",
            "change_count",
            "unchanged_count",
            "refused_count",
            "created_by_id",
            "created_by_name",
            "created_at",
            "applied_by_name",
            "applied_at",
            "undone_by_name",
            "undone_at",
        ]
        read_only_fields = fields


@extend_schema_field(
    {"type": "object", "additionalProperties": {"type": "array", "items": VALUE, "minItems": 2, "maxItems": 2}}
)
class PairsField(serializers.DictField):
    """The old and the new value by field."""


class OtherChangeSerializer(serializers.Serializer):
    """A change of another object that an operation brings along."""

    action = serializers.ChoiceField(choices=CHANGES)
    resource = serializers.CharField(help_text=_("The type of the object, such as `adtimeslot`."))
    id = serializers.CharField()
    name = serializers.CharField()
    changes = PairsField()


class PlannedRefusalSerializer(serializers.Serializer):
    """Why an operation is refused."""

    status = serializers.IntegerField(help_text=_("The status that the single write would be answered with."))
    code = serializers.CharField(help_text=_("Such as `transition`."))
    # Hides the errors of the serializer itself.
    errors = FieldsField(  # type: ignore[assignment]
        help_text=_("The body that the single write would be answered with.")
    )


class PlannedRowSerializer(serializers.Serializer):
    """What the plan says about one operation."""

    index = serializers.IntegerField()
    op = serializers.ChoiceField(choices=OPERATIONS)
    resource = serializers.ChoiceField(choices=KINDS)
    id = serializers.UUIDField()
    name = serializers.CharField(allow_null=True)
    outcome = serializers.ChoiceField(choices=OUTCOMES)
    changes = PairsField(help_text=_("Field → [old value, new value]. Long texts and lists are cut."))
    others = OtherChangeSerializer(many=True, help_text=_("The first 20 changes of other objects, such as parts."))
    others_count = serializers.IntegerField()
    refusal = PlannedRefusalSerializer(allow_null=True)


class ShowingAdSerializer(serializers.Serializer):
    """An ad that starts or stops showing."""

    ad_id = serializers.UUIDField()
    ad_name = serializers.CharField()


@extend_schema_serializer(component_name="ChangeSet", description=_("A change set with its plan."))
class ChangeSetSerializer(ChangeSetRowSerializer):
    """A change set with its plan."""

    rows = PlannedRowSerializer(many=True, source="worded")
    starts = ShowingAdSerializer(many=True, help_text=_("The ads that start showing somewhere today."))
    stops = ShowingAdSerializer(many=True, help_text=_("The ads that stop showing today."))

    class Meta(ChangeSetRowSerializer.Meta):
        fields = [*ChangeSetRowSerializer.Meta.fields, "rows", "starts", "stops"]
        read_only_fields = fields

    def to_representation(self, instance: ChangeSet) -> dict[str, Any]:
        document = ChangeSetRowSerializer(instance).data
        rows = zip(instance.operations, instance.rows, strict=True)
        document["rows"] = [_planned(index, operation, row) for index, (operation, row) in enumerate(rows)]
        return {**document, "starts": instance.starts, "stops": instance.stops}


def _with_words(messages: Any) -> Any:
    """A stored refusal in DRF's types."""
    if isinstance(messages, list):
        return [_with_words(one) for one in messages]
    if isinstance(messages, dict) and set(messages) == {"message", "code"} and isinstance(messages["code"], str):
        return ErrorDetail(messages["message"], messages["code"])
    if isinstance(messages, dict):
        general = api_settings.NON_FIELD_ERRORS_KEY
        return {general if key == NON_FIELD_ERRORS else key: _with_words(inner) for key, inner in messages.items()}
    return messages


def _planned(index: int, operation: Values, row: Values) -> Values:
    """A row of the plan, with words for its refusal."""
    about = {"index": index, "op": operation["op"], "resource": operation["resource"], "id": operation["key"]}
    refusal = row["refusal"] and worded(operation, row["refusal"])
    return {**about, **row, "refusal": refusal}


def worded(operation: Values, refusal: Values) -> Values:
    """A refusal as the single write would be answered."""
    kind = Refused(refusal["kind"])
    errors: Any = _with_words(refusal["messages"]) or {"detail": str(WORDS.get(kind, ""))}
    if kind == Refused.INVALID and operation["op"] not in VERBS_OF_A_ROW:
        errors = _with_advice(operation, errors)
    return {"status": STATUSES[kind], "code": refusal["code"], "errors": bounded(errors)}


def _with_advice(operation: Values, errors: Any) -> Any:
    """Also say how to move a campaign with its ads, as the single writes do."""
    if any(isinstance(messages, dict) for messages in errors.values()):
        return errors
    if operation["resource"] == "campaign":
        return with_shift(ValidationError(errors), operation["key"]).detail
    if operation["resource"] == "ad" and operation["op"] != CREATE:
        ad = Ad.objects.filter(pk=operation["key"]).first()
        return with_shift(ValidationError(errors), ad.campaign_id).detail if ad else errors
    return errors
