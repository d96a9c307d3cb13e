"""What every address under /api/ does before and after its own work."""

from typing import ClassVar

from django.db import DatabaseError, transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import cached_property
from rest_framework.exceptions import APIException
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from campaign_studio.acting import set_database_actor
from campaign_studio.api.filters import refuse_unknown_parameters
from campaign_studio.api.idempotency import AlreadyAnsweredError, KeyedRequest
from campaign_studio.api.throttling import StudioThrottle
from campaign_studio.retrying import retried
from campaign_studio.writing import one_write


class StudioView(APIView):
    """The base of all views. `initial()` shows in which order a request is judged.

    A request that writes is one transaction: everything it wrote is kept, or nothing. An answer that is an error
    undoes what was written before it; what only COMMIT finds out (a parent that another request has deleted) is
    answered in the same way. Where something must outlive a refusal, such as a counted attempt to sign in, the view
    sets `atomic` to False.
    """

    atomic: ClassVar[bool] = True
    _keyed: KeyedRequest | None = None

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        """Answer one request; in a transaction, which is tried again after a deadlock."""
        if not self.atomic or request.method in SAFE_METHODS:
            return self._answer(request, *args, **kwargs)
        try:
            return retried(lambda: self._in_one_transaction(request, *args, **kwargs))
        except DatabaseError as error:
            return self.finalize_response(self.request, self.handle_exception(error))

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Who asks (401), how often (429) and whether they may (403); whether they have asked before; what they ask."""
        super().initial(request, *args, **kwargs)
        self._keyed = KeyedRequest.of(request)
        if self._keyed:
            self._keyed.replay()
        # A method that is not allowed here asks nothing, and has an answer of its own.
        known = self.known_parameters()
        if known is not None and getattr(self, "action", "") not in (None, "metadata"):
            refuse_unknown_parameters(request, known)
        if self.atomic and request.method not in SAFE_METHODS:
            set_database_actor()

    def perform_authentication(self, request: Request) -> None:
        """Find out who asks, and count: a request without a valid token is refused, and counts too."""
        try:
            super().perform_authentication(request)
        except APIException:
            self.check_throttles(request)
            raise
        self.check_throttles(request)

    def get_throttles(self) -> list[BaseThrottle]:
        """The same ones for as long as the request lasts: they count it once, however often they are asked."""
        return self._throttles

    def known_parameters(self) -> set[str] | None:
        """The names of the query parameters that the present action understands; None admits all."""
        return set()

    def required_permission(self) -> str:
        """The permission that the present action needs, for `ModelPermission`."""
        raise NotImplementedError(f"{type(self).__name__} does not say which permission it needs.")

    def handle_exception(self, exc: Exception) -> Response:
        """An answer that was given before is not an error."""
        return exc.response if isinstance(exc, AlreadyAnsweredError) else super().handle_exception(exc)

    def finalize_response(self, request: Request, response: Response, *args: object, **kwargs: object) -> Response:
        """Say how many requests are left."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        for throttle in self.get_throttles():
            if isinstance(throttle, StudioThrottle):
                for name, value in throttle.headers().items():
                    answer[name] = value
        return answer

    @cached_property
    def _throttles(self) -> list[BaseThrottle]:
        return super().get_throttles()

    def _in_one_transaction(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        # Who acts is known once the framework has looked at the token: see `initial`.
        with one_write(tell_actor=False):
            response = self._answer(request, *args, **kwargs)
            if isinstance(response, Response) and response.exception:
                transaction.set_rollback(True)
            return response

    def _answer(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        """Answer, and keep the answer for a client that sends the request again."""
        try:
            response = super().dispatch(request, *args, **kwargs)
            if self._keyed and isinstance(response, Response) and not response.exception:
                self._keyed.keep(response)
            return response
        finally:
            if self._keyed:
                self._keyed.unlock()
