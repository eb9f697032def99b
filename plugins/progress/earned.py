"""Earned value and earned schedule: what is done against what was planned by now, in money and in time; no dates.

Earned value after ANSI/EIA-748, earned schedule after Lipke (2003). Amounts are exact decimals and nothing is rounded
here; where a denominator is 0 the answer is None, never 0 and never infinite.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Earned:
    """`at`, `es`, `pd` in periods of the curve; money in the plan's currency."""

    bac: Decimal
    pv: Decimal
    ev: Decimal
    ac: Decimal | None
    at: Fraction  # actual time since the start
    es: Fraction | None  # earned schedule
    pd: Fraction  # planned duration

    @property
    def sv(self) -> Decimal:
        return self.ev - self.pv

    @property
    def cv(self) -> Decimal | None:
        return None if self.ac is None else self.ev - self.ac

    @property
    def spi(self) -> Fraction | None:
        return _ratio(self.ev, self.pv)

    @property
    def cpi(self) -> Fraction | None:
        return None if self.ac is None else _ratio(self.ev, self.ac)

    @property
    def sv_t(self) -> Fraction | None:
        return None if self.es is None else self.es - self.at

    @property
    def spi_t(self) -> Fraction | None:
        return None if self.es is None else _ratio(self.es, self.at)

    @property
    def tspi(self) -> Fraction | None:
        """How much faster than planned the rest must go to end in time; None once time or work is over."""
        if self.es is None or self.pd <= self.at:
            return None
        return _ratio(self.pd - self.es, self.pd - self.at)

    @property
    def ieac_t(self) -> Fraction | None:
        """Independent estimate of the duration: PD / SPI(t)."""
        pace = self.spi_t
        return self.pd / pace if pace else None


def _ratio(part: Decimal | Fraction, whole: Decimal | Fraction) -> Fraction | None:
    return Fraction(part) / Fraction(whole) if whole else None


def earned_schedule(pv: Sequence[Decimal], ev: Decimal) -> Fraction | None:
    """The time at which `ev` was planned to be earned, in periods; `pv[n]` is cumulative at the end of period n.

    `ES = C + (EV - PV_C) / (PV_{C+1} - PV_C)`; on a flat stretch the first time that PV reaches EV, so that with all
    work done it is the planned duration and a late job keeps SPI(t) below 1. None without a plan.
    """
    if len(pv) < 2 or not pv[-1]:
        return None
    if ev <= 0:
        return Fraction(0)
    whole = bisect_right(pv, min(ev, pv[-1])) - 1
    while whole and pv[whole] == pv[whole - 1] and pv[whole] == min(ev, pv[-1]):
        whole -= 1
    if ev >= pv[-1] or pv[whole] == ev:
        return Fraction(whole)
    return whole + Fraction(ev - pv[whole]) / Fraction(pv[whole + 1] - pv[whole])
