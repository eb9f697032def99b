"""What SQLite lacks, given to each connection: exact decimals and days, the very arithmetic that formulas have.

A decimal is a text on its way through SQLite, a day its ISO text. Out of range is empty, never an error.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from core import arithmetic, dates
from core.arithmetic import EXACT
from core.dates import CHINA

_FAR = 4_000_000
_FAULTS = (ArithmeticError, ValueError, OverflowError, TypeError)


def register(connection: sqlite3.Connection) -> None:
    """Give `connection` every function of this module."""
    for name, (function, count) in _FUNCTIONS.items():
        connection.create_function(name, count, function, deterministic=True)
    connection.create_aggregate("exact_sum", 1, _Sum)
    connection.create_aggregate("exact_min", 1, _Least)
    connection.create_aggregate("exact_max", 1, _Greatest)


def _strict(function: Callable[..., Any], *, kinds: str) -> Callable[..., Any]:
    """Empty where an argument is; `kinds`: n a decimal, d a day, m a moment, i and t as they are."""
    readers = [_READERS[kind] for kind in kinds]

    def call(*given: Any) -> Any:
        try:
            if None in given:
                return None
            return _told(function(*[read(value) for read, value in zip(readers, given, strict=True)]))
        except _FAULTS:
            return None

    return call


_READERS: dict[str, Callable[[Any], Any]] = {
    "n": Decimal, "d": date.fromisoformat, "m": datetime.fromisoformat, "i": int, "t": str,
}  # fmt: skip


def _told(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value


def _scaled(whole: int, scale: int) -> Decimal:
    return Decimal(whole).scaleb(-scale, EXACT)


def _compared(one: Decimal, other: Decimal) -> int:
    return (one > other) - (one < other)


def _same(one: Any, other: Any) -> int:
    if one is None or other is None:
        return int(one is other)
    return int(Decimal(one) == Decimal(other))


def _divided(one: Decimal, other: Decimal) -> Decimal | None:
    return EXACT.divide(one, other) if other else None


def _total(*given: Any) -> str:
    return str(arithmetic.total(Decimal(one) for one in given if one is not None))


def _chosen(choose: Callable[..., Any], read: Callable[[Any], Any]) -> Callable[..., Any]:
    def call(*given: Any) -> Any:
        return choose((one for one in given if one is not None), key=read, default=None)

    return call


def _whole(number: Decimal) -> int:
    """Cut to a whole number that SQLite can hold; what is far out is brought near, and out still."""
    return max(min(int(number), _FAR), -_FAR)


def _moment_text(moment: datetime) -> str:
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00")


def _rounding(function: Callable[[Decimal, Decimal], Decimal]) -> Callable[[Decimal, int], Decimal]:
    return lambda number, places: function(number, Decimal(places))


class _Sum:
    def __init__(self) -> None:
        self.found: Decimal | None = None

    def step(self, value: Any) -> None:
        if value is not None:
            self.found = arithmetic.added(self.found or Decimal(0), Decimal(value))

    def finalize(self) -> str | None:
        return None if self.found is None else str(self.found)


class _Least:
    choose: Callable[..., Decimal] = staticmethod(min)

    def __init__(self) -> None:
        self.found: Decimal | None = None

    def step(self, value: Any) -> None:
        if value is not None:
            self.found = Decimal(value) if self.found is None else type(self).choose(self.found, Decimal(value))

    def finalize(self) -> str | None:
        return None if self.found is None else str(self.found)


class _Greatest(_Least):
    choose = staticmethod(max)


_FUNCTIONS: dict[str, tuple[Callable[..., Any], int]] = {
    "exact_scaled": (_strict(_scaled, kinds="ii"), 2),
    "exact_compare": (_strict(_compared, kinds="nn"), 2),
    "exact_same": (_same, 2),
    "exact_add": (_strict(EXACT.add, kinds="nn"), 2),
    "exact_sub": (_strict(EXACT.subtract, kinds="nn"), 2),
    "exact_mul": (_strict(EXACT.multiply, kinds="nn"), 2),
    "exact_div": (_strict(_divided, kinds="nn"), 2),
    "exact_mod": (_strict(arithmetic.modulo, kinds="nn"), 2),
    "exact_neg": (_strict(EXACT.minus, kinds="n"), 1),
    "exact_abs": (_strict(EXACT.abs, kinds="n"), 1),
    "exact_floor": (_strict(arithmetic.floor, kinds="n"), 1),
    "exact_round": (_strict(_rounding(arithmetic.rounded), kinds="ni"), 2),
    "exact_round_up": (_strict(_rounding(arithmetic.rounded_up), kinds="ni"), 2),
    "exact_round_down": (_strict(_rounding(arithmetic.rounded_down), kinds="ni"), 2),
    "exact_total": (_total, -1),
    "exact_least": (_chosen(min, Decimal), -1),
    "exact_greatest": (_chosen(max, Decimal), -1),
    "exact_whole": (_strict(_whole, kinds="n"), 1),
    "exact_written": (_strict(arithmetic.written, kinds="n"), 1),
    "text_least": (_chosen(min, str), -1),
    "text_greatest": (_chosen(max, str), -1),
    "text_trim": (_strict(lambda text: " ".join(text.split()), kinds="t"), 1),
    "day_of_moment": (_strict(dates.day_of, kinds="m"), 1),
    "day_shift": (_strict(dates.shifted, kinds="dn"), 2),
    "day_make": (_strict(dates.make, kinds="nnn"), 3),
    "day_edate": (_strict(dates.edate, kinds="dn"), 2),
    "day_eomonth": (_strict(dates.eomonth, kinds="dn"), 2),
    "day_between": (_strict(lambda end, start: (end - start).days, kinds="dd"), 2),
    "day_datedif": (_strict(lambda start, end, unit: _int(dates.datedif(start, end, unit)), kinds="ddt"), 3),
    "day_weekday": (_strict(lambda day, system: _int(dates.weekday(day, Decimal(system))), kinds="di"), 2),
    "moment_text": (_strict(_moment_text, kinds="m"), 1),
}


def _int(number: Decimal | None) -> int | None:
    return None if number is None else int(number)
