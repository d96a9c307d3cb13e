"""The OpenAPI document's security scheme."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from accounts.api.authentication import BearerAuthentication


class BearerScheme(OpenApiAuthenticationExtension):
    """Describes `BearerAuthentication`: a JWT in the `Authorization` header."""

    target_class = BearerAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
