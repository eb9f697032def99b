"""A formula as the database works it out, on both engines, is the formula as Python does, on random records."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal as D
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import exact
from core.formulas import Formula, Named, Places, Scene, Scope, compile_formula, compiled, condition
from core.formulas.compiling import stored_value
from core.store import open_database
from core.store.expression_sql import writer
from core.store.record_query import AllOf, Compare, Operand, RecordQuery, count, fetch_page
from core.store.record_terms import Arguments

FORM = "own.bill"
ROWS = {
    "amount": Named("amount", "number"), "quantity": Named("quantity", "number"), "kind": Named("kind", "text"),
    "day": Named("day", "date"), "ok": Named("ok", "boolean"),
}  # fmt: skip
SCOPE = Scope({
    "paid": Named("paid", "number"), "rate": Named("rate", "number"), "owed": Named("owed", "number"),
    "name": Named("name", "text"), "note": Named("note", "text"),
    "start": Named("start", "date"), "due": Named("due", "date"), "met": Named("met", "datetime"),
    "ok": Named("ok", "boolean"), "open": Named("open", "boolean"),
    "tags": Named("tags", "list:text"), "lines": Named("lines", "list:row", "", ROWS),
    "project": Named("project", "text", "", {"name": Named("name", "text")}),
})  # fmt: skip
OPERANDS = {
    "paid": Operand(column="n1", kind="number", decimals=2), "owed": Operand(json="owed", kind="number", decimals=2),
    "rate": Operand(json="rate", kind="number", decimals=4), "name": Operand(column="t1"), "note": Operand(json="note"),
    "start": Operand(column="d1"), "due": Operand(json="due"), "met": Operand(column="d2"),
    "ok": Operand(column="n2", kind="boolean"), "open": Operand(json="open", kind="boolean"),
    "tags": Operand(json="tags", kind="list"), "lines": Operand(json="lines", kind="list"),
    "project": Operand(json="project"),
}  # fmt: skip
PLACES = Places(OPERANDS.__getitem__, lambda rows, column: {"amount": 2, "quantity": 3}[column])
SCENE = Scene(now="2026-03-05T16:30:59.123456Z", me="M1", department="D1", roles=("甲", "b"))
WORDS = ["甲", "乙", "b", "a b", " 甲  乙 ", "Ab𠮷", "2026-03-05", "%_"]
DAY0 = date(2026, 3, 6)


def _maybe(chosen: random.Random, value: Any) -> Any:
    return value if chosen.random() < 0.8 else None


def _day(chosen: random.Random) -> str:
    near = DAY0 + timedelta(days=chosen.randint(-40, 40))
    far = date(chosen.choice((1800, 1999, 2000, 2024, 2999)), chosen.choice((1, 2, 12)), chosen.choice((1, 28, 29 - 1)))
    ends = date(2024, 2, 29), date(2026, 1, 31), date(2025, 12, 31)
    return chosen.choice((near, near, far, *ends)).isoformat()


def _number(chosen: random.Random, places: int) -> D:
    size = chosen.choice((3, 4, 6, 15))
    return D(chosen.randint(-(10**size) + 1, 10**size - 1)).scaleb(-places) if chosen.random() < 0.9 else D(0)


def record(chosen: random.Random) -> dict[str, Any]:
    line = {"amount": 2, "quantity": 3}
    lines = [
        {
            **{name: _maybe(chosen, _number(chosen, places)) for name, places in line.items()},
            "kind": _maybe(chosen, chosen.choice(WORDS)), "day": _maybe(chosen, _day(chosen)),
            "ok": _maybe(chosen, chosen.random() < 0.5),
        }
        for _row in range(chosen.randint(0, 4))
    ]  # fmt: skip
    hour = f"T{chosen.randint(0, 23):02}:{chosen.choice((0, 30)):02}:{chosen.choice((0, 7)):02}Z"
    found = {
        "paid": _number(chosen, 2), "rate": _number(chosen, 4), "owed": _number(chosen, 2),
        "name": chosen.choice(WORDS), "note": chosen.choice(WORDS), "start": _day(chosen), "due": _day(chosen),
        "met": _day(chosen) + hour, "ok": chosen.random() < 0.5, "open": chosen.random() < 0.5,
        "tags": chosen.sample(WORDS, chosen.randint(1, 3)), "lines": [_there(one) for one in lines],
    }  # fmt: skip
    return _there({name: _maybe(chosen, value) for name, value in found.items()})


def _there(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


class Bench:
    """A database with records, beside the same records in Python."""

    def __init__(self, runner: asyncio.Runner, url: str) -> None:
        self.run = runner.run
        self.db = self.run(open_database(url))
        chosen = random.Random(11)
        self.records = {f"R{n:015}": record(chosen) for n in range(60)}
        sql = """INSERT INTO record (tenant, id, form, version, revision, data, created_at, updated_at, n1, t1, d1, d2,
            n2) VALUES ($1, $2, $3, '1', 1, $4, 'c', 'u', $5, $6, $7, $8, $9)"""
        for tenant in (1, 2):  # one call writes the rows of one tenant
            rows = [
                (tenant, id, FORM, exact.dumps(data), int(data["paid"] * 100) if "paid" in data else None,
                 data.get("name"), data.get("start"), data.get("met"), int(data["ok"]) if "ok" in data else None)
                for id, data in self.records.items()
            ]  # fmt: skip
            self.run(self.db.execute_many(sql, rows))

    def values(self, formula: Formula) -> dict[str, Any]:
        """What the database says of each record."""
        expression = compiled(formula, SCENE, PLACES)
        assert not isinstance(expression, list), expression
        arguments = Arguments(self.db.kind, (1, FORM))
        told = writer(arguments).sql(expression)
        text = {"number": f"CAST({told} AS TEXT)", "boolean": f"CASE WHEN {told} THEN 1 WHEN NOT {told} THEN 0 END"}
        told = text.get(formula.type, f"CAST({told} AS TEXT)")
        sql = f"SELECT id, {told} AS told FROM record WHERE tenant = $1 AND form = $2"
        rows = self.run(self.db.fetch(sql, *arguments.values))
        return {row["id"]: _read(row["told"], formula.type) for row in rows}

    def found(self, formula: Formula) -> set[str] | None:
        """The records that the formula leaves; None where it is no filter."""
        where = condition(formula, SCENE, PLACES)
        if isinstance(where, list):
            return None
        query = RecordQuery(tenant=1, form=FORM, where=(where,), limit=1000)
        rows, _after = self.run(fetch_page(self.db, query))
        assert self.run(count(self.db, query)) == (len(rows), True)
        return {row["id"] for row in rows}


def _read(told: Any, type_: str) -> Any:
    if told is None or type_ == "text":
        return told
    return D(told) if type_ == "number" else bool(told) if type_ == "boolean" else told


@pytest.fixture
def bench(database_url: str) -> Iterator[Bench]:
    with asyncio.Runner() as runner:
        made = Bench(runner, database_url)
        yield made
        runner.run(made.db.close())


def made(text: str) -> Formula:
    found = compile_formula(text, SCOPE)
    assert isinstance(found, Formula), (text, found)
    return found


CONSTANTS = {
    "number": ["0", "1", "2", "0.5", "1.13", "100", "12345.678", "99999999999999", "(-3)"],
    "text": ['"甲"', '"b"', '""', '"甲 乙"', "ME()"],
    "date": ["TODAY()", "DATE(2024, 2, 29)", "DATE(2026, 1, 31)", "EDATE(TODAY(), 1)"],
    "datetime": ["NOW()"],
    "boolean": ["TRUE", "FALSE"],
}
FIELDS = {
    "number": ["paid", "rate", "owed"], "text": ["name", "note"], "date": ["start", "due"], "datetime": ["met"],
    "boolean": ["ok", "open"],
}  # fmt: skip
LINES = {"number": ["lines.amount", "lines.quantity"], "text": ["lines.kind"], "date": ["lines.day"]}
# what takes which types and gives which; N D T B M are types, L and K columns of numbers and texts
SHAPES = {
    "number": [
        "({N} + {N})", "({N} - {N})", "({N} * {N})", "({N} / {N})", "(-{N})", "({N}%)", "ABS({N})", "INT({N})",
        "MOD({N}, {N})", "ROUND({N}, 2)", "ROUND({N}, -2)", "ROUNDUP({N}, 1)", "ROUNDDOWN({N})", "ROUNDUP({N}, -1)",
        "IF({B}, {N}, {N})", "IF({B}, {N})", "IFS({B}, {N}, {B}, {N})", "SWITCH({T}, {T}, {N}, {T}, {N}, {N})",
        "SWITCH({N}, {N}, {N}, {N})", "COALESCE({N}, {N})", "MIN({N}, {N})", "MAX({N}, {N}, {N})", "SUM({N}, {N})",
        "AVERAGE({N}, {N}, {N})", "COUNT({N}, {T}, {D})", "SUM({L})", "MIN({L}, {N})", "MAX({L})", "COUNT({L})",
        "COUNT(lines)", "COUNT(tags)", "AVERAGE({L})", "SUM({L}, {N})", "SUMPRODUCT({L}, {L})", "SUMIF({K}, {T}, {L})",
        "COUNTIF({K}, {T})", "COUNTIF(lines.ok, {B})", "COUNTIF({L}, {N})", "LEN({T})", "YEAR({D})", "MONTH({D})",
        "DAY({M})", "YEAR({M})", "DAYS({D}, {D})", "DAYS({M}, {D})", "({D} - {D})", 'DATEDIF({D}, {D}, "Y")',
        'DATEDIF({D}, {D}, "m")', 'DATEDIF({D}, {D}, "D")', 'DATEDIF({D}, {M}, "YM")', 'DATEDIF({D}, {D}, "MD")',
        'DATEDIF({D}, {D}, "YD")', "WEEKDAY({D})", "WEEKDAY({D}, 2)", "WEEKDAY({M}, 3)",
    ],
    "date": [
        "({D} + {N})", "({D} - {N})", "EDATE({D}, {N})", "EOMONTH({D}, {N})", "DATE({N}, {N}, {N})",
        "DATE(YEAR({D}), MONTH({D}) + 1, DAY({D}))", "IF({B}, {D}, {D})", "COALESCE({D}, {D})", "MIN({D}, {D})",
        "MAX(lines.day)", "MIN(lines.day, {D})",
    ],
    "text": [
        "({T} & {T})", "({T} & {N})", "CONCAT({T}, {D}, {B}, {M})", "LEFT({T}, {N})", "RIGHT({T}, 2)", "LEFT({T})",
        "RIGHT({T}, {N})", "MID({T}, 2, {N})", "TRIM({T})", "IF({B}, {T}, {T})", "COALESCE({T}, {T})", "MAX({T}, {T})",
        "SWITCH({D}, {D}, {T}, {D}, {T})", "MIN(lines.kind)",
    ],
    "boolean": [
        "({N} < {N})", "({N} >= {N})", "({N} = {N})", "({N} <> {N})", "({T} = {T})", "({T} <> {T})", "({T} <= {T})",
        "({D} < {D})", "({D} = {D})", "({M} > {M})", "({B} = {B})", "AND({B}, {B})", "OR({B}, {B}, {B})", "NOT({B})",
        "IF({B}, {B}, {B})", "ISBLANK({N})", "ISBLANK({T})", "ISBLANK({D})", "ISBLANK(lines)", "ISBLANK(tags)",
        "({N} = NULL)", "({T} <> NULL)", "CONTAINS({T}, {T})", "CONTAINS(tags, {T})", "CONTAINS(lines.kind, {T})",
        "CONTAINS(MYROLES(), {T})", "COALESCE({B}, {B})", "NOT(CONTAINS(tags, {T}))", "NOT({D} <= {D})",
    ],
    "datetime": ["IF({B}, {M}, {M})", "COALESCE({M}, {M})"],
}  # fmt: skip
LETTERS = {"N": "number", "T": "text", "D": "date", "M": "datetime", "B": "boolean"}


@st.composite
def formulas(draw: Any, type_: str, depth: int = 3) -> str:
    """A random formula of a type."""
    leaves = FIELDS[type_] * 2 + CONSTANTS[type_]
    if depth == 0:
        return draw(st.sampled_from(leaves))
    shape = draw(st.sampled_from([*SHAPES[type_], *FIELDS[type_]]))
    while "{" in shape:
        letter = shape[shape.index("{") + 1]
        kind = LETTERS.get(letter)
        columns = LINES["number" if letter == "L" else "text"]
        part = draw(formulas(kind, depth - 1) if kind else st.sampled_from(columns))
        shape = shape.replace(f"{{{letter}}}", part, 1)
    return shape


@pytest.mark.parametrize("type_", list(SHAPES))
def test_every_shape_of_formula_is_worked_out_alike(bench: Bench, type_: str):
    chosen = random.Random(3)
    for shape in SHAPES[type_]:
        for _time in range(2):
            text = shape
            for letter, kind in LETTERS.items():
                while f"{{{letter}}}" in text:
                    text = text.replace(f"{{{letter}}}", chosen.choice(FIELDS[kind] * 2 + CONSTANTS[kind]), 1)
            text = text.replace("{L}", chosen.choice(LINES["number"])).replace("{K}", "lines.kind")
            agree(bench, text)


def agree(bench: Bench, text: str) -> None:
    formula = made(text)
    expression = compiled(formula, SCENE, PLACES)
    if isinstance(expression, list):  # refused, as numbers could get too long: never worked out in another way
        assert all(fault.message and fault.column for fault in expression), text
        return
    expected = {id: stored_value(formula.value(data, SCENE)) for id, data in bench.records.items()}
    told = bench.values(formula)
    wrong = {id: (told[id], expected[id], bench.records[id]) for id in expected if told[id] != expected[id]}
    assert not wrong, (text, next(iter(wrong.values())))
    if formula.type == "boolean":
        assert bench.found(formula) == {id for id, value in expected.items() if value is True}, text


@pytest.mark.parametrize("type_", ["boolean", "number", "date", "text"])
def test_random_formulas_over_random_records_agree(bench: Bench, type_: str):
    @settings(max_examples=60, deadline=None, database=None)
    @given(formulas(type_))
    def agreeing(text: str) -> None:
        agree(bench, text)

    agreeing()


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("OLD(paid) > 1", 5),
        ('project.name = "a"', 1),
        ("paid ^ 2 > 1", 6),
        ("paid > 1 AND_", None),
        ('AND(ok, TEXT(due, "yyyy") = "2026")', 9),
        ("WORKDAY(due, 3) > TODAY()", 1),
        ('UPPER(name) = "A"', 1),
        ("ROUND(paid, rate) > 1", 13),
        ("DATEDIF(start, due, name) > 1", 21),
        ("paid / owed / owed / owed / owed / owed / owed > 1", None),
    ],
)  # fmt: skip
def test_what_a_database_cannot_work_out_is_refused_by_place_with_a_way_out(text: str, column: int | None):
    formula = compile_formula(text, SCOPE)
    found = condition(formula, SCENE, PLACES) if isinstance(formula, Formula) else formula
    assert isinstance(found, list)
    assert all(fault.message for fault in found)
    assert column is None or (found[0].line, found[0].column) == (1, column)


def test_what_the_scene_decides_is_worked_out_beforehand():
    found = condition(made("AND(due <= WORKDAY(TODAY(), 1), name = ME())"), SCENE, PLACES)
    assert found == AllOf((Compare(OPERANDS["due"], "le", "2026-03-09"), Compare(OPERANDS["name"], "eq", "M1")))


INSIDE = ("IF(ok, {}, paid)", "ABS({} + owed)", "COALESCE({}, rate)", "SWITCH({}, 1, 2, 3)", "({} + owed)",
          "SUMIF(lines.amount, {}, lines.amount)", "LEN(LEFT(note, {}))")  # fmt: skip


@pytest.mark.parametrize("inside", INSIDE)
def test_a_formula_as_deep_as_is_allowed_is_understood_by_both_databases(bench: Bench, inside: str):
    deep = "paid"
    while isinstance(compile_formula(f"{inside.format(deep)} > 1", SCOPE), Formula):
        if isinstance(condition(made(f"{inside.format(deep)} > 1"), SCENE, PLACES), list):
            break
        deep = inside.format(deep)
    agree(bench, f"{deep} > 1")


def test_a_list_of_another_tenant_or_form_is_never_counted(bench: Bench):
    found = condition(made("OR(ok, NOT(ok), ok = NULL)"), SCENE, PLACES)
    assert not isinstance(found, list)
    assert bench.run(count(bench.db, RecordQuery(tenant=1, form=FORM, where=(found,)))) == (60, True)
    assert bench.run(count(bench.db, RecordQuery(tenant=3, form=FORM, where=(found,)))) == (0, True)
