"""The arithmetic of a payment certificate: this period, advance recovered in three ways, retention, payable, net."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

ZERO, CENT, HUNDRED = Decimal(0), Decimal("0.01"), Decimal(100)


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the contract says; shares in per cent."""

    price: Decimal
    ratio: Decimal = Decimal(80)
    ceiling: Decimal = Decimal(90)
    retention: Decimal = Decimal(3)
    advance: Decimal = ZERO
    recovery: str = "threshold"
    materials: Decimal = ZERO
    first: int = 1
    instalments: int = 1
    settlement: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What was certified until now."""

    to_date: Decimal = ZERO
    progress: Decimal = ZERO
    recovered: Decimal = ZERO
    withheld: Decimal = ZERO
    released: Decimal = ZERO
    advance: Decimal = ZERO  # advances certified
    net: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What is applied for."""

    kind: str = "progress"
    period: int = 1
    to_date: Decimal = ZERO
    amount: Decimal = ZERO
    deductions: Decimal = ZERO
    bonus: Decimal = ZERO
    wages: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    previous: Decimal
    this: Decimal
    progress: Decimal
    recovered: Decimal
    withheld: Decimal
    payable: Decimal
    net: Decimal

    def fields(self) -> Mapping[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def recovery(terms: Terms, claim: Claim, before: Before) -> Decimal:
    """How much of the advance is taken back; never more than was paid and is still open."""
    given = min(terms.advance, before.advance) if before.advance else terms.advance
    open_ = max(ZERO, given - before.recovered)
    if claim.kind == "settlement":
        return open_
    if claim.kind != "progress" or not open_:
        return ZERO
    if terms.recovery == "equal":
        passed = claim.period - terms.first + 1
        due = given if passed >= terms.instalments else given * max(passed, 0) / terms.instalments
        taken = due - before.recovered
    elif terms.recovery == "proportional":
        taken = given * min(claim.to_date, terms.price) / terms.price - before.recovered if terms.price else open_
    else:
        share = terms.materials / HUNDRED
        threshold = terms.price - terms.advance / share if share else terms.price
        taken = (claim.to_date - max(threshold, before.to_date)) * share
    return min(open_, max(ZERO, cents(taken)))


def certify(terms: Terms, claim: Claim, before: Before) -> Certificate:
    """Each line is rounded half up to the cent; the sums are sums of lines."""
    if claim.kind in ("advance", "retention"):
        return Certificate(
            previous=before.to_date, this=ZERO, progress=ZERO, recovered=ZERO, withheld=ZERO, payable=claim.amount,
            net=claim.amount - claim.wages,
        )  # fmt: skip
    this = claim.to_date - before.to_date
    taken = recovery(terms, claim, before)
    if claim.kind == "settlement":
        progress = claim.to_date - before.progress
        withheld = max(ZERO, cents(claim.to_date * terms.retention / HUNDRED) - before.withheld)
    else:
        progress = cents(this * terms.ratio / HUNDRED)
        withheld = max(ZERO, cents(this * terms.retention / HUNDRED))
    payable = progress - taken - withheld - claim.deductions + claim.bonus
    return Certificate(
        previous=before.to_date, this=this, progress=progress, recovered=taken, withheld=withheld, payable=payable,
        net=payable - claim.wages,
    )  # fmt: skip


def held(before: Before) -> Decimal:
    """Retention that is still held."""
    return before.withheld - before.released


def allowed(terms: Terms) -> Decimal:
    """The most that may be paid in all: a share of the contract before settlement, what is not retained after it."""
    if terms.settlement is None:
        return cents(terms.price * terms.ceiling / HUNDRED)
    return terms.settlement - cents(terms.settlement * terms.retention / HUNDRED)
