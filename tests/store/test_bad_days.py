"""A full disk, a database that is away, a clock that is set: each ends in a clear state."""

# ruff: noqa: PT012 - a transaction is a block, and what raises inside it is the point
from __future__ import annotations

import pytest

from core.store import Database, Full, Unavailable, open_database

INSERT = "INSERT INTO department (tenant, id, name, position) VALUES (1, $1, $2, 1)"


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_full_disk_fails_the_whole_transaction_and_reading_goes_on(engine: str, db: Database) -> None:
    await db.execute(INSERT, "D0", "工程部")
    writer = db._driver.writer
    pages = (await db.fetch_one("PRAGMA page_count"))["page_count"]
    await writer.run(writer.fetch, f"PRAGMA max_page_count = {pages + 20}", ())
    with pytest.raises(Full):
        async with db.write():
            for n in range(1000):
                await db.execute(INSERT, f"X{n}", "x" * 1000)
    with pytest.raises(Full):
        await db.execute_many(INSERT, [[f"X{n}", "x" * 1000] for n in range(1000)])
    assert await db.fetch("SELECT id FROM department") == [{"id": "D0"}]
    await db.execute("UPDATE department SET name = $1 WHERE tenant = 1", "财务部")
    await writer.run(writer.fetch, "PRAGMA max_page_count = 1073741823", ())  # room again
    await db.execute_many(INSERT, [[f"X{n}", "x" * 1000] for n in range(1000)])
    assert len(await db.fetch("SELECT id FROM department")) == 1001


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
async def test_a_server_that_is_not_there_is_unavailable(engine: str, database_url: str) -> None:
    host, _, name = database_url.rpartition("@")[2].partition("/")
    away = database_url.replace(f"{host}/", f"{host.partition(':')[0]}:1/")
    assert name in away
    with pytest.raises(Unavailable, match="connection"):
        await open_database(away, pool_size=1)


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
async def test_a_transaction_whose_connection_is_cut_is_unavailable(engine: str, db: Database) -> None:
    with pytest.raises(Unavailable, match="connection"):
        async with db.write():
            await db.execute(INSERT, "D1", "x")
            await db.fetch("SELECT pg_terminate_backend(pg_backend_pid())")
            await db.execute(INSERT, "D2", "x")
    assert await db.fetch("SELECT id FROM department WHERE tenant = $1", 1) == []
