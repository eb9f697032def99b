"""Lists, counts and totals of the records of one form, each from neutral conditions; no forms, no rights.

amount = Operand(column="n1", kind="number", decimals=2)
query = RecordQuery(tenant=1, form="own.bill", where=(Compare(amount, "ge", Decimal("100.50")),),
                    sort=(Sort(Operand(column="d1"), descending=True),))
rows, after = await fetch_page(db, query)
number, exact = await count(db, query, bound=1000)
lines = await totals(db, query, totals=(Total("paid", "sum", amount),), by=(Group(Operand(column="d1"), "month"),))
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING, Any, Literal

from core.arithmetic import EXACT
from core.store.errors import StoreError
from core.store.expression_sql import writer
from core.store.record_pages import (
    BadCursor,
    RecordQuery,
    Sort,
    Statement,
    finish,
    page_statements,
    where_of,
    write_cursor,
)
from core.store.record_terms import (
    AllOf,
    AnyOf,
    Arguments,
    Compare,
    Condition,
    Engine,
    Fragment,
    Operand,
    spell,
    unscaled,
)

if TYPE_CHECKING:
    from core.store.engine import Database, Row
    from core.store.expressions import Expression

__all__ = [
    "AllOf", "AnyOf", "BadCursor", "Compare", "Condition", "Fragment", "Group", "Operand", "RecordQuery", "Sort",
    "Statement", "TooManyGroups", "Total", "count", "count_statement", "fetch_page", "page_statements", "totals",
    "totals_statement",
]  # fmt: skip

GROUPS = 10_000
AVERAGE_DECIMALS = 2  # more than the operand has
_CUTS = {"year": 4, "month": 7, "day": 10}
_SPLIT = 10**9
_WIDE = Context(prec=60)


class TooManyGroups(StoreError):
    """Totals by something that has more than GROUPS values: part of them would look like all."""


@dataclass(frozen=True, slots=True)
class Total:
    """`operand` None only for "count": of records. "avg" has two more decimals than its operand, half up;
    of an expression it has 34 digits, as formulas do."""

    name: str
    function: Literal["sum", "count", "min", "max", "avg"]
    operand: Operand | Expression | None = None

    def __post_init__(self) -> None:
        if self.operand is not None and not isinstance(self.operand, Operand):
            if self.function in ("sum", "avg") and self.operand.type != "number":
                raise StoreError(f"{self.function}: of numbers only")
            return
        if self.operand is None and self.function != "count":
            raise StoreError(f"{self.function}: of what?")
        if self.operand and self.function in ("sum", "avg") and self.operand.kind != "number":
            raise StoreError(f"{self.function}: of numbers only")
        if self.operand and self.operand.kind == "list":
            raise StoreError(f"{self.function}: not of a list")


@dataclass(frozen=True, slots=True)
class Group:
    """`part` cuts a date or an instant to "2026", "2026-03" or "2026-03-15"; `shift_hours` moves an instant from
    UTC to local time first (a date has none)."""

    operand: Operand
    part: Literal["value", "year", "month", "day"] = "value"
    shift_hours: int = 0

    def __post_init__(self) -> None:
        if self.operand.kind == "list":
            raise StoreError("records cannot be grouped by a list")


async def fetch_page(db: Database, query: RecordQuery) -> tuple[list[Row], str | None]:
    """The rows of one page, with the columns of `records.READ`, and the cursor of the next; None: the last."""
    wanted = query.limit + 1
    rows: list[Row] = []
    for statement in page_statements(query, db.kind):
        quick = await db.fetch_quickly(statement.walk, *statement.args) if statement.walk else None
        rows += await db.fetch(statement.sql, *statement.args) if quick is None else quick
        if len(rows) >= wanted:
            break
    if len(rows) < wanted:
        return rows, None
    del rows[query.limit :]
    return rows, write_cursor(query, rows[-1]) if rows else None


def count_statement(query: RecordQuery, engine: Engine, *, bound: int | None) -> Statement:
    where = where_of(query, engine)
    condition = where.sql()
    # PostgreSQL would rather read the whole table in the hope of soon meeting enough rows that fit: an order
    # makes it follow an index.
    order = "ORDER BY id " if engine == "postgres" else ""
    if bound is None:
        sql = f"SELECT COUNT(*) AS number FROM record WHERE tenant = $1 AND form = $2 AND {condition}"
    else:
        some = (
            f"SELECT 1 AS one FROM record WHERE tenant = $1 AND form = $2 AND {condition} {order}LIMIT {int(bound) + 1}"
        )
        sql = f"SELECT COUNT(*) AS number FROM ({some}) AS bounded"
    return finish(sql, where.arguments)


async def count(db: Database, query: RecordQuery, *, bound: int | None = 1000) -> tuple[int, bool]:
    """How many, and whether that is exact: counting stops at `bound`; None counts them all."""
    statement = count_statement(query, db.kind, bound=bound)
    rows = await db.fetch(statement.sql, *statement.args)
    number = rows[0]["number"]
    return (number, True) if bound is None or number <= bound else (bound, False)


def totals_statement(query: RecordQuery, engine: Engine, *, totals: Sequence[Total], by: Sequence[Group]) -> Statement:
    where = where_of(query, engine)
    columns = [f"{_group_sql(group, engine)} AS group_{n}" for n, group in enumerate(by)]
    for n, total in enumerate(totals):
        columns += _total_columns(total, where.arguments, n)
    sql = f"SELECT {', '.join(columns)} FROM record WHERE tenant = $1 AND form = $2 AND {where.sql()}"
    if by:
        places = [str(n + 1) for n in range(len(by))]
        order = ", ".join(f"{place} NULLS LAST" for place in places)
        sql += f" GROUP BY {', '.join(places)} ORDER BY {order} LIMIT {GROUPS + 1}"
    return finish(sql, where.arguments)


async def totals(
    db: Database, query: RecordQuery, *, totals: Sequence[Total], by: Sequence[Group] = ()
) -> list[dict[str, Any]]:
    """One dict per group, in their order: {"by": (value of each Group, ...), name of each total: value or None}.

    Sums of numbers are exact, and None where no record has a value. Without `by` there is one dict.
    """
    statement = totals_statement(query, db.kind, totals=totals, by=by)
    rows = await db.fetch(statement.sql, *statement.args)
    if len(rows) > GROUPS:
        raise TooManyGroups(f"more than {GROUPS} groups")
    return [
        {
            "by": tuple(_group_value(group, row[f"group_{n}"]) for n, group in enumerate(by)),
            **{total.name: _total_value(total, row, n) for n, total in enumerate(totals)},
        }
        for row in rows
    ]


def _group_sql(group: Group, engine: Engine) -> str:
    left = spell(group.operand, engine)
    if group.part == "value":
        return left
    if group.shift_hours:
        hours = int(group.shift_hours)
        if engine == "postgres":
            moved = f"CAST({left} AS TIMESTAMPTZ) AT TIME ZONE 'UTC' + INTERVAL '{hours} hours'"
            left = f"CASE WHEN {left} LIKE '____-__-__T__:__:__%Z' THEN to_char({moved}, 'YYYY-MM-DD') END"
        else:
            left = f"strftime('%Y-%m-%d', {left}, '{hours:+d} hours')"
    return f"substr({left}, 1, {_CUTS[group.part]})"


def _group_value(group: Group, value: Any) -> Any:
    if value is None or group.part != "value":
        return value
    if group.operand.kind == "number":
        return unscaled(value, group.operand.decimals)
    return bool(value) if group.operand.kind == "boolean" else value


def _expression_columns(total: Total, arguments: Arguments, n: int) -> list[str]:
    """Totals of what is worked out: numbers go over as text, digit for digit."""
    expression: Any = total.operand
    found = writer(arguments).sql(expression)
    if total.function == "count":
        return [f"COUNT({found}) AS total_{n}"]
    word = {"avg": "sum"}.get(total.function, total.function)
    exact = expression.type == "number" and arguments.engine == "sqlite"
    columns = [f"CAST({'exact_' if exact else ''}{word}({found}) AS TEXT) AS total_{n}"]
    return [*columns, f"COUNT({found}) AS total_{n}_count"] if total.function == "avg" else columns


def _total_columns(total: Total, arguments: Arguments, n: int) -> list[str]:
    """SQLite's SUM stops at 64 bits, so there a sum is taken in two halves."""
    engine = arguments.engine
    if total.operand is None:
        return [f"COUNT(*) AS total_{n}"]
    if not isinstance(total.operand, Operand):
        return _expression_columns(total, arguments, n)
    left = spell(total.operand, engine)
    if total.function in ("count", "min", "max"):
        return [f"{total.function.upper()}({left}) AS total_{n}"]
    if engine == "postgres":
        sums = [f"SUM({left}) AS total_{n}"]
    else:
        sums = [f"SUM({left} / {_SPLIT}) AS total_{n}_high", f"SUM({left} % {_SPLIT}) AS total_{n}"]
    return [*sums, f"COUNT({left}) AS total_{n}_count"] if total.function == "avg" else sums


def _total_value(total: Total, row: Row, n: int) -> Any:
    value = row[f"total_{n}"]
    if value is None or total.function == "count" or total.operand is None:
        return value
    if not isinstance(total.operand, Operand):
        number = Decimal(value) if total.operand.type == "number" else value
        return EXACT.divide(number, Decimal(row[f"total_{n}_count"])) if total.function == "avg" else number
    if total.operand.kind == "boolean":
        return bool(value)
    if total.operand.kind != "number":
        return value
    number = int(value) + int(row.get(f"total_{n}_high", 0)) * _SPLIT
    decimals = total.operand.decimals
    if total.function != "avg":
        return unscaled(number, decimals)
    mean = _WIDE.divide(Decimal(number), Decimal(row[f"total_{n}_count"]))
    return mean.quantize(Decimal(1).scaleb(-AVERAGE_DECIMALS), ROUND_HALF_UP, _WIDE).scaleb(-decimals, _WIDE)
