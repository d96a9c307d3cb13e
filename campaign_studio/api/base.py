"""The base of every view under /api/."""

from functools import partial
from typing import ClassVar

from django.db import DatabaseError, transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import cached_property
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from campaign_studio.acting import set_database_actor
from campaign_studio.api import dry_runs
from campaign_studio.api.etags import answer_once
from campaign_studio.api.filters import refuse_unknown_parameters
from campaign_studio.api.idempotency import NO_STORE, AlreadyAnsweredError, KeyedRequest
from campaign_studio.api.parsers import SIGNED_IN, BodyLimits
from campaign_studio.api.throttling import StudioThrottle
from campaign_studio.retrying import retried
from campaign_studio.writing import one_write

READ_METHODS = ("GET", "HEAD")


class StudioView(APIView):
    """The base of all views. `initial()` shows the order in which a request is checked.

    A request that writes is one transaction. An error response rolls it back. Errors that occur at COMMIT, such as a
    parent that another request has deleted, are answered like any other. A view sets `atomic` to False if something
    must survive a refusal, such as a counted sign-in attempt.

    A view, or a single action (`@action(no_store=True)`), sets `no_store` if its answers contain secrets: no cache may
    store them, and neither do we for a repeated request, so `Idempotency-Key` is ignored (docs/api.md).

    Every other request that writes can be tried with `?dry_run=true`.
    """

    atomic: ClassVar[bool] = True
    # What a body may contain if the request has a valid token.
    body_limits: ClassVar[BodyLimits] = SIGNED_IN
    # Not a ClassVar: an action has its own.
    no_store: bool = False
    _keyed: KeyedRequest | None = None

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        """Answer a request that writes in one transaction, which is retried after a deadlock."""
        if not self.atomic or request.method in SAFE_METHODS:
            return self._answer(request, *args, **kwargs)
        try:
            return retried(lambda: self._in_one_transaction(request, *args, **kwargs))
        except DatabaseError as error:
            return self.finalize_response(self.request, self.handle_exception(error))

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Check the token (401), the rate (429), the permission (403), the idempotency key and the query parameters."""
        # APIView.initial() without the suffixes and versions of URLs, which ours don't have.
        self.format_kwarg = None
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request)
        request.version, request.versioning_scheme = None, None
        self.perform_authentication(request)
        self.check_permissions(request)
        can_be_dry = self.can_be_dry(request)
        if can_be_dry:
            dry_runs.check(request)
        self._keyed = None if self.no_store or self._is_dry(request) else KeyedRequest.of(request)
        if self._keyed:
            self._keyed.replay()
        # A method that isn't allowed here is answered 405 instead.
        known = self.known_parameters()
        if known is not None and getattr(self, "action", "") not in (None, "metadata"):
            known = known | {dry_runs.PARAMETER} if can_be_dry else known
            refuse_unknown_parameters(request, known, self.repeatable_parameters())
        has_told = getattr(request.successful_authenticator, "tells_database_actor", False)
        if self.atomic and request.method not in SAFE_METHODS and not has_told:
            set_database_actor()

    def perform_authentication(self, request: Request) -> None:
        """Authenticate and count the request. A request with an invalid token counts too."""
        try:
            super().perform_authentication(request)
        except APIException:
            self.check_throttles(request)
            raise
        self.check_throttles(request)

    def get_authenticate_header(self, request: Request) -> str:
        """`WWW-Authenticate` of a 401: every scheme that the view accepts. DRF names the first one only."""
        challenges = [one.authenticate_header(request) for one in self.get_authenticators()]
        return ", ".join(challenge for challenge in challenges if challenge)

    def get_throttles(self) -> list[BaseThrottle]:
        """The same throttles throughout the request, so that it is counted once."""
        return self._throttles

    def options(self, request: HttpRequest, *args: object, **kwargs: object) -> Response:
        """204. The methods of the URL are in the header `Allow`, which DRF adds to every response."""
        return Response(status=status.HTTP_204_NO_CONTENT)

    def can_be_dry(self, request: Request) -> bool:
        """Whether the request writes, and all of it can be taken back: not its secrets, nor what survives a refusal."""
        return self.atomic and not self.no_store and request.method not in SAFE_METHODS

    def known_parameters(self) -> set[str] | None:
        """The names of the query parameters that the current action accepts; None accepts all."""
        return set()

    def repeatable_parameters(self) -> set[str]:
        """The names of those that may be sent several times, because they take several values."""
        return set()

    def is_tagged_by_text(self) -> bool:
        """Whether an answer to a GET has an ETag even if the view gives it none."""
        return True

    def required_permission(self) -> str:
        """The permission that the current action requires, for `ModelPermission`."""
        raise NotImplementedError(f"{type(self).__name__} must implement required_permission().")

    def handle_exception(self, exc: Exception) -> Response:
        """Return the stored answer to a repeated request, which isn't an error."""
        return exc.response if isinstance(exc, AlreadyAnsweredError) else super().handle_exception(exc)

    def finalize_response(self, request: Request, response: Response, *args: object, **kwargs: object) -> Response:
        """Add the headers of the rate limit, and say who may store the answer."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        if self.no_store:
            answer["Cache-Control"] = NO_STORE
        if self._is_dry(request):
            answer[dry_runs.HEADER] = "true"
        # Answers differ by user, so a shared cache must not store them.
        answer.headers.setdefault("Cache-Control", "private")
        if request.method in READ_METHODS and isinstance(answer, Response):
            answer.add_post_render_callback(partial(answer_once, request, by_text=self.is_tagged_by_text()))
        for throttle in self.get_throttles():
            if isinstance(throttle, StudioThrottle):
                for name, value in throttle.headers().items():
                    answer[name] = value
        return answer

    def _is_dry(self, request: Request) -> bool:
        return self.can_be_dry(request) and dry_runs.is_asked_for(request)

    @cached_property
    def _throttles(self) -> list[BaseThrottle]:
        return super().get_throttles()

    def _in_one_transaction(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        # The acting user is known after authentication: see `initial()`.
        with one_write(tell_actor=False):
            response = self._answer(request, *args, **kwargs)
            if isinstance(response, Response) and response.exception:
                transaction.set_rollback(True)
            elif self._is_dry(self.request):
                dry_runs.take_back()
            return response

    def _answer(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        """Answer, and store the answer for a client that repeats the request."""
        self._keyed = None
        try:
            response = super().dispatch(request, *args, **kwargs)
            if self._keyed and isinstance(response, Response) and not response.exception:
                self._keyed.keep(response)
            return response
        finally:
            if self._keyed:
                self._keyed.unlock()
