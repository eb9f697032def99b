"""The operations that are measured: how each is asked for over HTTP, and the statements it is made of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from itertools import count, repeat
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from core import exact
from core.clock import new_id
from core.context import Context
from core.records import Aggregate, Condition, Query, Record, query_params
from tests.bench.load import Requests, request
from tests.bench.recording import Fresh, Recording, recorded
from tests.bench.subject import FORM, Subject, row

if TYPE_CHECKING:
    from core.platform import Platform

RECORDS = f"/api/v1/forms/{FORM}/records"
FILTERED = (Condition("status", "eq", "b"), Condition("count", "ge", 500))
NEVER = 1_000_000  # a revision that no record reaches, so that a recording can be told where it stands
MOST = 16  # connections


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`ours` and `bare` are asked of the two servers; `fresh` gives what a repeated recording must not repeat."""

    name: str
    ours: Requests
    bare: Requests
    recording: Recording
    fresh: Callable[[], Fresh] = field(default=dict)
    like: str = ""  # the operation whose figures it is held against


async def operations(platform: Platform, subject: Subject) -> list[Operation]:
    half = f"N{subject.rows // 2:08d}"
    records = subject.ctx.records
    some = (await records.list(FORM, Query(where=(Condition("code", "eq", half),)))).records[0]
    start = await records.list(FORM, Query(where=(Condition("code", "ge", half),), sort=(("code", False),)))
    selection = Query(
        where=(Condition("code", "ge", half), Condition("code", "lt", f"N{subject.rows // 2 + 1000:08d}"))
    )
    newest, sorted_ = Query(), Query(where=FILTERED, sort=(("day", True),))
    deep = Query(sort=(("code", False),), after=start.next)
    reading = _Reading(platform, subject)
    return [
        await reading.one("read by id", f"{RECORDS}/{some.id}", lambda ctx: ctx.records.get(FORM, some.id)),
        await reading.list("list of 50, newest first", newest),
        await reading.list("the same, restricted role", newest, restricted=True, like="list of 50, newest first"),
        await reading.list("list of 50: two filters, sort", sorted_),
        await reading.list(
            "the same, restricted role ", sorted_, restricted=True, like="list of 50: two filters, sort"
        ),
        await reading.list("page deep in the list", deep),
        await reading.list("search 解放 (a tenth fits)", Query(search="解放")),
        await reading.list("search 街道第99 (few fit)", Query(search=f"街道第{subject.rows - 7}")),
        await reading.sums("sum by status of 1,000", selection),
        await reading.sums("sum by status of all", Query()),
        await _create(platform, subject),
        await _update(platform, subject),
        await reading.page("HTML list page", newest),
    ]


class _Reading:
    """Operations that change nothing: every request is the same."""

    def __init__(self, platform: Platform, subject: Subject) -> None:
        self._platform, self._subject = platform, subject

    async def one(
        self, name: str, path: str, work: Callable[[Context], Awaitable[Any]], *, restricted: bool = False,
        like: str = "", page: bool = False,
    ) -> Operation:  # fmt: skip
        subject = self._subject
        async with recorded(self._platform.db) as recording:
            await work(subject.restricted if restricted else subject.ctx)
        headers = _bearer(subject.restricted_token if restricted else subject.token)
        if page:
            headers = {"Cookie": f"dougong={subject.session}"}
        asked = request("GET", path, headers=headers, accept="text/html" if page else "application/json")
        floor = request("GET", f"/read/{_key(name)}")
        return Operation(
            name=name,
            ours=lambda _place: repeat(asked),
            bare=lambda _place: repeat(floor),
            recording=recording,
            like=like,
        )

    async def list(self, name: str, query: Query, *, restricted: bool = False, like: str = "") -> Operation:
        path = f"{RECORDS}?{urlencode(query_params(query), doseq=True)}"
        return await self.one(name, path, lambda ctx: ctx.records.list(FORM, query), restricted=restricted, like=like)

    async def page(self, name: str, query: Query) -> Operation:
        path = f"/forms/{FORM}"
        return await self.one(name, path, lambda ctx: ctx.records.list(FORM, query), page=True)

    async def sums(self, name: str, query: Query) -> Operation:
        asked = {**query_params(query), "sum": "amount", "by": "status"}
        totals = [Aggregate("count", "count"), Aggregate("sum", "sum", "amount")]
        path = f"/api/v1/forms/{FORM}/totals?{urlencode(asked, doseq=True)}"
        return await self.one(name, path, lambda ctx: ctx.records.totals(FORM, query, totals, by=["status"]))


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


def _key(name: str) -> str:
    """The name as it stands in an address."""
    return "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in name)


_numbers = count(10**7)  # of records that no other part of the run makes


async def _create(platform: Platform, subject: Subject) -> Operation:
    headers, first = _bearer(subject.token), next(_numbers)
    async with recorded(platform.db) as recording:
        made = await subject.ctx.records.create(FORM, row(first))
    change = (await subject.ctx.records.history(FORM, made.id))[0]
    key = made.data["code"]

    def fresh() -> Fresh:
        return {made.id: new_id(), change.id: new_id(), key: f"N{next(_numbers):08d}"}

    def ours(place: int) -> Iterator[bytes]:
        while True:
            body = exact.dumps({"data": row(next(_numbers))}).encode()
            yield request("POST", RECORDS, headers=headers, body=body)

    def bare(place: int) -> Iterator[bytes]:
        while True:
            values, data = list(fresh().items()), row(next(_numbers))
            body = exact.dumps({"values": values, "data": data}).encode()
            yield request("POST", "/write/create", headers=headers, body=body)

    return Operation(name="create", ours=ours, bare=bare, recording=recording, fresh=fresh)


async def _update(platform: Platform, subject: Subject) -> Operation:
    """Each connection changes records of its own; those of the floor are others."""
    headers, records = _bearer(subject.token), subject.ctx.records
    found = (await records.list(FORM, Query(limit=2 * MOST + 2))).records
    mine, theirs = found[:MOST], found[MOST : 2 * MOST]
    drivers, model = found[2 * MOST], found[2 * MOST + 1]
    now = {one.id: one.revision for one in found}
    await platform.db.execute(
        "UPDATE record SET revision = $3 WHERE tenant = $1 AND id = $2", subject.ctx.tenant.id, model.id, NEVER
    )
    async with recorded(platform.db) as recording:
        await records.update(FORM, model.id, {"count": 1}, revision=NEVER)
    change = (await records.history(FORM, model.id))[0]

    def moved(one: Record) -> Fresh:
        revision, now[one.id] = now[one.id], now[one.id] + 1
        code, key = one.data["code"], model.data["code"]
        return {model.id: one.id, key: code, change.id: new_id(), NEVER: revision, NEVER + 1: revision + 1}

    def ours(place: int) -> Iterator[bytes]:
        id = mine[place].id
        while True:
            revision, now[id] = now[id], now[id] + 1
            body = exact.dumps({"data": {"count": revision % 900}, "revision": revision}).encode()
            yield request("PATCH", f"{RECORDS}/{id}", headers=headers, body=body)

    def bare(place: int) -> Iterator[bytes]:
        while True:
            values = list(moved(theirs[place]).items())
            body = exact.dumps({"values": values, "data": {"count": 1}}).encode()
            yield request("POST", "/write/update", headers=headers, body=body)

    return Operation(name="update", ours=ours, bare=bare, recording=recording, fresh=lambda: moved(drivers))


def keyed(found: list[Operation]) -> dict[str, Recording]:
    """The recordings by the names that the bare endpoints know them under."""
    return {_key(one.name): one.recording for one in found}


async def bulk_recording(platform: Platform, subject: Subject, number: int) -> Recording:
    """What a bulk create of `number` rows sends."""
    rows = [row(next(_numbers)) for _ in range(number)]
    async with recorded(platform.db) as recording:
        await subject.ctx.records.bulk(FORM, rows, mode="create", source="api")
    return recording
