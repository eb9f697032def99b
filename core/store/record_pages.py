"""The statements that read one page of a list, from the start or from a cursor; nothing is run here.

What the indexes demand:

- An index on a slot leaves out records without a value, so a sort by a slot says `slot IS NOT NULL`, and the
  records without a value are a second statement, run when the first has no more.
- A page begins after the last row of the page before: (slot, id) > (value, id). That bound and a filter's on
  the same column become one, because SQLite uses only one of two lower bounds.
- LIMIT is written into the text: PostgreSQL plans a LIMIT it does not know as a tenth of the table.
- Filters beside a sort: either walk along the sort's index and drop what does not fit, good if much fits, or
  collect what fits and sort it, good if little does. PostgreSQL has the statistics to choose. SQLite has not, so
  there the walk is tried, and if a few milliseconds were not enough for it, what fits is collected.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core import exact
from core.store.errors import StoreError
from core.store.record_terms import (
    MARK,
    AllOf,
    AnyOf,
    Arguments,
    Compare,
    Condition,
    Engine,
    Operand,
    condition_sql,
    fitting,
    is_number,
    spell,
    spelled,
)
from core.store.records import READ

KEY = "\x02"  # before a column that the list is sorted by, as MARK before one in a condition
_ID = Operand(column="id")
_DELETED = Operand(column="deleted_at")
_LOWER, _UPPER = ("gt", "ge"), ("lt", "le")


class BadCursor(StoreError):
    """The text given as `after` is not from a page of this list in this order."""


@dataclass(frozen=True, slots=True)
class Sort:
    operand: Operand
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordQuery:
    """`where`: all must hold, filters and rights alike. `sort` () is newest first; records without a value
    come last in either direction. `deleted`: the bin instead of the list."""

    tenant: int
    form: str
    where: tuple[Condition, ...] = ()
    sort: tuple[Sort, ...] = ()
    after: str | None = None
    limit: int = 50
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """`walk`: the same, made to follow the index of the sort; to be tried first and for a short time only."""

    sql: str
    args: tuple[Any, ...]
    walk: str | None = None


@dataclass(slots=True)
class _Bounds:
    """The tightest bounds on one column: (value, strict)."""

    lower: tuple[Any, bool] | None = None
    upper: tuple[Any, bool] | None = None


@dataclass(slots=True)
class _Where:
    """The conditions that the statements of a query share, after `tenant = $1 AND form = $2`."""

    arguments: Arguments
    parts: list[str]
    bounds: dict[Operand, _Bounds] = field(default_factory=dict)

    def bound(self, operand: Operand, op: str, value: Any) -> bool:
        """Keep the bound if it is the tightest; whether it is."""
        bounds = self.bounds.setdefault(operand, _Bounds())
        fresh = (value, op in ("gt", "lt"))
        if op in _LOWER:
            tighter = bounds.lower is None or fresh > bounds.lower
            bounds.lower = fresh if tighter else bounds.lower
        else:
            known = bounds.upper
            tighter = known is None or value < known[0] or (value == known[0] and fresh[1] and not known[1])
            bounds.upper = fresh if tighter else known
        return tighter

    def sql(self) -> str:
        parts = list(self.parts)
        for operand, bounds in self.bounds.items():
            left = spelled(operand, self.arguments.engine)
            for side, symbol in ((bounds.lower, ">"), (bounds.upper, "<")):
                if side is not None:
                    value, strict = side
                    parts.append(f"{left} {symbol}{'' if strict else '='} {self.arguments.typed(value)}")
        return " AND ".join(parts)


@dataclass(frozen=True, slots=True)
class _Cursor:
    """Where the page before ended: in which of the two statements, at which values of the sort and id."""

    segment: int
    values: tuple[Any, ...]
    id: str


def order_of(query: RecordQuery) -> tuple[Sort, ...]:
    """The sort asked for, or newest first; nothing after an id can matter."""
    sort = query.sort or (Sort(_DELETED if query.deleted else _ID, descending=True),)
    for place, key in enumerate(sort):
        if key.operand.kind == "list":
            raise StoreError("a list has no order")
        if key.operand == _ID:
            return sort[: place + 1]
    return sort


def where_of(query: RecordQuery, engine: Engine) -> _Where:
    """List or bin, and the conditions; bounds on columns apart, for a cursor to join them."""
    arguments = Arguments(engine, (query.tenant, query.form))
    place = "deleted_at IS NOT NULL" if query.deleted else "deleted_at IS NULL"
    where = _Where(arguments, [place])
    for condition in flat(query.where):
        if isinstance(condition, Compare) and condition.op in _LOWER + _UPPER and condition.operand.column:
            found = fitting(condition)
            if not isinstance(found, bool):
                where.bound(found.operand, found.op, found.value)
                continue
        where.parts.append(condition_sql(condition, arguments))
    return where


def flat(conditions: tuple[Condition, ...]) -> list[Condition]:
    """Conditions that must all hold, out of their nests; "in" of a single value is told as equal to it."""
    found: list[Condition] = []
    for condition in conditions:
        if isinstance(condition, AllOf) or (isinstance(condition, AnyOf) and len(condition.parts) == 1):
            found += flat(condition.parts)
        elif isinstance(condition, Compare) and condition.op == "in" and len(condition.value) == 1:
            found.append(Compare(condition.operand, "eq", condition.value[0]))
        else:
            found.append(condition)
    return found


def page_statements(query: RecordQuery, engine: Engine) -> list[Statement]:
    """One or two statements, to be run in turn until limit + 1 rows are found."""
    order = order_of(query)
    cursor = read_cursor(query, order) if query.after else None
    needed = _segments(query, order[0].operand)
    return [
        _page(query, engine, order=order, segment=segment, cursor=cursor)
        for segment in needed
        if cursor is None or segment >= cursor.segment
    ]


def _segments(query: RecordQuery, first: Operand) -> tuple[int, ...]:
    """0: the records that have a value of the first sort operand; 1: those that have none."""
    if first.always_there or (query.deleted and first == _DELETED):
        return (0,)
    asked = {c.op for c in flat(query.where) if isinstance(c, Compare) and c.operand == first}
    if "empty" in asked:
        return (1,)
    return (0, 1) if asked <= {"ne"} else (0,)


def _page(
    query: RecordQuery, engine: Engine, *, order: tuple[Sort, ...], segment: int, cursor: _Cursor | None
) -> Statement:
    where = where_of(query, engine)
    first = order[0].operand
    keys = order[segment:]  # in the second segment the first operand has no value to sort by
    if not first.always_there:
        where.parts.append(f"{_key(first, engine)} IS {'NOT NULL' if segment == 0 else 'NULL'}")
    backward = order[0].descending
    if cursor is not None and cursor.segment == segment:
        _begin_after(where, keys, cursor, segment=segment, backward=backward)
    columns = "".join(f", {spell(key.operand, engine)} AS sort_{n}" for n, key in enumerate(order))
    direction = _order_by(keys, engine, segment=segment, backward=backward)
    sql = f"""SELECT {READ}{columns} FROM record WHERE tenant = $1 AND form = $2 AND {where.sql()}
        ORDER BY {direction} LIMIT {int(query.limit) + 1}"""
    return finish(sql, where.arguments, along=_walk_along(query, first) if segment == 0 else None)


def _walk_along(query: RecordQuery, first: Operand) -> str | None:
    """The column whose index gives the order. By id, an index on a column asked to be equal gives the order too."""
    if first.column == "id" and any(isinstance(c, Compare) and c.op == "eq" for c in flat(query.where)):
        return None
    return first.column


def finish(text: str, arguments: Arguments, *, along: str | None = None) -> Statement:
    """The statement of `text`. A `+` before a column keeps SQLite from using an index on it."""
    plain = text.replace(MARK, "").replace(KEY, "")
    if along is None or arguments.engine != "sqlite":
        return Statement(plain, tuple(arguments.values))
    marked = re.sub(rf"{MARK}{along}\b", KEY + along, text)
    walk = marked.replace(MARK, "+").replace(KEY, "")
    collect = marked.replace(MARK, "").replace(KEY, "+")
    return Statement(plain if walk == plain else collect, tuple(arguments.values), None if walk == plain else walk)


def _key(operand: Operand, engine: Engine) -> str:
    return KEY + operand.column if operand.column is not None else spell(operand, engine)


def _order_by(keys: tuple[Sort, ...], engine: Engine, *, segment: int, backward: bool) -> str:
    terms = []
    for place, key in enumerate(keys):
        left = _key(key.operand, engine)
        if not (key.operand.always_there or (segment == 0 and place == 0)):
            terms.append(f"{left} IS NULL")
        terms.append(f"{left} DESC" if key.descending else left)
    if not keys or keys[-1].operand != _ID:
        terms.append(f"{KEY}id DESC" if backward else f"{KEY}id")
    return ", ".join(terms)


def _begin_after(where: _Where, keys: tuple[Sort, ...], cursor: _Cursor, *, segment: int, backward: bool) -> None:
    """Add what makes the page begin after the cursor, leaving out a filter's bound that the cursor's includes."""
    engine, arguments = where.arguments.engine, where.arguments
    values = cursor.values[segment:]
    if keys and keys[-1].operand == _ID:
        keys, values, backward = keys[:-1], values[: len(keys) - 1], keys[-1].descending
    if not keys:
        where.bound(_ID, "lt" if backward else "gt", cursor.id)
        return
    if segment == 0 and keys[0].operand.column is not None:
        key, op = keys[0], "le" if keys[0].descending else "ge"
        if not where.bound(key.operand, op, values[0]):
            bounds = where.bounds[key.operand]
            known = bounds.upper if key.descending else bounds.lower
            if known != (values[0], False):
                return  # a filter begins further on than the cursor
        if len(keys) == 1 and backward == key.descending:
            bounds = where.bounds[key.operand]
            if key.descending:
                bounds.upper = None
            else:
                bounds.lower = None
            symbol = "<" if key.descending else ">"
            pair = f"({arguments.typed(values[0])}, {arguments.add(cursor.id)})"
            where.parts.append(f"({_key(key.operand, engine)}, id) {symbol} {pair}")
            return
    where.parts.append(_later(where, keys, values, cursor.id, backward=backward, filled=segment == 0))


def _later(
    where: _Where, keys: tuple[Sort, ...], values: tuple[Any, ...], id: str, *, backward: bool, filled: bool
) -> str:
    """What comes after (values, id) in the order of `keys`: by the first key, or by the others where it is equal."""
    arguments = where.arguments
    if not keys:
        return f"id {'<' if backward else '>'} {arguments.add(id)}"
    key, value = keys[0], values[0]
    left = _key(key.operand, arguments.engine)
    rest = _later(where, keys[1:], values[1:], id, backward=backward, filled=False)
    if value is None:
        return f"({left} IS NULL AND {rest})"
    place = arguments.typed(value)
    later = f"{left} {'<' if key.descending else '>'} {place}"
    if not (filled or key.operand.always_there):
        later += f" OR {left} IS NULL"
    return f"({later} OR ({left} = {place} AND {rest}))"


def write_cursor(query: RecordQuery, row: Mapping[str, Any]) -> str:
    """The cursor of the page after the one that ends with `row`."""
    order = order_of(query)
    values = [
        int(value) if value is not None and is_number(key.operand) else value
        for key, value in zip(order, (row[f"sort_{n}"] for n in range(len(order))), strict=True)
    ]
    segment = 1 if values[0] is None else 0
    text = exact.dumps([_order_mark(query, order), segment, values, row["id"]])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(query: RecordQuery, order: tuple[Sort, ...]) -> _Cursor:
    """The cursor in `query.after`; it comes from outside, so every part of it is looked at."""
    text = query.after or ""
    try:
        found = exact.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        mark, segment, values, id = found
        fits = len(values) == len(order) and all(
            value is None or type(value) is (int if is_number(key.operand) else str)
            for key, value in zip(order, values, strict=True)
        )
    except (ValueError, TypeError, binascii.Error):
        raise BadCursor("not a cursor") from None
    if mark != _order_mark(query, order) or not isinstance(id, str) or not fits:
        raise BadCursor("a cursor of another list")
    if segment != (1 if values[0] is None else 0) or any(abs(v) >= 2**63 for v in values if type(v) is int):
        raise BadCursor("not a cursor")
    if any("\0" in v for v in (*values, id) if isinstance(v, str)):
        raise BadCursor("not a cursor")
    return _Cursor(segment, tuple(values), id)


def _order_mark(query: RecordQuery, order: tuple[Sort, ...]) -> str:
    """A short mark of form and order: a cursor fits no other list."""
    keys = [[key.operand.column, key.operand.json, key.operand.decimals, key.descending] for key in order]
    text = exact.canonical([query.form, query.deleted, keys])
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
