"""Hours, workdays and pay as worked by hand; days by the State Council's notices; exact sharing as a property."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.day_labor.loading import price
from plugins.day_labor.workdays import Effort, Rule, band_of, day_type, minutes, rounded, shared, workdays, worth

D = Decimal
NIGHT = tuple(
    (minutes(at), D(worth)) for at, worth in (("22:30", "0.5"), ("24:00", "1"), ("26:00", "1.5"), ("30:00", "2"))
)
NINE = Rule(hours_per_workday=D(9), overtime="band", bands=NIGHT, step=D("0.25"))
LAW = Rule(hours_per_workday=D(8), overtime="statutory")


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        ("2025-01-28", "holiday"),  # New Year's Eve by the old calendar: statutory since 2025
        ("2025-01-31", "holiday"),  # the third day of the year
        ("2025-02-03", "rest"),  # free in exchange for a Sunday
        ("2025-01-26", "workday"),  # that Sunday
        ("2025-05-02", "holiday"),
        ("2025-05-03", "rest"),
        ("2025-10-06", "holiday"),  # mid-autumn
        ("2025-10-04", "rest"),
        ("2026-02-28", "workday"),  # a Saturday swapped
        ("2026-04-06", "rest"),  # in lieu of the Sunday on which Tomb-sweeping day fell
        ("2026-11-25", "workday"),
        ("2026-11-28", "rest"),
    ],
)
def test_days_are_work_rest_or_statutory(day, kind):
    assert day_type(date.fromisoformat(day)) == kind


def test_there_are_thirteen_statutory_days_since_2025():
    days = [date(2025, 1, 1) + timedelta(days=n) for n in range(365)]
    assert sum(day_type(day) == "holiday" for day in days) == 13


@pytest.mark.parametrize(
    ("until", "extra"),
    [("21:00", "0"), ("22:30", "0.5"), ("23:59", "0.5"), ("24:00", "1"), ("26:30", "1.5"), ("31:00", "2")],
)
def test_the_company_rule_of_nine_hours_and_night_bands(until, extra):
    assert band_of(NINE, minutes(until)) == D(extra)
    assert workdays(NINE, Effort(hours=D(9), until=minutes(until)), "workday") == (1, D(extra))


def test_odd_hours_are_rounded_as_the_rule_says():
    """7 of 9 hours are 0.7777…"""
    seven = D(7) / 9
    assert [rounded(seven, D(step), "nearest") for step in ("0.1", "0.25", "0.5")] == [D("0.8"), D("0.75"), D(1)]
    assert [rounded(seven, D("0.25"), mode) for mode in ("down", "up")] == [D("0.75"), D(1)]


def test_statutory_multiples_pay_rest_days_and_holidays_whole():
    """240 a day of eight hours is 30 an hour. Workday, 8 + 2: 240 + 2 x 30 x 1.5 = 330. Rest day, 8: 240 x 2 = 480.
    Holiday, 8 + 1: 9 x 30 x 3 = 810."""

    def pay(hours, extra, kind):
        return worth(LAW, Effort(hours=D(hours), overtime=D(extra)), kind, rate=D(240)).amount

    assert [pay(8, 2, "workday"), pay(8, 0, "rest"), pay(8, 1, "holiday")] == [330, 480, 810]


def test_a_rate_by_the_hour_or_the_month_comes_to_the_day():
    """30 an hour of nine is 270; 5,220 a month over 21.75 days is 240."""
    day = Effort(hours=D(9))
    assert worth(NINE, day, "workday", rate=D(30), unit="hour").amount == 270
    assert worth(NINE, day, "workday", rate=D(5220), unit="month").amount == 240


def test_a_cap_cuts_the_overtime_first():
    capped = Rule(hours_per_workday=D(9), cap=D("1.5"))
    assert workdays(capped, Effort(hours=D(9), overtime=D(9)), "workday") == (1, D("0.5"))


def test_the_most_specific_rate_holds_then_the_later():
    rates = [
        {"code": "a", "trade": "mason", "unit": "workday", "rate": 180, "valid_from": "2026-01-01"},
        {"code": "b", "trade": "mason", "unit": "workday", "rate": 190, "valid_from": "2026-06-01"},
        {"code": "c", "trade": "mason", "unit": "workday", "rate": 200, "valid_from": "2026-01-01", "project": "p"},
        {"code": "d", "trade": "mason", "unit": "workday", "rate": 220, "valid_from": "2026-01-01", "crew": "c",
         "valid_to": "2026-03-31"},
        {"code": "e", "trade": "mason", "unit": "workday", "rate": 230, "valid_from": "2026-01-01", "skill": "senior"},
    ]  # fmt: skip

    def ask(day, **who):
        known = {"skill": None, "crew": None, "project": None, **who}
        return price(rates, date.fromisoformat(day), "mason", **known)

    assert ask("2026-02-01").rate == 180
    assert ask("2026-07-01").rate == 190
    assert ask("2026-07-01", project="p", skill="senior").rate == 200
    assert ask("2026-02-01", crew="c", project="p").rate == 220
    assert ask("2026-04-01", crew="c", project="p").rate == 200
    assert ask("2026-07-01", skill="senior").rate == 230
    assert ask("2025-12-31") is None


@settings(max_examples=60)
@given(
    st.decimals(min_value=0, max_value=100_000, places=2),
    st.lists(st.decimals(min_value=0, max_value=30, places=2), min_size=1, max_size=12),
)
def test_what_is_shared_adds_up_to_the_cent(total, weights):
    parts = shared(total, weights)
    assert sum(parts) == total
    assert all(part >= 0 for part in parts)


@settings(max_examples=60)
@given(
    st.integers(0, 96), st.integers(0, 40), st.sampled_from(["0.1", "0.25", "0.5"]),
    st.sampled_from(["nearest", "down", "up"]), st.integers(1, 9),
)  # fmt: skip
def test_workdays_are_whole_steps_grow_with_the_hours_and_heads_only_multiply(quarters, more, step, mode, heads):
    rule = Rule(hours_per_workday=D(9), step=D(step), rounding=mode)
    less, greater = (workdays(rule, Effort(hours=D(n) / 4), "workday")[0] for n in (quarters, quarters + more))
    assert less % D(step) == 0
    assert less <= greater
    one = worth(rule, Effort(hours=D(quarters) / 4), "workday", rate=D("180.01"))
    many = worth(rule, Effort(hours=D(quarters) / 4, heads=heads), "workday", rate=D("180.01"))
    assert many.workdays == one.workdays * heads
