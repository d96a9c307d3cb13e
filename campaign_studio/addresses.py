"""IP addresses: how they are read, and which of them count as one.

A provider gives each line an IPv6 network of 64 bits, and many lines one of 48 bits, so a sender has as many IPv6
addresses as they like (RFC 6177). Limits therefore count networks.
"""

import ipaddress
from functools import lru_cache
from typing import NamedTuple

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

LINE = 64
SITE = 48
# How many times as much as one line a whole site may do, because it may consist of many lines.
SITE_FACTOR = 16


class Network(NamedTuple):
    """Addresses that count as one: its name, and how many times the limit of a single sender applies to it."""

    name: str
    factor: int


@lru_cache(maxsize=1024)
def parsed(text: str) -> IPAddress | None:
    """The IP address in `text`, or None. An IPv4 address mapped into IPv6 is an IPv4 address; zones are dropped."""
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return address
    return address.ipv4_mapped or ipaddress.IPv6Address(int(address))


def networks_of(text: str) -> list[Network]:
    """What a request from this address is counted for, narrowest first.

    An IPv4 address stands for itself, an IPv6 address for its /64 and its /48. Anything else, such as the empty text of
    a local socket, stands for itself.
    """
    address = parsed(text)
    if not isinstance(address, ipaddress.IPv6Address):
        return [Network(str(address or text), 1)]
    line, site = (ipaddress.IPv6Network((address, bits), strict=False) for bits in (LINE, SITE))
    return [Network(str(line), 1), Network(str(site), SITE_FACTOR)]
