"""Sign-in by username or email address, for the console and the API."""

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from accounts.signin.guessing import count_guess
from accounts.signin.two_factor import check_second_factor
from accounts.validators import LONGEST_PASSWORD
from campaign_studio.acting import current_address


class UsernameOrEmailBackend(BaseBackend):
    """Checks the password and, if set up, the two-factor code. Attempts are counted before either is checked."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        otp_token: str | None = None,
        **kwargs: object,
    ) -> User | None:
        """The active user with this username or email address and password, or None.

        Unknown and inactive users take as long as others, the time for one hash. Raises LockedOutError after too many
        failures, SecondFactorNeededError if only the two-factor code is missing or wrong.
        """
        if not username or not password or len(password) > LONGEST_PASSWORD or "\x00" in username:
            return None
        user = User.objects.named(username).first()
        guess = count_guess(user or username, current_address(), at=timezone.now())
        if user is None:
            User().set_password(password)
        if user is None or not user.check_password(password) or not user.is_active:
            guess.failed(user)
            return None
        user.has_shown_code = check_second_factor(user, otp_token, guess)
        guess.succeeded(user)
        return user

    def get_user(self, user_id: object) -> User | None:
        """The user of a console session, if they are active."""
        return User.objects.filter(pk=user_id, is_active=True).first()
