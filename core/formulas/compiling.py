"""From a checked formula to an expression of the store, for filters and totals; what cannot be said there is refused.

What depends on the scene alone is worked out beforehand, so that `due < EDATE(TODAY(), 1)` is a plain comparison.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from core.formulas.checking import every_node, is_list
from core.formulas.evaluating import build
from core.formulas.formula import Formula
from core.formulas.functions import FUNCTIONS
from core.formulas.model import NOTHING, Binary, Call, Fault, Literal, Member, Name, Node, Scene, TooCostly, Unary
from core.formulas.parsing import fault
from core.i18n import _
from core.store import expressions
from core.store.expressions import Column, Constant, Expression, Stored, TooWide, apply, over_rows
from core.store.record_query import Operand

COMPARISONS = {"=": "eq", "<>": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
_SIGNS = {"+": "add", "-": "sub", "*": "mul", "/": "div"}
_PLACES = 34
_UNITS = ("Y", "M", "D", "YM", "MD", "YD")
# How deep operations may stand in one another: SQLite reads a statement with a stack of 100, and each takes of it.
DEEPEST = 80
_HEAVY = {
    **dict.fromkeys(("IF", "IFS"), 8), **dict.fromkeys(("SWITCH", "LEFT", "RIGHT", "MID"), 17),
    **dict.fromkeys(("SUMIF", "COUNTIF", "SUMPRODUCT", "CONTAINS"), 24),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Places:
    """Where the store finds what a formula names: a field's operand, the decimals of a column of rows."""

    operand: Callable[[str], Operand]
    decimals: Callable[[str, str], int]


class Refused(Exception):
    """A part of a formula that the database cannot work out."""

    def __init__(self, node: Node, message: str) -> None:
        super().__init__(message)
        self.node, self.message = node, message


def compiled(formula: Formula, scene: Scene, places: Places) -> Expression | list[Fault]:
    """What the formula answers, as an expression over a record; or why it cannot be one."""
    return attempt(formula, lambda: Compiler(scene, places).expression(formula.tree))


def attempt(formula: Formula, make: Callable[[], Any]) -> Any:
    """What `make` gives, or the faults of what it was refused for."""
    try:
        return make()
    except Refused as error:
        return [fault(formula.text, error.node.at, error.message)]


class Compiler:
    def __init__(self, scene: Scene, places: Places) -> None:
        self.scene, self.places, self._depth = scene, places, 0

    def expression(self, node: Node, type_: str = "") -> Expression:
        """The node as an expression; of `type_` where the node is an empty literal."""
        weight = _HEAVY.get(node.function, 6) if isinstance(node, Call) else 5
        self._depth += weight
        if self._depth > DEEPEST:
            raise Refused(node, _("筛选用的公式嵌套太深，请拆开，或先做成计算字段再按它筛选"))
        try:
            return self._made(node, type_)
        except TooWide:
            raise Refused(node, _("这里的数字可能超过 34 位，请先用 ROUND 取舍，或做成计算字段再按它筛选")) from None
        finally:
            self._depth -= weight

    def _made(self, node: Node, type_: str) -> Expression:
        if self.constant(node):
            return self.worked_out(node, type_)
        match node:
            case Name():
                return self.name(node)
            case Member():
                raise _unsaid(node, _("明细的列要放在 SUM、COUNT 等函数里"))
            case Unary():
                of = self.expression(node.of, "number")
                if node.sign == "%":
                    return apply("mul", "number", of, expressions.constant(Decimal("0.01"), "number"))
                return of if node.sign == "+" else apply("neg", "number", of)
            case Binary():
                return self.binary(node)
            case Call():
                return self.call(node)
        raise TypeError(type(node).__name__)

    def constant(self, node: Node) -> bool:
        """Whether the scene decides it, whatever the record."""
        return not any(isinstance(one, Name | Member) for one in every_node(node))

    def value(self, node: Node) -> Any:
        try:
            return node.value if isinstance(node, Literal) else build(node)(NOTHING, self.scene)
        except TooCostly as error:
            raise Refused(node, error.message) from None

    def worked_out(self, node: Node, type_: str = "") -> Constant:
        value = stored_value(self.value(node))
        kind: Any = "list" if is_list(node.type) else node.type
        if kind == "null":
            kind = "text" if type_ in ("", "null") else type_
        return expressions.constant(value, kind)

    def name(self, node: Name) -> Expression:
        if node.old:
            raise _unsaid(node, _("筛选时没有修改前的值，OLD 不能用"))
        if is_list(node.type):
            return Stored("list", Operand(json=node.word, kind="list"))
        operand = self.places.operand(node.word)
        kind: Any = node.type
        span = expressions.number_span(operand.decimals) if kind == "number" else expressions.NO_SPAN
        return Stored(kind, operand, span)

    def column(self, node: Node) -> tuple[str, Column]:
        """The rows and the column that a list is taken from."""
        if not isinstance(node, Member) or node.old or node.looked_up:
            raise _unsaid(node)
        kind: Any = node.type.removeprefix("list:")
        decimals = self.places.decimals(node.owner, node.word) if kind == "number" else 0
        span = expressions.number_span(decimals) if kind == "number" else expressions.NO_SPAN
        return node.owner, Column(kind, node.word, span)

    def day(self, node: Node) -> Expression:
        found = self.expression(node, "date")
        return apply("day_of", "date", found) if found.type == "datetime" else found

    def binary(self, node: Binary) -> Expression:
        if node.sign == "&":
            return apply("concat", "text", self.written(node.left), self.written(node.right))
        kinds = node.left.type, node.right.type
        kind = next((one for one in kinds if one != "null"), "text")
        if node.sign in COMPARISONS:
            left, right = self.expression(node.left, kind), self.expression(node.right, kind)
            return apply(COMPARISONS[node.sign], "boolean", left, right)
        if "date" in kinds:
            return self.moved(node)
        if node.sign not in _SIGNS:
            raise _unsaid(node, _("“{sign}”不能用来筛选，请把乘方写成连乘", sign=node.sign))
        left, right = self.expression(node.left, "number"), self.expression(node.right, "number")
        if node.sign == "/" and isinstance(right, Constant) and _is_power_of_ten(right.value):
            return apply("mul", "number", left, expressions.constant(1 / right.value, "number"))
        return apply(_SIGNS[node.sign], "number", left, right)

    def moved(self, node: Binary) -> Expression:
        if node.type == "number":
            return apply("days", "number", self.day(node.left), self.day(node.right))
        day, count = (node.left, node.right) if node.left.type == "date" else (node.right, node.left)
        number = self.expression(count, "number")
        return apply("shift", "date", self.day(day), apply("neg", "number", number) if node.sign == "-" else number)

    def written(self, node: Node) -> Expression:
        """Any value as text."""
        found = self.expression(node, "text")
        return found if found.type == "text" else apply(f"{found.type}_text", "text", found)

    def call(self, node: Call) -> Expression:
        made = _CALLS.get(node.function)
        if made is None:
            words = {"name": node.function}
            raise _unsaid(node, _("{name} 不能直接用来筛选，请先做成计算字段再按它筛选", **words))
        return made(self, node)

    def given(self, node: Call) -> list[Expression]:
        """The arguments, each as its kind asks; an instant becomes its day where a day is wanted."""
        kinds = FUNCTIONS[node.function].kinds_for(len(node.args)) or []
        found = []
        for arg, kind in zip(node.args, kinds, strict=True):
            if kind == "day":
                found.append(self.day(arg))
            else:
                found.append(self.expression(arg, node.type if kind == "T" else kind))
        return found

    def number_of(self, node: Call, place: int, otherwise: int) -> Constant:
        """An argument that must be a whole constant."""
        if place >= len(node.args):
            return expressions.constant(Decimal(otherwise), "number")
        value = self.value(node.args[place]) if self.constant(node.args[place]) else None
        if not isinstance(value, Decimal) or abs(value) > _PLACES:
            raise _unsaid(node.args[place], _("这里要写一个不大的固定数字"))
        return expressions.constant(Decimal(int(value)), "number")


def stored_value(value: Any) -> Any:
    """A formula's value as the store compares it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    return tuple(value) if isinstance(value, list) else value


def _unsaid(node: Node, message: str = "") -> Refused:
    return Refused(node, message or _("这里不能直接用来筛选，请先做成计算字段再按它筛选"))


def _is_power_of_ten(value: Any) -> bool:
    return isinstance(value, Decimal) and value > 0 and value.normalize().as_tuple().digits == (1,) and abs(
        value.adjusted()
    ) < _PLACES  # fmt: skip


def _plain(op: str) -> Callable[[Compiler, Call], Expression]:
    return lambda compiler, node: apply(op, node.type, *compiler.given(node))  # type: ignore[arg-type]


def _if(compiler: Compiler, node: Call) -> Expression:
    given = compiler.given(node)
    return apply("case", node.type, *given, *([] if len(given) % 2 else [Constant(node.type, None)]))  # type: ignore[arg-type]


def _switch(compiler: Compiler, node: Call) -> Expression:
    kind = next((arg.type for arg in (node.args[0], *node.args[1:-1:2]) if arg.type != "null"), "text")
    cases = range(1, len(node.args) - 1, 2)
    found = [
        compiler.expression(arg, kind if place == 0 or place in cases else node.type)
        for place, arg in enumerate(node.args)
    ]
    return apply("switch", node.type, *found, *([Constant(node.type, None)] if len(found) % 2 else []))  # type: ignore[arg-type]


def _rounding(op: str) -> Callable[[Compiler, Call], Expression]:
    def made(compiler: Compiler, node: Call) -> Expression:
        number = compiler.expression(node.args[0], "number")
        return apply(op, "number", number, compiler.number_of(node, 1, 0))

    return made


def _cut(op: str) -> Callable[[Compiler, Call], Expression]:
    def made(compiler: Compiler, node: Call) -> Expression:
        text, *more = compiler.given(node)
        return apply(op, "text", text, *(more or [expressions.constant(Decimal(1), "number")]))

    return made


def _blank(compiler: Compiler, node: Call) -> Expression:
    arg = node.args[0]
    if not is_list(arg.type):
        return apply("blank", "boolean", compiler.expression(arg, "text"))
    owner = arg.owner if isinstance(arg, Member) else ""
    if isinstance(arg, Name) and not arg.old:
        owner = arg.word
    if not owner:
        raise _unsaid(arg)
    return apply("eq", "boolean", over_rows("count", owner), expressions.constant(Decimal(0), "number"))


def _counted(compiler: Compiler, arg: Node) -> Expression:
    """How many values an argument of COUNT has."""
    if isinstance(arg, Member):
        owner, column = compiler.column(arg)
        return over_rows("count", owner, column)
    if is_list(arg.type):
        if not isinstance(arg, Name) or arg.old:
            raise _unsaid(arg)
        return over_rows("count", arg.word)
    found = compiler.expression(arg, "text")
    none, one = (expressions.constant(Decimal(n), "number") for n in (0, 1))
    return apply("case", "number", apply("eq", "boolean", found, Constant(found.type, None)), none, one)


def _count(compiler: Compiler, node: Call) -> Expression:
    return apply("total", "number", *(_counted(compiler, arg) for arg in node.args))


def _sum(compiler: Compiler, node: Call) -> Expression:
    return apply("total", "number", *(_summed(compiler, arg, "sum") for arg in node.args))


def _summed(compiler: Compiler, arg: Node, function: Any) -> Expression:
    """A single value as it is, a column of rows as its sum, least or greatest."""
    if not is_list(arg.type):
        return compiler.expression(arg, "number")
    owner, column = compiler.column(arg)
    return over_rows(function, owner, column)


def _average(compiler: Compiler, node: Call) -> Expression:
    return apply("div", "number", _sum(compiler, node), _count(compiler, node))


def _extreme(op: str, function: str) -> Callable[[Compiler, Call], Expression]:
    def made(compiler: Compiler, node: Call) -> Expression:
        found = [_summed(compiler, arg, function) for arg in node.args]
        return found[0] if len(found) == 1 else apply(op, node.type, *found)  # type: ignore[arg-type]

    return made


def _columns(compiler: Compiler, node: Call, *args: Node) -> tuple[str, list[Column]]:
    """Columns that must be of the same rows."""
    found = [compiler.column(arg) for arg in args]
    if len({owner for owner, _column in found}) > 1:
        raise _unsaid(node, _("{name} 里的几列要来自同一张明细", name=node.function))
    return found[0][0], [column for _owner, column in found]


def _sum_of_products(compiler: Compiler, node: Call) -> Expression:
    owner, (first, *others) = _columns(compiler, node, *node.args)
    product: Expression = first
    for other in others:
        product = apply("mul", "number", product, other)
    return over_rows("sum", owner, product)


def _sum_if(compiler: Compiler, node: Call) -> Expression:
    tests = [node.args[0], *node.args[2:]]
    owner, (test, *amounts) = _columns(compiler, node, *tests)
    wanted = compiler.expression(node.args[1], test.type)
    where = apply("eq", "boolean", test, wanted)
    return over_rows("sum", owner, amounts[0], where=where) if amounts else over_rows("count", owner, where=where)


def _contains(compiler: Compiler, node: Call) -> Expression:
    where, what = node.args
    if not is_list(where.type):
        return _plain("contains")(compiler, node)
    wanted = compiler.expression(what, "text")
    if compiler.constant(where):
        among = compiler.worked_out(where).value or ()
        return apply("among", "boolean", wanted, *(Constant("text", one) for one in among))
    if isinstance(where, Name):
        return apply("has", "boolean", compiler.name(where), wanted)
    owner, column = compiler.column(where)
    there = apply("not", "boolean", apply("eq", "boolean", wanted, Constant("text", None)))
    fits = apply("and", "boolean", there, apply("eq", "boolean", column, wanted))
    return apply("gt", "boolean", over_rows("count", owner, where=fits), expressions.constant(Decimal(0), "number"))


def _weekday(compiler: Compiler, node: Call) -> Expression:
    system = compiler.number_of(node, 1, 1)
    if system.value not in (1, 2, 3):
        raise _unsaid(node.args[1])
    return apply("weekday", "number", compiler.day(node.args[0]), system)


def _datedif(compiler: Compiler, node: Call) -> Expression:
    unit = compiler.value(node.args[2]) if compiler.constant(node.args[2]) else ""
    if not isinstance(unit, str) or unit.upper() not in _UNITS:
        units = _("、").join(f'"{one}"' for one in _UNITS)
        raise _unsaid(node.args[2], _("单位要直接写成 {units} 之一", units=units))
    days = [compiler.day(arg) for arg in node.args[:2]]
    return apply("datedif", "number", *days, Constant("text", unit.upper()))


_CALLS: dict[str, Callable[[Compiler, Call], Expression]] = {
    "IF": _if, "IFS": _if, "SWITCH": _switch, "AND": _plain("and"), "OR": _plain("or"), "NOT": _plain("not"),
    "ISBLANK": _blank, "COALESCE": _plain("coalesce"),
    "ROUND": _rounding("round"), "ROUNDUP": _rounding("round_up"), "ROUNDDOWN": _rounding("round_down"),
    "INT": _plain("floor"), "ABS": _plain("abs"), "MOD": _plain("mod"),
    "MIN": _extreme("least", "min"), "MAX": _extreme("greatest", "max"),
    "SUM": _sum, "AVERAGE": _average, "COUNT": _count,
    "SUMPRODUCT": _sum_of_products, "SUMIF": _sum_if, "COUNTIF": _sum_if,
    "LEN": _plain("length"), "LEFT": _cut("left"), "RIGHT": _cut("right"), "MID": _cut("mid"), "TRIM": _plain("trim"),
    "CONCAT": lambda compiler, node: apply("concat", "text", *map(compiler.written, node.args)),
    "CONTAINS": _contains,
    "DATE": _plain("date"), "YEAR": _plain("year"), "MONTH": _plain("month"), "DAY": _plain("day"),
    "DAYS": _plain("days"), "EDATE": _plain("edate"), "EOMONTH": _plain("eomonth"),
    "WEEKDAY": _weekday, "DATEDIF": _datedif,
}  # fmt: skip
