"""`GET` of a single object in its usual form, answered by one statement and without DRF.

Whatever is unusual, and whatever is to be refused, is left to the view, which answers the rest in the same words.
"""

from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import AuthenticationFailed

from accounts.api.authentication import Access, BearerAuthentication, credentials_of
from accounts.models import Session, User
from accounts.signin.sessions import COLUMNS_OF_A_REQUEST, find_session
from campaign_studio.api.documents.statements import STATEMENTS, Kind, Statement, find_visible
from campaign_studio.api.documents.written import Written
from campaign_studio.api.etags import answer_once, etag_of
from campaign_studio.api.throttling import StudioThrottle
from campaign_studio.api.viewsets import StudioViewSet
from campaign_studio.database.prepared import fetch_one

# Without a session, no document is looked up.
OF_READER = """
WITH reader({columns}) AS MATERIALIZED ({reader})
SELECT reader.*, document.* FROM reader LEFT JOIN ({document}) AS document ON true
"""


def answered_at_once(view: "StudioViewSet[Any]", request: HttpRequest) -> HttpResponse | None:
    """The answer to a request for the object in the URL. None if the view has to answer."""
    if request.method != "GET" or request.META.get("QUERY_STRING") or not view.reads_all_visible():
        return None
    scheme, token = credentials_of(request)
    if scheme != "bearer":
        return None
    try:
        access = BearerAuthentication.access(token)
        found = _read(view, access, view.key())
    except AuthenticationFailed:
        return None
    view.action = "retrieve"
    if found is None or not found[0].has_perm(view.required_permission()):
        return None
    request.user, document = found
    throttle = StudioThrottle()
    if not throttle.allows(request):
        return None
    headers = {
        "Allow": ", ".join(view.allowed_methods),
        "Cache-Control": "private",
        "ETag": etag_of(document, counters=view.counters),
        **throttle.headers(),
    }
    response = HttpResponse(document.body, content_type="application/json", headers=headers)
    if "HTTP_IF_NONE_MATCH" in request.META:
        answer_once(request, response, by_text=False)
    return response


def _read(view: "StudioViewSet[Any]", access: Access, key: object) -> tuple[User, Written] | None:
    """The user and the document, if there is one for a user with the role that the token claims.

    Raises AuthenticationFailed (401).
    """
    statement = _statement(Kind(view.serializer_class, view.queryset.model, access.role, view.counters))
    if statement is None:
        return None
    row = fetch_one(statement.text, [access.session_id, access.user_id, *statement.filled([key], access.user_id)])
    if row is None or row[COLUMNS_OF_A_REQUEST] is None:
        return None
    user, _session = BearerAuthentication.accepted(Session.of_row(row[:COLUMNS_OF_A_REQUEST]))
    # The claim is only a guess of which statement to run.
    return (user, Written(row[COLUMNS_OF_A_REQUEST:])) if user.role_id == access.role else None


@lru_cache(maxsize=STATEMENTS)
def _statement(kind: Kind) -> Statement | None:
    """The statement that finds a session by its id and its user's, and a document by its key."""
    document = find_visible(kind)
    if document is None:
        return None
    columns = ", ".join(f"column_{number}" for number in range(COLUMNS_OF_A_REQUEST))
    text = OF_READER.format(columns=columns, reader=find_session(), document=document.text)
    return Statement(text, document.parameters)
