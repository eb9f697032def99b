"""From a checked tree to Python closures over exact decimals; nothing here can loop or raise but TooCostly."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from core import arithmetic, dates
from core.arithmetic import EXACT
from core.formulas.functions import FAULTS, FUNCTIONS, Run, Values, equal, joined
from core.formulas.model import (
    LONGEST_LIST,
    Binary,
    Call,
    Gather,
    Literal,
    Member,
    Name,
    Node,
    Scene,
    TooCostly,
    Unary,
)
from core.i18n import _

Read = Callable[[Any], Any]


def _number(value: Any) -> Decimal | None:
    kind = value.__class__
    if kind is not Decimal and kind is not int:
        return None
    try:
        found = EXACT.plus(value)
    except ArithmeticError:
        return None
    return found if found.is_finite() else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _boolean(value: Any) -> bool | None:
    return value if value.__class__ is bool else None


def _date(value: Any) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        return None


def _datetime(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo else None


def _list(value: Any) -> list[Any] | None:
    """Several texts, files or rows; only what is there counts."""
    return _bounded(value) if isinstance(value, list | tuple) else None


def _bounded(value: list[Any] | tuple[Any, ...]) -> list[Any]:
    if len(value) > LONGEST_LIST:
        raise TooCostly(_("明细行数太多，公式最多算 {n} 行", n=LONGEST_LIST))
    return list(value)


# A stored value that is not of its type counts as empty: the form's own check says what is wrong with it.
READ: Mapping[str, Read] = {
    "number": _number, "text": _text, "boolean": _boolean, "date": _date, "datetime": _datetime,
}  # fmt: skip


def reader(type_: str) -> Read:
    return READ.get(type_, _list)


def build(node: Node) -> Run:
    match node:
        case Literal():
            value = node.value
            return lambda values, scene: value
        case Name():
            return _name(node)
        case Member():
            return _member(node)
        case Unary():
            return _unary(node.sign, build(node.of))
        case Binary():
            return _binary(node)
        case Call():
            return FUNCTIONS[node.function].build([build(arg) for arg in node.args])
        case Gather():
            return _gather(node)
    raise TypeError(type(node).__name__)


def _name(node: Name) -> Run:
    word, read = node.word, reader(node.type)
    if node.old:
        return lambda values, scene: read(scene.old.get(word))
    if read is _number:
        plus = EXACT.plus

        def number(values: Values, scene: Scene) -> Decimal | None:
            value = values.get(word)
            if value.__class__ is Decimal or value.__class__ is int:
                try:
                    found = plus(value)
                except ArithmeticError:
                    return None
                return found if found.is_finite() else None
            return None

        return number
    return lambda values, scene: read(values.get(word))


def _member(node: Member) -> Run:
    owner, word, old = node.owner, node.word, node.old
    if node.looked_up:
        key, one = (owner, word), reader(node.type)
        # what was looked up counts only while the reference is there: a condition may have emptied it
        return lambda values, scene: one(scene.lookups.get(key)) if values.get(owner) else None
    read = reader(node.type.removeprefix("list:"))

    def column(values: Values, scene: Scene) -> list[Any]:
        rows = (scene.old if old else values).get(owner)
        if not isinstance(rows, list | tuple):
            return []
        return [read(row.get(word)) for row in _bounded(rows) if isinstance(row, Mapping)]

    return column


def _gather(node: Gather) -> Run:
    what, read = node.what, reader(node.type)
    nothing = arithmetic.ZERO if what.function in ("sum", "count") else None

    def run(values: Values, scene: Scene) -> Any:
        value = read(scene.gathered.get(what))
        return nothing if value is None else value

    return run


def _unary(sign: str, of: Run) -> Run:
    act = {"-": EXACT.minus, "+": EXACT.plus, "%": lambda value: EXACT.divide(value, Decimal(100))}[sign]

    def run(values: Values, scene: Scene) -> Decimal | None:
        value = of(values, scene)
        try:
            return None if value is None else act(value)
        except ArithmeticError:
            return None

    return run


_ACTS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": EXACT.add, "-": EXACT.subtract, "*": EXACT.multiply, "/": EXACT.divide, "^": arithmetic.power,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def _binary(node: Binary) -> Run:
    left, right = build(node.left), build(node.right)
    if node.sign == "&":
        return lambda values, scene: joined(left(values, scene), right(values, scene))
    if node.sign == "=":
        return lambda values, scene: equal(left(values, scene), right(values, scene))
    if node.sign == "<>":
        return lambda values, scene: not equal(left(values, scene), right(values, scene))
    act = _ACTS[node.sign]
    if node.sign in "+-" and "date" in (node.left.type, node.right.type):
        act = _moved(node)

    def run(values: Values, scene: Scene) -> Any:
        one, other = left(values, scene), right(values, scene)
        if one is None or other is None:
            return None
        try:
            return act(one, other)
        except FAULTS:
            return None

    return run


def _moved(node: Binary) -> Callable[[Any, Any], Any]:
    """A date and a number of days, or the days between two dates."""
    if node.left.type == node.right.type or node.type == "number":
        return lambda one, other: Decimal((one - other).days)
    if node.left.type != "date":
        return lambda count, day: dates.shifted(day, count)
    if node.sign == "-":
        return lambda day, count: dates.shifted(day, EXACT.minus(count))
    return dates.shifted
