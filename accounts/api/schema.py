"""The OpenAPI document's security scheme, and the changes of audit entries."""

from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction, extend_schema_serializer
from rest_framework import serializers

from accounts.api.authentication import BearerAuthentication
from accounts.api.history import ChangesField
from campaign_studio.api.schema import Schema


class BearerScheme(OpenApiAuthenticationExtension):
    """Describes `BearerAuthentication`: a JWT in the `Authorization` header."""

    target_class = BearerAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


@extend_schema_serializer(description=_("In place of a long text: its beginning, and where to read the whole."))
class ShortenedTextSerializer(serializers.Serializer):
    """In place of a long text: its beginning, and where to read the whole."""

    start = serializers.CharField()
    count = serializers.IntegerField(help_text=_("The number of characters of the whole text."))
    url = serializers.CharField(allow_null=True, help_text=_("The object as it was, with the whole text."))


@extend_schema_serializer(description=_("What a list gained and lost: the first names of each, and their numbers."))
class ListChangeSerializer(serializers.Serializer):
    """What a list gained and lost."""

    added = serializers.ListField(child=serializers.CharField())
    removed = serializers.ListField(child=serializers.CharField())
    added_count = serializers.IntegerField()
    removed_count = serializers.IntegerField()
    url = serializers.CharField(allow_null=True, help_text=_("The object as it was, with the whole list."))


class ChangesSchema(OpenApiSerializerFieldExtension):
    """Describes the changes of an audit entry by field."""

    target_class = ChangesField

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Direction) -> Schema:
        shortened = auto_schema.resolve_serializer(ShortenedTextSerializer, direction).ref
        of_a_list = auto_schema.resolve_serializer(ListChangeSerializer, direction).ref
        value = {"anyOf": [{"type": ["string", "number", "boolean", "null"]}, shortened]}
        old_and_new = {"type": "array", "items": value, "minItems": 2, "maxItems": 2}
        return {"type": "object", "additionalProperties": {"anyOf": [old_and_new, of_a_list]}}
