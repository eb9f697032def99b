"""What a user is told while the disk is full or the database is away, as a program and as a page."""

from __future__ import annotations

import resource
from contextlib import contextmanager

import pytest

from core.people import create_token
from core.store import Unavailable
from core.testing import new_tenant

COMPANY = {"code": "C1", "name": "甲公司", "kind": "supplier", "status": "qualified"}
RECORDS = "/api/v1/forms/partners.company/records"


@pytest.fixture
async def asking(app, client):
    ctx = await new_tenant(app.state.platform, "aa", modules=("partners",))
    token = await create_token(ctx.db, ctx.access, member=ctx.member.id, name="test")
    client.headers["Authorization"] = f"Bearer {token}"
    client.ctx = ctx
    return client


@contextmanager
def no_file_larger_than(size: int):
    """The system refuses this process longer files, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_full_disk_is_said_and_nothing_is_stored(engine, asking, app):
    db = asking.ctx.db
    writer = db._driver.writer
    pages = (await db.fetch_one("PRAGMA page_count"))["page_count"]
    await writer.run(writer.fetch, f"PRAGMA max_page_count = {pages + 5}", ())
    long = COMPANY | {"notes": "长" * 1900}
    codes = set()
    for n in range(30):
        answer = await asking.post(RECORDS, json={"data": long | {"code": f"C{n}"}})
        codes.add(answer.status_code)
    assert codes == {201, 507}
    assert answer.json()["error"]["code"] == "full"
    kept = (await asking.get(RECORDS)).json()
    assert kept["records"], "reading goes on"
    await writer.run(writer.fetch, "PRAGMA max_page_count = 1073741823", ())
    assert (await asking.post(RECORDS, json={"data": COMPANY | {"code": "again"}})).status_code == 201


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_an_upload_that_finds_no_room_is_said_and_leaves_nothing(engine, asking, app, monkeypatch):
    folder = app.state.platform.settings.data_dir / "files"

    async def pieces():
        for _ in range(40):
            yield b"x" * 100_000

    with no_file_larger_than(1_500_000), pytest.raises(OSError, match="too large") as caught:
        await asking.ctx.files.put("plan.pdf", pieces())
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    assert await asking.ctx.db.fetch("SELECT id FROM file") == []

    async def full(*_args, **_more):
        raise caught.value

    small = {"file": ("plan.pdf", b"%PDF-")}
    with monkeypatch.context() as patched:
        patched.setattr("core.records.files.obstore.put_async", full)
        answer = await asking.post("/api/v1/files", files=small)
    assert (answer.status_code, answer.json()["error"]["code"]) == (507, "full")
    assert (await asking.post("/api/v1/files", files=small)).status_code == 201


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_database_that_is_away_is_said_with_when_to_come_back(engine, asking, monkeypatch):
    async def away(*_args, **_more):
        raise Unavailable("no connection")

    monkeypatch.setattr(asking.ctx.db, "_fetch", away)
    answer = await asking.get(RECORDS)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
    assert answer.headers["retry-after"]
    page = await asking.get("/", headers={"accept": "text/html", "cookie": "dougong=x"})
    assert page.status_code in (503, 303)
