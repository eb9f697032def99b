"""All of China's districts (2,978) and streets (41,352) through the API, with the time each step takes.

python -m tests.bench.regions [postgres://user@host/database]    without an address: SQLite in a scratch folder
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from core.app import create_app
from core.people import create_token
from core.testing import new_tenant, settings_for
from tests.transfer.region_forms import with_regions
from tests.transfer.regions import ABSENT, AREA_COLUMNS, REGIONS, STREET_COLUMNS, file_of, same_rows

if TYPE_CHECKING:
    from core.context import Context

BASE = "http://testserver.local"


class Table:
    """Lines of what was done and how long it took."""

    def line(self, step: str, seconds: float, rows: int = 0) -> None:
        rate = f"{rows / seconds:>9,.0f} rows/s" if rows else ""
        print(f"{step:<52}{seconds:>8.2f} s {rate}", flush=True)


@asynccontextmanager
async def program(url: str, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A running application with one tenant and the two forms; requests as its administrator."""
    app = create_app(settings_for(url, folder))
    async with app.lifespan():
        platform = app.state.platform
        ctx: Context = await with_regions(platform, await new_tenant(platform, f"t{time.time_ns()}"))
        token = await create_token(ctx.db, ctx.access, member=ctx.member.id, name="bench")
        headers = {"Authorization": f"Bearer {token}"}
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url=BASE, headers=headers, timeout=600) as client:
            yield client


async def bring(client: httpx.AsyncClient, form: str, data: bytes, **fields: str) -> dict[str, Any]:
    """Import a file and wait for its end; the run as the API tells it."""
    path = f"/api/v1/forms/{form}/imports"
    begun = await client.post(path, files={"file": (f"{form}.csv", data)}, data=fields)
    begun.raise_for_status()
    while True:
        run = (await client.get(begun.headers["location"])).json()
        if run["state"] not in ("checking", "running"):
            return run
        await asyncio.sleep(0.05)


async def timed(table: Table, step: str, work: Any, rows: int = 0) -> Any:
    start = time.perf_counter()
    result = await work
    table.line(step, time.perf_counter() - start, rows)
    return result


async def through(client: httpx.AsyncClient, table: Table) -> None:
    for form, name, columns in (
        ("own.area", "areas.csv", AREA_COLUMNS),
        ("own.street", "streets.csv", STREET_COLUMNS),
    ):
        data = file_of(name)
        rows = data.count(b"\n") - 1
        dry = await timed(table, f"{name}: check", bring(client, form, data, dry_run="true"), rows)
        assert (dry["state"], dry["checked"]["wrong"]) == ("checked", 0), dry
        run = await timed(table, f"{name}: import", bring(client, form, data), rows)
        assert (run["state"], run["written"]["wrong"]) == ("done", 0), run
        again = await timed(table, f"{name}: import again, nothing changed", bring(client, form, data), rows)
        assert again["written"]["same"] == run["total"], again
        for kind in ("csv", "xlsx"):
            path = f"/api/v1/forms/{form}/export?kind={kind}"
            answer = await timed(table, f"{name}: export {kind}", client.get(path), rows)
            answer.raise_for_status()
            assert kind == "xlsx" or same_rows(answer.content, data, columns), f"{name}: the rows are not the same"
    await questions(client, table)


async def questions(client: httpx.AsyncClient, table: Table) -> None:
    """What a user does next: the streets of one district, a search, a count by province."""
    streets = "/api/v1/forms/own.street"
    path = "/api/v1/forms/own.area/records?where=code:eq:110105"
    area = (await client.get(path)).json()["records"][0]["id"]
    path = f"{streets}/records?where=area_code:eq:{area}&limit=100"
    found = await timed(table, "list the streets of one district", client.get(path))
    print("   ", len(found.json()["records"]), "streets of 朝阳区")
    found = await timed(table, "search 解放", client.get(f"{streets}/records?q=解放&limit=1000"))
    print("   ", len(found.json()["records"]), "streets with 解放")
    found = await timed(table, "count by province", client.get(f"{streets}/totals?by=province_code"))
    print("   ", len(found.json()["totals"]), "provinces")


async def main(url: str | None) -> None:
    if not REGIONS.is_dir():
        sys.exit(ABSENT)
    with tempfile.TemporaryDirectory(prefix="dougong-bench-") as scratch:
        folder = Path(scratch)
        async with program(url or f"sqlite:///{folder / 'bench.db'}", folder) as client:
            await through(client, Table())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else None))
