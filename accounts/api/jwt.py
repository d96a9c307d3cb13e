"""Access and refresh tokens, signed with `SECRET_KEY` and also accepted with the keys in `SECRET_KEY_FALLBACKS`."""

from datetime import timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from rest_framework_simplejwt import tokens
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError

# How far the clocks of two servers may differ: the times in a token are as much too early or too late.
CLOCK_LEEWAY = timedelta(seconds=10)
TIME_CLAIMS = ("exp", "iat", "nbf")
# The last second of the year 9999, the latest time that Python knows.
LATEST = 253_402_300_799


class KeyRing(TokenBackend):
    """Signs with the first key and verifies with all of them. The algorithm is fixed."""

    def __init__(self, algorithm: str, keys: tuple[str, ...]) -> None:
        super().__init__(algorithm, keys[0], leeway=CLOCK_LEEWAY)
        self._former = [TokenBackend(algorithm, key, leeway=CLOCK_LEEWAY) for key in keys[1:]]

    def decode(self, token: tokens.Token, verify: bool = True) -> dict[str, Any]:
        """The claims. Raises TokenBackendError if none of the keys verifies the token, or its times aren't times."""
        claims = self._claims(token, verify=verify)
        if not all(_is_time(claims[name]) for name in TIME_CLAIMS if name in claims):
            raise TokenBackendError("The times in a token are seconds since 1970.")
        return claims

    def _claims(self, token: tokens.Token, *, verify: bool) -> dict[str, Any]:
        try:
            return super().decode(token, verify=verify)
        except TokenBackendError:
            for former in self._former:
                try:
                    return former.decode(token, verify=verify)
                except TokenBackendError:
                    continue
            raise


def _is_time(value: object) -> bool:
    """Whether a claim is a whole number of seconds since 1970, as our tokens have (RFC 7519, section 2)."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LATEST


@lru_cache(maxsize=4)
def _key_ring(algorithm: str, keys: tuple[str, ...]) -> KeyRing:
    return KeyRing(algorithm, keys)


def key_ring() -> KeyRing:
    """The key ring for the current settings."""
    return _key_ring(settings.ALGORITHM, (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


class AccessToken(tokens.AccessToken):
    """Grants access to the API for `ACCESS_TOKEN_EXPIRE_MINUTES`."""

    def get_token_backend(self) -> TokenBackend:
        return key_ring()


class RefreshToken(tokens.RefreshToken):
    """Can be exchanged for the next pair of tokens: once, unless `REFRESH_TOKEN_ROTATION` is off."""

    def get_token_backend(self) -> TokenBackend:
        return key_ring()
