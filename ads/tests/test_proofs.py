"""The proofs that screens get with each ad: one text for one impression, and nothing else is taken for a proof."""

import hmac
import string
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ads.choices import AdType
from ads.delivery import proofs
from ads.delivery.opportunity import FIRST_YEAR, LAST_YEAR, Opportunity
from ads.delivery.proofs import Impression, impression_of, prove, read

pytestmark = pytest.mark.any_database

AD = uuid.UUID("6f9619ff-8b86-4011-b42d-00c04fc964ff")
QUARTER = datetime(2026, 11, 23, 8, 15)  # noqa: DTZ001 - by the screen's clock
IN_BERLIN = Impression(AD, AdType.TOP_BAR, "DE", "Berlin", "10115", QUARTER)
URL_SAFE = string.ascii_letters + string.digits + "-_"

impressions = st.builds(
    Impression,
    st.uuids(),
    st.sampled_from(AdType.values),
    st.text(st.characters(codec="utf-8"), max_size=100),
    st.text(st.characters(codec="utf-8"), max_size=200),
    st.text(st.characters(codec="utf-8"), max_size=200),
    st.integers(0, (LAST_YEAR + 1 - FIRST_YEAR) * 365 * 96).map(
        lambda number: proofs.FIRST_QUARTER + number * timedelta(minutes=15)
    ),
)


def raw(proof: str) -> bytes:
    return urlsafe_b64decode(proof + "=" * (-len(proof) % 4))


def text(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


@given(impressions)
def test_what_was_proved_is_read(impression: Impression) -> None:
    proof = prove(impression)

    assert read(proof) == impression
    assert prove(impression) == proof
    assert set(proof) <= set(URL_SAFE)
    assert len(proof) <= proofs.LONGEST_PROOF


@given(st.text(), st.binary(max_size=200))
def test_a_seal_is_the_beginning_of_an_hmac(text: str, content: bytes) -> None:
    key = proofs.Key.of(text)

    assert key.seal(content) == hmac.digest(key.secret, content, "sha256")[:16]


def test_a_proof_is_short_enough_for_a_car() -> None:
    assert len(prove(IN_BERLIN)) < 100


@pytest.mark.parametrize(
    "other",
    [
        {"at": QUARTER + timedelta(minutes=14, seconds=59)},
        {"turn": 7},
        {"max_rating": "PG"},
        {"country": "Germany"},
        {"city": " Berlin "},
    ],
)
def test_same_place_quarter_hour_and_ad_same_proof(other: dict[str, Any]) -> None:
    here = Opportunity(**{"country": "DE", "at": QUARTER, "city": "Berlin", "postcode": "10115", **other})

    assert impression_of(AD, AdType.TOP_BAR, here) == IN_BERLIN


@pytest.mark.parametrize("at", ["2026-11-23T08:17:59+05:30", "2026-11-23T08:15:00-11:00", "2026-11-23T08:29:59.999999"])
def test_the_quarter_hour_is_that_of_the_screens_clock(at: str) -> None:
    here = Opportunity("DE", datetime.fromisoformat(at))

    assert impression_of(AD, AdType.TOP_BAR, here).quarter == QUARTER


@pytest.mark.parametrize(
    "change",
    [
        {"ad_id": uuid.uuid4()},
        {"position": AdType.BOTTOM_LEFT},
        {"country": "FR"},
        {"city": "Bonn"},
        {"postcode": "10116"},
        {"city": "Berlin1", "postcode": "0115"},
        {"quarter": QUARTER + timedelta(minutes=15)},
    ],
)
def test_each_part_of_an_impression_changes_its_proof(change: dict[str, Any]) -> None:
    other = IN_BERLIN._replace(**change)

    assert prove(other) != prove(IN_BERLIN)
    assert read(prove(other)) == other


def test_every_position_has_a_number_of_its_own() -> None:
    assert set(proofs.POSITION_NUMBERS) == set(AdType.values)
    assert len(proofs.POSITIONS) == len(proofs.POSITION_NUMBERS)


def test_the_format_is_the_one_that_screens_have_stored() -> None:
    """A proof from an earlier release must stay valid until its views have been reported."""
    head, place = "01", "00024445" + "0006" + b"Berlin".hex() + "0005" + b"10115".hex()
    content = raw(prove(IN_BERLIN))[: -proofs.SEAL_BYTES].hex()

    assert content[:2] == head
    assert content[10:] == AD.hex + "01" + place + "000e63c1"


def test_any_other_byte_is_forged() -> None:
    content = raw(prove(IN_BERLIN))

    for index in range(len(content)):
        for flip in (1, 0x80, 0xFF):
            other = bytes([*content[:index], content[index] ^ flip, *content[index + 1 :]])
            assert read(text(other)) is None, (index, flip)


def test_any_other_character_is_forged() -> None:
    """Also those at the end, which may decode to the same bytes."""
    proof = prove(IN_BERLIN)

    for index in range(len(proof)):
        for other in URL_SAFE + "+/=~ \n\x00é":
            if other != proof[index]:
                assert read(proof[:index] + other + proof[index + 1 :]) is None, (index, other)


def test_a_proof_has_one_spelling() -> None:
    proof = prove(Impression(AD, AdType.TOP_BAR, "FR", "Œuf??>>", "", QUARTER))
    ordinary = proof.replace("-", "+").replace("_", "/")

    spellings = [
        f"{proof}=",
        f"{proof}==",
        f" {proof}",
        f"{proof}\n",
        proof[:-1],
        proof + "A",
        proof + "AAAA",
        proof * 2,
    ]
    assert all(read(one) is None for one in [*spellings, *([ordinary] if ordinary != proof else [])])
    assert read(proof)


@given(
    st.one_of(
        st.text(), st.text(URL_SAFE), st.binary(max_size=200).map(text), st.text(URL_SAFE).map(lambda end: "AQ" + end)
    )
)
def test_garbage_is_forged_and_raises_nothing(garbage: str) -> None:
    assert read(garbage) is None


@pytest.mark.parametrize("garbage", ["", "A", "=", "\ud800", "\x00", "A" * 4_000, "A" * 5_000_000, "ä" * 5_000])
def test_any_length_is_forged(garbage: str) -> None:
    assert read(garbage) is None


def test_the_newest_key_seals_and_every_listed_key_verifies(settings: Any) -> None:
    old, new, unlisted = ("old-key-" * 5, "new-key-" * 5, "another-" * 5)
    settings.DELIVERY_KEYS = [old]
    sealed_before = prove(IN_BERLIN)
    settings.DELIVERY_KEYS = [new, old]
    sealed_now = prove(IN_BERLIN)

    assert sealed_before != sealed_now
    assert read(sealed_before) == read(sealed_now) == IN_BERLIN
    settings.DELIVERY_KEYS = [new]
    assert (read(sealed_before), read(sealed_now)) == (None, IN_BERLIN)
    settings.DELIVERY_KEYS = [unlisted]
    assert (read(sealed_before), read(sealed_now)) == (None, None)


def test_the_number_of_a_key_does_not_depend_on_its_place_in_the_list() -> None:
    assert proofs.Key.of("a" * 40).number != proofs.Key.of("b" * 40).number
    assert proofs.Key.of("a" * 40) == proofs.Key.of("a" * 40)


def test_the_seal_under_another_keys_number_is_forged(settings: Any) -> None:
    mine, theirs = "own-key-" * 5, "another-" * 5
    settings.DELIVERY_KEYS = [mine]
    content = bytearray(raw(prove(IN_BERLIN))[: -proofs.SEAL_BYTES])
    content[1:5] = proofs.Key.of(theirs).number.to_bytes(4, "big")
    settings.DELIVERY_KEYS = [theirs, mine]

    assert read(text(bytes(content) + proofs.Key.of(mine).seal(bytes(content)))) is None
    assert read(text(bytes(content) + proofs.Key.of(theirs).seal(bytes(content)))) == IN_BERLIN


def test_another_version_is_forged_whatever_its_seal(settings: Any) -> None:
    key = proofs.Key.of(settings.DELIVERY_KEYS[0])
    content = raw(prove(IN_BERLIN))[: -proofs.SEAL_BYTES]

    for version in (0, 2, 255):
        other = bytes([version]) + content[1:]
        assert read(text(other + key.seal(other))) is None
