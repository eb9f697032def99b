"""Where a webhook may go: the outside world, by http(s) on usual ports, to the very address that was checked.

A tenant's administrator types the address, the server calls it: unguarded, that would let him ask what only the
server can reach (its own ports, the network behind, a cloud's metadata).
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from core.errors import DougongError
from core.i18n import _

PORTS = {"http": 80, "https": 443}
ALLOWED_PORTS = frozenset({80, 443, 8000, 8080, 8443})
LONGEST = 2000
SECONDS = 5  # for a name to be resolved
# Answers inside a cloud though its address looks like anybody's (Azure's host agent).
INSIDE = frozenset({ipaddress.ip_address("168.63.129.16")})
# IPv4 inside IPv6 (RFC 6052): a translator would take it to where it points.
TRANSLATED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Refused(DougongError):
    """The address is not one a webhook may call."""

    status, code = 422, "address"


@dataclass(frozen=True, slots=True)
class Target:
    """A checked address: connect to `ip`, speak of `host`."""

    scheme: str
    host: str
    port: int
    ip: str
    path: str

    @property
    def url(self) -> str:
        ip = f"[{self.ip}]" if ":" in self.ip else self.ip
        return f"{self.scheme}://{ip}:{self.port}{self.path}"

    @property
    def host_header(self) -> str:
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == PORTS[self.scheme] else f"{name}:{self.port}"


def parse(url: str, *, allowed: Collection[str] = ()) -> SplitResult:
    """The parts of an address that looks right; Refused says what is wrong. Nothing is resolved."""
    if len(url) > LONGEST or any(ord(sign) <= 32 for sign in url):
        raise Refused(_("地址太长或含有空白"))
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused(_("地址的写法不对，例如 https://example.com/hook")) from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise Refused(_("地址的写法不对，例如 https://example.com/hook"))
    if parts.username is not None or parts.password is not None:
        raise Refused(_("地址里不能写用户名和密码；请用签名核对来源"))
    if not named(parts, allowed) and (port or PORTS[parts.scheme]) not in ALLOWED_PORTS:
        ports = "、".join(str(one) for one in sorted(ALLOWED_PORTS))
        raise Refused(_("只能用这些端口：{ports}", ports=ports))
    return parts


def named(parts: SplitResult, allowed: Collection[str]) -> bool:
    """Whether the operator has named this host (or host:port) as one inside that may be called."""
    port = parts.port or PORTS[parts.scheme]
    return parts.hostname in allowed or f"{parts.hostname}:{port}" in allowed


def outside(address: Address) -> bool:
    """Whether an address belongs to the outside world."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return outside(address.ipv4_mapped)
        if address.sixtofour is not None or address.teredo is not None or any(address in net for net in TRANSLATED):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved and address not in INSIDE


async def resolve(url: str, *, allowed: Collection[str] = ()) -> Target:
    """Look the host up once, and give the address to connect to. One inside address among several refuses all."""
    parts = parse(url, allowed=allowed)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    try:
        async with asyncio.timeout(SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError):
        raise Refused(_("找不到主机 {host}", host=host)) from None
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if not named(parts, allowed) and not all(outside(address) for address in addresses):
        raise Refused(_("这个地址指向内部网络，不能调用；确有需要时请联系平台运营人员"))
    addresses.sort(key=lambda address: address.version)  # a host without IPv6 routes still resolves it
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port, str(addresses[0]), path)
