"""Allocation: earmarked money first, then the oldest; every yuan stands once and no balance falls below zero."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.funding.allocating import Lot, Part, Short, Wanted, allocate, balances, idle_days

D = Decimal
DAY = date(2026, 3, 1)


def lot(id, day, amount, **more):
    return Lot(id, f"S{id}", DAY + timedelta(days=day), D(amount), **more)


def test_earmarked_money_goes_first_then_the_oldest():
    """100 are wanted: 30 earmarked ones, then 50 of the 1st, then 20 of the 60 of the 3rd."""
    lots = [lot("b", 2, 60), lot("a", 0, 50), lot("e", 5, 30, earmarks=frozenset({"T1"}))]
    parts = allocate(Wanted(DAY + timedelta(days=9), D(100), "T1"), lots)
    assert parts == [Part("e", "Se", D(30)), Part("a", "Sa", D(50)), Part("b", "Sb", D(20))]


def test_money_for_something_else_expired_or_yet_to_come_is_left_alone():
    lots = [
        lot("e", 0, 100, earmarks=frozenset({"T2"})), lot("x", 0, 100, expiry=DAY + timedelta(days=3)),
        lot("l", 9, 100), lot("a", 0, 40),
    ]  # fmt: skip
    with pytest.raises(Short) as short:
        allocate(Wanted(DAY + timedelta(days=4), D(41), "T1"), lots)
    assert short.value.available == 40


def test_a_payment_dated_back_cannot_use_what_a_later_one_has_taken():
    """100 came in on day 0 and 80 went out on day 5: on day 2 only 20 are free, though 100 were there."""
    held = lot("a", 0, 100, moves=((DAY + timedelta(days=5), D(80)),))
    assert held.free(DAY + timedelta(days=2)) == 20


def test_what_was_given_back_is_free_from_that_day_on_only():
    """80 taken on day 2, given back on day 6: on day 3 there are 20, on day 6 100."""
    moves = ((DAY + timedelta(days=2), D(80)), (DAY + timedelta(days=6), D(-80)))
    held = lot("a", 0, 100, moves=moves)
    assert [held.free(DAY + timedelta(days=day)) for day in (-1, 3, 6)] == [0, 20, 100]


def test_idle_days_are_weighted_by_what_is_left():
    """30 left for 10 days and 10 left for 50: (300 + 500) / 40 = 20 days."""
    lots = [lot("a", 40, 30), lot("b", 0, 100, moves=((DAY, D(90)),))]
    assert idle_days(lots, DAY + timedelta(days=50)) == 20
    assert idle_days([], DAY) is None


wants = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 500), st.sampled_from(["T1", "T2"])), max_size=12)
gifts = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 500), st.sampled_from([frozenset(), frozenset({"T1"})])),
    min_size=1, max_size=6,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(gifts=gifts, wants=wants)
def test_whatever_is_paid_in_whatever_order_allocations_sum_and_no_balance_falls_below_zero(gifts, wants):
    lots = {str(n): lot(str(n), day, amount, earmarks=mark) for n, (day, amount, mark) in enumerate(gifts)}
    paid = D(0)
    for day, amount, purpose in wants:
        on = DAY + timedelta(days=day)
        try:
            parts = allocate(Wanted(on, D(amount), purpose), lots.values())
        except Short:
            continue
        assert sum(part.amount for part in parts) == amount
        paid += amount
        for part in parts:
            old = lots[part.lot]
            assert not old.earmarks or purpose in old.earmarks
            lots[part.lot] = Lot(
                old.id, old.source, old.day, old.amount, (*old.moves, (on, part.amount)), old.earmarks, old.expiry
            )
    assert all(balance >= 0 for one in lots.values() for _day, balance in balances([one]))
    assert paid + balances(list(lots.values()))[-1][1] == sum(amount for _day, amount, _mark in gifts)
