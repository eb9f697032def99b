"""A PostgreSQL connection that breaks costs the statement that used it and nothing else."""

# ruff: noqa: PT012 - a transaction is a block, and what raises inside it is the point
from __future__ import annotations

import asyncio

import pytest

from core.store import Database, open_database

pytestmark = pytest.mark.parametrize("engine", ["postgres"], indirect=True)
CUT = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""


async def cut(url: str) -> None:
    """End every connection to the database, as a restart of the server does."""
    other = await open_database(url, pool_size=1)
    await other.fetch(CUT)
    await other.close()
    await asyncio.sleep(0.1)


async def test_idle_connections_that_were_cut_are_replaced(engine: str, db: Database, database_url: str) -> None:
    await asyncio.gather(*(db.fetch("SELECT pg_sleep(0.05)") for _ in range(4)))
    await cut(database_url)
    async with asyncio.timeout(25):
        answers = await asyncio.gather(*(db.fetch("SELECT 1 AS one") for _ in range(8)))
    assert answers == [[{"one": 1}]] * 8


async def test_a_transaction_that_is_cut_fails_and_the_next_one_works(
    engine: str, db: Database, database_url: str
) -> None:
    for _ in range(6):  # more often than there are connections: none may be lost from the pool
        with pytest.raises(Exception) as caught:
            async with db.write():
                await db.execute("INSERT INTO attempt (key, count, first_at) VALUES ('a', 1, '')")
                await cut(database_url)
                await db.execute("INSERT INTO attempt (key, count, first_at) VALUES ('b', 1, '')")
        assert "connection" in f"{type(caught.value).__name__} {caught.value}".lower()
        assert not db.in_transaction
    async with asyncio.timeout(25), db.write():
        await db.execute("INSERT INTO attempt (key, count, first_at) VALUES ('c', 1, '')")
    assert [row["key"] for row in await db.fetch("SELECT key FROM attempt")] == ["c"]


async def test_a_query_that_is_cut_in_the_middle_fails_and_frees_its_place(
    engine: str, db: Database, database_url: str
) -> None:
    tasks = [asyncio.create_task(db.fetch("SELECT pg_sleep(30)")) for _ in range(6)]
    await asyncio.sleep(0.2)
    for _ in range(2):
        await cut(database_url)
    async with asyncio.timeout(25):
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(answer, Exception) for answer in answers)
        assert await db.fetch("SELECT 1 AS one") == [{"one": 1}]
