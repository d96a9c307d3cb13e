"""Sign-in by username or e-mail."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from accounts.models import User
from accounts.validators import LONGEST_PASSWORD


class UsernameOrEmailBackend(BaseBackend):
    """Checks a password. Unknown and inactive users cost one hash, like everybody else."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """The active user with this username or e-mail and password, or None."""
        if not username or not password or len(password) > LONGEST_PASSWORD or "\x00" in username:
            return None
        user = User.objects.named(username).first()
        if user is None:
            User().set_password(password)
            return None
        return user if user.check_password(password) and user.is_active else None

    def get_user(self, user_id: Any) -> User | None:
        """The user behind an admin session, as long as they are active."""
        return User.objects.filter(pk=user_id, is_active=True).first()
