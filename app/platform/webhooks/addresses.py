"""Which addresses we may connect to on a tenant's word: public ones only, or our own network would be theirs."""

import asyncio
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

_NAT64 = IPv6Network("64:ff9b::/96")
# Special by the IANA registries, but global to the oldest Python that we run on.
_SPECIAL_V4 = (IPv4Network("192.0.0.0/24"),)
_SPECIAL_V6 = (IPv6Network("64:ff9b:1::/48"), IPv6Network("fec0::/10"))


class EgressRefused(Exception):  # noqa: N818 named for what happened
    """The address is not one that we connect to."""


def is_public(address: Address) -> bool:
    """Whether the address, and any IPv4 address that is embedded in it, is globally reachable unicast."""
    return all(_is_global(each) for each in (address, *_embedded(address)))


def _is_global(address: Address) -> bool:
    # An IPv4-mapped address counts as what it maps to; Python's own answer differs between versions.
    if isinstance(address, IPv6Address) and (address.ipv4_mapped or address in _NAT64):
        return True
    special = _SPECIAL_V6 if isinstance(address, IPv6Address) else _SPECIAL_V4
    if any(address in network for network in special):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _embedded(address: Address) -> list[IPv4Address]:
    if isinstance(address, IPv4Address):
        return []
    teredo = address.teredo or ()
    nat64 = [IPv4Address(int(address) & 0xFFFFFFFF)] if address in _NAT64 else []
    return [found for found in (address.ipv4_mapped, address.sixtofour, *teredo, *nat64) if found is not None]


def literal(host: str) -> Address | None:
    """The host as an address, in any notation that the system's resolver takes for one; None for a name."""
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


async def checked_addresses(host: str, port: int, *, allow_private: bool) -> list[Address]:
    """What `host` resolves to, in the resolver's order.

    Raises `EgressRefused` when it does not resolve or when any one address is not public: a name that points
    both outside and inside is an attack, not a mistake.
    """
    try:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise EgressRefused("the name does not resolve") from error
    addresses = list(dict.fromkeys(ip_address(str(item[4][0]).partition("%")[0]) for item in found))
    if not allow_private and not all(is_public(address) for address in addresses):
        raise EgressRefused("the name resolves to an address that is not public")
    return addresses
