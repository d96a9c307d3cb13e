"""`GET /api/delivery` in the form that screens send, answered by one statement and without DRF.

Whatever is unusual, and whatever is to be refused, is left to the view, which answers the rest in the same words.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed

from accounts.api.authentication import BearerAuthentication, credentials_of
from accounts.models import Session, User
from accounts.signin.sessions import COLUMNS_OF_A_REQUEST, find_session
from ads.api import delivered
from ads.api.devices import id_and_key
from ads.api.opportunities import usual_opportunity
from ads.delivery.opportunity import Opportunity
from ads.delivery.shown import Lookup, Shown, shown_to
from ads.models import Device
from ads.querysets import find_device
from campaign_studio.api.etags import answer_once
from campaign_studio.api.throttling import StudioThrottle

Asked = tuple[User | Device, Shown]
PERMISSION = "ads.ask_delivery"


def answered_at_once(request: HttpRequest, allowed: str) -> HttpResponse | None:
    """The answer, with the methods that are `allowed` at its URL. None if the view has to answer."""
    opportunity = usual_opportunity(request.META.get("QUERY_STRING", "")) if request.method == "GET" else None
    scheme, credentials = credentials_of(request)
    ask = ASKERS.get(scheme)
    asked = ask(credentials, opportunity) if ask and opportunity else None
    if asked is None or opportunity is None or not asked[0].has_perm(PERMISSION):
        return None
    asker, shown = asked
    request.user = asker  # type: ignore[assignment]
    throttle = StudioThrottle()
    if not throttle.allows(request):
        return None
    answer = delivered.written(shown, opportunity, request.path)
    headers = {**delivered.headers_of(answer, opportunity), "Allow": allowed, **throttle.headers()}
    response = HttpResponse(answer.body, content_type="application/json", headers=headers)
    answer_once(request, response, by_text=False)
    return response


def _as_device(credentials: bytes, opportunity: Opportunity) -> Asked | None:
    named = id_and_key(credentials)
    if named is None:
        return None
    device_id, key = named
    found = shown_to(OF_DEVICE, (device_id, Device.hash_of(key)), opportunity)
    device = Device.objects.of_row(found[0], key) if found else None
    if found is None or device is None:
        return None
    device.seen(at=timezone.now())
    return device, found[1]


def _as_user(token: bytes, opportunity: Opportunity) -> Asked | None:
    try:
        access = BearerAuthentication.access(token)
        found = shown_to(OF_SESSION, (access.session_id, access.user_id), opportunity)
        user, _session = BearerAuthentication.accepted(Session.of_row(found[0]) if found else None)
    except AuthenticationFailed:
        return None
    return (user, found[1]) if found else None


OF_DEVICE = Lookup(find_device, len(Device._meta.concrete_fields))
OF_SESSION = Lookup(find_session, COLUMNS_OF_A_REQUEST)
ASKERS: dict[str, Callable[[bytes, Opportunity], Asked | None]] = {"device": _as_device, "bearer": _as_user}
