"""Where a webhook may never go, however the address is written."""

from __future__ import annotations

import asyncio
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.webhooks import Refused, resolve
from core.webhooks.guard import outside

INSIDE = [
    "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/",
    "http://localhost/", "http://[::1]/", "http://[::]/", "http://0.0.0.0/", "http://10.1.2.3/", "http://172.16.0.1/",
    "http://192.168.1.1/", "http://169.254.169.254/latest/meta-data/", "http://[fe80::1]/", "http://[fd00:ec2::254]/",
    "http://100.100.100.200/", "http://168.63.129.16/", "http://224.0.0.1/", "http://255.255.255.255/",
    "http://[::ffff:127.0.0.1]/", "http://[::ffff:a00:1]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/",
    "http://[2001:0:7f00:1::]/", "http://198.18.0.1/", "http://192.0.2.1/", "http://240.0.0.1/", "http://[ff02::1]/",
]  # fmt: skip
MISWRITTEN = [
    "", "example.com", "ftp://93.184.216.34/", "file:///etc/passwd", "gopher://93.184.216.34/", "http:///x", "https://",
    "http://user@93.184.216.34/", "http://user:word@93.184.216.34/", "http://93.184.216.34:22/", "http://a b/",
    "http://93.184.216.34:99999/", "http://93.184.216.34\r\nX: y/", "http://[::1/", "javascript:alert(1)",
    "http://93.184.216.34:6379/", "https://" + "a" * 3000,
]  # fmt: skip


@pytest.mark.parametrize("url", [*INSIDE, *MISWRITTEN])
async def test_an_address_inside_or_miswritten_is_refused(url: str):
    with pytest.raises(Refused):
        await resolve(url)


async def test_an_address_outside_is_called_by_the_number_that_was_checked():
    target = await resolve("https://93.184.216.34/hook?a=b")
    assert (target.url, target.host_header) == ("https://93.184.216.34:443/hook?a=b", "93.184.216.34")
    target = await resolve("http://[2606:2800:220:1:248:1893:25c8:1946]:8080")
    assert target.url == "http://[2606:2800:220:1:248:1893:25c8:1946]:8080/"
    assert target.host_header == "[2606:2800:220:1:248:1893:25c8:1946]:8080"


async def answering(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Let every name resolve to these, and note who asked."""
    asked: list[str] = []

    async def getaddrinfo(host, port, **_more):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    return asked


async def test_a_name_is_resolved_once_and_keeps_its_name(monkeypatch: pytest.MonkeyPatch):
    asked = await answering(monkeypatch, "93.184.216.34")
    target = await resolve("https://hooks.example.com:8443/x")
    assert asked == ["hooks.example.com"]
    assert (target.ip, target.host, target.host_header) == (
        "93.184.216.34", "hooks.example.com", "hooks.example.com:8443",
    )  # fmt: skip


async def test_one_inside_address_among_several_refuses_the_name(monkeypatch: pytest.MonkeyPatch):
    await answering(monkeypatch, "93.184.216.34", "10.0.0.1")
    with pytest.raises(Refused):
        await resolve("https://rebinding.example.com/")


async def test_what_the_operator_has_named_may_be_called_and_nothing_beside_it():
    assert (await resolve("http://127.0.0.1:9000/", allowed=("127.0.0.1:9000",))).ip == "127.0.0.1"
    assert (await resolve("http://127.0.0.1:22/", allowed=("127.0.0.1",))).port == 22
    for url in ("http://127.0.0.1:9001/", "http://127.0.0.2:9000/"):
        with pytest.raises(Refused):
            await resolve(url, allowed=("127.0.0.1:9000",))


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_what_passes_is_outside_by_every_name_the_library_has(address):
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        assert outside(address) == outside(mapped)
    elif outside(address):
        assert address.is_global
        faults = ("private", "loopback", "link_local", "multicast", "unspecified", "reserved")
        assert [word for word in faults if getattr(address, f"is_{word}")] == []
