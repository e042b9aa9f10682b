"""Who is really calling: what a proxy in front says is believed only of the proxies that the settings name.

The address settled on here is the one that the lock-out, the audit trail and the logs see, and the scheme is the one
that decides whether a request came by TLS. Nothing behind this door reads a forwarding header: they are taken off.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Iterable

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Headers = list[tuple[bytes, bytes]]

_FORWARDING: Final = frozenset(
    (b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-port", b"x-forwarded-proto", b"x-real-ip")
)


def _address(text: str) -> Address | None:
    """Return an address as forwarding headers write it: bare, with a port, or in brackets."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = getattr(found, "ipv4_mapped", None)
    return mapped if mapped is not None else found


def _is_trusted(address: Address | None, trusted: Iterable[Network]) -> bool:
    return address is not None and any(address in network for network in trusted)


def forwarded_for(peer: str, values: Iterable[str], trusted: Iterable[Network]) -> str:
    """Return the caller's address: the last one in the chain that no trusted proxy vouches for.

    Args:
        peer: address of the connection itself.
        values: the ``X-Forwarded-For`` headers, in order.
        trusted: networks of the proxies that are believed.
    """
    trusted = list(trusted)
    caller = peer
    hops = [hop for value in values for hop in value.split(",")]
    while hops and _is_trusted(_address(caller), trusted):
        hop = _address(hops.pop())
        if hop is None:  # not an address: whatever stands to the left of it is worth no more
            break
        caller = str(hop)
    return caller


def settle_caller(scope: dict[str, Any]) -> dict[str, Any]:
    """Return the scope with ``client`` and ``scheme`` as far as they can be believed, and without forwarding headers.

    Header names with an underscore are taken off too: WSGI writes them like those with a hyphen.

    Args:
        scope: an ASGI ``http`` or ``websocket`` scope.
    """
    given: Headers = scope["headers"]
    kept = [(name, value) for name, value in given if name not in _FORWARDING and b"_" not in name]
    settled = {**scope, "headers": kept}
    client, trusted = scope.get("client"), settings.OVERREAD_TRUSTED_PROXIES
    if client is None or not _is_trusted(_address(client[0]), trusted):
        return settled
    told = [(name, value.decode("latin-1")) for name, value in given if name in _FORWARDING]
    caller = forwarded_for(client[0], [value for name, value in told if name == b"x-forwarded-for"], trusted)
    settled["client"] = (caller, client[1] if caller == client[0] else 0)
    schemes = [value.rpartition(",")[2].strip().lower() for name, value in told if name == b"x-forwarded-proto"]
    if schemes and schemes[-1] in ("http", "https"):
        secure = schemes[-1] == "https"
        settled["scheme"] = {True: "wss", False: "ws"}[secure] if scope["type"] == "websocket" else schemes[-1]
    return settled
