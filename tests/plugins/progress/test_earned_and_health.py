"""Earned schedule as Lipke defines it, worked by hand, and the health checks of DCMA."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.progress.earned import Earned, earned_schedule
from plugins.progress.health import Planned, check
from plugins.progress.network import Activity, Link, build
from plugins.progress.scheduling import Options, schedule
from plugins.progress.worktime import WorkCalendar, instant

CURVE = [Decimal(n) for n in (0, 10, 30, 60, 60, 90, 100)]
WEEK = WorkCalendar(first=date(2026, 1, 1))
MONDAY = instant(datetime(2026, 3, 2, 8))


@pytest.mark.parametrize(
    ("ev", "es"),
    [(0, 0), (5, Fraction(1, 2)), (10, 1), (45, Fraction(5, 2)), (60, 3), (75, Fraction(9, 2)), (100, 6), (120, 6)],
)
def test_earned_schedule_is_when_the_value_was_planned(ev, es):
    """On the flat stretch (60, 60) the first time counts; with all work done it is the planned duration."""
    assert earned_schedule(CURVE, Decimal(ev)) == es


def test_a_job_done_late_keeps_its_index_below_one():
    whole = Decimal(100)
    done = Earned(bac=whole, pv=whole, ev=whole, ac=None, at=Fraction(8), es=Fraction(6), pd=Fraction(6))
    assert (done.spi, done.spi_t, done.sv_t) == (1, Fraction(3, 4), -2)
    assert done.ieac_t == 8


def test_a_denominator_of_nothing_gives_no_answer():
    nothing, never = Decimal(0), Fraction(0)
    none = Earned(bac=nothing, pv=nothing, ev=nothing, ac=nothing, at=never, es=never, pd=never)
    assert (none.spi, none.cpi, none.spi_t, none.tspi, none.ieac_t) == (None,) * 5
    assert earned_schedule([Decimal(0)], Decimal(1)) is None


@given(st.lists(st.integers(1, 50), min_size=1, max_size=20), st.integers(0, 20))
def test_earned_schedule_of_the_planned_value_is_the_time_itself(steps, at):
    curve = [Decimal(0)]
    for step in steps:
        curve.append(curve[-1] + step)
    at = min(at, len(steps))
    assert earned_schedule(curve, curve[at]) == at


def checked(activities, links, baseline=None, **options):
    network = build(activities, links)
    found = schedule(network, Options(start=MONDAY, **options))
    return {one.code: one for one in check(network, found, baseline or {})}


def work(id: str, days: float, **more) -> Activity:
    return Activity(id=id, duration=round(days * 480), calendar=WEEK, **more)


def test_a_sound_plan_passes_and_what_has_no_data_is_skipped():
    found = checked([work("A", 3), work("B", 4), work("C", 2)], [Link("A", "B"), Link("B", "C")])
    outcomes = {code: one.outcome for code, one in found.items()}
    assert set(outcomes) == {
        "logic", "leads", "lags", "finish_to_start", "hard", "high_float", "negative_float", "high_duration",
        "invalid_dates", "resources", "missed", "critical_path", "cpli", "bei",
    }  # fmt: skip
    assert {code for code, outcome in outcomes.items() if outcome == "skipped"} == {
        "invalid_dates", "resources", "missed", "critical_path", "cpli", "bei",
    }  # fmt: skip
    assert "failed" not in outcomes.values()


def test_what_is_wrong_is_named():
    found = checked(
        [work("A", 50), work("B", 1, constraint="MSO", constraint_at=MONDAY), work("C", 1), work("D", 1), work("E", 1)],
        [Link("A", "C", "FS", -480), Link("A", "D", "SS", 480)],
    )
    assert found["high_duration"].activities == ("A",)
    assert found["hard"].activities == ("B",)
    assert found["leads"].activities == ("C",)
    assert found["lags"].activities == ("D",)
    assert found["finish_to_start"].value == 50
    assert set(found["logic"].activities) == {"A", "B", "C", "D", "E"}


def test_execution_is_measured_against_the_baseline():
    end = instant(datetime(2026, 3, 3, 17))
    done = work("A", 2, actual_start=MONDAY, actual_finish=end)
    baseline = {id: Planned(MONDAY, end) for id in ("A", "B")}
    late = checked([done, work("B", 2)], [Link("A", "B")], baseline, data_date=instant(datetime(2026, 3, 4, 17)))
    assert late["missed"].activities == ("B",)
    assert (late["bei"].value, late["bei"].outcome) == (Fraction(1, 2), "failed")
    assert late["cpli"].outcome == "failed"
    better = replace(work("B", 2), actual_start=MONDAY, actual_finish=end)
    assert checked([done, better], [], baseline, data_date=end)["bei"].value == 1
