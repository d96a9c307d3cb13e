"""The operations of a change set, as clients send them."""

import json
from typing import Any
from uuid import uuid4

from django.core.serializers.json import DjangoJSONEncoder
from django.utils.text import get_text_list
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

from ads.api.actions import PublishSerializer, ShiftSerializer
from ads.api.serializers import AdSerializer, ReviewSerializer
from advertisers.api.serializers import AdvertiserSerializer
from campaign_studio.api.fields import VisibleRelatedField
from campaign_studio.api.serializers import StrictFields, StudioSerializer, Values
from campaigns.api.serializers import CampaignSerializer
from campaigns.changesets import planning
from campaigns.changesets.operations import CREATE, DELETE, MOVE, UPDATE, Operation, Refusal, Refused
from campaigns.changesets.resources import resource_named

RESOURCES: dict[str, type[StudioSerializer]] = {
    "advertiser": AdvertiserSerializer,
    "campaign": CampaignSerializer,
    "ad": AdSerializer,
}
VERBS_OF_A_ROW: dict[str, type[StrictFields]] = {
    "approve": ReviewSerializer,
    "reject": ReviewSerializer,
    "shift": ShiftSerializer,
    "publish": PublishSerializer,
}
OPERATIONS = [CREATE, UPDATE, DELETE, MOVE, *VERBS_OF_A_ROW]
KINDS = list(RESOURCES)
ID_MISSING = _("Send the id of the object.")
NOTHING_TO_CHANGE = _("A deletion takes no changes. Leave this field out.")
NO_SUCH_OPERATION = _("This can't be done with this kind of object. Choose %(operations)s.")


@extend_schema_field({"type": "object", "additionalProperties": True})
class FieldsField(serializers.DictField):
    """What the body of the single write would be."""


@extend_schema_serializer(component_name="Operation", description=_("One change of one object."))
class OperationSerializer(StrictFields):
    """One change of one object."""

    op = serializers.ChoiceField(
        choices=OPERATIONS,
        help_text=_(
            "`move` changes only where an object belongs: the advertiser of a campaign, the position of an ad. "
            "`approve` and `reject` are for ads, `shift` and `publish` for campaigns."
        ),
    )
    resource = serializers.ChoiceField(choices=KINDS)
    id = serializers.UUIDField(
        required=False,
        allow_null=True,
        help_text=_(
            "Required unless the object is created. A new object gets the id that is sent, so that later operations "
            "can refer to it, such as the ads of a new campaign."
        ),
    )
    changes = FieldsField(
        required=False,
        help_text=_("As in the body of the single write: all fields of a new object, else those that change."),
    )

    def validate(self, attrs: Values) -> Values:
        """Refuse what makes no operation at all."""
        wrong: dict[str, Any] = {}
        verbs = resource_named(attrs["resource"]).verbs
        if attrs["op"] in VERBS_OF_A_ROW and attrs["op"] not in verbs:
            possible = get_text_list([CREATE, UPDATE, DELETE, MOVE, *verbs], gettext("or"))
            wrong["op"] = ErrorDetail(NO_SUCH_OPERATION % {"operations": possible}, "no_such_operation")
        if attrs["op"] != CREATE and not attrs.get("id"):
            wrong["id"] = ErrorDetail(str(ID_MISSING), "required")
        if attrs["op"] == DELETE and attrs.get("changes"):
            wrong["changes"] = ErrorDetail(str(NOTHING_TO_CHANGE), "nothing_to_change")
        if wrong:
            raise ValidationError({name: [message] for name, message in wrong.items()})
        return attrs


@extend_schema_serializer(component_name="ChangeSet", description=_("What is to be planned."))
class OperationsSerializer(StrictFields):
    """What is to be planned."""

    operations = serializers.ListField(
        child=OperationSerializer(),
        min_length=1,
        max_length=planning.MOST_OPERATIONS,
        help_text=_("They are carried out in this order."),
    )


def operation_of(sent: Values, request: Request) -> Operation:
    """An operation for the engine. What its serializer refuses is an operation that is refused."""
    op, resource = sent["op"], sent["resource"]
    key = sent.get("id") or uuid4()
    try:
        values, parts = _values(op, resource, sent.get("changes") or {}, request)
    except ValidationError as error:
        messages = _with_codes(error.detail)
        return Operation(op, resource, key, refusal=Refusal(Refused.INVALID, _first_code(messages), messages))
    return Operation(op, resource, key, values, parts)


def _values(op: str, resource: str, changes: Values, request: Request) -> tuple[Values, Values]:
    """The values by column and the parts by relation, as JSON. Raises ValidationError."""
    if op == DELETE:
        return {}, {}
    context = {"request": request}
    if op in VERBS_OF_A_ROW:
        verb = VERBS_OF_A_ROW[op](data=changes, context=context)
        verb.is_valid(raise_exception=True)
        return json.loads(json.dumps(verb.validated_data, cls=DjangoJSONEncoder)), {}
    serializer = RESOURCES[resource](data=changes, partial=op != CREATE, context=context)
    for name, field in serializer.fields.items():
        if isinstance(field, VisibleRelatedField):
            # The object may be one that an earlier operation creates: the engine looks for it.
            serializer.fields[name] = serializers.UUIDField(required=field.required, allow_null=field.allow_null)
    values = json.loads(json.dumps(serializer.to_internal_value(changes), cls=DjangoJSONEncoder))
    parts = {name: values.pop(name) for name in serializer.parts if name in values}
    return values, parts


def _with_codes(detail: Any) -> Any:
    """A refusal with codes, as it is stored."""
    if isinstance(detail, dict):
        return {str(key): _with_codes(inner) for key, inner in detail.items()}
    if isinstance(detail, list):
        return [_with_codes(one) for one in detail]
    return {"message": str(detail), "code": getattr(detail, "code", "invalid")}


def _first_code(messages: Any) -> str:
    """The code of the first message."""
    while not (isinstance(messages, dict) and isinstance(messages.get("code"), str)):
        messages = next(iter(messages.values())) if isinstance(messages, dict) else messages[0]
    return str(messages["code"])
