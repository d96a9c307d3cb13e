"""Proofs that the server has delivered an ad: the texts named `impression` in a delivery.

A screen returns the text when it reports the view, so the report needn't name the ad, the position, the place and the
quarter hour. docs/delivery.md describes the rules. A proof is URL-safe base64 (RFC 4648, section 5) without
padding of these bytes, with numbers in network byte order:

- the version, 1 byte;
- the number of the key in `DELIVERY_KEYS`, 4 bytes;
- the ad's UUID, 16 bytes, and the number of its position, 1 byte;
- country, city and postcode in UTF-8, each preceded by its length in 2 bytes;
- the quarter hour by the screen's clock, counted from 1 January 2000, 4 bytes;
- the first 16 bytes of the HMAC-SHA256 (RFC 2104) of everything before.
"""

import hashlib
import hmac
import struct
from binascii import Error, a2b_base64, b2a_base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from ads.choices import AdType
from ads.delivery.opportunity import QUARTER, Opportunity

VERSION = 1
# Part of every proof in circulation, so a number never changes or comes back for another position.
POSITION_NUMBERS: dict[str, int] = {
    AdType.TOP_BAR: 1,
    AdType.BOTTOM_LEFT: 2,
    AdType.BOTTOM_RIGHT: 3,
    AdType.BOTTOM_CENTER: 4,
    AdType.CENTER_RIGHT: 5,
    AdType.CENTER_LEFT: 6,
}
POSITIONS = {number: position for position, number in POSITION_NUMBERS.items()}
FIRST_QUARTER = datetime(2000, 1, 1)  # noqa: DTZ001 - by the screen's clock
HEAD = struct.Struct(">BI16sB")
START = struct.Struct(">BI")
LENGTH = struct.Struct(">H")
TAIL = struct.Struct(">I")
SEAL_BYTES = 16
# More than the longest place makes in UTF-8 and base64.
LONGEST_PROOF = 4_000
# From URL-safe base64 to the ordinary one, whose own characters become invalid.
FROM_URL_SAFE = bytes.maketrans(b"-_+/", b"+/-_")
TO_URL_SAFE = bytes.maketrans(b"+/", b"-_")
# RFC 2104, section 2, for SHA-256.
BLOCK_BYTES = 64
INNER, OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))


class Impression(NamedTuple):
    """What a proof says: an ad in a position, a place, and the start of a quarter hour by the screen's clock.

    Unknown parts of the place are empty. `quarter` has no time zone.
    """

    ad_id: UUID
    position: str
    country: str
    city: str
    postcode: str
    quarter: datetime


@dataclass(frozen=True)
class Key:
    """A key of `DELIVERY_KEYS`. Its number follows from the key, so it stays the same when the list changes."""

    number: int
    secret: bytes

    @classmethod
    def of(cls, text: str) -> "Key":
        """Derive both from the text in the setting, which may be used for other purposes too."""
        derived = hashlib.sha512(b"Campaign Studio delivery\0" + text.encode()).digest()
        return cls(int.from_bytes(derived[:4], "big"), derived[4:36])

    def seal(self, content: bytes) -> bytes:
        """The seal of everything before it: an HMAC, spelled out because the library's takes twice as long."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(content)
        outer.update(inner.digest())
        return outer.digest()[:SEAL_BYTES]

    @cached_property
    def _inner(self) -> "hashlib._Hash":
        """The inner hash of each seal, which has taken the key already."""
        return hashlib.sha256(self.secret.ljust(BLOCK_BYTES, b"\0").translate(INNER))

    @cached_property
    def _outer(self) -> "hashlib._Hash":
        """The outer hash of each seal, which has taken the key already."""
        return hashlib.sha256(self.secret.ljust(BLOCK_BYTES, b"\0").translate(OUTER))


def impression_of(ad_id: UUID, position: str, opportunity: Opportunity) -> Impression:
    """The impression of an ad that shows at this opportunity."""
    return Impression(
        ad_id,
        position,
        opportunity.country,
        opportunity.city,
        opportunity.postcode,
        (opportunity.valid_until - QUARTER).replace(tzinfo=None),
    )


def prove(impression: Impression) -> str:
    """The proof, sealed with the newest key. The same impression always has the same proof."""
    quarter = (impression.quarter - FIRST_QUARTER) // QUARTER
    prove_all = _prover((impression.country, impression.city, impression.postcode), quarter)
    return prove_all(impression.position, [str(impression.ad_id)])[0]


def prover(opportunity: Opportunity) -> Callable[[str, Iterable[str]], list[str]]:
    """Makes the proofs of all ads that show at this opportunity, from a position and their keys."""
    place = (opportunity.country, opportunity.city, opportunity.postcode)
    return _prover(place, opportunity.quarter_number)


def _prover(place: tuple[str, ...], quarter: int) -> Callable[[str, Iterable[str]], list[str]]:
    """Only the keys of the ads, the positions and the seals differ."""
    key, *_ = _keys(tuple(settings.DELIVERY_KEYS))
    texts = [text.encode() for text in place]
    head = START.pack(VERSION, key.number)
    rest = b"".join([*(part for text in texts for part in (LENGTH.pack(len(text)), text)), TAIL.pack(quarter)])
    seal = key.seal

    def prove_all(position: str, ad_keys: Iterable[str]) -> list[str]:
        end = bytes([POSITION_NUMBERS[position]]) + rest
        contents = [head + bytes.fromhex(ad_key.replace("-", "")) + end for ad_key in ad_keys]
        sealed = [b2a_base64(content + seal(content), newline=False) for content in contents]
        return [text.translate(TO_URL_SAFE).rstrip(b"=").decode() for text in sealed]

    return prove_all


def read(proof: str) -> Impression | None:
    """What the proof says, or None unless this server or one with the same keys has made exactly this text."""
    sealed = _decoded(proof)
    if sealed is None or len(sealed) < HEAD.size + SEAL_BYTES:
        return None
    content, seal = sealed[:-SEAL_BYTES], sealed[-SEAL_BYTES:]
    version, number, ad_id, position = HEAD.unpack_from(content)
    key = next((one for one in _keys(tuple(settings.DELIVERY_KEYS)) if one.number == number), None)
    if version != VERSION or key is None or not hmac.compare_digest(key.seal(content), seal):
        return None
    # The rest is as `prove()` made it.
    texts, at = [], HEAD.size
    for _ in range(3):
        (length,) = LENGTH.unpack_from(content, at)
        at += LENGTH.size + length
        texts.append(content[at - length : at].decode())
    (quarters,) = TAIL.unpack_from(content, at)
    country, city, postcode = texts
    quarter = FIRST_QUARTER + quarters * QUARTER
    return Impression(UUID(bytes=ad_id), POSITIONS[position], country, city, postcode, quarter)


def _decoded(proof: str) -> bytes | None:
    """The bytes of a proof, or None if the text is not the only spelling of them."""
    if len(proof) > LONGEST_PROOF or not proof.isascii():
        return None
    text = proof.encode().translate(FROM_URL_SAFE)
    try:
        sealed = a2b_base64(text + b"=" * (-len(text) % 4), strict_mode=True)
    except Error:
        return None
    return sealed if b2a_base64(sealed, newline=False).rstrip(b"=") == text else None


@cache
def _keys(texts: tuple[str, ...]) -> list[Key]:
    """The keys, newest first."""
    return [Key.of(text) for text in texts]
