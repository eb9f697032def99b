"""What differs from the plan and why: price and quantity, quantities far off, price adjustment, profit; no records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from plugins.cost_center.evm import Number, ratio

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Split:
    """A difference in two parts that add up to it exactly."""

    price: Fraction
    quantity: Fraction

    @property
    def total(self) -> Fraction:
        return self.price + self.quantity


def split(planned_quantity: Number, planned_price: Number, quantity: Number, amount: Number) -> Split:
    """Price effect (actual − budget price)·actual quantity, quantity effect (actual − budget quantity)·budget price."""
    price = Fraction(planned_price)
    return Split(
        price=Fraction(amount) - price * Fraction(quantity),
        quantity=(Fraction(quantity) - Fraction(planned_quantity)) * price,
    )


def measured_value(
    planned: Number, price: Number, done: Number, *, over: Number, under: Number, band: Number
) -> Fraction:
    """What a bill item comes to when its quantity strays by more than `band` per cent (GB 50500, 9.6).

    Beyond it the surplus has the price `over`; an item that shrank by more is paid throughout at `under`.
    """
    whole, most = Fraction(planned), 1 + Fraction(band) / 100
    least = 1 - Fraction(band) / 100
    if Fraction(done) > most * whole:
        return most * whole * Fraction(price) + (Fraction(done) - most * whole) * Fraction(over)
    return Fraction(done) * Fraction(under if Fraction(done) < least * whole else price)


def price_adjustment(
    value: Number, fixed: Number, factors: Sequence[tuple[Number, Number, Number]]
) -> Fraction | None:
    """ΔP = P0·[A + Σ Bᵢ·(Fₜᵢ/F₀ᵢ) − 1]; factors are (weight, index now, index then).

    None where the weights are not the whole or an index of then is 0.
    """
    if Fraction(fixed) + sum(Fraction(weight) for weight, _now, _then in factors) != 1:
        return None
    if any(not then for _weight, _now, then in factors):
        return None
    moved = sum((Fraction(weight) * Fraction(now) / Fraction(then) for weight, now, then in factors), Fraction(fixed))
    return Fraction(value) * (moved - 1)


def discount_rate(bid: Number, ceiling: Number) -> Fraction | None:
    """承包人报价浮动率 L = 1 − winning bid / ceiling."""
    share = ratio(bid, ceiling)
    return None if share is None else 1 - share


@dataclass(frozen=True, slots=True)
class Profit:
    """A contract's result by performance (CAS 14, input method): progress is cost over estimated cost.

    `price` is the transaction price without VAT, `cost` what was incurred without materials not yet built in.
    """

    price: Number
    cost: Number
    estimate: Number  # EAC

    @property
    def progress(self) -> Fraction | None:
        share = ratio(self.cost, self.estimate)
        return None if share is None else min(share, Fraction(1))

    @property
    def revenue(self) -> Fraction | None:
        return None if self.progress is None else Fraction(self.price) * self.progress

    @property
    def margin(self) -> Fraction | None:
        return None if self.revenue is None else self.revenue - Fraction(self.cost)

    @property
    def margin_share(self) -> Fraction | None:
        return ratio(self.margin, self.revenue)

    @property
    def provision(self) -> Fraction | None:
        """What a loss that is foreseen still adds: (EAC − price)·(1 − progress); 0 where none is foreseen."""
        if self.progress is None:
            return None
        return max(Fraction(self.estimate) - Fraction(self.price), Fraction(0)) * (1 - self.progress)


def shared(amount: Decimal, shares: Sequence[Decimal]) -> list[Decimal]:
    """`amount` by per cents that sum to 100, each half up to the cent, the last what is left: nothing is lost."""
    parts = [(amount * share / 100).quantize(CENT, ROUND_HALF_UP) for share in shares[:-1]]
    return [*parts, amount - sum(parts, Decimal(0))]


def shown(value: Number | None, places: int = 2) -> Decimal | None:
    """For display only: half up, away from zero at a half."""
    if value is None:
        return None
    exact, scale = Fraction(value), 10**places
    whole = int(abs(exact) * scale * 2 + 1) // 2
    return Decimal(whole if exact >= 0 else -whole).scaleb(-places)
