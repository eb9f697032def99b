"""Lists, counts and totals over records give what the same question asked of plain Python values gives."""

from __future__ import annotations

import random
from decimal import ROUND_HALF_UP, Decimal

import pytest

from core import exact
from core.clock import new_id
from core.store import Database
from core.store.record_query import (
    AllOf,
    AnyOf,
    BadCursor,
    Compare,
    Fragment,
    Group,
    Operand,
    RecordQuery,
    Sort,
    Total,
    count,
    fetch_page,
    totals,
)  # fmt: skip

FORM = "own.bill"
AMOUNT = Operand(column="n1", kind="number", decimals=2)
AMOUNT_JSON = Operand(json="amount", kind="number", decimals=2)
NAME, NAME_JSON = Operand(column="t1"), Operand(json="名称")
DATE = Operand(column="d1")
PAID = Operand(json="paid", kind="boolean")
TAGS = Operand(json="tags", kind="list")
ID = Operand(column="id")
WORDS = ["甲", "乙", "丙丁", "Alpha", "alpha", "𠮷野", "Ω", "a%b_c", "解放路"]


def _random_record(random: random.Random, n: int) -> dict:
    data: dict = {}
    if random.random() < 0.8:
        data["amount"] = Decimal(random.randint(-500, 500)).scaleb(-2) * random.choice((1, 1, 10**9))
    if random.random() < 0.8:
        data["名称"] = random.choice(WORDS)
    if random.random() < 0.8:
        data["day"] = f"2026-{random.randint(1, 4):02}-{random.randint(1, 28):02}"
    if random.random() < 0.7:
        data["paid"] = random.random() < 0.5
    if random.random() < 0.7:
        data["tags"] = random.sample(["x", "y", "z"], random.randint(1, 3))
    return {"id": f"R{n:015}", "data": data, "created_by": random.choice("AB"), "deleted": random.random() < 0.1}


async def add(db: Database, tenant: int, records: list[dict], form: str = FORM) -> None:
    sql = """INSERT INTO record (tenant, id, form, version, revision, data, created_at, created_by, updated_at,
        deleted_at, n1, t1, d1) VALUES ($1, $2, $3, '1', 1, $4, 'c', $5, 'u', $6, $7, $8, $9)"""
    rows = []
    for record in records:
        data = record["data"]
        amount = int(data["amount"] * 100) if "amount" in data else None
        deleted = "2026-01-01" if record["deleted"] else None
        slots = (amount, data.get("名称"), data.get("day"))
        rows.append((tenant, record["id"], form, exact.dumps(data), record["created_by"], deleted, *slots))
    await db.execute_many(sql, rows)


@pytest.fixture
async def records(db: Database) -> list[dict]:
    """200 records of tenant 1; tenant 2 and another form have the same ones."""
    chosen = random.Random(7)
    found = [_random_record(chosen, n) for n in range(200)]
    await add(db, 1, found)
    await add(db, 2, found)
    await add(db, 1, [{**record, "id": "X" + record["id"][1:]} for record in found], form="own.other")
    return found


def live(records: list[dict]) -> list[dict]:
    return [record for record in records if not record["deleted"]]


async def every_page(db: Database, query: RecordQuery, limit: int = 7) -> list[str]:
    """The ids of all pages, one after the other."""
    found: list[str] = []
    after = None
    for _ in range(100):
        page = RecordQuery(
            tenant=query.tenant, form=query.form, where=query.where, sort=query.sort, after=after, limit=limit,
            deleted=query.deleted,
        )  # fmt: skip
        rows, after = await fetch_page(db, page)
        assert len(rows) <= limit
        found += [row["id"] for row in rows]
        if after is None:
            return found
    raise AssertionError("the pages have no end")


def _sorted(records: list[dict], keys: list[tuple[str, bool]], *, backward: bool) -> list[str]:
    found = sorted(records, key=lambda r: r["id"], reverse=backward)
    for name, descending in reversed(keys):
        there = [r for r in found if name in r["data"]]
        there.sort(key=lambda r: r["data"][name], reverse=descending)
        found = there + [r for r in found if name not in r["data"]]
    return [r["id"] for r in found]


@pytest.mark.parametrize(
    "keys",
    [
        [(AMOUNT, "amount", False)],
        [(AMOUNT, "amount", True)],
        [(AMOUNT_JSON, "amount", True)],
        [(NAME, "名称", False), (AMOUNT, "amount", True)],
        [(NAME_JSON, "名称", True), (DATE, "day", False), (AMOUNT_JSON, "amount", True)],
        [(PAID, "paid", False), (NAME, "名称", True)],
    ],
    ids=["slot", "slot-down", "json-down", "two-ways", "three-json", "boolean"],
)
@pytest.mark.parametrize("limit", [1, 7, 60])
async def test_pages_put_together_are_the_whole_list_in_order(
    db: Database, records: list[dict], keys: list, limit: int
) -> None:
    query = RecordQuery(tenant=1, form=FORM, sort=tuple(Sort(operand, down) for operand, _, down in keys))
    if limit == 1:
        query = RecordQuery(tenant=1, form=FORM, sort=query.sort, where=(Compare(NAME, "in", ("甲", "Alpha")),))
    chosen = [r for r in live(records) if limit > 1 or r["data"].get("名称") in ("甲", "Alpha")]
    expected = _sorted(chosen, [(name, down) for _, name, down in keys], backward=keys[0][2])
    assert await every_page(db, query, limit) == expected


async def test_without_a_sort_the_newest_come_first(db: Database, records: list[dict]) -> None:
    expected = sorted((r["id"] for r in live(records)), reverse=True)
    assert await every_page(db, RecordQuery(tenant=1, form=FORM)) == expected


async def test_the_bin_holds_the_deleted_ones_only(db: Database, records: list[dict]) -> None:
    expected = sorted((r["id"] for r in records if r["deleted"]), reverse=True)
    assert await every_page(db, RecordQuery(tenant=1, form=FORM, deleted=True), limit=3) == expected


def _holds(value, op: str, wanted) -> bool:
    if op == "empty":
        return value is None
    if op == "filled":
        return value is not None
    if op == "ne":
        return value != wanted
    if value is None:
        return False
    return {
        "eq": lambda: value == wanted, "lt": lambda: value < wanted, "le": lambda: value <= wanted,
        "gt": lambda: value > wanted, "ge": lambda: value >= wanted, "in": lambda: value in wanted,
        "contains": lambda: wanted.lower() in value.lower(),
    }[op]()  # fmt: skip


ORDERED = ("eq", "ne", "lt", "le", "gt", "ge")
NUMBERS = (Decimal("0.5"), Decimal("0.505"), 0, Decimal("-0.01"), Decimal("-0.005"), 10**30, -(10**30))
NUMBER_CASES = [
    *((op, value) for op in ORDERED for value in NUMBERS),
    ("in", (Decimal("0.5"), Decimal("0.505"), 10**30)),
    ("in", ()),
    ("empty", None),
    ("filled", None),
]
TEXT_CASES = [
    *((op, value) for op in ORDERED for value in ("丙丁", "alpha", "𠮷野", "Ω")),
    *((op, "\0") for op in ("eq", "ne", "contains")),
    *(("contains", value) for value in ("放", "ALP", "%b_")),
    ("in", ("甲", "无")),
    ("empty", None),
    ("filled", None),
]


async def test_a_condition_on_a_number_holds_as_in_exact_arithmetic(db: Database, records: list[dict]) -> None:
    for operand in (AMOUNT, AMOUNT_JSON):
        for op, value in NUMBER_CASES:
            found = await every_page(db, RecordQuery(tenant=1, form=FORM, where=(Compare(operand, op, value),)), 200)
            expected = [r["id"] for r in live(records) if _holds(r["data"].get("amount"), op, value)]
            assert sorted(found) == expected, (operand, op, value)


async def test_a_condition_on_text_compares_code_points(db: Database, records: list[dict]) -> None:
    for operand in (NAME, NAME_JSON):
        for op, value in TEXT_CASES:
            found = await every_page(db, RecordQuery(tenant=1, form=FORM, where=(Compare(operand, op, value),)), 200)
            expected = [r["id"] for r in live(records) if _holds(r["data"].get("名称"), op, value)]
            assert sorted(found) == expected, (operand, op, value)


async def test_lists_and_yes_or_no_are_filtered_in_the_data(db: Database, records: list[dict]) -> None:
    cases = [
        (Compare(TAGS, "contains", "x"), lambda d: "x" in d.get("tags", ())),
        (Compare(TAGS, "ne", "x"), lambda d: "x" not in d.get("tags", ())),
        (Compare(TAGS, "in", ("y", "z")), lambda d: bool({"y", "z"} & set(d.get("tags", ())))),
        (Compare(TAGS, "in", ()), lambda d: False),
        (Compare(TAGS, "empty"), lambda d: "tags" not in d),
        (Compare(TAGS, "filled"), lambda d: "tags" in d),
        (Compare(PAID, "eq", True), lambda d: d.get("paid") is True),
        (Compare(PAID, "eq", False), lambda d: d.get("paid") is False),
        (Compare(PAID, "empty"), lambda d: "paid" not in d),
        (AnyOf((Compare(PAID, "eq", True), AllOf((Compare(NAME, "eq", "甲"), Compare(AMOUNT, "gt", 0))))),
         lambda d: d.get("paid") is True or (d.get("名称") == "甲" and d.get("amount", 0) > 0)),
        (AnyOf(()), lambda d: False),
        (AllOf(()), lambda d: True),
    ]  # fmt: skip
    for condition, holds in cases:
        found = await every_page(db, RecordQuery(tenant=1, form=FORM, where=(condition,)), 200)
        assert sorted(found) == [r["id"] for r in live(records) if holds(r["data"])], condition


async def test_random_filters_and_sorts_agree_with_python(db: Database, records: list[dict]) -> None:
    chosen = random.Random(11)
    operands = {"amount": (AMOUNT, AMOUNT_JSON), "名称": (NAME, NAME_JSON)}
    for _ in range(60):
        where, kept = [], live(records)
        for _ in range(chosen.randint(0, 3)):
            field = chosen.choice(("amount", "名称"))
            op, value = chosen.choice(NUMBER_CASES if field == "amount" else TEXT_CASES)
            where.append(Compare(chosen.choice(operands[field]), op, value))
            kept = [r for r in kept if _holds(r["data"].get(field), op, value)]
        field, down = chosen.choice(("amount", "名称")), chosen.random() < 0.5
        sort = (Sort(chosen.choice(operands[field]), down),)
        query = RecordQuery(tenant=1, form=FORM, where=tuple(where), sort=sort)
        expected = _sorted(kept, [(field, down)], backward=down)
        assert await every_page(db, query, chosen.randint(3, 20)) == expected, query
        assert await count(db, query, bound=10) == (min(len(kept), 10), len(kept) <= 10)


async def test_a_fragment_keeps_its_own_numbers(db: Database, records: list[dict]) -> None:
    inside = Fragment("id IN (SELECT id FROM record WHERE tenant = $1 AND t1 = $2 AND t1 <> '$1')", (1, "甲"))
    query = RecordQuery(tenant=1, form=FORM, where=(Compare(AMOUNT, "filled"), inside, Compare(PAID, "filled")))
    expected = [
        r["id"]
        for r in live(records)
        if r["data"].get("名称") == "甲" and "amount" in r["data"] and "paid" in r["data"]
    ]
    assert sorted(await every_page(db, query)) == expected


async def test_totals_are_exact_to_the_last_digit(db: Database, records: list[dict]) -> None:
    amounts = [r["data"]["amount"] for r in live(records) if "amount" in r["data"]]
    for operand in (AMOUNT, AMOUNT_JSON):
        asked = [Total(name, name, operand) for name in ("sum", "count", "min", "max", "avg")]
        (line,) = await totals(db, RecordQuery(tenant=1, form=FORM), totals=[*asked, Total("all", "count")])
        mean = (sum(amounts) / len(amounts)).quantize(Decimal("0.0001"), ROUND_HALF_UP)
        assert line == {
            "by": (), "sum": sum(amounts), "count": len(amounts), "min": min(amounts), "max": max(amounts),
            "avg": mean, "all": len(live(records)),
        }  # fmt: skip


async def test_totals_are_grouped_by_value_and_by_month(db: Database, records: list[dict]) -> None:
    by = (Group(DATE, "month"), Group(PAID))
    lines = await totals(db, RecordQuery(tenant=1, form=FORM), totals=[Total("sum", "sum", AMOUNT)], by=by)
    expected: dict = {}
    for record in live(records):
        data = record["data"]
        amounts = expected.setdefault((data.get("day", "")[:7] or None, data.get("paid")), [])
        amounts += [data["amount"]] if "amount" in data else []
    assert {line["by"]: line["sum"] for line in lines} == {
        group: sum(amounts) if amounts else None for group, amounts in expected.items()
    }
    order = [tuple((value is None, value or 0) for value in line["by"]) for line in lines]
    assert [line[0] for line in order] == sorted(line[0] for line in order)


async def test_sums_beyond_64_bits_are_exact(db: Database) -> None:
    large = Decimal("92233720368547758.07")
    await add(db, 1, [
        {"id": new_id(), "data": {"amount": sign * large}, "created_by": "A", "deleted": False}
        for sign in (1, 1, 1, -1)
    ])  # fmt: skip
    for operand in (AMOUNT, AMOUNT_JSON):
        (line,) = await totals(db, RecordQuery(tenant=1, form=FORM), totals=[
            Total("sum", "sum", operand), Total("avg", "avg", operand)
        ])  # fmt: skip
        assert line == {"by": (), "sum": 2 * large, "avg": (large / 2).quantize(Decimal("0.0001"))}


async def test_a_month_is_that_of_the_place_not_of_greenwich(db: Database) -> None:
    moments = ["2026-01-31T15:59:59Z", "2026-01-31T16:00:00.000001Z", "nonsense"]
    await add(db, 1, [
        {"id": new_id(), "data": {"名称": moment}, "created_by": "A", "deleted": False} for moment in moments
    ])  # fmt: skip
    for operand in (NAME, NAME_JSON):
        by = (Group(operand, "month", shift_hours=8),)
        lines = await totals(db, RecordQuery(tenant=1, form=FORM), totals=[Total("n", "count")], by=by)
        assert lines == [{"by": ("2026-01",), "n": 1}, {"by": ("2026-02",), "n": 1}, {"by": (None,), "n": 1}]


async def test_numbers_in_the_data_are_read_digit_for_digit(db: Database) -> None:
    texts = ["0.1", "-0.07", "1234567890123456.78", "-5", "5.009", "2E+2", '"5.00"', "null"]
    for text in texts:
        await db.execute(
            """INSERT INTO record (tenant, id, form, version, revision, data, created_at, updated_at)
            VALUES (1, $1, $2, '1', 1, $3, '', '')""", new_id(), FORM, f'{{"amount":{text}}}',
        )  # fmt: skip
    (line,) = await totals(db, RecordQuery(tenant=1, form=FORM), totals=[
        Total("sum", "sum", AMOUNT_JSON), Total("count", "count", AMOUNT_JSON)
    ])  # fmt: skip
    assert line["sum"] == Decimal("0.1") - Decimal("0.07") + Decimal("1234567890123456.78") - 5 + 5 + 200
    assert line["count"] == 6


async def test_a_cursor_that_was_made_up_is_refused(db: Database, records: list[dict]) -> None:
    by_amount = RecordQuery(tenant=1, form=FORM, sort=(Sort(AMOUNT),), limit=5)
    _, cursor = await fetch_page(db, by_amount)
    _, other = await fetch_page(db, RecordQuery(tenant=1, form=FORM, sort=(Sort(NAME),), limit=5))
    for wrong in ("x", "é", "AAAA", "bnVsbA", other, cursor[:-4], f"{cursor}AA"):
        with pytest.raises(BadCursor):
            await fetch_page(db, RecordQuery(tenant=1, form=FORM, sort=(Sort(AMOUNT),), after=wrong))


async def test_a_cursor_from_before_the_filter_does_not_reach_past_it(db: Database, records: list[dict]) -> None:
    """A cursor is the client's to change: the bound it brings must never replace a tighter one."""
    _, cursor = await fetch_page(db, RecordQuery(tenant=1, form=FORM, sort=(Sort(AMOUNT),), limit=1))
    for op in ("gt", "ge"):
        where = (Compare(AMOUNT, op, 1), Compare(AMOUNT, "le", 3), Compare(AMOUNT, "gt", 0))
        query = RecordQuery(tenant=1, form=FORM, where=where, sort=(Sort(AMOUNT),), after=cursor, limit=200)
        rows, _ = await fetch_page(db, query)
        expected = [r for r in live(records) if _holds(r["data"].get("amount"), op, 1) and r["data"]["amount"] <= 3]
        assert [row["id"] for row in rows] == _sorted(expected, [("amount", False)], backward=False)
