"""Migrations are applied once, whole, in order, however many processes start at the same moment."""

from __future__ import annotations

import asyncio
import sys

import pytest

from core.store import Database, StoreError, open_database
from core.store.migrations import MIGRATIONS, Migration, migrate

PROGRAM = """
import asyncio, sys
from core.store import open_database
async def main():
    db = await open_database(sys.argv[1], pool_size=1)
    sys.stdout.write("ready\\n"); sys.stdout.flush(); sys.stdin.readline()
    print(len(await db.migrate()))
    await db.close()
asyncio.run(main())
"""


async def tables(db: Database) -> set[str]:
    sql = {
        "sqlite": "SELECT name FROM sqlite_schema WHERE type = 'table'",
        "postgres": "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'",
    }[db.kind]
    return {row["name"] for row in await db.fetch(sql)}


async def test_two_processes_that_migrate_at_once_do_it_once(empty_database_url: str) -> None:
    started = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROGRAM, empty_database_url,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )
        for _ in range(2)
    ]  # fmt: skip
    for process in started:
        assert (await process.stdout.readline()) == b"ready\n", (await process.communicate())[1].decode()
    for process in started:
        process.stdin.write(b"\n")
        await process.stdin.drain()
    ended = [await process.communicate() for process in started]
    assert [process.returncode for process in started] == [0, 0], ended
    assert sorted(int(out) for out, _ in ended) == [0, len(MIGRATIONS)]


async def test_a_second_start_applies_nothing(empty_database_url: str) -> None:
    for expected in ([migration.name for migration in MIGRATIONS], []):
        db = await open_database(empty_database_url, pool_size=1)
        assert await db.migrate() == expected
        await db.close()


async def test_a_migration_that_fails_leaves_nothing_behind_and_can_be_tried_again(empty_database_url: str) -> None:
    good = Migration(1, "good", ("CREATE TABLE first (a BIGINT)",))
    half = Migration(2, "half", ("CREATE TABLE second (a BIGINT)", "CREATE TABLE second (a BIGINT)"))
    mended = Migration(2, "mended", ("CREATE TABLE second (a BIGINT)",))
    db = await open_database(empty_database_url, pool_size=1)
    with pytest.raises(Exception, match="already exists"):
        await migrate(db._driver, (good, half))
    assert not {"first", "second"} & await tables(db)
    assert await migrate(db._driver, (good, mended)) == ["good", "mended"]
    assert {"first", "second"} <= await tables(db)
    assert [row["number"] for row in await db.fetch("SELECT number FROM migration ORDER BY number")] == [1, 2]
    await db.close()


async def test_a_database_from_a_newer_program_is_left_alone(db: Database) -> None:
    await db.execute("INSERT INTO migration (number, name, applied_at) VALUES (999, 'x', '')")
    with pytest.raises(StoreError, match="newer"):
        await db.migrate()


def test_migrations_are_listed_in_the_order_of_their_numbers() -> None:
    numbers = [migration.number for migration in MIGRATIONS]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
async def test_a_database_that_sorts_by_language_is_refused(
    engine: str, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.store.migrations.CODE_POINT_ORDER", ())
    db = await open_database(empty_database_url, pool_size=1)
    with pytest.raises(StoreError, match="LC_COLLATE 'C'"):
        await db.migrate()
    await db.close()
