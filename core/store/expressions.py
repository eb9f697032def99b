"""What a statement works out of one record: fields, constants and named operations, neutral as conditions are; no SQL.

Every number has a span, so that it is known beforehand where 34 digits suffice and nothing can overflow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from core.arithmetic import DIGITS
from core.store.errors import StoreError
from core.store.record_terms import Arguments, Operand, Term

Type = Literal["number", "text", "boolean", "date", "datetime", "list"]
FIELD_DIGITS = 15  # of a number in a field, in all
MOST_ROWS = 4  # digits of the number of rows in one record
WIDEST = 95  # digits before or behind the point: beyond, decimals themselves come to an end
LONGEST = 6  # digits of the length of a text


class TooWide(StoreError):
    """A number might get more digits than can be kept exactly."""


@dataclass(frozen=True, slots=True)
class Span:
    """A number is below 10**whole, a multiple of 10**-places, and 0 or at least 10**-small in size."""

    whole: int = 1
    places: int = 0
    small: int = 0

    @property
    def digits(self) -> int:
        return self.whole + self.places

    def kept(self) -> Span:
        """After rounding to the digits that are kept."""
        if max(self.whole, self.places, self.small) > WIDEST:
            raise TooWide("a number might get too many digits")
        if self.digits <= DIGITS:
            return self
        return Span(self.whole, min(self.places, self.small + DIGITS), self.small)


NO_SPAN = Span()


@dataclass(frozen=True, slots=True)
class Stored:
    """A field of the record."""

    type: Type
    operand: Operand
    span: Span = NO_SPAN


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the row at hand, inside OverRows."""

    type: Type
    word: str
    span: Span = NO_SPAN


@dataclass(frozen=True, slots=True)
class Constant:
    """Decimal, text, a day or an instant as text, a boolean, a tuple of texts; None is empty."""

    type: Type
    value: Any
    span: Span = NO_SPAN


@dataclass(frozen=True, slots=True)
class Apply:
    op: str
    type: Type
    args: tuple[Expression, ...]
    span: Span = NO_SPAN


@dataclass(frozen=True, slots=True)
class OverRows:
    """An aggregate over the rows kept in the field `rows`: of those where `where` is true, `of` where it is there."""

    function: Literal["sum", "count", "min", "max"]
    type: Type
    rows: str
    of: Expression | None = None
    where: Expression | None = None
    span: Span = NO_SPAN


Expression = Stored | Column | Constant | Apply | OverRows


@dataclass(frozen=True, slots=True)
class Holds(Term):
    """A condition: the expression, a boolean, is true; empty is not."""

    expression: Expression

    def sql(self, arguments: Arguments) -> str:
        from core.store.expression_sql import writer  # it spells operands, as record_terms does

        return writer(arguments).condition(self.expression)


def number_span(decimals: int) -> Span:
    """The span of a number field with so many places."""
    return Span(max(FIELD_DIGITS - decimals, 1), decimals, decimals)


def constant(value: Any, type_: Type) -> Constant:
    if not isinstance(value, Decimal):
        return Constant(type_, value)
    _sign, digits, exponent = value.as_tuple()
    places = max(-int(exponent), 0)
    return Constant(type_, value, Span(max(len(digits) + int(exponent), 1), places, places).kept())


def apply(op: str, type_: Type, *args: Expression) -> Apply:
    """An operation; TooWide where its number could get out of hand."""
    span = NO_SPAN
    if type_ == "number":
        rule = _SPANS.get(op)
        numbers = [arg for arg in args if arg.type == "number"]
        span = (rule(numbers) if rule else Span(LONGEST + 1)).kept()
    return Apply(op, type_, args, span)


def over_rows(
    function: Literal["sum", "count", "min", "max"],
    rows: str,
    of: Expression | None = None,
    *,
    where: Expression | None = None,
) -> OverRows:
    """An aggregate over rows; TooWide where the sum could be rounded on its way."""
    type_: Type = "number" if function in ("sum", "count") or of is None else of.type
    span = Span(MOST_ROWS + 1)
    if of is not None and function in ("sum", "min", "max") and of.type == "number":
        span = of.span
        if function == "sum":
            span = _unrounded(Span(span.whole + MOST_ROWS, span.places, span.places))
    return OverRows(function, type_, rows, of, where, span)


def whole(expression: Expression) -> int:
    """The whole number that a constant is: places, or a way to count."""
    value = expression.value if isinstance(expression, Constant) else None
    if value is None:
        raise StoreError("places are a constant")
    return int(value)


def _added(args: Sequence[Expression]) -> Span:
    places = max(arg.span.places for arg in args)
    return Span(max(arg.span.whole for arg in args) + len(str(len(args))), places, places)


def _unrounded(span: Span) -> Span:
    if span.digits > DIGITS:
        raise TooWide("a number might be rounded on its way")
    return span


def _multiplied(args: Sequence[Expression]) -> Span:
    one, other = (arg.span for arg in args)
    return Span(one.whole + other.whole, one.places + other.places, one.small + other.small)


def _divided(args: Sequence[Expression]) -> Span:
    one, other = (arg.span for arg in args)
    small = one.small + other.whole
    return Span(one.whole + other.small, small + DIGITS, small)


def _modulo(args: Sequence[Expression]) -> Span:
    one, other = (arg.span for arg in args)
    if one.whole + other.small > DIGITS:
        raise TooWide("the quotient might get too many digits")
    places = max(one.places, other.places)
    return _unrounded(Span(other.whole, places, places))


def _rounded(args: Sequence[Expression]) -> Span:
    span, places = args[0].span, whole(args[1])
    if places <= 0:
        return Span(max(span.whole, -places) + 1)
    kept = min(span.places, places)
    return Span(span.whole + 1, kept, kept)


def _same(args: Sequence[Expression]) -> Span:
    spans = [arg.span for arg in args]
    return Span(max(s.whole for s in spans), max(s.places for s in spans), max(s.small for s in spans))


_SPANS: Mapping[str, Callable[[Sequence[Expression]], Span]] = {
    "add": _added, "sub": _added, "total": lambda args: _unrounded(_added(args)),
    "mul": _multiplied, "div": _divided, "mod": _modulo,
    "neg": _same, "abs": _same, "least": _same, "greatest": _same, "case": _same, "switch": _same, "coalesce": _same,
    "floor": lambda args: Span(args[0].span.whole + 1),
    "round": _rounded, "round_up": _rounded, "round_down": _rounded,
}  # fmt: skip
