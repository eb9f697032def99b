"""Working time: 17:00 on Friday and 08:00 on Monday are one working minute, and nothing is lost on the way."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.progress.worktime import ALWAYS, CalendarEmpty, WorkCalendar, instant, moment

FIRST = date(2026, 1, 1)
SITE = WorkCalendar(first=FIRST, exceptions={date(2026, 3, 6): (), date(2026, 3, 7): ((480, 720),)})
NIGHT = WorkCalendar(week=(((0, 360), (1200, 1440)),) * 7, first=FIRST)
ROUND_THE_CLOCK = WorkCalendar(week=ALWAYS.week, first=FIRST)


def at(text: str) -> int:
    return instant(datetime.fromisoformat(text))


def test_an_instant_is_a_minute_and_comes_back():
    assert moment(at("2026-03-02T08:30")) == datetime(2026, 3, 2, 8, 30)


def test_the_end_of_a_week_is_the_beginning_of_the_next_in_working_time():
    worked = SITE.worked(at("2026-03-13T17:00"))
    assert SITE.worked(at("2026-03-16T08:00")) == worked
    assert moment(SITE.finishing(worked)) == datetime(2026, 3, 13, 17)
    assert moment(SITE.starting(worked)) == datetime(2026, 3, 16, 8)


def test_a_holiday_and_a_swapped_working_day_count_as_they_are_set():
    assert SITE.worked(at("2026-03-09T00:00")) - SITE.worked(at("2026-03-05T17:00")) == 240
    assert moment(SITE.starting(SITE.worked(at("2026-03-05T17:00")))) == datetime(2026, 3, 7, 8)


def test_lunch_is_no_working_time():
    assert SITE.worked(at("2026-03-02T12:30")) == SITE.worked(at("2026-03-02T12:00"))
    assert moment(SITE.finishing(SITE.worked(at("2026-03-02T08:00")) + 300)) == datetime(2026, 3, 2, 14)


def test_a_shift_over_midnight_is_two_and_time_goes_through():
    worked = NIGHT.worked(at("2026-03-02T23:00"))
    assert moment(NIGHT.finishing(worked + 180)) == datetime(2026, 3, 3, 2)


def test_a_calendar_without_working_time_says_so():
    with pytest.raises(CalendarEmpty):
        WorkCalendar(week=((),) * 7, first=FIRST).starting(0)


def test_a_day_before_the_calendar_begins_is_refused():
    with pytest.raises(ValueError, match="2025-12-31"):
        SITE.worked(at("2025-12-31T12:00"))


@pytest.mark.parametrize("shifts", [((600, 500),), ((480, 720), (700, 900)), ((0, 1441),)])
def test_shifts_that_overlap_or_leave_the_day_are_refused(shifts):
    with pytest.raises(ValueError, match="shifts"):
        WorkCalendar(week=(shifts,) * 7)


@given(
    calendar=st.sampled_from([SITE, NIGHT, ROUND_THE_CLOCK]),
    minutes=st.integers(0, 400 * 1440),
    work=st.integers(0, 100_000),
)
def test_working_minutes_added_are_working_minutes_found(calendar, minutes, work):
    begin = instant(datetime(2026, 1, 1)) + minutes
    worked = calendar.worked(begin)
    start, finish = calendar.starting(worked), calendar.finishing(worked + work)
    assert calendar.worked(start) == worked
    assert calendar.worked(finish) == worked + work
    assert start >= begin - 1440 * 4
    assert calendar.worked(start + 1) == worked + 1  # work goes on at a start
    if work:
        assert calendar.worked(finish - 1) == worked + work - 1  # and went on until a finish


@given(minutes=st.integers(0, 200 * 1440))
def test_time_as_counted_by_hand(minutes):
    """Against the slow way: minute by minute over the days passed."""
    begin = datetime(2026, 1, 1)
    end = begin + timedelta(minutes=minutes)
    total, day = 0, begin
    while day < end:
        for start, finish in SITE.shifts_of(day.toordinal()):
            until = min(int((end - day).total_seconds() // 60), finish)
            total += max(0, until - start)
        day += timedelta(days=1)
    assert SITE.worked(instant(end)) == total
