"""Sign-in by username or e-mail, for console and API alike."""

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import SignInAttempts, User
from accounts.signin.two_factor import check_second_factor
from accounts.validators import LONGEST_PASSWORD
from campaign_studio.acting import current_address


class UsernameOrEmailBackend(BaseBackend):
    """Checks password and, where it is set up, the second factor. Counts the attempt before it looks at either."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        otp_token: str | None = None,
        **kwargs: object,
    ) -> User | None:
        """The active user with this username or e-mail and password, or None: unknown and inactive ones cost one
        hash, like everybody else.

        Raises LockedOutError after too many failures, SecondFactorNeededError when only the code is missing or wrong.
        """
        if not username or not password or len(password) > LONGEST_PASSWORD or "\x00" in username:
            return None
        address = current_address()
        user = User.objects.named(username).first()
        attempt = SignInAttempts.objects.attempt(user or username, address, at=timezone.now())
        if user is None:
            User().set_password(password)
        if user is None or not user.check_password(password) or not user.is_active:
            attempt.failed(user)
            return None
        user.has_shown_code = check_second_factor(user, otp_token, attempt)
        SignInAttempts.objects.forget(user, address)
        return user

    def get_user(self, user_id: object) -> User | None:
        """The user behind a console session, as long as they are active."""
        return User.objects.filter(pk=user_id, is_active=True).first()
