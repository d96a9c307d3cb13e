"""Access and refresh tokens, signed with `SECRET_KEY` and also accepted with the keys in `SECRET_KEY_FALLBACKS`."""

from functools import lru_cache
from typing import Any

from django.conf import settings
from rest_framework_simplejwt import tokens
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError


class KeyRing(TokenBackend):
    """Signs with the first key and verifies with all of them. The algorithm is fixed."""

    def __init__(self, algorithm: str, keys: tuple[str, ...]) -> None:
        super().__init__(algorithm, keys[0])
        self._former = [TokenBackend(algorithm, key) for key in keys[1:]]

    def decode(self, token: tokens.Token, verify: bool = True) -> dict[str, Any]:
        """The claims. Raises TokenBackendError if none of the keys verifies the token."""
        try:
            return super().decode(token, verify=verify)
        except TokenBackendError:
            for former in self._former:
                try:
                    return former.decode(token, verify=verify)
                except TokenBackendError:
                    continue
            raise


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
    """Can be exchanged once for the next pair of tokens."""

    def get_token_backend(self) -> TokenBackend:
        return key_ring()
