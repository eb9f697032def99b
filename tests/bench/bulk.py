"""Thousands of records in one request: bulk create and import, as rows in a second."""

from __future__ import annotations

import asyncio
import csv
import gzip
import io
import json
import time
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from core import exact
from tests.bench.load import Connection, request
from tests.bench.operations import RECORDS
from tests.bench.subject import FORM, row

if TYPE_CHECKING:
    from tests.bench.measuring import Place
    from tests.bench.recording import Bare, Recording

BOUNDARY = "bench"
_numbers = count(2 * 10**7)


@dataclass(frozen=True, slots=True)
class Poured:
    """`server` and `database`: microseconds of processor time for one row."""

    name: str
    rows: int
    seconds: float
    server: float
    database: float | None

    @property
    def cells(self) -> tuple[str, ...]:
        database = "" if self.database is None else f" + {self.database:.0f}"
        return (self.name, f"{self.rows / self.seconds:,.0f}", f"{self.server:.0f}{database}")


HEADS = ("10,000 rows", "rows/s", "CPU µs a row: app + db")


async def pour(place: Place, token: str, *, number: int, times: int = 3) -> list[Poured]:
    """The best of some runs of each."""
    found = []
    for name, work in (("bulk create", _bulk), ("import of a CSV file", _import)):
        tries = [await _measured(name, work, place, token, number=number) for _ in range(times)]
        found.append(min(tries, key=lambda one: one.seconds))
    return found


async def _measured(name: str, work: Any, place: Place, token: str, *, number: int) -> Poured:
    rows = [row(next(_numbers)) for _ in range(number)]
    asked = request_of_bulk(rows, token) if work is _bulk else request_of_import(rows, token)
    connection = await Connection.open(place.port)
    server, database = place.server.seconds(), place.database.seconds() if place.database else 0.0
    began = time.perf_counter()
    await work(connection, asked, token, number)
    seconds = time.perf_counter() - began
    connection.close()
    used = (place.server.seconds() - server) * 1e6 / number
    behind = (place.database.seconds() - database) * 1e6 / number if place.database else None
    return Poured(name, number, seconds, used, behind)


def request_of_bulk(rows: list[dict[str, Any]], token: str) -> bytes:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = exact.dumps({"mode": "create", "records": rows}).encode()
    return request("POST", f"{RECORDS}/bulk", headers=headers, body=body)


def request_of_import(rows: list[dict[str, Any]], token: str) -> bytes:
    text = io.StringIO()
    lines = csv.DictWriter(text, fieldnames=list(rows[0]))
    lines.writeheader()
    lines.writerows({name: _cell(value) for name, value in one.items()} for one in rows)
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="mode"\r\n\r\ncreate\r\n',
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="items.csv"\r\n'
        f"Content-Type: text/csv\r\n\r\n{text.getvalue()}\r\n--{BOUNDARY}--\r\n",
    ]
    headers = {
        "Authorization": f"Bearer {token}", "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"
    }  # fmt: skip
    return request("POST", f"/api/v1/forms/{FORM}/imports", headers=headers, body="".join(parts).encode())


def _cell(value: Any) -> str:
    return ("是" if value else "否") if isinstance(value, bool) else str(value)


async def _bulk(connection: Connection, asked: bytes, token: str, number: int) -> None:
    status, _size, body = await connection.ask(asked)
    if status != 200 or _answered(body)["new"] != number:
        raise RuntimeError(f"{status} {body[:500]!r}")


async def _import(connection: Connection, asked: bytes, token: str, number: int) -> None:
    status, _size, body = await connection.ask(asked)
    if status != 202:
        raise RuntimeError(f"{status} {body[:500]!r}")
    run = json.loads(body)
    path = f"/api/v1/forms/{FORM}/imports/{run['id']}"
    asking = request("GET", path, headers={"Authorization": f"Bearer {token}"})
    while run["state"] in ("checking", "running", "waiting"):
        await asyncio.sleep(0.02)
        run = _answered((await connection.ask(asking))[2])
    if run["state"] != "done" or run["written"]["new"] != number:
        raise RuntimeError(f"{run}")


def _answered(body: bytes) -> Any:
    return json.loads(gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body)


async def through_driver(driver: Bare, recording: Recording, *, number: int, times: int = 3) -> Poured:
    """The rows of a bulk create through the bare driver, without any work on them."""
    spans, used = [], []
    for _ in range(times):
        began, start = time.perf_counter(), time.process_time()
        await driver.send_many(recording)
        spans.append(time.perf_counter() - began)
        used.append((time.process_time() - start) * 1e6 / number)
    return Poured("the same rows, bare driver", number, min(spans), min(used), None)
