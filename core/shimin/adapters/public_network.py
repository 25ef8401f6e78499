"""Connections to public addresses alone, checked in the moment of connecting, so that no name can be turned inward."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpcore

Resolve = Callable[[str, int], Awaitable[list[str]]]
ADDRESSES_TRIED_MAX = 3
_WRAPS_IPV4 = tuple(map(IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")))
"""NAT64 (RFC 6052, RFC 8215), 6to4 (RFC 3056), Teredo (RFC 4380), IPv4-compatible (RFC 4291): IPv4 in disguise."""


class AddressForbidden(Exception):  # noqa: N818 - internal signal
    """A name led to an address that no connector may reach."""


def is_public(address: str) -> bool:
    """Tell whether an address belongs to the public internet: nothing private, local, shared, mapped or multicast.

    Source: the IANA special-purpose address registries (RFC 6890), as ``ipaddress`` knows them.
    """
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and (
        found.ipv4_mapped or found.is_site_local or found.scope_id or any(found in net for net in _WRAPS_IPV4)
    ):
        return False
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified)


def is_loopback(address: str) -> bool:
    """Tell whether an address is this machine itself, written plainly."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


async def resolve_by_system(host: str, port: int) -> list[str]:
    """Return every address of a name, as the system's resolver knows them."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(item[4][0]) for item in found))


class PublicNetwork(httpcore.AsyncNetworkBackend):
    """Connects to the address it has checked; the name stays in ``Host`` and in the TLS handshake.

    Looking up once and connecting to that very address leaves no gap in which the name could change (DNS rebinding).
    """

    def __init__(self, *, resolve: Resolve = resolve_by_system, allow_loopback: bool = False) -> None:
        """Choose how names are looked up and whether this machine may be reached (development alone)."""
        self._resolve = resolve
        self._allow_loopback = allow_loopback
        self._sockets = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to one of the name's addresses; if one of them is not public, to none.

        Raises:
            AddressForbidden: an address is not public. httpcore.ConnectError: no address, or none takes the call.
        """
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError):
            raise httpcore.ConnectError("the name cannot be looked up") from None
        if not all(is_public(item) or (self._allow_loopback and is_loopback(item)) for item in addresses):
            raise AddressForbidden
        for address in addresses[:ADDRESSES_TRIED_MAX]:
            try:
                return await self._sockets.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        raise httpcore.ConnectError("no address takes the call")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
