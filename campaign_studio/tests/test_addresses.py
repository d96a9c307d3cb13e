"""Which IP addresses count as one."""

import pytest

from campaign_studio.addresses import networks_of, parsed

pytestmark = pytest.mark.any_database

SITE = ("2001:db8:1::/48", 16)


@pytest.mark.parametrize(
    ("address", "networks"),
    [
        ("192.0.2.1", [("192.0.2.1", 1)]),
        (" 192.0.2.1 ", [("192.0.2.1", 1)]),
        ("::ffff:192.0.2.1", [("192.0.2.1", 1)]),
        ("::ffff:c000:201", [("192.0.2.1", 1)]),
        ("2001:db8:1::1", [("2001:db8:1::/64", 1), SITE]),
        ("2001:DB8:1:0:ffff:ffff:ffff:ffff", [("2001:db8:1::/64", 1), SITE]),
        ("2001:db8:1:2::1", [("2001:db8:1:2::/64", 1), SITE]),
        ("2001:db8:1:2::1%eth0", [("2001:db8:1:2::/64", 1), SITE]),
        ("2001:db8:2::1", [("2001:db8:2::/64", 1), ("2001:db8:2::/48", 16)]),
        ("", [("", 1)]),
        ("unix:", [("unix:", 1)]),
        ("192.0.2.1.5", [("192.0.2.1.5", 1)]),
    ],
)
def test_an_ipv6_address_counts_as_its_networks_and_any_other_as_itself(
    address: str, networks: list[tuple[str, int]]
) -> None:
    assert [tuple(network) for network in networks_of(address)] == networks


@pytest.mark.parametrize(
    ("text", "address"),
    [("::ffff:192.0.2.1", "192.0.2.1"), ("fe80::1%eth0", "fe80::1"), ("2001:DB8::0:1", "2001:db8::1"), ("x", "None")],
)
def test_an_address_is_read_in_one_spelling(text: str, address: str) -> None:
    assert str(parsed(text)) == address
