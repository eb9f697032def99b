"""Which receipts pay for a payment: earmarked money first, then the oldest; no balance falls below zero on any date."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import accumulate, groupby

ZERO = Decimal(0)


class Short(Exception):
    """The money at hand on that day does not suffice: `available` of `wanted` may be used."""

    def __init__(self, wanted: Decimal, available: Decimal) -> None:
        super().__init__(f"{available} < {wanted}")
        self.wanted, self.available = wanted, available


@dataclass(frozen=True, slots=True)
class Lot:
    """What came in by one receipt, and everything that was taken from it or given back since."""

    id: str
    source: str
    day: date
    amount: Decimal
    moves: tuple[tuple[date, Decimal], ...] = ()  # (day, what was taken; negative: given back)
    earmarks: frozenset[str] = frozenset()  # what alone it may be spent on; empty: anything
    expiry: date | None = None

    def free(self, day: date) -> Decimal:
        """What may be taken on `day` so that the balance stays at or above zero then and on every later day."""
        if day < self.day:
            return ZERO
        flows = sorted([(self.day, self.amount), *((on, -taken) for on, taken in self.moves)])
        days = [(on, sum(amount for _on, amount in group)) for on, group in groupby(flows, key=lambda flow: flow[0])]
        running = list(accumulate(amount for _on, amount in days))
        until = [balance for (on, _amount), balance in zip(days, running, strict=True) if on <= day]
        after = [balance for (on, _amount), balance in zip(days, running, strict=True) if on > day]
        return max(ZERO, min([until[-1] if until else ZERO, *after]))

    def fits(self, purpose: str, day: date) -> bool:
        return (not self.earmarks or purpose in self.earmarks) and (self.expiry is None or day <= self.expiry)


@dataclass(frozen=True, slots=True)
class Part:
    lot: str
    source: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Wanted:
    day: date
    amount: Decimal
    purpose: str = field(default="")


def allocate(wanted: Wanted, lots: Iterable[Lot]) -> list[Part]:
    """The parts that sum to the amount, or Short."""
    fitting = [lot for lot in lots if lot.fits(wanted.purpose, wanted.day)]
    fitting.sort(key=lambda lot: (not lot.earmarks, lot.day, lot.id))
    left, parts = wanted.amount, []
    for lot in fitting:
        taken = min(left, lot.free(wanted.day))
        if taken > 0:
            parts.append(Part(lot.id, lot.source, taken))
            left -= taken
    if left > 0:
        raise Short(wanted.amount, wanted.amount - left)
    return parts


def balances(lots: Sequence[Lot]) -> list[tuple[date, Decimal]]:
    """The balance of all lots together after each day on which something moved."""
    flows = [(lot.day, lot.amount) for lot in lots]
    flows += [(on, -taken) for lot in lots for on, taken in lot.moves]
    by_day = groupby(sorted(flows), key=lambda flow: flow[0])
    days = [(on, sum((amount for _on, amount in group), ZERO)) for on, group in by_day]
    return list(zip([on for on, _amount in days], accumulate(amount for _on, amount in days), strict=True))


def idle_days(lots: Sequence[Lot], today: date) -> Decimal | None:
    """Days since money came in, weighted by what of it is unspent; None where nothing is left."""
    left = [(lot.amount - sum(taken for _on, taken in lot.moves), (today - lot.day).days) for lot in lots]
    unspent = sum((amount for amount, _days in left), ZERO)
    return sum((amount * days for amount, days in left), ZERO) / unspent if unspent > 0 else None
