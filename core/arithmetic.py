"""Arithmetic as formulas do it: exact decimals of 34 digits, half up; what leaves the range raises ArithmeticError."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import (
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)

DIGITS = 34  # significant ones (decimal128), half up as in bookkeeping; nothing grows beyond 10^99
EXACT = Context(
    prec=DIGITS, rounding=ROUND_HALF_UP, Emin=-99, Emax=99, traps=[InvalidOperation, DivisionByZero, Overflow]
)
ZERO = Decimal(0)
WIDE = Context(prec=250, rounding=ROUND_HALF_UP, traps=[InvalidOperation, DivisionByZero, Overflow])
_PLACES = [Decimal(1).scaleb(-places) for places in range(35)]


def _to_places(number: Decimal, places: Decimal, way: str) -> Decimal:
    digits = int(places)
    if abs(digits) > 34:
        return number if digits > 0 else ZERO
    if digits >= 0:
        if -number.as_tuple().exponent <= digits:  # type: ignore[operator]
            return number
        return number.quantize(_PLACES[digits], rounding=way, context=EXACT)
    unit = Decimal(1).scaleb(-digits)
    return EXACT.multiply(EXACT.divide(number, unit).to_integral_value(rounding=way), unit)


def rounded(number: Decimal, places: Decimal = ZERO) -> Decimal:
    return _to_places(number, places, ROUND_HALF_UP)


def rounded_up(number: Decimal, places: Decimal = ZERO) -> Decimal:
    """Away from zero."""
    return _to_places(number, places, ROUND_UP)


def rounded_down(number: Decimal, places: Decimal = ZERO) -> Decimal:
    """Towards zero."""
    return _to_places(number, places, ROUND_DOWN)


def floor(number: Decimal) -> Decimal:
    return number.to_integral_value(rounding=ROUND_FLOOR)


def modulo(number: Decimal, divisor: Decimal) -> Decimal:
    """The sign of the divisor, as in spreadsheets."""
    rest = EXACT.remainder(number, divisor)
    return EXACT.add(rest, divisor) if rest and (rest < 0) != (divisor < 0) else rest


def power(base: Decimal, exponent: Decimal) -> Decimal:
    if not base and exponent < 0:
        raise ZeroDivisionError  # decimals would answer Infinity, without a word
    return EXACT.power(base, exponent)


def total(numbers: Iterable[Decimal]) -> Decimal:
    found = ZERO
    for number in numbers:
        found = EXACT.add(found, number)
    return found


def added(one: Decimal, other: Decimal) -> Decimal:
    """A sum over many records, of which no digit may be lost."""
    return WIDE.add(one, other)


def mean(numbers: Iterable[Decimal]) -> Decimal | None:
    every = list(numbers)
    return EXACT.divide(total(every), Decimal(len(every))) if every else None


def sum_of_products(*lists: list[Decimal | None] | None) -> Decimal:
    """Row by row; a row in which a factor is empty counts nothing."""
    found = ZERO
    for row in zip(*(one or () for one in lists), strict=False):
        if None not in row:
            product = Decimal(1)
            for factor in row:
                product = EXACT.multiply(product, factor)  # type: ignore[arg-type]
            found = EXACT.add(found, product)
    return found


def written(number: Decimal) -> str:
    """The number as text, without needless zeros and never with an exponent."""
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text
