"""How many statements a second the store does: `python -m tests.store.speed sqlite:///path`; it is not a test."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable

from core.clock import new_id
from core.store import Database, open_database
from core.store.record_query import Operand, RecordQuery, Sort, count, fetch_page
from core.store.records import READ

BY_KEY = f"SELECT {READ} FROM record WHERE tenant = $1 AND id = $2"
INSERT = """INSERT INTO record (tenant, id, form, version, revision, data, created_at, updated_at, n1, t1)
    VALUES (1, $1, 'own.speed', '1', 1, $2, '', '', $3, $4)"""
COLUMNS = ("tenant", "id", "form", "version", "revision", "data", "created_at", "updated_at", "n1", "t1")
DATA = '{"name": "人民路雨污分流改造工程", "amount": 1234567.89, "day": "2026-03-15", "owner": "城投公司"}'
ROWS = 20_000


async def measure(name: str, call: Callable[[int], Awaitable[object]], *, times: int, tasks: int = 1) -> None:
    async def some(task: int) -> None:
        for n in range(task, times, tasks):
            await call(n)

    started, worked = time.perf_counter(), time.process_time()
    await asyncio.gather(*(some(task) for task in range(tasks)))
    whole, processor = time.perf_counter() - started, time.process_time() - worked
    print(f"{name:44} {times / whole:10,.0f} /s {processor / times * 1e6:8.0f} µs of processor each")


async def run(db: Database) -> None:
    ids = [new_id() for _ in range(ROWS)]
    rows = [(1, id, "own.speed", "1", 1, DATA, "", "", n, f"T{n % 100}") for n, id in enumerate(ids)]
    started = time.perf_counter()
    await db.insert_many("record", COLUMNS, rows)
    print(f"{'insert, all at once':44} {ROWS / (time.perf_counter() - started):10,.0f} /s")
    pages = RecordQuery(tenant=1, form="own.speed", sort=(Sort(Operand(column="n1", kind="number"), True),))

    async def change(n: int) -> None:
        async with db.write():
            await db.fetch_one(BY_KEY, 1, ids[n])
            await db.execute("UPDATE record SET n1 = $3 WHERE tenant = $1 AND id = $2", 1, ids[n], n + 1)

    async def read(n: int) -> None:
        await db.fetch_one(BY_KEY, 1, ids[n % ROWS])

    await measure("read by key", read, times=20_000)
    await measure("read by key, 16 tasks", read, times=20_000, tasks=16)
    await measure("page of 50, sorted by a slot", lambda n: fetch_page(db, pages), times=1_000)
    await measure("count to 1,000", lambda n: count(db, pages), times=500)
    await measure("insert alone", lambda n: db.execute(INSERT, new_id(), DATA, n, "T"), times=2_000)
    await measure("insert alone, 16 tasks", lambda n: db.execute(INSERT, new_id(), DATA, n, "T"), times=2_000, tasks=16)
    await measure("transaction of a read and an update", change, times=1_000)
    await measure("the same, 16 tasks", change, times=1_000, tasks=16)


async def main(url: str) -> None:
    db = await open_database(url)
    await db.migrate()
    await run(db)
    await db.execute("DELETE FROM record WHERE tenant = 1 AND form = 'own.speed'")
    await db.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
