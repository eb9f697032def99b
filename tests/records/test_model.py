"""Lists against a naive model in memory: whatever is stored, asked and granted, both give the same."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.records import Aggregate, Condition, Query, Record
from tests.records.houses import form_set, house, rule

FORM = {
    "title": "物",
    "properties": {
        "name": {"title": "名称", "x-type": "text"},
        "kind": {"title": "类", "x-type": "choice", "x-choices": [{"value": v, "title": v} for v in "abc"]},
        "price": {"title": "价", "x-type": "money", "x-decimals": 2},
        "size": {"title": "大", "x-type": "integer"},
        "day": {"title": "日", "x-type": "date"},
        "good": {"title": "好", "x-type": "boolean"},
        "tags": {"title": "签", "x-type": "choices", "x-choices": [{"value": v, "title": v} for v in "xyz"]},
        "note": {"title": "注", "x-type": "longtext"},
    },
    "x-list": ["name"],
    "x-label": "name",
}  # fmt: skip

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "name": st.sampled_from(["甲", "乙丙", "Ab", "ab", "b", "Z", "é"]),
    "kind": st.sampled_from("abc"),
    "price": st.sampled_from([Decimal(n) for n in ("0", "0.01", "-3.10", "99.99", "100")]),
    "size": st.integers(-2, 2),
    "day": st.sampled_from(["2026-01-31", "2026-02-01", "2026-02-28"]),
    "good": st.booleans(),
    "tags": st.lists(st.sampled_from("xyz"), min_size=1, unique=True),
    "note": st.sampled_from(["解放路", "路放", "解"]),
}
ROWS = st.lists(st.fixed_dictionaries({}, optional=VALUES), min_size=1, max_size=8)
ORDERED = ("name", "kind", "price", "size", "day")


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    name = draw(st.sampled_from(sorted(VALUES)))
    if name == "note":
        op, value = draw(st.sampled_from(["contains", "empty", "filled"])), draw(st.sampled_from("解路x"))
    elif name == "tags":
        op, value = draw(st.sampled_from(["contains", "ne", "empty", "filled"])), draw(st.sampled_from("xyz"))
    else:
        ops = ["eq", "ne", "in", "empty", "filled"] + (["lt", "le", "gt", "ge"] if name in ORDERED else [])
        op, value = draw(st.sampled_from(ops)), draw(VALUES[name])
        if name == "price" and draw(st.booleans()):
            value += Decimal("0.001")  # more places than are kept
    if op == "in":
        value = tuple(draw(st.lists(VALUES[name], max_size=3)))
    return Condition(name, op, None if op in ("empty", "filled") else value)  # type: ignore[arg-type]


QUERIES = st.builds(
    Query,
    where=st.lists(conditions(), max_size=3).map(tuple),
    search=st.sampled_from(["", "", "解放", "路", "ab", "乙 解"]),
    sort=st.lists(st.tuples(st.sampled_from([*ORDERED, "good"]), st.booleans()), max_size=2, unique_by=lambda s: s[0])
    .map(tuple),
    limit=st.integers(1, 4),
)  # fmt: skip
RULES = st.lists(
    st.builds(
        rule,
        st.just("own.thing"),
        st.just("read"),
        rows=st.sampled_from(["all", "own", "department"]),
        hides=st.lists(st.sampled_from(sorted(VALUES)), max_size=2),
    ),
    min_size=1,
    max_size=3,
)


def holds(condition: Condition, data: dict[str, Any]) -> bool:
    value, wanted = data.get(condition.field), condition.value
    match condition.op:
        case "empty":
            return value is None
        case "filled":
            return value is not None
        case "ne":
            return wanted not in value if isinstance(value, list) else value != wanted
        case "in":
            return value in wanted if not isinstance(value, list) else any(one in wanted for one in value)
        case "contains":
            return value is not None and wanted in value
        case "eq":
            return value == wanted
    if value is None:
        return False
    return {"lt": value < wanted, "le": value <= wanted, "gt": value > wanted, "ge": value >= wanted}[condition.op]


class Model:
    """Every record and every right, asked one by one."""

    def __init__(self, records: list[Record], access: Any) -> None:
        self.records = records
        self.access = access

    def rights(self, record: Record) -> list[Any]:
        me = self.access.member
        covered = {"all": True, "own": record.created_by == me.id, "department": record.department in me.departments}
        return [right for right in self.access.rules.rights("own.thing", "read") if covered[right.rows]]

    def sees(self, record: Record, field: str) -> bool:
        return any(right.shows(field) for right in self.rights(record))

    def matches(self, record: Record, query: Query) -> bool:
        used = [one.field for one in query.where] + [name for name, _down in query.sort]
        if not self.rights(record) or not all(self.sees(record, name) for name in used):
            return False
        texts = [str(record.data.get(n, "")).lower() for n in ("name", "note") if self.sees(record, n)]
        found = all(any(word in text for text in texts) for word in query.search.split())
        return found and all(holds(one, dict(record.data)) for one in query.where)

    def list(self, query: Query) -> list[str]:
        found = sorted((r for r in self.records if self.matches(r, query)), key=lambda r: r.id, reverse=True)
        if query.sort:
            # after the fields asked for, by id, in the direction of the first of them
            found.sort(key=lambda r: r.id, reverse=query.sort[0][1])
        for name, down in reversed(query.sort):
            filled = [r for r in found if r.data.get(name) is not None]
            filled.sort(key=lambda r: r.data[name], reverse=down)
            found = filled + [r for r in found if r.data.get(name) is None]
        return [record.id for record in found]


@pytest.fixture
async def things(db):
    """A tenant with three members, and a second tenant full of the same things."""
    forms = form_set(thing=FORM)
    home, away = await house(db, "home", forms), await house(db, "away", forms)
    members = [await home.member(department=d, name=d) for d in ("D1", "D1", "D2")]
    return home, members, await away.member(department="D1")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(rows=ROWS, query=QUERIES, rules=RULES, makers=st.lists(st.integers(0, 2), min_size=8, max_size=8))
async def test_a_list_is_what_a_look_at_every_record_gives(things, rows, query, rules, makers):
    home, members, stranger = things
    await _empty(home.db, home.tenant.id, stranger.tenant)
    made = []
    for data, maker in zip(rows, makers, strict=False):
        made.append(await members[maker].create("own.thing", data))
        await stranger.create("own.thing", data)
    reader = home.again(members[0], *rules)
    model = Model(made, reader.access)
    hidden = {
        name
        for name in [one.field for one in query.where] + [one for one, _down in query.sort]
        if not any(right.shows(name) for right in reader.access.rules.rights("own.thing", "read"))
    }
    if hidden:
        return  # refused: see test_reading
    expected = model.list(query)
    assert await _all_pages(reader, query) == expected
    assert (await reader.count("own.thing", Query(where=query.where, search=query.search))).number == len(
        model.list(Query(where=query.where, search=query.search))
    )
    await _same_totals(reader, model, query)


async def _same_totals(reader: Any, model: Model, query: Query) -> None:
    if not any(right.shows("price") for right in reader.access.rules.rights("own.thing", "read")):
        return
    asked = Query(where=query.where, search=query.search, sort=(("price", False),))
    found = set(model.list(asked))
    prices = [r.data["price"] for r in model.records if r.id in found and "price" in r.data]
    (line,) = await reader.totals(
        "own.thing",
        Query(where=query.where, search=query.search),
        [Aggregate("sum", "sum", "price"), Aggregate("top", "max", "price")],
    )
    assert line == {"sum": sum(prices) if prices else None, "top": max(prices, default=None)}


async def _all_pages(records: Any, query: Query) -> list[str]:
    found: list[str] = []
    after = None
    for _round in range(100):
        page = await records.list("own.thing", Query(
            where=query.where, search=query.search, sort=query.sort, limit=query.limit, after=after
        ))  # fmt: skip
        found += [record.id for record in page.records]
        after = page.next
        if after is None:
            return found
    raise AssertionError("the list has no end")


async def _empty(db: Any, *tenants: int) -> None:
    async with db.write():
        for table in ("record", "change", "record_text"):
            for tenant in tenants:
                await db.execute(f"DELETE FROM {table} WHERE tenant = $1", tenant)
