"""The page of jobs: administrators alone, live by events that no shutdown waits for."""

from __future__ import annotations

import asyncio
import signal
import time

import httpx
import pytest

from core.clock import now
from core.people import add_member, create_account, sign_in
from core.testing import PASSWORD, new_tenant, platform_at
from core.web import streams
from tests.conftest import ENGINES
from tests.setup.server import serving

COOKIE = "dougong"
STREAM = "/admin/jobs/stream"


@pytest.fixture
async def ctx(app, client):
    return await new_tenant(app.state.platform, "aa")


@pytest.fixture
async def admin(app, client, ctx):
    token = await sign_in(ctx.db, "aa-admin", password=PASSWORD, address=None, hours=1)
    client.cookies.set(app.state.web.session_cookie, token)
    client.headers.update({"Accept": "text/html", "Sec-Fetch-Site": "same-origin"})
    return client


async def dead_job(ctx) -> str:
    id = await ctx.jobs.enqueue("core.rebuild", {"form": "own.nothing"}, key="k")
    sql = """UPDATE job SET state = 'dead', error = '磁盘满了', attempts = 5, ended_at = $2 WHERE tenant = $1"""
    await ctx.db.execute(sql, ctx.tenant.id, now())
    return id


async def test_the_page_shows_what_failed_and_why_and_retries_it(app, admin, ctx):
    assert "还没有后台任务" in (await admin.get("/admin/jobs")).text
    id = await dead_job(ctx)
    shown = (await admin.get("/admin/jobs")).text
    assert "磁盘满了" in shown
    assert "整理已有数据" in shown
    token = shown.split('name="_csrf" value="', 1)[1].split('"', 1)[0]
    answer = await admin.post(f"/admin/jobs/{id}/retry", data={"_csrf": token})
    assert answer.status_code == 303
    assert (await ctx.jobs.get(id)).error is None


async def test_the_page_is_for_administrators(app, admin, ctx):
    account = await create_account(ctx.db, login="viewer", name="看", password=PASSWORD)
    await add_member(ctx.db, ctx.tenant.id, account=account, roles=("viewer",))
    token = await sign_in(ctx.db, "viewer", password=PASSWORD, address=None, hours=1)
    admin.cookies.set(app.state.web.session_cookie, token)
    for url in ("/admin/jobs", STREAM):
        assert (await admin.get(url)).status_code == 403


async def test_the_stream_sends_the_list_again_when_it_changes_and_ends_with_the_house(app, admin, ctx, monkeypatch):
    """In this process the whole answer is gathered: the closing of the house is what ends it."""
    monkeypatch.setattr(streams, "EVERY", 0.05)
    closing = app.state.platform.house.closing

    async def change() -> None:
        await dead_job(ctx)
        await asyncio.sleep(1.5)  # many looks after the change
        closing.set()

    asking = admin.get(STREAM, headers={"Accept": "text/event-stream"})
    answer, _ = await asyncio.gather(asking, change())
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [event for event in answer.text.split("\n\n") if event.startswith("data:")]
    assert "磁盘满了" in events[-1]
    assert all(line.startswith("data: ") for event in events for line in event.splitlines())


@pytest.mark.parametrize("engine", ENGINES[:1])
async def test_an_open_stream_does_not_keep_the_server_from_ending(database_url, tmp_path):
    async with platform_at(database_url, tmp_path / "making") as platform:
        await new_tenant(platform, "aa")
        token = await sign_in(platform.db, "aa-admin", password=PASSWORD, address=None, hours=1)
    with serving(database_url, tmp_path / "data") as server:
        async with (
            httpx.AsyncClient(base_url=server.url, cookies={COOKIE: token}, timeout=30) as client,
            client.stream("GET", STREAM, headers={"Accept": "text/event-stream"}) as answer,
        ):
            assert answer.status_code == 200
            pieces = answer.aiter_text()
            assert "data:" in await anext(pieces)
            began = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            rest = [piece async for piece in pieces]
            code = await asyncio.to_thread(server.process.wait, 20)
    print(f"\nended {time.monotonic() - began:.1f} s after SIGTERM, {len(rest)} more pieces")
    assert code == 0
