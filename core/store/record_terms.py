"""One condition of a query over records, in each engine's SQL: where a value is, how it compares; no whole statement.

Values compare alike on both engines: text by code point, numbers as scaled integers, never as floats.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Any, Literal

from core.store.errors import StoreError
from core.store.schema import NUMBER_SLOTS, SLOTS

Kind = Literal["text", "number", "boolean", "list"]
Op = Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "contains", "empty", "filled"]
Engine = Literal["sqlite", "postgres"]

SYSTEM_COLUMNS = frozenset(
    ("id", "state", "key", "revision", "version", "department", "created_at", "created_by",
     "updated_at", "updated_by", "deleted_at")
)  # fmt: skip
ALWAYS_THERE = frozenset(("id", "revision", "version", "created_at", "updated_at"))
LARGEST = 2**63 - 1
MARK = "\x01"
NEVER, ALWAYS = "1 = 0", "1 = 1"
NUMBERS = frozenset((*NUMBER_SLOTS, "revision"))
_COLUMNS = SYSTEM_COLUMNS | frozenset(SLOTS)
_NAME = re.compile(r"\w{1,100}")
_PARAMETER = re.compile(r"'(?:[^']|'')*'|\$(\d+)")
_WIDE = Context(prec=60)
_SYMBOLS = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_FOLD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


@dataclass(frozen=True, slots=True)
class Operand:
    """Where a value is: `column` (a slot or a system column) or, slower, `json`, a field of the data.

    `kind` "number" has `decimals`: the store sees value * 10**decimals, callers give and get the value itself.
    "boolean" is 0 or 1 in a slot. "list" (several choices, files) is in the data only.
    """

    column: str | None = None
    json: str | None = None
    kind: Kind = "text"
    decimals: int = 0

    def __post_init__(self) -> None:
        if (self.column is None) == (self.json is None):
            raise StoreError("an operand is either a column or a field of the data")
        if self.column is not None and self.column not in _COLUMNS:
            raise StoreError(f"{self.column}: not a column to ask for")
        if self.json is not None and not _NAME.fullmatch(self.json):
            raise StoreError(f"{self.json}: not a name of a field")

    @property
    def always_there(self) -> bool:
        return self.column in ALWAYS_THERE


@dataclass(frozen=True, slots=True)
class Compare:
    """`value`: str, int, Decimal or bool as the operand's kind says; a tuple for "in"; None for "empty", "filled".

    "ne" holds for records without a value too. "contains" looks for a piece of text, ASCII letters in either
    case, or in a list for the value.
    """

    operand: Operand
    op: Op
    value: Any = None


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Fragment:
    """A condition in SQL from elsewhere in the store; its own parameters are $1..$n. It names the tenant itself."""

    sql: str
    args: tuple[Any, ...] = ()


class Term(ABC):
    """A condition that writes its own SQL."""

    __slots__ = ()

    @abstractmethod
    def sql(self, arguments: Arguments) -> str: ...


Condition = Compare | AllOf | AnyOf | Fragment | Term


class Arguments:
    """The values of a statement in the making, in the order of their numbers.

    A column in a condition is marked with MARK: what becomes of it is said once the statement is whole.
    """

    def __init__(self, engine: Engine, first: Iterable[Any] = ()) -> None:
        self.engine = engine
        self.values = list(first)

    def add(self, value: Any) -> str:
        """`value` as the next parameter, spelled $n."""
        self.values.append(value)
        return f"${len(self.values)}"

    def typed(self, value: int | str) -> str:
        """As `add`, where PostgreSQL would guess another type from what stands beside it."""
        return f"CAST({self.add(value)} AS BIGINT)" if isinstance(value, int) else self.add(value)


def scaled(value: Any, decimals: int) -> Decimal:
    """`value` * 10**decimals, exactly; a whole number where `value` has no more decimals."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise StoreError(f"{value!r}: a number is int or Decimal")
    number = Decimal(value)
    if not number.is_finite():
        raise StoreError(f"{value}: not a number")
    return number.scaleb(decimals, _WIDE)


def unscaled(value: int | Decimal | None, decimals: int) -> Decimal | int | None:
    """What `scaled` made, back again: int where there are no decimals."""
    if value is None:
        return None
    return Decimal(int(value)).scaleb(-decimals, _WIDE) if decimals else int(value)


def stored(operand: Operand, value: Any) -> int | str:
    """`value` as the database holds it; only for values that fit the operand exactly."""
    if operand.kind == "number":
        return int(scaled(value, operand.decimals))
    if operand.kind == "boolean":
        return int(bool(value))
    if operand.column == "revision":
        return int(value)
    if not isinstance(value, str):
        raise StoreError(f"{value!r}: text is str")
    return storable(value)


def storable(text: str) -> str:
    """`text` for a comparison: no record has a NUL in it, and PostgreSQL refuses even to look for one."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def spell(operand: Operand, engine: Engine) -> str:
    """The SQL of the operand's value: NULL where the record has none or one of another kind."""
    if operand.column is not None:
        return operand.column
    if operand.kind == "number":
        return _json_number(operand, engine)
    if engine == "postgres":
        text = f"data ->> '{operand.json}'"
        if operand.kind == "boolean":
            return f"CASE {text} WHEN 'true' THEN 1 WHEN 'false' THEN 0 END"
        return f"({text})"
    path = f"'$.\"{operand.json}\"'"
    if operand.kind == "boolean":
        return f"CASE json_type(data, {path}) WHEN 'true' THEN 1 WHEN 'false' THEN 0 END"
    return f"CAST(data ->> {path} AS TEXT)"


def _json_number(operand: Operand, engine: Engine) -> str:
    """The number times 10**decimals, further decimals cut off.

    SQLite would read 0.1 as a float. `->` gives the digits as they were written, and moving the point in text
    is exact up to 18 digits. Only a number written with an exponent, which the platform never writes, goes
    through a float there.
    """
    name, places = operand.json, operand.decimals
    if engine == "postgres":
        number = f"trunc(CAST(data ->> '{name}' AS NUMERIC) * {10**places})"
        return f"CASE WHEN json_typeof(data -> '{name}') = 'number' THEN {number} END"
    path = f"'$.\"{name}\"'"
    digits, zeros = f"(data -> {path})", "0" * places
    point = f"instr({digits}, '.')"
    fraction = f"substr(substr({digits}, {point} + 1) || '{zeros}', 1, {places})"
    return (
        f"CASE WHEN json_type(data, {path}) = 'integer' THEN CAST({digits} || '{zeros}' AS INTEGER)"
        f" WHEN json_type(data, {path}) <> 'real' THEN NULL"
        f" WHEN instr(lower({digits}), 'e') > 0 THEN CAST(CAST({digits} AS REAL) * {10**places} AS INTEGER)"
        f" ELSE CAST(substr({digits}, 1, {point} - 1) || {fraction} AS INTEGER) END"
    )


def spelled(operand: Operand, engine: Engine) -> str:
    """As `spell`, in a condition."""
    return MARK + operand.column if operand.column is not None else spell(operand, engine)


def condition_sql(condition: Condition, arguments: Arguments) -> str:
    """The condition as SQL, its values added to `arguments`."""
    if isinstance(condition, Compare):
        return _compare(condition, arguments)
    if isinstance(condition, Fragment):
        start = len(arguments.values)
        arguments.values.extend(condition.args)
        return _PARAMETER.sub(lambda m: f"${int(m[1]) + start}" if m[1] else m[0], f"({condition.sql})")
    if isinstance(condition, Term):
        return condition.sql(arguments)
    if not condition.parts:
        return ALWAYS if isinstance(condition, AllOf) else NEVER
    word = " AND " if isinstance(condition, AllOf) else " OR "
    return "(" + word.join(condition_sql(part, arguments) for part in condition.parts) + ")"


def _compare(compare: Compare, arguments: Arguments) -> str:
    operand, op, value = compare.operand, compare.op, compare.value
    if operand.kind == "list":
        return _list_condition(compare, arguments)
    left = spelled(operand, arguments.engine)
    if op == "empty":
        return f"{left} IS NULL"
    if op == "filled":
        return f"{left} IS NOT NULL"
    if op == "in":
        return _among(operand, left, value, arguments=arguments)
    if op == "contains":
        return contains_sql(left, value, arguments)
    if op not in _SYMBOLS:
        raise StoreError(f"{op}: not a comparison")
    return _ordered(compare, left, arguments)


def _ordered(compare: Compare, left: str, arguments: Arguments) -> str:
    found = fitting(compare)
    if isinstance(found, bool):  # true or false of every value; a record without one only fulfils "ne"
        if compare.op == "ne":
            return ALWAYS
        return f"{left} IS NOT NULL" if found else NEVER
    right = arguments.typed(found.value)
    if found.op == "ne":
        return f"({left} <> {right} OR {left} IS NULL)"
    return f"{left} {_SYMBOLS[found.op]} {right}"


def fitting(compare: Compare) -> Compare | bool:
    """The comparison with its value as stored, or what it is for every value.

    More decimals than the operand keeps are rounded to the side that leaves the answer true: > 1.005 with two
    decimals is >= 1.01, = 1.005 is never.
    """
    operand, op, value = compare.operand, compare.op, compare.value
    if operand.kind != "number":
        return Compare(operand, op, stored(operand, value))
    exact = scaled(value, operand.decimals)
    if abs(exact) > LARGEST:
        return op == "ne" or ((op in ("lt", "le")) == (exact > 0) and op != "eq")
    whole = exact.to_integral_value(ROUND_FLOOR if op in ("lt", "le") else ROUND_CEILING)
    if whole == exact:
        return Compare(operand, op, int(whole))
    if op in ("eq", "ne"):
        return op == "ne"
    return Compare(operand, "le" if op in ("lt", "le") else "ge", int(whole))


def _among(operand: Operand, left: str, values: Sequence[Any], *, arguments: Arguments) -> str:
    kept = []
    for value in dict.fromkeys(values):
        found = fitting(Compare(operand, "eq", value))
        if not isinstance(found, bool):
            kept.append(arguments.typed(found.value))
    return f"{left} IN ({', '.join(kept)})" if kept else NEVER


def contains_sql(left: str, piece: str, arguments: Arguments) -> str:
    """Whether the text `left` has `piece` in it: ASCII letters in either case, no other folding, no wildcards."""
    if not isinstance(piece, str):
        raise StoreError(f"{piece!r}: text is str")
    right = arguments.add(storable(piece).translate(_FOLD))
    if arguments.engine == "postgres":
        return f'strpos(lower({left} COLLATE "C"), {right}) > 0'
    return f"instr(lower({left}), {right}) > 0"


def _list_condition(compare: Compare, arguments: Arguments) -> str:
    operand, op = compare.operand, compare.op
    if operand.json is None:
        raise StoreError("a list is in the data only")
    if arguments.engine == "postgres":
        found = f"data -> '{operand.json}'"
        items = f"CASE json_typeof({found}) WHEN 'array' THEN {found} ELSE CAST('[]' AS JSON) END"
        rows = f"json_array_elements_text({items}) AS item (value)"
        filled = f"COALESCE(json_array_length({items}), 0) > 0"
    else:
        path = f"'$.\"{operand.json}\"'"
        rows = f"json_each(data, {path}) AS item"
        filled = f"COALESCE(json_array_length(data, {path}), 0) > 0"
    if op in ("empty", "filled"):
        return filled if op == "filled" else f"NOT ({filled})"
    if op not in ("contains", "eq", "ne", "in"):
        raise StoreError(f"{op}: not for a list")
    wanted = tuple(compare.value) if op == "in" else (compare.value,)
    if not wanted:
        return NEVER
    places = ", ".join(arguments.add(storable(value)) for value in wanted)
    inside = f"EXISTS (SELECT 1 FROM {rows} WHERE item.value IN ({places}))"
    return f"NOT {inside}" if op == "ne" else inside


def is_number(operand: Operand) -> bool:
    """Whether the database gives the operand's value as a number."""
    return operand.kind in ("number", "boolean") or operand.column in NUMBERS
