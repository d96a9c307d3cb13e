"""`/api/auth/email`: confirming an email address."""

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import Throttled
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import serializers
from accounts.api.views import AnonymousView, SignInView
from accounts.models import User
from accounts.signin import confirmation
from campaign_studio.api.errors import Conflict

LINK_SENT = _("A link to confirm your email address has been sent to it. The link works for three days.")
IS_CONFIRMED = _("Your email address is already confirmed.")
TOO_MANY_LINKS = _("Too many links have been requested. Check your spam folder.")


class EmailView(SignInView):
    """`/api/auth/email`: emails the link that confirms the user's own address once more."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="requestEmailConfirmation",
        summary=_("Request another confirmation link"),
        description=_(
            "Email another link to confirm your email address, to this address. A new account and a new address get "
            "the first link by themselves. If the address is already confirmed, the response is a 409."
        ),
        request=None,
        responses=serializers.DetailSerializer,
    )
    def post(self, request: Request) -> Response:
        user = User.objects.get(pk=request.user.pk)
        if user.is_verified:
            raise Conflict(IS_CONFIRMED, "already_confirmed")
        if wait := confirmation.send_link(user):
            raise Throttled(wait, str(TOO_MANY_LINKS))
        return Response({"detail": str(LINK_SENT)})


class EmailConfirmView(AnonymousView):
    """`/api/auth/email/confirm`: confirms an address with the `uid` and `token` from the emailed link."""

    @extend_schema(
        operation_id="confirmEmail",
        summary=_("Confirm an email address"),
        description=_(
            "Confirm an email address with the `uid` and `token` from the emailed link, which sets `is_verified`. The "
            "link works once, for three days, and only for the address that it was sent to."
        ),
        request=serializers.EmailConfirmSerializer,
        responses={204: None},
    )
    def post(self, request: Request) -> Response:
        serializer = serializers.EmailConfirmSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        confirmation.confirm(**serializer.validated_data)
        return Response(status=status.HTTP_204_NO_CONTENT)
