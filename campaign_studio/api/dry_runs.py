"""`?dry_run=true`: a write that does everything but keep it, and is answered as it would be."""

from django.db import connection, transaction
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

PARAMETER = "dry_run"
HEADER = "Dry-Run"


def is_asked_for(request: Request) -> bool:
    """Whether the request asks for a dry run."""
    return request.query_params.get(PARAMETER) == "true"


def check(request: Request) -> None:
    """Raise ValidationError (400) for a value other than `true` and `false`."""
    if request.query_params.get(PARAMETER, "false") not in ("true", "false"):
        raise ValidationError({PARAMETER: [ErrorDetail(_("Send true or false."), "invalid")]})


def take_back() -> None:
    """Have the present transaction rolled back at its end, after the checks that COMMIT would have made.

    Raises IntegrityError if one of them fails.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    transaction.set_rollback(True)
