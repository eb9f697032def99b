"""`python -m tests.bench`: what the platform costs beside two floors, on both engines; figures, never a verdict.

Floors, measured in the same run: the same SQL through the bare driver ("driver"), and a bare Litestar endpoint that
does that SQL in the same process ("endpoint"). Every figure is CPU milliseconds of this process for one operation
(median of batches), so that a busy machine shifts little; PostgreSQL's own time is not in it.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from litestar import Litestar, get

from core import exact, people
from core.app import create_app
from core.definitions import create_form, publish, save_draft
from core.people.passwords import hash_cheaply
from core.records import Aggregate, Condition, Query
from core.testing import PASSWORD, new_member, new_tenant, refreshed, settings_for
from tests.setup import postgres

FORM = "own.item"
CITIES = ("解放", "文昌", "石桥", "南屏", "白鹭", "云台", "临溪", "青禾", "柳林", "张家湾")


def definition() -> dict[str, Any]:
    """A form of 15 fields, of which eight are listed or filtered."""
    text = {"type": "string", "x-type": "text", "maxLength": 120}
    fields: dict[str, Any] = {
        "code": {**text, "title": "编号"},
        "name": {**text, "title": "名称"},
        "status": {"type": "string", "x-type": "choice", "title": "状态", "enum": ["a", "b", "c", "d"],
                   "x-choices": [{"value": v, "title": v.upper()} for v in "abcd"]},
        "amount": {"type": "number", "x-type": "money", "title": "金额"},
        "day": {"type": "string", "x-type": "date", "title": "日期"},
        "count": {"type": "integer", "x-type": "integer", "title": "数量"},
        "done": {"type": "boolean", "x-type": "boolean", "title": "完成"},
        "notes": {"type": "string", "x-type": "longtext", "title": "说明"},
    }  # fmt: skip
    fields |= {f"text{n}": {**text, "title": f"文字{n}"} for n in range(7)}
    listed = ["code", "name", "status", "amount", "day", "count"]
    return {
        "title": "基准", "type": "object", "required": ["code", "name"], "x-key": ["code"], "x-label": "name",
        "x-list": listed, "properties": fields,
    }  # fmt: skip


def row(number: int) -> dict[str, Any]:
    city = CITIES[number % len(CITIES)]
    return {
        "code": f"N{number:08d}", "name": f"{city}路{number % 977}号工程", "status": "abcd"[number % 4],
        "amount": Decimal(number * 7919 % 10_000_000) / 100, "day": f"20{20 + number % 6}-{number % 12 + 1:02d}-11",
        "count": number % 1000, "done": number % 3 == 0, "notes": f"{city}街道第{number}项，按图施工，注意扬尘。",
        **{f"text{n}": f"内容{number % 13}{n}" for n in range(7)},
    }  # fmt: skip


@dataclass(frozen=True)
class Line:
    name: str
    ours: float
    floor: float | None = None
    against: str = ""


async def cpu(work: Callable[[], Awaitable[Any]], *, times: int = 60, batches: int = 5) -> float:
    """Median CPU milliseconds of one `work()`."""
    for _warm in range(5):
        await work()
    found = []
    for _batch in range(batches):
        start = time.process_time()
        for _turn in range(max(times // batches, 1)):
            await work()
        found.append((time.process_time() - start) * 1000 / max(times // batches, 1))
    return statistics.median(found)


async def measure(url: str, folder: Path, rows: int) -> list[Line]:
    app = create_app(settings_for(url, folder))
    lines: list[Line] = []
    async with app.lifespan():
        platform = app.state.platform
        ctx = await new_tenant(platform, "bench")
        await create_form(ctx, title="基准", code="item")
        await save_draft(ctx, FORM, definition())
        await publish(ctx, FORM, note="")
        ctx = await refreshed(platform, ctx)
        lines += await _bulk(ctx, rows)
        lines += await _records(platform, ctx, rows)
        lines += await _requests(app, platform, ctx)
    return lines


async def _bulk(ctx: Any, rows: int) -> list[Line]:
    wall, start = time.perf_counter(), time.process_time()
    for first in range(0, rows, 10_000):
        await ctx.records.bulk(
            FORM, [row(n) for n in range(first, min(first + 10_000, rows))], mode="create", source="import"
        )
    wall, used = time.perf_counter() - wall, time.process_time() - start
    print(f"    bulk create: {rows / wall:,.0f} rows/s ({rows / used:,.0f} per CPU second)", flush=True)
    return [Line("bulk create, per row", used * 1000 / rows)]


async def _records(platform: Any, ctx: Any, rows: int) -> list[Line]:
    records = ctx.records
    some = (await records.list(FORM, Query(where=(Condition("code", "eq", f"N{rows // 2:08d}"),)))).records[0]
    listed = Query(where=(Condition("status", "eq", "b"), Condition("count", "ge", 500)), sort=(("day", True),))
    deep = await _deep(records, Query(sort=(("code", False),)), pages=20)
    worker = await new_member(platform, ctx, "worker", roles=("editor",))
    total = [Aggregate("sum", "sum", "amount")]
    number = iter(range(rows, rows + 10**6))
    revision = {"now": some.revision}

    async def update() -> None:
        done = await records.update(FORM, some.id, {"count": revision["now"] % 900}, revision=revision["now"])
        revision["now"] = done.revision

    driver = await _driver(platform, ctx, some.id)
    return [
        Line("read by id", await cpu(lambda: records.get(FORM, some.id)), await cpu(driver), "driver"),
        Line("list: 2 filters, sort", await cpu(lambda: records.list(FORM, listed), times=30)),
        Line("page deep in the list", await cpu(lambda: records.list(FORM, deep), times=30)),
        Line("list as an editor", await cpu(lambda: worker.records.list(FORM, listed), times=30)),
        Line("search 解放", await cpu(lambda: records.list(FORM, Query(search="解放")), times=15)),
        Line("sum of a field, filtered", await cpu(lambda: records.totals(FORM, listed, total), times=10)),
        Line("create", await cpu(lambda: records.create(FORM, row(next(number))), times=50)),
        Line("update", await cpu(update, times=50)),
    ]


async def _deep(records: Any, query: Query, *, pages: int) -> Query:
    for _page in range(pages):
        page = await records.list(FORM, query)
        query = Query(sort=query.sort, after=page.next)
    return query


async def _driver(platform: Any, ctx: Any, id: str) -> Callable[[], Awaitable[Any]]:
    """The read by id through the bare driver: what no layer of ours can be cheaper than."""
    url = platform.settings.database_url
    if platform.db.kind == "sqlite":
        connection = sqlite3.connect(url.removeprefix("sqlite:///"))
        sql = "SELECT * FROM record WHERE tenant = ? AND id = ?"

        async def read() -> Any:
            return connection.execute(sql, (ctx.tenant.id, id)).fetchone()

        return read
    bare = await asyncpg.connect(url)

    async def read_postgres() -> Any:
        return await bare.fetchrow("SELECT * FROM record WHERE tenant = $1 AND id = $2", ctx.tenant.id, id)

    return read_postgres


async def _requests(app: Litestar, platform: Any, ctx: Any) -> list[Line]:
    """Whole requests in process: through routing, session, rights, rendering."""
    record = (await ctx.records.list(FORM, Query(limit=1))).records[0]
    token = await people.sign_in(platform.db, "bench-admin", password=PASSWORD, address=None, hours=1)
    cookies = {app.state.web.session_cookie: token}
    bare = Litestar([_endpoint(platform, ctx, record.id)], logging_config=None)
    at = "http://bench.local"
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=at, cookies=cookies) as client,
        httpx.AsyncClient(transport=httpx.ASGITransport(app=bare), base_url=at) as floor,
    ):
        html = {"Accept": "text/html"}
        page = await client.get(f"/forms/{FORM}", headers=html)
        assert page.status_code == 200, page.text[:500]
        print(f"    list page: {len(page.content) / 1024:.1f} KB of HTML, 50 rows", flush=True)
        endpoint = await cpu(lambda: floor.get("/"), times=60)
        api = f"/api/v1/forms/{FORM}/records"
        return [
            Line("API: read", await cpu(lambda: client.get(f"{api}/{record.id}"), times=60), endpoint, "endpoint"),
            Line("API: list of 50", await cpu(lambda: client.get(api), times=30), endpoint, "endpoint"),
            Line(
                "page: list of 50",
                await cpu(lambda: client.get(f"/forms/{FORM}", headers=html), times=30),
                endpoint,
                "endpoint",
            ),
            Line(
                "page: record",
                await cpu(lambda: client.get(f"/forms/{FORM}/{record.id}", headers=html), times=30),
                endpoint,
                "endpoint",
            ),
        ]


def _endpoint(platform: Any, ctx: Any, id: str) -> Any:
    @get("/")
    async def bare() -> dict[str, Any]:
        sql = "SELECT data FROM record WHERE tenant = $1 AND id = $2"
        return {"data": exact.loads((await platform.db.fetch_one(sql, ctx.tenant.id, id))["data"]).get("name")}

    return bare


def show(engine: str, lines: list[Line]) -> None:
    print(f"\n{engine}\n    {'operation':<28}{'CPU ms':>10}{'floor ms':>10}{'ratio':>8}")
    for line in lines:
        floor = f"{line.floor:10.3f}{line.ours / line.floor:8.1f}  of the {line.against}" if line.floor else ""
        print(f"    {line.name:<28}{line.ours:10.3f}{floor}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="records of the form (default %(default)s)")
    parser.add_argument("--engine", choices=("sqlite", "postgres"), help="only this engine")
    options = parser.parse_args()
    hash_cheaply()
    logging.disable(logging.WARNING)
    for engine in ("sqlite", "postgres"):
        if options.engine in (None, engine):
            print(f"\n{engine}, {options.rows:,} records of 15 fields", flush=True)
            with tempfile.TemporaryDirectory() as folder:
                show(engine, asyncio.run(_on(engine, Path(folder), options.rows)))


async def _on(engine: str, folder: Path, rows: int) -> list[Line]:
    if engine == "sqlite":
        return await measure(f"sqlite:///{folder / 'bench.db'}", folder, rows)
    run = postgres.new_run()
    try:
        cluster = postgres.cluster(run)
        admin = await asyncpg.connect(cluster.url("postgres", role="postgres"))
        await admin.execute(f"CREATE ROLE dougong LOGIN PASSWORD '{cluster.password}'")
        await admin.execute(
            "CREATE DATABASE bench OWNER dougong TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C' ENCODING 'UTF8'"
        )
        await admin.close()
        return await measure(cluster.url("bench"), folder, rows)
    finally:
        postgres.end_run(run)


if __name__ == "__main__":
    main()
