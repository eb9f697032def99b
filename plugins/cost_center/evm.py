"""Earned value after ANSI/EIA-748 and earned schedule after Lipke (2003): exact, from plain numbers; no records.

Everything is a fraction, so that nothing is rounded before it is shown. Where a denominator is 0 the answer is None,
never 0 and never infinite.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

Number = Decimal | Fraction | int
WEIGHT_CPI, WEIGHT_SPI = Fraction(8, 10), Fraction(2, 10)  # the factor 0.8·CPI + 0.2·SPI of common practice
UNATTAINABLE = "unattainable"


@dataclass(frozen=True, slots=True)
class Status:
    """What is known at one instant. `at`, `es`, `pd` (actual time, earned schedule, planned duration) in one unit.

    None: not known, because nothing says it; what needs it is then None too.
    """

    bac: Number
    pv: Number | None
    ev: Number | None
    ac: Number | None
    at: Number | None = None
    es: Number | None = None
    pd: Number | None = None
    etc: Number | None = None  # estimated bottom-up

    @property
    def sv(self) -> Fraction | None:
        return _minus(self.ev, self.pv)

    @property
    def cv(self) -> Fraction | None:
        return _minus(self.ev, self.ac)

    @property
    def sv_share(self) -> Fraction | None:
        return ratio(self.sv, self.pv)

    @property
    def cv_share(self) -> Fraction | None:
        return ratio(self.cv, self.ev)

    @property
    def spi(self) -> Fraction | None:
        return ratio(self.ev, self.pv)

    @property
    def cpi(self) -> Fraction | None:
        return ratio(self.ev, self.ac)

    @property
    def sci(self) -> Fraction | None:
        return _times(self.spi, self.cpi)

    @property
    def sv_t(self) -> Fraction | None:
        return _minus(self.es, self.at)

    @property
    def spi_t(self) -> Fraction | None:
        return ratio(self.es, self.at)

    @property
    def sci_t(self) -> Fraction | None:
        return _times(self.spi_t, self.cpi)

    @property
    def planned(self) -> Fraction | None:
        return ratio(self.pv, self.bac)

    @property
    def complete(self) -> Fraction | None:
        return ratio(self.ev, self.bac)

    @property
    def spent(self) -> Fraction | None:
        return ratio(self.ac, self.bac)

    @property
    def factors(self) -> dict[str, Fraction | None]:
        """The performance factors by which the rest may go, by name."""
        return {
            "1": Fraction(1),
            "cpi": self.cpi,
            "spi": self.spi,
            "spi_t": self.spi_t,
            "sci": self.sci,
            "sci_t": self.sci_t,
            "mixed": _mixed(self.cpi, self.spi),
            "mixed_t": _mixed(self.cpi, self.spi_t),
        }

    def eac(self, factor: str = "cpi") -> Fraction | None:
        """Estimate at completion: AC + (BAC − EV) / PF; "bottom_up" adds what was estimated instead."""
        if factor == "bottom_up":
            return None if self.ac is None or self.etc is None else Fraction(self.ac) + Fraction(self.etc)
        pace = self.factors[factor]
        if self.ac is None or self.ev is None or not pace:
            return None
        return Fraction(self.ac) + (Fraction(self.bac) - Fraction(self.ev)) / pace

    def rest(self, factor: str = "cpi") -> Fraction | None:
        """ETC: what is still to be spent."""
        return _minus(self.eac(factor), self.ac)

    def vac(self, factor: str = "cpi") -> Fraction | None:
        return _minus(self.bac, self.eac(factor))

    @property
    def tcpi(self) -> Fraction | str | None:
        """How well the rest must go to end within the budget; "unattainable" once all of it is spent."""
        if self.ac is not None and self.ev is not None and self.ac >= self.bac and self.ev < self.bac:
            return UNATTAINABLE
        return ratio(_minus(self.bac, self.ev), _minus(self.bac, self.ac))

    def tcpi_of(self, factor: str = "cpi") -> Fraction | None:
        """How well the rest must go to end at that estimate."""
        return ratio(_minus(self.bac, self.ev), self.rest(factor))

    def duration(self, factor: str = "spi_t") -> Fraction | None:
        """IEAC(t): AT + (PD − ES) / PF, PF one of 1, SPI(t), SCI(t)."""
        pace = self.factors[factor]
        if self.at is None or self.es is None or self.pd is None or not pace:
            return None
        return Fraction(self.at) + (Fraction(self.pd) - Fraction(self.es)) / pace


def ratio(part: Number | None, whole: Number | None) -> Fraction | None:
    if part is None or whole is None or not whole:
        return None
    return Fraction(part) / Fraction(whole)


def _minus(one: Number | None, other: Number | None) -> Fraction | None:
    return None if one is None or other is None else Fraction(one) - Fraction(other)


def _times(one: Fraction | None, other: Fraction | None) -> Fraction | None:
    return None if one is None or other is None else one * other


def _mixed(cpi: Fraction | None, spi: Fraction | None) -> Fraction | None:
    return None if cpi is None or spi is None else WEIGHT_CPI * cpi + WEIGHT_SPI * spi


def earned_schedule(curve: Sequence[tuple[Number, Number]], ev: Number) -> Fraction | None:
    """When `ev` was planned to be earned; `curve` is (time, cumulative planned value), in order of time.

    Between two points in proportion; on a flat stretch the first time that the plan reaches `ev`, so that a job that is
    done late keeps SPI(t) below 1. None without a plan.
    """
    if not curve or not curve[-1][1]:
        return None
    before: tuple[Number, Number] | None = None
    for time, value in curve:
        if value >= ev:
            if before is None or value == before[1]:
                return Fraction(time)
            share = (Fraction(ev) - Fraction(before[1])) / (Fraction(value) - Fraction(before[1]))
            return Fraction(before[0]) + share * (Fraction(time) - Fraction(before[0]))
        before = (time, value)
    last = curve[-1][1]  # more is earned than was ever planned: as early as the plan ends
    return Fraction(next(time for time, value in curve if value == last))
