"""The signed tokens: by the newest key, read with former ones too while those are in `SECRET_KEY_FALLBACKS`."""

from functools import lru_cache
from typing import Any

from django.conf import settings
from rest_framework_simplejwt import tokens
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError


class KeyRing(TokenBackend):
    """Signs with the first key, reads with all of them. The algorithm is fixed."""

    def __init__(self, algorithm: str, keys: tuple[str, ...]) -> None:
        super().__init__(algorithm, keys[0])
        self._former = [TokenBackend(algorithm, key) for key in keys[1:]]

    def decode(self, token: tokens.Token, verify: bool = True) -> dict[str, Any]:
        """The claims. Raises TokenBackendError when no key fits."""
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
    """The key ring for the present settings."""
    return _key_ring(settings.ALGORITHM, (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


class AccessToken(tokens.AccessToken):
    """Opens the API for some minutes."""

    def get_token_backend(self) -> TokenBackend:
        return key_ring()


class RefreshToken(tokens.RefreshToken):
    """Exchanged once for the next pair of tokens."""

    def get_token_backend(self) -> TokenBackend:
        return key_ring()
