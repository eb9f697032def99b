"""Whole pages, named blocks, redirects and events for htmx, and how values are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from litestar import Litestar

from core.clock import stamp
from core.web import filters, get, post
from core.web.routing import PERMISSIONS

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


async def test_a_whole_page_for_a_browser_and_a_block_for_htmx(client, town):
    await client.sign_in("anna")
    whole = (await client.get("/note?text=hello")).text
    part = (await client.get("/note?text=hello", headers=HTMX)).text
    assert "<html" in whole
    assert "<html" not in part
    assert part.strip() == "<b>*首页2 hello</b>"


async def test_a_block_alone_sees_the_imports_at_the_top_of_its_file(client, town):
    await client.sign_in("anna")
    assert "*首页2" in (await client.get("/note", headers=HTMX)).text


async def test_htmx_that_fills_the_body_gets_the_whole_page(client, town):
    await client.sign_in("anna")
    assert "<html" in (await client.get("/note", headers=HTMX | {"HX-Request-Type": "full"})).text


async def test_what_a_user_typed_is_escaped(client, town):
    await client.sign_in("anna")
    assert "&lt;script&gt;" in (await client.get("/note", params={"text": "<script>"})).text


async def test_a_redirect_for_htmx_is_a_header(client, town):
    await client.sign_in("anna")
    token = await client.token("/note")
    answer = await client.post("/sign-out", headers=HTMX | {"X-CSRF-Token": token})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, "/sign-in")


def test_a_route_without_a_permission_cannot_be_written():
    with pytest.raises(TypeError):
        get("/x")
    with pytest.raises(ValueError, match="permission"):
        get("/x", permission="everybody")
    with pytest.raises(TypeError, match="async"):
        post("/x", permission="public")(lambda: None)


def routes_without_permission(app: Litestar) -> list[str]:
    return [
        f"{method} {route.path}"
        for route in app.routes
        for handler in getattr(route, "route_handlers", [getattr(route, "route_handler", None)])
        for method in getattr(handler, "http_methods", ["?"])
        if method != "OPTIONS" and handler.opt.get("permission") not in PERMISSIONS
    ]


def test_every_route_of_the_application_has_a_permission(tmp_path):
    from core.app import create_app
    from core.testing import settings_for

    app = create_app(settings_for(f"sqlite:///{tmp_path / 'x.db'}", tmp_path))
    assert len(app.routes) > 20
    assert routes_without_permission(app) == []


@pytest.mark.parametrize(
    ("filter", "value", "words"),
    [
        ("money", Decimal("1234567.5"), "1,234,567.50"),
        ("money", Decimal("-0.005"), "-0.01"),
        ("money", 0, "0.00"),
        ("money", None, "—"),
        ("wan", Decimal("1234500"), "123.45"),
        ("number", Decimal("1234.500"), "1,234.500"),
        ("percent", Decimal("12.345"), "12.3%"),
        ("date", "2026-03-15", "2026-03-15"),
        ("date", "2026-03-15T20:30:00.000000Z", "2026-03-16"),
        ("datetime", "2026-03-15T08:30:00Z", "2026-03-15 16:30"),
        ("datetime", "", "—"),
        ("relative", "2020-01-01T00:00:00Z", "2020-01-01"),
        ("mask_phone", "13812345678", "138****5678"),
        ("mask_idcard", "110101199003071234", "1101**********1234"),
        ("mask_name", "张三丰", "张**"),
        ("mask_phone", "", "—"),
        ("filesize", 1024, "1 KB"),
    ],
)
def test_values_are_written_as_the_trade_writes_them(filter, value, words):
    assert filters.FILTERS[filter](value) == words


def test_times_near_now_are_said_in_words():
    now = datetime.now(UTC)
    for distance, words in (
        (timedelta(seconds=5), "刚刚"),
        (timedelta(minutes=5, seconds=9), "5 分钟前"),
        (timedelta(hours=3, seconds=9), "3 小时前"),
        (-timedelta(days=2, seconds=59), "2 天后"),
    ):
        assert filters.relative(stamp(now - distance)) == words
