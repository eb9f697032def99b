"""Indicators by hand: one quarter of four lifts; and that no share is ever infinite."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.maintenance.kpis import Sums, book_value, indicators, life_cycle_cost

D = Decimal


def test_a_quarter_of_four_lifts():
    """90 days of 24 h are 2,160 h, of four lifts 8,640. Five failures, 40 h down: MTBF = 8,600 / 5 = 1,720 h.

    Four repairs took 18 h: MTTR = 4.5 h. Available 8,600 of 8,640 h: 99.537 %. 11 of 12 services within their window.
    """
    found = indicators(Sums(
        hours=D(2160), assets=4, failures=5, down=D(40), repairs=4, repair_hours=D(18), met=3, judged=4, answered=4,
        asked=5, reopened=1, planned_due=12, planned_done=11, planned_hours=D(30), labour_hours=D(40), cost=D(8000),
        replacement=D(1_600_000), backlog=D(120), weekly=D(80), owed=D(2000), collected=D(1900),
    ))  # fmt: skip
    assert (found.mtbf, found.mtbf_at_least, found.mttr) == (1720, False, D("4.5"))
    assert round(found.availability, 3) == D("99.537")
    assert round(found.compliance, 2) == D("91.67")
    assert (found.on_time, found.response, found.first_time, found.planned) == (75, 80, 75, 75)
    assert (found.backlog_weeks, found.cost_per_asset, found.cost_share, found.collected) == (
        D("1.5"),
        2000,
        D("0.5"),
        95,
    )


def test_nothing_that_failed_is_at_least_the_period_and_nothing_at_all_is_nothing():
    quiet = indicators(Sums(hours=D(720), assets=2))
    assert (quiet.mtbf, quiet.mtbf_at_least, quiet.availability, quiet.mttr) == (1440, True, 100, None)
    bare = indicators(Sums(hours=D(720)))
    assert (bare.mtbf, bare.availability, bare.cost_per_asset, bare.backlog_weeks) == (None, None, None, None)


COUNTS, HOURS = st.integers(0, 1000), st.integers(0, 10_000).map(Decimal)


@settings(max_examples=80, deadline=None)
@given(COUNTS, COUNTS, COUNTS, HOURS, HOURS)
def test_shares_lie_between_nothing_and_all(assets, failures, repairs, down, worked):
    found = indicators(
        Sums(hours=D(2160), assets=assets, failures=failures, down=down, repairs=repairs, repair_hours=worked)
    )
    assert found.availability is None or 0 <= found.availability <= 100
    assert found.mtbf is None or found.mtbf >= 0
    assert (found.mttr is None) == (repairs == 0)
    if found.mtbf and found.mttr and failures and failures == repairs and worked == down < 2160 * assets:
        # with every failure repaired in the time it was down, up / (up + down) is MTBF / (MTBF + MTTR)
        assert round(found.mtbf * 100 / (found.mtbf + found.mttr), 8) == round(found.availability, 8)


@pytest.mark.parametrize(
    ("years", "left"), [("0", "120000"), ("5", "80000"), ("15", "0"), ("20", "0"), ("-1", "120000")]
)
def test_an_asset_loses_the_same_each_year_and_never_more_than_all(years, left):
    """120,000 over 15 years: 8,000 a year."""
    assert book_value(D(120_000), 15, D(years)) == D(left)


def test_the_cost_of_a_life_is_discounted_by_years():
    """1,000 now, 110 in a year and 121 in two at 10 %: 1,000 + 100 + 100."""
    assert life_cycle_cost([D(1000), D(110), D(121)], D(10)) == 1200
    assert life_cycle_cost([], D(10)) == 0
