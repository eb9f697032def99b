"""The functions of the language: names, what they take and give, and how each is built into a closure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core import arithmetic, dates
from core.arithmetic import EXACT
from core.formulas import days, wording
from core.formulas.capital import rmb_capital
from core.formulas.model import LONGEST_TEXT, Scene, TooCostly
from core.i18n import _

Values = Mapping[str, Any]
Run = Callable[[Values, Scene], Any]
Build = Callable[[Sequence[Run]], Run]
FAULTS = (ArithmeticError, ValueError, OverflowError)  # out of range: the answer is empty, never an infinity


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """`kinds` of its arguments, the last of them repeated `rest` at a time beyond; `gives` a type or a group.

    Kinds besides types: any (one value), values (or a list), day (date or datetime), numbers, texts (or a list),
    list, and groups whose members must be alike: T, K, and Ts, Ks as lists; Ts may be single values too.
    """

    usage: str
    kinds: tuple[str, ...]
    gives: str
    build: Build
    least: int = -1  # arguments; -1: as many as kinds
    rest: int = 0  # how many of the last kinds repeat; 0: none
    odd: str = ""  # kind of a last argument that completes no group of `rest`

    @property
    def fewest(self) -> int:
        return len(self.kinds) if self.least < 0 else self.least

    def kinds_for(self, count: int) -> list[str] | None:
        """The kind of each of `count` arguments; None where there cannot be so many."""
        found = list(self.kinds[:count])
        while self.rest and len(found) + self.rest <= count:
            found += self.kinds[-self.rest :]
        if len(found) < count and self.odd:
            found.append(self.odd)
        return found if self.fewest <= count == len(found) else None


def strict(function: Callable[..., Any]) -> Build:
    """Any empty argument makes the answer empty; so does one out of range."""

    def build(args: Sequence[Run]) -> Run:
        if len(args) == 1:
            (only,) = args

            def run_one(values: Values, scene: Scene) -> Any:
                value = only(values, scene)
                try:
                    return None if value is None else function(value)
                except FAULTS:
                    return None

            return run_one

        def run(values: Values, scene: Scene) -> Any:
            given = [arg(values, scene) for arg in args]
            try:
                return None if None in given else function(*given)
            except FAULTS:
                return None

        return run

    return build


def lenient(function: Callable[..., Any]) -> Build:
    """Empty arguments are handed on as None."""

    def build(args: Sequence[Run]) -> Run:
        def run(values: Values, scene: Scene) -> Any:
            try:
                return function(*[arg(values, scene) for arg in args])
            except FAULTS:
                return None

        return run

    return build


def of_scene(function: Callable[[Scene], Any]) -> Build:
    return lambda args: lambda values, scene: function(scene)


def each(given: Iterable[Any]) -> Iterator[Any]:
    """Every value that is there, out of single values and lists."""
    for one in given:
        if isinstance(one, list):
            yield from (value for value in one if value is not None)
        elif one is not None:
            yield one


def equal(one: Any, other: Any) -> bool:
    return one == other if one is not None and other is not None else one is other


def joined(*given: Any) -> str:
    text = "".join(wording.plain(one) for one in given)
    if len(text) > LONGEST_TEXT:
        raise TooCostly(_("公式算出的文字太长，最多 {n} 个字", n=LONGEST_TEXT))
    return text


def _if(args: Sequence[Run]) -> Run:
    when, then = args[0], args[1]
    otherwise = args[2] if len(args) > 2 else lambda values, scene: None
    return lambda values, scene: then(values, scene) if when(values, scene) is True else otherwise(values, scene)


def _ifs(args: Sequence[Run]) -> Run:
    pairs = tuple(zip(args[::2], args[1::2], strict=True))

    def run(values: Values, scene: Scene) -> Any:
        return next((then(values, scene) for when, then in pairs if when(values, scene) is True), None)

    return run


def _switch(args: Sequence[Run]) -> Run:
    subject, rest = args[0], args[1:]
    pairs = tuple(zip(rest[::2], rest[1::2], strict=False))
    default = rest[-1] if len(rest) % 2 else lambda values, scene: None

    def run(values: Values, scene: Scene) -> Any:
        value = subject(values, scene)
        found = next((then for case, then in pairs if equal(value, case(values, scene))), default)
        return found(values, scene)

    return run


def _decided(by: bool) -> Build:
    """AND (decided by FALSE), OR (by TRUE): what is empty decides nothing, but leaves the answer open."""

    def build(args: Sequence[Run]) -> Run:
        def run(values: Values, scene: Scene) -> bool | None:
            answer: bool | None = not by
            for arg in args:
                value = arg(values, scene)
                if value is by:
                    return by
                if value is None:
                    answer = None
            return answer

        return run

    return build


def _coalesce(args: Sequence[Run]) -> Run:
    def run(values: Values, scene: Scene) -> Any:
        for arg in args:
            value = arg(values, scene)
            if value is not None and value != "":
                return value
        return None

    return run


def _blank(value: Any) -> bool:
    return value is None or value == "" or value == []


def _contains(where: Any, what: str | None) -> bool:
    return what is not None and where is not None and what in where


def _mid(text: str, start: Decimal, count: Decimal) -> str | None:
    at, length = int(start) - 1, int(count)
    return text[at : at + length] if at >= 0 and length >= 0 else None


def _left(text: str, count: Decimal = Decimal(1)) -> str | None:
    return text[: int(count)] if count >= 0 else None


def _right(text: str, count: Decimal = Decimal(1)) -> str | None:
    return (text[-int(count) :] if int(count) else "") if count >= 0 else None


def _instant_day(part: str) -> Callable[[Any], Decimal]:
    return lambda value: Decimal(getattr(dates.day_of(value), part))


def _between(end: Any, start: Any) -> Decimal:
    return Decimal((dates.day_of(end) - dates.day_of(start)).days)


def _simple(usage: str, kinds: str, gives: str, function: Callable[..., Any], least: int = -1) -> Function:
    return Function(usage=usage, kinds=tuple(kinds.split()), gives=gives, build=strict(function), least=least)


def _loose(usage: str, kinds: str, gives: str, function: Callable[..., Any], *, rest: int = 0) -> Function:
    return Function(usage=usage, kinds=tuple(kinds.split()), gives=gives, build=lenient(function), rest=rest)


_ALL = (
    Function(usage="IF(condition, then, else?)", kinds=("boolean", "T", "T"), gives="T", build=_if, least=2),
    Function(usage="IFS(condition, value, …)", kinds=("boolean", "T"), gives="T", build=_ifs, rest=2),
    Function(usage="SWITCH(value, case, answer, …, else?)", kinds=("K", "K", "T"), gives="T", build=_switch, rest=2,
             odd="T"),
    Function(usage="AND(condition, …)", kinds=("boolean",), gives="boolean", build=_decided(False), rest=1),
    Function(usage="OR(condition, …)", kinds=("boolean",), gives="boolean", build=_decided(True), rest=1),
    _simple("NOT(condition)", "boolean", "boolean", lambda value: not value),
    _loose("ISBLANK(value)", "values", "boolean", _blank),
    Function(usage="COALESCE(value, …)", kinds=("T",), gives="T", build=_coalesce, rest=1),
    _simple("ROUND(number, places?)", "number number", "number", arithmetic.rounded, 1),
    _simple("ROUNDUP(number, places?)", "number number", "number", arithmetic.rounded_up, 1),
    _simple("ROUNDDOWN(number, places?)", "number number", "number", arithmetic.rounded_down, 1),
    _simple("INT(number)", "number", "number", arithmetic.floor),
    _simple("ABS(number)", "number", "number", EXACT.abs),
    _simple("MOD(number, divisor)", "number number", "number", arithmetic.modulo),
    _loose("MIN(value or list, …)", "Ts", "T", lambda *given: min(each(given), default=None), rest=1),
    _loose("MAX(value or list, …)", "Ts", "T", lambda *given: max(each(given), default=None), rest=1),
    _loose("SUM(number or list, …)", "numbers", "number", lambda *given: arithmetic.total(each(given)), rest=1),
    _loose("AVERAGE(number or list, …)", "numbers", "number", lambda *given: arithmetic.mean(each(given)), rest=1),
    _loose("COUNT(value or list, …)", "values", "number", lambda *g: Decimal(sum(1 for _one in each(g))), rest=1),
    _loose("SUMPRODUCT(list, list, …)", "list:number list:number", "number", arithmetic.sum_of_products, rest=1),
    _loose("SUMIF(list, value, numbers)", "Ks K list:number", "number",
           lambda tests, wanted, amounts: arithmetic.total(
               amount for test, amount in zip(tests or (), amounts or (), strict=False)
               if equal(test, wanted) and amount is not None)),
    _loose("COUNTIF(list, value)", "Ks K", "number",
           lambda tests, wanted: Decimal(sum(equal(test, wanted) for test in tests or ()))),
    _loose("LEN(text)", "text", "number", lambda text: Decimal(len(text or ""))),
    _simple("LEFT(text, count?)", "text number", "text", _left, 1),
    _simple("RIGHT(text, count?)", "text number", "text", _right, 1),
    _simple("MID(text, start, count)", "text number number", "text", _mid),
    _loose("CONCAT(value, …)", "any", "text", joined, rest=1),
    _simple("TRIM(text)", "text", "text", lambda text: " ".join(text.split())),
    _simple("UPPER(text)", "text", "text", str.upper),
    _simple("LOWER(text)", "text", "text", str.lower),
    _simple("TEXT(value, format)", "any text", "text", wording.formatted),
    _loose("CONTAINS(text or list, text)", "texts text", "boolean", _contains),
    _simple("DATE(year, month, day)", "number number number", "date", dates.make),
    _simple("YEAR(date)", "day", "number", _instant_day("year")),
    _simple("MONTH(date)", "day", "number", _instant_day("month")),
    _simple("DAY(date)", "day", "number", _instant_day("day")),
    _simple("DATEDIF(start, end, unit)", "day day text", "number", dates.datedif),
    _simple("EDATE(date, months)", "day number", "date", dates.edate),
    _simple("EOMONTH(date, months)", "day number", "date", dates.eomonth),
    _simple("DAYS(end, start)", "day day", "number", _between),
    _simple("WEEKDAY(date, system?)", "day number", "number", dates.weekday, 1),
    _simple("WORKDAY(start, count)", "day number", "date", days.workday),
    _simple("NETWORKDAYS(start, end)", "day day", "number", days.networkdays),
    Function(usage="TODAY()", kinds=(), gives="date", build=of_scene(lambda scene: scene.today)),
    Function(usage="NOW()", kinds=(), gives="datetime", build=of_scene(lambda scene: scene.moment)),
    Function(usage="ME()", kinds=(), gives="text", build=of_scene(lambda scene: scene.me)),
    Function(usage="MYDEPARTMENT()", kinds=(), gives="text", build=of_scene(lambda scene: scene.department)),
    Function(usage="MYROLES()", kinds=(), gives="list:text", build=of_scene(lambda scene: list(scene.roles))),
    _simple("RMBCAPITAL(amount)", "number", "text", rmb_capital),
)  # fmt: skip

FUNCTIONS: Mapping[str, Function] = {one.usage.partition("(")[0]: one for one in _ALL}
ALIASES: Mapping[str, str] = {"大写金额": "RMBCAPITAL"}
OLD = "OLD"  # OLD(field) is no function of values: it reads the same field as it was stored
