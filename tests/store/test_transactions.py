"""Transactions keep their promise on both engines, also when they are cancelled, misused or lost half-way."""

# ruff: noqa: PT012 - a transaction is a block, and what raises inside it is the point
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from core.store import Database, StoreError, TransactionError, UniqueViolation, open_database

INSERT = "INSERT INTO attempt (key, count, first_at) VALUES ($1, $2, 'x')"
LONG_QUERY = {  # about half a minute of work on one connection
    "sqlite": """WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000000)
        SELECT COUNT(*) AS number FROM n""",
    "postgres": "SELECT pg_sleep(30)",
}


@pytest.fixture
async def narrow(database_url: str) -> AsyncIterator[Database]:
    """A database with a single connection for everything that is not SQLite's: what is lost is missed at once."""
    database = await open_database(database_url, pool_size=1)
    yield database
    await database.close()


async def keys(db: Database) -> list[str]:
    return [row["key"] for row in await db.fetch("SELECT key FROM attempt ORDER BY key")]


async def still_usable(db: Database) -> None:
    """A write, a read and a transaction go through at once, so nothing is locked, lost or left open."""
    async with asyncio.timeout(25):
        await db.execute(INSERT, "after", 1)
        async with db.write():
            await db.execute("DELETE FROM attempt WHERE key = $1", "after")
        assert not db.in_transaction
        assert "after" not in await keys(db)


async def test_what_a_transaction_did_is_there_after_it(narrow: Database) -> None:
    async with narrow.write():
        await narrow.execute(INSERT, "a", 1)
        assert await keys(narrow) == ["a"]
        assert narrow.in_transaction
    assert await keys(narrow) == ["a"]
    await still_usable(narrow)


async def test_an_exception_undoes_all_of_it(narrow: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with narrow.write():
            await narrow.execute(INSERT, "a", 1)
            raise ZeroDivisionError
    assert await keys(narrow) == []
    await still_usable(narrow)


async def test_others_do_not_see_it_before_it_is_committed(db: Database) -> None:
    inside, looked = asyncio.Event(), asyncio.Event()

    async def writer() -> None:
        async with db.write():
            await db.execute(INSERT, "a", 1)
            inside.set()
            await looked.wait()

    task = asyncio.create_task(writer())
    await inside.wait()
    assert await keys(db) == []
    looked.set()
    await task
    assert await keys(db) == ["a"]


async def test_a_transaction_inside_another_joins_it(narrow: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with narrow.write():
            async with narrow.write():
                await narrow.execute(INSERT, "a", 1)
            assert await keys(narrow) == ["a"]
            raise ZeroDivisionError
    assert await keys(narrow) == []
    await still_usable(narrow)


async def test_a_failed_inner_transaction_cannot_be_committed_by_catching_its_error(narrow: Database) -> None:
    with pytest.raises(TransactionError):
        async with narrow.write():
            await narrow.execute(INSERT, "a", 1)
            with pytest.raises(ZeroDivisionError):
                async with narrow.write():
                    await narrow.execute(INSERT, "b", 1)
                    raise ZeroDivisionError
    assert await keys(narrow) == []
    await still_usable(narrow)


async def test_a_failed_statement_ends_the_transaction_on_both_engines(narrow: Database) -> None:
    with pytest.raises(TransactionError):
        async with narrow.write():
            await narrow.execute(INSERT, "a", 1)
            with pytest.raises(UniqueViolation):
                await narrow.execute(INSERT, "a", 1)
            await narrow.execute(INSERT, "b", 1)
    assert await keys(narrow) == []
    await still_usable(narrow)


async def test_after_a_savepoint_the_transaction_goes_on_without_what_failed(narrow: Database) -> None:
    done: list[str] = []

    async def note(word: str) -> None:
        done.append(word)

    async with narrow.write():
        for key in ("a", "a", "b"):
            try:
                async with narrow.savepoint():
                    narrow.after_commit(lambda key=key: note(key))
                    await narrow.execute(INSERT, key, 1)
            except UniqueViolation:
                await narrow.execute(INSERT, "twice", 1)
        async with narrow.savepoint():
            with pytest.raises(ZeroDivisionError):
                async with narrow.savepoint():
                    await narrow.execute(INSERT, "c", 1)
                    raise ZeroDivisionError
            await narrow.execute(INSERT, "d", 1)
    assert await keys(narrow) == ["a", "b", "d", "twice"]
    assert done == ["a", "b"]
    await still_usable(narrow)


async def test_a_unique_violation_names_table_and_columns(db: Database) -> None:
    await db.execute(INSERT, "a", 1)
    with pytest.raises(UniqueViolation) as caught:
        await db.execute(INSERT, "a", 1)
    assert (caught.value.table, caught.value.columns) == ("attempt", ("key",))
    row = """INSERT INTO record (tenant, id, form, version, key, revision, data, created_at, updated_at)
        VALUES (1, $1, 'f', '1', 'k', 1, '{}', '', '')"""
    await db.execute(row, "1")
    with pytest.raises(UniqueViolation) as caught:
        await db.execute_many(row, [["2"]])
    assert (caught.value.table, caught.value.columns) == ("record", ("tenant", "form", "key"))


async def test_after_commit_runs_once_the_outermost_has_committed(narrow: Database) -> None:
    seen: list[list[str]] = []

    async def look() -> None:
        assert not narrow.in_transaction
        seen.append(await keys(narrow))

    async def fail() -> None:
        raise ZeroDivisionError

    async with narrow.write():
        async with narrow.write():
            await narrow.execute(INSERT, "a", 1)
            narrow.after_commit(fail)
            narrow.after_commit(look)
        assert seen == []
    assert seen == [["a"]]
    with pytest.raises(ZeroDivisionError):
        async with narrow.write():
            narrow.after_commit(look)
            raise ZeroDivisionError
    assert seen == [["a"]]
    with pytest.raises(TransactionError):
        narrow.after_commit(look)


async def test_gather_inside_a_transaction_is_refused_and_harms_nothing(narrow: Database) -> None:
    with pytest.raises(TransactionError, match="task"):
        async with narrow.write():
            await narrow.execute(INSERT, "a", 1)
            await asyncio.gather(*(narrow.fetch("SELECT 1 AS one") for _ in range(3)))
    assert await keys(narrow) == []
    await still_usable(narrow)


async def test_a_task_made_inside_a_transaction_does_not_inherit_it(narrow: Database) -> None:
    ended = asyncio.Event()

    async def later() -> list[str]:
        await ended.wait()
        await narrow.execute(INSERT, "task", 1)
        async with narrow.write():
            return await keys(narrow)

    with pytest.raises(ZeroDivisionError):
        async with narrow.write():
            await narrow.execute(INSERT, "a", 1)
            task = asyncio.create_task(later())
            raise ZeroDivisionError
    ended.set()
    assert await task == ["task"]
    await still_usable(narrow)


@pytest.mark.parametrize("place", ["read", "transaction"])
async def test_a_cancelled_query_stops_at_once_and_frees_its_connection(narrow: Database, place: str) -> None:
    async def work() -> None:
        if place == "read":
            await narrow.fetch(LONG_QUERY[narrow.kind])
        async with narrow.write():
            await narrow.execute(INSERT, "a", 1)
            await narrow.fetch(LONG_QUERY[narrow.kind])

    task = asyncio.create_task(work())
    await asyncio.sleep(0.15)
    task.cancel()
    async with asyncio.timeout(25):
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await keys(narrow) == []
    await still_usable(narrow)


async def test_cancelling_at_any_moment_leaves_all_or_nothing(narrow: Database) -> None:
    """Cancelled after 0, 1, 2 ... turns of the loop, in waiting, BEGIN, a statement, COMMIT or after it."""

    async def work(n: int) -> None:
        async with narrow.write():
            await narrow.execute(INSERT, f"{n:03}-1", 1)
            await narrow.execute(INSERT, f"{n:03}-2", 1)

    for n in range(40):
        task = asyncio.create_task(work(n))
        for _ in range(n % 20):
            await asyncio.sleep(0.0002 if n % 2 else 0)
        task.cancel()
        await asyncio.wait((task,))
    found = await keys(narrow)
    assert {key[:3] for key in found if key.endswith("1")} == {key[:3] for key in found if key.endswith("2")}
    await still_usable(narrow)


async def test_cancelled_in_commit_the_task_is_cancelled_and_what_follows_is_done(
    narrow: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The data is there, so whoever waits for the commit must hear of it, although the writer is gone."""
    done: list[str] = []

    async def note() -> None:
        done.append("committed")

    async def work() -> None:
        async with narrow.write():
            await narrow.execute(INSERT, "a", 1)
            narrow.after_commit(note)
            task.get_loop().call_soon(task.cancel)

    task = asyncio.create_task(work())
    await asyncio.wait((task,))
    assert task.cancelled()
    assert (await keys(narrow), done) == (["a"], ["committed"])
    await still_usable(narrow)


async def test_many_writers_at_once_each_read_what_they_change(db: Database) -> None:
    await db.execute(INSERT, "n", 0)

    async def add(times: int) -> None:
        for _ in range(times):
            async with db.write():
                lock = " FOR UPDATE" if db.kind == "postgres" else ""
                row = await db.fetch_one(f"SELECT count FROM attempt WHERE key = 'n'{lock}")
                await db.execute("UPDATE attempt SET count = $1 WHERE key = 'n'", row["count"] + 1)

    await asyncio.gather(*(add(10) for _ in range(20)))
    assert (await db.fetch_one("SELECT count FROM attempt WHERE key = 'n'"))["count"] == 200


async def test_more_readers_than_connections_wait_their_turn(narrow: Database) -> None:
    slow = {
        "sqlite": """WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
            SELECT COUNT(*) AS number FROM n""",
        "postgres": "SELECT COUNT(*) AS number FROM generate_series(1, 100000)",
    }[narrow.kind]
    tasks = [asyncio.create_task(narrow.fetch(slow)) for _ in range(20)]
    await asyncio.sleep(0)
    for task in tasks[5:10]:
        task.cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(answer == [{"number": 100_000}] for answer in answers) == 15
    await still_usable(narrow)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_loop_over_short_reads_lets_others_run(engine: str, db: Database) -> None:
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(count_turns())
    async with asyncio.timeout(25):
        for _ in range(10_000):
            await db.fetch("SELECT 1 AS one")
    task.cancel()
    assert turns > 2


async def test_execute_says_how_many_rows_it_changed(db: Database) -> None:
    await db.execute_many(INSERT, [("a", 1), ("b", 1), ("c", 2)])
    assert await db.execute("UPDATE attempt SET count = 9 WHERE count = $1", 1) == 2
    assert await db.execute("DELETE FROM attempt WHERE count = $1", 7) == 0
    async with db.write():
        assert await db.execute("DELETE FROM attempt WHERE count = $1", 9) == 2
    assert await db.fetch("DELETE FROM attempt WHERE count = $1 RETURNING key", 2) == [{"key": "c"}]


async def test_execute_many_is_all_or_nothing(db: Database) -> None:
    with pytest.raises(UniqueViolation):
        await db.execute_many(INSERT, [("a", 1), ("b", 1), ("a", 1)])
    assert await keys(db) == []
    await still_usable(db)


@pytest.mark.parametrize("number", [2, 30])
async def test_insert_many_is_all_or_nothing_and_joins_the_transaction(db: Database, number: int) -> None:
    columns = ("key", "count", "first_at")
    with pytest.raises(UniqueViolation) as caught:
        await db.insert_many("attempt", columns, [*((f"k{n}", 1, "x") for n in range(number)), ("k0", 2, "y")])
    assert (caught.value.table, caught.value.columns) == ("attempt", ("key",))
    with pytest.raises(ZeroDivisionError):
        async with db.write():
            await db.insert_many("attempt", columns, [(f"k{n:02}", n, "x") for n in range(number)])
            assert len(await keys(db)) == number
            raise ZeroDivisionError
    assert await keys(db) == []
    more = [(n, "x", f"k{n}") for n in range(number - 2)]
    await db.insert_many("attempt", ("count", "first_at", "key"), [(1, "汉\t字\n", "a"), (2, "\\N", "b"), *more])
    assert [row["first_at"] for row in await db.fetch("SELECT first_at FROM attempt ORDER BY key LIMIT 2")] == [
        "汉\t字\n",
        "\\N",
    ]
    for wrong in (("attempt; --", columns), ("attempt", ("key) --",))):
        with pytest.raises(StoreError):
            await db.insert_many(*wrong, [("a",)])
    await still_usable(db)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_the_journal_of_savepoints_is_not_kept_in_memory(engine: str, db: Database) -> None:
    """There SQLite walks it from its start for each statement: bulk writes get slower with every row."""
    async with db.write():
        assert (await db.fetch_one("PRAGMA temp_store"))["temp_store"] == 1


async def test_a_with_statement_that_writes_goes_to_the_writer(db: Database) -> None:
    await db.fetch("WITH v (k) AS (SELECT 'a') INSERT INTO attempt (key, count, first_at) SELECT k, 1, '' FROM v")
    assert await keys(db) == ["a"]


async def test_parameters_are_values_wherever_they_stand(db: Database) -> None:
    row = await db.fetch_one(
        """SELECT CAST($2 AS TEXT) AS b, CAST($1 AS TEXT) AS a, '$1' AS text, CAST($2 AS TEXT) AS c""",
        "'; DROP TABLE attempt; --", "汉字 𠮷 %_",
    )  # fmt: skip
    assert row == {"b": "汉字 𠮷 %_", "a": "'; DROP TABLE attempt; --", "text": "$1", "c": "汉字 𠮷 %_"}


@pytest.mark.parametrize("value", [Decimal("1.5"), 1.5, [1], {"a": 1}, (1, 2), b"1"])
async def test_a_value_that_would_lose_digits_or_shape_is_refused(db: Database, value: object) -> None:
    for attempt in (
        db.execute(INSERT, "a", value),
        db.fetch(INSERT, "a", value),
        db.execute_many(INSERT, [("a", value)]),
    ):
        with pytest.raises(StoreError):
            await attempt
    assert await keys(db) == []


async def test_json_comes_back_letter_for_letter(db: Database) -> None:
    body = '{"b": 12345678901234567.890, "a":[1.10,  "𠮷"], "b2": 1e400}'
    sql = "INSERT INTO draft (tenant, form, kind, body, updated_at) VALUES (1, 'f', 'form', $1, '')"
    await db.execute(sql, body)
    assert (await db.fetch_one("SELECT body FROM draft WHERE tenant = 1"))["body"] == body


async def test_text_sorts_by_code_point(db: Database) -> None:
    words = ["b", "A", "a", "B", "é", "中", "一", "𠮷", "Ω", "~", ""]
    await db.execute_many(INSERT, [(word, 1) for word in words])
    assert await keys(db) == sorted(words)


@pytest.mark.parametrize("url", ["", "sqlite:///", "mysql://x:secret@host/name", "sqlite:/x"])
async def test_a_wrong_address_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        await open_database(url)
    assert "secret" not in str(caught.value)
