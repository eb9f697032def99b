"""What a list, a deep page, a bounded count or a restricted role asks is answered from an index on both engines."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from core.formulas import Formula, Named, Places, Scene, Scope, compile_formula, condition
from core.store import Database, engine_sqlite, search
from core.store.record_query import (
    AnyOf,
    Compare,
    Condition,
    Fragment,
    Operand,
    RecordQuery,
    Sort,
    Statement,
    Total,
    count_statement,
    fetch_page,
    page_statements,
    totals_statement,
)

ROWS = 12_000
FORM = "own.bill"
AMOUNT = Operand(column="n1", kind="number", decimals=2)
KIND, RARE = Operand(column="t1"), Operand(column="t2")
ME, DEPARTMENT = Operand(column="created_by"), Operand(column="department")
UPDATED = Operand(column="updated_at")
NUMBERS = {
    "sqlite": "WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < $1) SELECT i FROM s",
    "postgres": "SELECT i FROM generate_series(1, CAST($1 AS BIGINT)) AS s (i)",
}


async def fill(db: Database) -> None:
    """Tenant 1 has most rows, of two forms; every tenth record has no amount."""
    pad = "substr('000000000000000' || s.i, -16, 16)" if db.kind == "sqlite" else "lpad(s.i::text, 16, '0')"
    spread = "(s.i * 7919 % 100000)"
    data = '{"a": "一段不短的文字，让一行有真实的宽度"}'
    for tenant, chosen in ((1, "s.i % 10 <> 9"), (2, "s.i % 10 = 9")):
        await db.execute(
            f"""INSERT INTO record (tenant, id, form, version, revision, data, created_at, created_by, updated_at,
            department, n1, t1, t2)
        SELECT {tenant}, {pad},
            CASE WHEN s.i % 5 = 4 THEN 'own.other' ELSE '{FORM}' END,
            '1', 1, '{data}', '', 'M' || (s.i * 31 % 50), CAST({spread} AS TEXT), 'D' || (s.i * 17 % 10),
            CASE WHEN s.i * 13 % 10 = 0 THEN NULL ELSE {spread} END, 'T' || (s.i * 29 % 10),
            'R' || (s.i * 37 % 1009)
        FROM ({NUMBERS[db.kind]}) AS s WHERE {chosen}""",
            ROWS,
        )  # fmt: skip
    if db.kind == "postgres":
        await db.execute("VACUUM ANALYZE record")


async def plan(db: Database, statement: Statement, *, sql: str | None = None) -> str:
    word = "EXPLAIN QUERY PLAN " if db.kind == "sqlite" else "EXPLAIN "
    rows = await db.fetch(word + (sql or statement.sql), *statement.args)
    return "\n".join(str(row["detail" if db.kind == "sqlite" else "QUERY PLAN"]) for row in rows)


def sorts(described: str) -> bool:
    return "TEMP B-TREE" in described or "Sort" in described


def scans(described: str) -> bool:
    return "SCAN record" in described or "Seq Scan" in described


def query(*where: Condition, sort: tuple[Sort, ...] = (), **more: object) -> RecordQuery:
    return RecordQuery(tenant=1, form=FORM, where=where, sort=sort, **more)


ORDERED = {
    "newest first": (query(), ""),
    "by a slot": (query(sort=(Sort(AMOUNT),)), "record_n1"),
    "by a slot, backward": (query(sort=(Sort(AMOUNT, True),)), "record_n1"),
    "by the last change": (query(sort=(Sort(UPDATED, True),)), "record_updated"),
    "equal, newest first": (query(Compare(KIND, "eq", "T3")), "record_t1"),
    "a range, in its order": (
        query(Compare(AMOUNT, "ge", 100), Compare(AMOUNT, "lt", Decimal("300.5")), sort=(Sort(AMOUNT),)),
        "record_n1",
    ),
    "only mine": (query(Compare(ME, "eq", "M7")), "record_created_by"),
    "only my department": (query(Compare(DEPARTMENT, "eq", "D3")), "record_department"),
    "only departments that are one": (query(AnyOf((Compare(DEPARTMENT, "in", ("D3",)),))), "record_department"),
}


async def test_lists_and_their_deep_pages_follow_an_index_and_sort_nothing(db: Database) -> None:
    await fill(db)
    for name, (asked, index) in ORDERED.items():
        after = None
        for _ in range(3):  # the first page and two further on
            statement = page_statements(replace(asked, after=after), db.kind)[0]
            described = await plan(db, statement)
            assert not sorts(described), f"{name}:\n{described}"
            assert not scans(described), f"{name}:\n{described}"
            assert index in described, f"{name}:\n{described}"
            _, after = await fetch_page(db, replace(asked, after=after, limit=100))


async def test_the_bound_of_a_deep_page_is_part_of_the_search_in_the_index(db: Database) -> None:
    await fill(db)
    asked = query(Compare(AMOUNT, "ge", 100), sort=(Sort(AMOUNT),), limit=100)
    for down in (False, True):
        asked = replace(asked, sort=(Sort(AMOUNT, down),))
        _, after = await fetch_page(db, asked)
        described = await plan(db, page_statements(replace(asked, after=after), db.kind)[0])
        wanted = {"sqlite": "(n1,id)" + ("<" if down else ">"), "postgres": "Index Cond"}[db.kind]
        assert wanted in described, described
        if db.kind == "postgres":
            condition = next(line for line in described.splitlines() if "Index Cond" in line)
            assert "ROW(n1, id)" in condition, described


async def test_a_filter_that_finds_little_is_used_and_its_finds_are_sorted(db: Database) -> None:
    await fill(db)
    statement = page_statements(query(Compare(RARE, "eq", "R7"), sort=(Sort(AMOUNT),)), db.kind)[0]
    described = await plan(db, statement)
    assert "record_t2" in described, described


async def test_filters_that_let_much_through_are_checked_along_the_index_of_the_sort(db: Database) -> None:
    """PostgreSQL knows how much passes; SQLite is given the walk to try first."""
    await fill(db)
    mine = AnyOf((Compare(ME, "eq", "M7"), Compare(DEPARTMENT, "in", ("D3", "D4"))))
    for asked, index in (
        (query(mine, Compare(KIND, "in", ("T1", "T2", "T3")), sort=(Sort(AMOUNT),)), "record_n1"),
        (query(mine), ""),
    ):
        statement = page_statements(asked, db.kind)[0]
        if db.kind == "sqlite":
            assert statement.walk is not None
        described = await plan(db, statement, sql=statement.walk)
        assert index in described, described
        assert not sorts(described), described
        assert not scans(described), described


async def test_a_bounded_count_is_made_along_an_index(db: Database) -> None:
    await fill(db)
    for conditions in ((), (Compare(KIND, "eq", "T3"),), (Compare(AMOUNT, "lt", 50),), (Compare(ME, "eq", "M7"),)):
        described = await plan(db, count_statement(query(*conditions), db.kind, bound=1000))
        assert not scans(described), described
        wanted = f"record_{conditions[0].operand.column}" if conditions else ""
        assert wanted in described, described


async def test_totals_of_a_selection_are_summed_from_its_index(db: Database) -> None:
    await fill(db)
    statement = totals_statement(query(Compare(RARE, "eq", "R7")), db.kind, totals=[Total("sum", "sum", AMOUNT)], by=())
    assert "record_t2" in await plan(db, statement)


NAMED = {"amount": AMOUNT, "kind": KIND, "rare": RARE}
SCOPE = Scope({name: Named(name, "number" if one.kind == "number" else "text") for name, one in NAMED.items()})


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ('rare = "R7"', "record_t2"),
        ('NOT(OR(rare <> "R" & 7, 1 > 2))', "record_t2"),
        ('OR(rare = "R7", rare = "R8")', "record_t2"),
        ("AND(amount >= 10 * 99, amount < ROUND(1000.4, 0), amount * 2 > 5)", "record_n1"),
    ],
)
async def test_a_formula_over_a_field_with_a_slot_is_answered_from_its_index(db: Database, text: str, index: str):
    await fill(db)
    formula = compile_formula(text, SCOPE)
    assert isinstance(formula, Formula)
    where = condition(formula, Scene(), Places(NAMED.__getitem__, lambda rows, column: 0))
    assert not isinstance(where, list)
    for statement in (page_statements(query(where), db.kind)[0], count_statement(query(where), db.kind, bound=1000)):
        described = await plan(db, statement)
        assert index in described, described
        assert not scans(described), described


async def test_the_answer_is_the_same_whether_walked_or_collected(db: Database) -> None:
    await fill(db)
    mine = AnyOf((Compare(ME, "eq", "M7"), Compare(DEPARTMENT, "in", ("D3", "D4"))))
    for asked in (query(mine, sort=(Sort(AMOUNT, True),)), query(mine), query(Compare(RARE, "ge", "R5"), mine)):
        statement = page_statements(asked, db.kind)[0]
        found = await db.fetch(statement.sql, *statement.args)
        assert len(found) == asked.limit + 1
        if statement.walk:
            assert await db.fetch(statement.walk, *statement.args) == found
        if db.kind == "postgres":
            assert statement.walk is None


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
async def test_postgres_keeps_the_index_when_it_plans_once_for_all_values(engine: str, db: Database) -> None:
    """After five runs a statement's plan may be made without its values: LIMIT must not be one of them."""
    await fill(db)
    async with db.write():
        await db.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        for name, (asked, index) in ORDERED.items():
            statement = page_statements(asked, db.kind)[0]
            values = [str(value) if isinstance(value, int) else f"'{value}'" for value in statement.args]
            await db._transaction().session.connection.execute(f"PREPARE asked AS {statement.sql}")
            rows = await db.fetch(f"EXPLAIN EXECUTE asked ({', '.join(values)})")
            described = "\n".join(str(row["QUERY PLAN"]) for row in rows)
            await db.execute("DEALLOCATE asked")
            assert "$1" in described, described
            assert index in described, f"{name}:\n{described}"
            assert not sorts(described), f"{name}:\n{described}"


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
@pytest.mark.parametrize("inside", [True, False])
async def test_postgres_counts_after_a_big_import(engine: str, db: Database, inside: bool) -> None:
    """The server would do it by itself within a minute: too late for who opens the list right after the import."""
    columns = ("tenant", "id", "form", "version", "revision", "data", "created_at", "updated_at", "n1")
    rows = [(1, f"R{n:015}", FORM, "1", 1, "{}", "", "", n) for n in range(6_000)]
    if inside:
        async with db.write():
            for start in range(0, len(rows), 1_000):
                await db.insert_many("record", columns, rows[start : start + 1_000])
    else:
        await db.insert_many("record", columns, rows)
    described = await plan(db, page_statements(query(sort=(Sort(AMOUNT),)), db.kind)[0])
    assert not sorts(described), described


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_sqlite_counts_again_after_many_changes_and_every_connection_learns_of_it(
    engine: str, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two equal conditions the rare one must be looked up: both look alike to who has no counts."""
    monkeypatch.setattr(engine_sqlite, "INLINE_SECONDS", 0.0)
    await fill(db)
    long = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999) SELECT COUNT(*) FROM n"
    await db.fetch(long)  # opens a reader that knows nothing yet
    async with db.write():
        assert (await db.fetch_one("SELECT COUNT(*) AS number FROM sqlite_stat1 WHERE tbl = 'record'"))["number"] > 5
    for conditions in (
        (Compare(KIND, "eq", "T3"), Compare(RARE, "eq", "R7")),
        (Compare(RARE, "eq", "R7"), Compare(KIND, "eq", "T3")),
    ):
        statement = page_statements(query(*conditions), db.kind)[0]
        reader = await db._driver._reader()
        rows = await reader.run(reader.fetch, "EXPLAIN QUERY PLAN " + statement.sql.replace("$", "?"), statement.args)
        db._driver._give_back(reader)
        assert "record_t2" in await plan(db, statement)
        assert "record_t2" in rows[0]["detail"]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_long_read_does_not_hold_the_loop_up(engine: str, db: Database) -> None:
    """A short read is done in place; one that takes longer is stopped and goes on in a thread."""
    long = """WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
        SELECT COUNT(*) AS number FROM n"""
    longest, last = 0.0, asyncio.get_running_loop().time()

    async def watch() -> None:
        nonlocal longest, last
        while True:
            await asyncio.sleep(0)
            now = asyncio.get_running_loop().time()
            longest, last = max(longest, now - last), now

    task = asyncio.create_task(watch())
    await asyncio.sleep(0)
    started = asyncio.get_running_loop().time()
    assert await db.fetch_one(long) == {"number": 1_000_000}
    whole = asyncio.get_running_loop().time() - started
    task.cancel()
    assert longest < whole / 2


async def test_a_search_is_met_along_the_list_where_much_fits_and_collected_where_little_does(
    db: Database,
) -> None:
    await fill(db)
    ids = [row["id"] for row in await db.fetch("SELECT id FROM record WHERE tenant = $1 AND form = $2", 1, FORM)]
    words = ["解放 放路" if n % 3 else "罕见 见字" if n == 300 else "别的" for n in range(len(ids))]
    await search.put(db, 1, FORM, rows=zip(ids, words, strict=True), fresh=True)
    if db.kind == "postgres":
        await db.execute("VACUUM ANALYZE record_text")
    for words, rare in ((["解放"], False), (["罕见字"], True)):
        found = await search.is_rare(db, 1, FORM, runs=words)
        assert found == (rare and db.kind == "postgres")
        condition, args = search.condition(db, 1, FORM, runs=words, rare=found)
        asked = query(Fragment(condition, tuple(args)))
        rows, _ = await fetch_page(db, asked)
        assert len(rows) == (1 if rare else 50)
        if db.kind == "postgres":
            described = await plan(db, page_statements(asked, db.kind)[0])
            assert ("record_text_grams" in described) == rare, described
            assert not scans(described), described
