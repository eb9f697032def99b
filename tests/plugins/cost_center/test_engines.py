"""Earned value, phasing and variances from plain numbers: answers worked by hand, and what must always hold."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.cost_center import variance
from plugins.cost_center.evm import UNATTAINABLE, Status, earned_schedule
from plugins.cost_center.phasing import Planned, Unphased, WorkWeek, planned_by, read_shares, span_of

D, F = Decimal, Fraction
few = settings(max_examples=60, deadline=None)
money = st.decimals(0, 10**7, places=2)
# four sides of a fence at 1,000 each, one a day; on the third day two and a half are up and 2,800 are spent
FENCE = Status(bac=4000, pv=3000, ev=2500, ac=2800, at=3, es=F(5, 2), pd=4)


def test_the_fence_of_the_textbook_is_exact():
    assert (FENCE.sv, FENCE.cv) == (-500, -300)
    assert (FENCE.spi, FENCE.cpi, FENCE.sci) == (F(5, 6), F(25, 28), F(125, 168))
    assert (FENCE.sv_share, FENCE.cv_share) == (F(-1, 6), F(-3, 25))
    assert (FENCE.planned, FENCE.complete, FENCE.spent) == (F(3, 4), F(5, 8), F(7, 10))
    # 4000 / (2500/2800) = 4480; who rounds CPI to .893 first gets 4479
    assert (FENCE.eac("cpi"), FENCE.rest("cpi"), FENCE.vac("cpi")) == (4480, 1680, -480)
    assert FENCE.tcpi == F(1500, 1200)


@pytest.mark.parametrize(
    ("factor", "eac"),
    [
        ("1", F(4300)),  # 2800 + 1500
        ("spi", F(4600)),  # 2800 + 1500 / (5/6)
        ("spi_t", F(4600)),  # ES 2.5 of 3 days: 5/6 too
        ("sci", F(4816)),  # 2800 + 1500 · 168/125
        ("sci_t", F(4816)),
        ("mixed", 2800 + F(63000, 37)),  # 0.8 · 25/28 + 0.2 · 5/6 = 37/42
        ("mixed_t", 2800 + F(63000, 37)),
    ],
)
def test_every_estimate_at_completion(factor, eac):
    assert FENCE.eac(factor) == eac


def test_the_estimate_from_below_adds_what_was_estimated_and_the_duration_follows_the_pace():
    assert Status(4000, 3000, 2500, 2800, etc=D("1234.56")).eac("bottom_up") == F(403456, 100)
    assert (FENCE.spi_t, FENCE.sv_t) == (F(5, 6), F(-1, 2))
    assert FENCE.duration("spi_t") == F(24, 5)  # PD / SPI(t) = 4 / (5/6)
    assert FENCE.duration("1") == F(9, 2)  # 3 + 1.5


def test_where_a_denominator_is_zero_there_is_no_answer():
    nothing = Status(bac=0, pv=0, ev=0, ac=0, at=0, es=0, pd=0)
    known = (nothing.spi, nothing.cpi, nothing.sci, nothing.spi_t, nothing.planned, nothing.eac(), nothing.tcpi)
    assert known == (None,) * 7
    assert Status(100, None, None, 30).spi is None
    assert Status(100, 50, 0, 30).eac("cpi") is None  # nothing is earned: CPI is 0
    assert Status(100, 50, 40, 100).tcpi == UNATTAINABLE
    assert Status(100, 50, 100, 120).tcpi == 0  # all is earned: nothing is left to do


@few
@given(bac=st.integers(1, 10**6), ev=st.integers(1, 10**6), ac=st.integers(1, 10**6))
def test_what_follows_from_earned_value_agrees_with_itself(bac, ev, ac):
    one = Status(bac=bac, pv=bac, ev=min(ev, bac), ac=ac)
    assert one.cpi * ac == one.ev
    assert one.eac("cpi") == bac / one.cpi
    assert one.cv + ac == one.ev
    if one.ev < bac:
        assert one.tcpi_of("cpi") == one.cpi


@few
@given(steps=st.lists(st.integers(1, 1000), min_size=2, max_size=20), data=st.data())
def test_earned_schedule_gives_back_the_time_where_the_plan_rises(steps, data):
    curve = [(n, sum(steps[:n])) for n in range(len(steps) + 1)]
    place = data.draw(st.integers(1, len(steps)))
    assert earned_schedule(curve, curve[place][1]) == place
    half = F(curve[place - 1][1] + curve[place][1], 2)
    assert earned_schedule(curve, half) == F(2 * place - 1, 2)


def test_on_a_flat_stretch_earned_schedule_is_the_first_time_the_plan_was_there():
    curve = [(0, 0), (1, 10), (2, 10), (3, 20)]
    assert (earned_schedule(curve, 10), earned_schedule(curve, 20), earned_schedule(curve, 25)) == (1, 3, 3)
    assert earned_schedule([], 5) is None
    assert earned_schedule([(0, 0), (1, 0)], 0) is None


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_line_accrues_at_its_start_prorated_or_at_its_end():
    """1,000 over the ten days 1 to 10 March: by noon of the third day 2.5 days are over."""
    ten = {"amount": D(1000), "start": date(2026, 3, 1), "finish": date(2026, 3, 10)}
    noon = at("2026-03-03T12:00")
    assert planned_by(Planned(**ten), noon) == 250
    assert planned_by(Planned(**ten, accrual="start"), noon) == 1000
    assert planned_by(Planned(**ten, accrual="end"), noon) == 0
    assert planned_by(Planned(**ten, accrual="end"), at("2026-03-11T00:00")) == 1000
    assert planned_by(Planned(**ten, accrual="start"), at("2026-02-28T23:59")) == 0


def test_curves_run_in_working_time():
    """Monday to Friday, 8 to 18: by Wednesday 13:00 half the week's 50 hours are over; a weekend adds nothing."""
    week = WorkWeek(days=5, begin=8, end=18)
    line = {"amount": D(800), "start": date(2026, 3, 2), "finish": date(2026, 3, 8)}
    half = at("2026-03-04T13:00")
    assert planned_by(Planned(**line), half, week=week) == 400
    assert planned_by(Planned(**line, curve="front"), half, week=week) == 600  # 2·½ − ¼
    assert planned_by(Planned(**line, curve="back"), half, week=week) == 200  # ¼
    assert planned_by(Planned(**line, curve="bell"), half, week=week) == 400  # 3·¼ − 2·⅛
    friday, sunday = at("2026-03-06T18:00"), at("2026-03-08T23:00")
    assert planned_by(Planned(**line), friday, week=week) == planned_by(Planned(**line), sunday, week=week) == 800


def test_shares_by_month_are_read_and_kept():
    shares = read_shares("2026-03:20, 2026-04：80%")
    line = Planned(D(1000), curve="manual", shares=shares, start=date(2026, 3, 1), finish=date(2026, 4, 30))
    assert planned_by(line, at("2026-04-01T00:00")) == 200
    assert planned_by(line, at("2026-04-16T00:00")) == 600
    assert planned_by(line, at("2026-05-01T00:00")) == 1000
    assert span_of([line]) == (date(2026, 3, 1), date(2026, 4, 30))
    for wrong in ("2026-03:20", "2026-13:100", "三月:100", "2026-03:NaN", "2026-03:-10, 2026-04:110", ""):
        with pytest.raises(Unphased):
            read_shares(wrong)


@few
@given(
    amount=money, days=st.integers(0, 400), accrual=st.sampled_from(["start", "prorated", "end"]),
    curve=st.sampled_from(["linear", "front", "back", "bell"]), hours=st.lists(st.integers(-50, 10_000), min_size=2),
)  # fmt: skip
def test_planned_value_never_falls_and_ends_at_the_budget(amount, days, accrual, curve, hours):
    first = date(2026, 1, 5)
    line = Planned(amount, first, first + timedelta(days=days), accrual, curve)
    begin, week = at("2026-01-05T00:00"), WorkWeek(5, 8, 18)
    values = [planned_by(line, begin + timedelta(hours=hour), week=week) for hour in sorted(hours)]
    assert values == sorted(values)
    assert planned_by(line, begin + timedelta(days=days + 1), week=week) == amount
    assert planned_by(line, begin - timedelta(seconds=1), week=week) == 0


@few
@given(planned=money, price=money, quantity=money, amount=money)
def test_price_and_quantity_effects_add_up_to_the_whole_difference(planned, price, quantity, amount):
    assert variance.split(planned, price, quantity, amount).total == F(amount) - F(planned) * F(price)


def test_a_difference_is_split_as_by_hand():
    """100 m³ at 400 planned, 110 m³ for 48,400 used, so at 440: price 40·110 = 4,400, quantity 10·400 = 4,000."""
    found = variance.split(100, 400, 110, 48400)
    assert (found.price, found.quantity) == (4400, 4000)


def test_quantities_that_stray_by_more_than_the_band_are_paid_anew():
    paid = lambda done: variance.measured_value(100, 50, done, over=45, under=55, band=15)  # noqa: E731
    assert paid(115) == 5750
    assert paid(130) == 115 * 50 + 15 * 45
    assert (paid(85), paid(80)) == (4250, 4400)  # below 85 all of it at the higher price


def test_prices_are_adjusted_by_indices_whose_weights_are_the_whole():
    """0.2 fixed, 0.3 steel up by a tenth, 0.5 labour up by a fifth: 1000 · (0.2 + 0.33 + 0.6 − 1) = 130."""
    factors = [(D("0.3"), 110, 100), (D("0.5"), 120, 100)]
    assert variance.price_adjustment(1000, D("0.2"), factors) == 130
    assert variance.price_adjustment(1000, D("0.3"), factors) is None
    assert variance.price_adjustment(1000, D("0.2"), [(D("0.8"), 110, 0)]) is None
    assert variance.discount_rate(940, 1000) == F(6, 100)
    assert variance.discount_rate(940, 0) is None


def test_profit_follows_performance_and_a_loss_foreseen_is_provided_for():
    """Price 1,000, spent 440 of 1,100: 40 % done, 400 earned, −40; of the loss of 100, 60 is still to come."""
    loss = variance.Profit(price=1000, cost=440, estimate=1100)
    assert (loss.progress, loss.revenue, loss.margin, loss.provision) == (F(2, 5), 400, -40, 60)
    assert loss.margin_share == F(-1, 10)
    good = variance.Profit(price=1000, cost=400, estimate=800)
    assert (good.revenue, good.margin, good.provision) == (500, 100, 0)
    assert variance.Profit(1000, 0, 0).revenue is None


@few
@given(amount=money, shares=st.lists(st.integers(1, 50), min_size=1, max_size=6))
def test_what_is_shared_out_is_the_whole_to_the_cent(amount, shares):
    whole = [D(share) for share in shares]
    whole[-1] += 100 - sum(whole)
    assert sum(variance.shared(amount, whole)) == amount


def test_rounding_is_for_display_only_and_half_up():
    assert [variance.shown(F(n, 1000), 2) for n in (5, -5, 4, 2675)] == [D("0.01"), D("-0.01"), D("0.00"), D("2.68")]
    assert variance.shown(None) is None
