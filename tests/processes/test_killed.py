"""A server process that is killed while it writes loses nothing it has said yes to and leaves nothing half-done."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from core.people import tenants
from core.records import seal, verify
from core.store import Database, open_database
from tests.processes.conftest import FORM, RECORDS, Place, company, fill, until
from tests.setup.server import serving

ROWS = 2_000
WRITERS = 4
HALF = """SELECT COUNT(*) AS number FROM record r WHERE r.tenant = $1 AND NOT (
    EXISTS (SELECT 1 FROM change c WHERE c.tenant = $1 AND c.record = r.id)
    AND EXISTS (SELECT 1 FROM record_text t WHERE t.tenant = $1 AND t.record = r.id))"""


@pytest.fixture
async def place(database_url: str, tmp_path: Path) -> Place:
    return await fill(database_url, tmp_path / "data")


@asynccontextmanager
async def opened(place: Place) -> AsyncIterator[tuple[Database, int]]:
    db = await open_database(place.url, pool_size=1)
    try:
        (tenant,) = await tenants(db)
        yield db, tenant.id
    finally:
        await db.close()


async def imported(db: Database, tenant: int) -> int:
    row = await db.fetch_one("SELECT COUNT(*) AS number FROM record WHERE tenant = $1 AND key LIKE 'I%'", tenant)
    return int(row["number"])


def table() -> bytes:
    lines = ["单位编号,单位全称,单位类型,合作状态", *(f"I{n},第{n}号公司,supplier,qualified" for n in range(ROWS))]
    return "\n".join(lines).encode()


async def bring(client: httpx.AsyncClient) -> str:
    """Start the import; where to ask for it."""
    answer = await client.post(f"/api/v1/forms/{FORM}/imports", files={"file": ("companies.csv", table())})
    assert answer.status_code == 202, answer.text
    return answer.headers["Location"]


async def finished(client: httpx.AsyncClient, location: str) -> dict:
    async def over() -> dict | None:
        run = (await client.get(location)).json()
        return None if run["state"] in ("uploaded", "checking", "running", "waiting") else run

    return await until(over)


async def test_what_was_said_to_be_saved_is_there_after_a_kill_in_the_middle_of_writes_and_of_an_import(
    place: Place,
) -> None:
    saved: list[str] = []
    numbers = itertools.count()

    async def write(client: httpx.AsyncClient) -> None:
        with contextlib.suppress(httpx.HTTPError):
            while True:
                answer = await client.post(RECORDS, json={"data": company(next(numbers))})
                assert answer.status_code == 201, answer.text
                saved.append(answer.json()["id"])

    with serving(place.url, place.folder, name="killed", clean=False) as server:
        async with httpx.AsyncClient(base_url=server.url, headers=place.headers, timeout=60) as client:
            writers = [asyncio.create_task(write(client)) for _ in range(WRITERS)]
            await bring(client)
            async with opened(place) as (db, tenant):

                async def in_the_middle() -> bool:
                    return len(saved) >= 10 and await imported(db, tenant) > 0

                await until(in_the_middle)
            server.kill()
            await asyncio.gather(*writers)
    async with opened(place) as (db, tenant):
        assert (await db.fetch_one(HALF, tenant))["number"] == 0
        await seal(db)
        assert await verify(db, tenant) == []
        present = {row["id"] for row in await db.fetch("SELECT id FROM record WHERE tenant = $1", tenant)}
        assert set(saved) <= present
        written = len([id for id in present if id not in saved])
        assert written <= ROWS + WRITERS, "beyond the import only what was under way"
    with serving(place.url, place.folder, name="next") as server:
        async with httpx.AsyncClient(base_url=server.url, headers=place.headers, timeout=60) as client:
            run = await finished(client, await bring(client))
            assert run["state"] == "done", run
    async with opened(place) as (db, tenant):
        assert (await db.fetch_one(HALF, tenant))["number"] == 0
        assert await imported(db, tenant) == ROWS, "the same file again: each row once"
