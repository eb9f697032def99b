"""Working time: calendars with shifts and exceptions, and arithmetic in working minutes; no tasks.

An instant is a whole number of minutes since 0001-01-01 00:00 in the plan's own zone: day ordinal × 1440 + minute.
Working minutes are counted from the calendar's first day, so that all arithmetic is adding whole numbers: the end
of a shift and the start of the next are one and the same working minute (17:00 on Friday is 08:00 on Monday).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import accumulate

DAY = 1440
LONGEST = 200 * 366  # days that a calendar may be asked to look ahead: two centuries
STEP = 4 * 366  # days added to the table of a calendar each time it proves too short

Shift = tuple[int, int]  # minutes of the day, [from, to), to at most 1440
Shifts = tuple[Shift, ...]
STANDARD: tuple[Shifts, ...] = (((480, 720), (780, 1020)),) * 5 + ((), ())


class CalendarEmpty(ValueError):
    """The calendar has no working time where some is needed."""


def instant(moment: datetime) -> int:
    return moment.toordinal() * DAY + moment.hour * 60 + moment.minute


def moment(instant: int) -> datetime:
    days, minutes = divmod(instant, DAY)
    return datetime.fromordinal(days) + timedelta(minutes=minutes)


@dataclass(eq=False)
class WorkCalendar:
    """`week`: shifts of Monday to Sunday; `exceptions`: day → its shifts, () where nobody works.

    `first`: the first day that is counted; every instant asked for must lie on or after it.
    """

    week: Sequence[Shifts] = STANDARD
    exceptions: Mapping[date, Shifts] = field(default_factory=dict)
    first: date = date(2000, 1, 1)
    hours_per_day: float = 0  # shown days; 0: the longest working day of the week

    def __post_init__(self) -> None:
        for shifts in (*self.week, *self.exceptions.values()):
            _check(shifts)
        if len(self.week) != 7:
            raise ValueError("a week has seven days")
        self._origin = self.first.toordinal()
        self._special = {day.toordinal(): shifts for day, shifts in self.exceptions.items()}
        self._days: list[Shifts] = []  # shifts of each day since the first
        self._before: list[int] = [0]  # working minutes before each day
        self._weekly = sum(length(shifts) for shifts in self.week)

    @property
    def minutes_per_day(self) -> int:
        """What a day of work means in this calendar, for durations shown in days."""
        return round(self.hours_per_day * 60) or max((length(shifts) for shifts in self.week), default=0) or 480

    def shifts_of(self, ordinal: int) -> Shifts:
        found = self._special.get(ordinal)
        return self.week[(ordinal - 1) % 7] if found is None else found

    def worked(self, instant: int) -> int:
        """Working minutes before `instant`."""
        place = instant // DAY - self._origin
        if place < 0:
            raise ValueError(f"{moment(instant):%Y-%m-%d} lies before the calendar's first day {self.first}")
        if place >= len(self._days):
            self._grow(place)
        minute = instant % DAY
        done = self._before[place]
        for start, finish in self._days[place]:
            if minute <= start:
                break
            done += min(minute, finish) - start
        return done

    def starting(self, worked: int) -> int:
        """Where the working minute after `worked` begins: 08:00 on Monday rather than 17:00 on Friday."""
        self._reach(worked + 1)
        place = bisect_right(self._before, worked) - 1
        left = worked - self._before[place]
        for start, finish in self._days[place]:
            if left < finish - start:
                return (self._origin + place) * DAY + start + left
            left -= finish - start
        raise AssertionError("the table of days is wrong")

    def finishing(self, worked: int) -> int:
        """Where the working minute `worked` ends: 17:00 on Friday rather than 08:00 on Monday."""
        if worked <= 0:
            return self.starting(0)
        self._reach(worked)
        place = bisect_left(self._before, worked) - 1
        left = worked - self._before[place]
        for start, finish in self._days[place]:
            if left <= finish - start:
                return (self._origin + place) * DAY + start + left
            left -= finish - start
        raise AssertionError("the table of days is wrong")

    def _reach(self, worked: int) -> None:
        while self._before[-1] < worked:
            if len(self._days) >= LONGEST or (not self._weekly and len(self._days) > LONGEST // 10):
                raise CalendarEmpty("the calendar has no working time left")
            self._grow(len(self._days) + STEP)

    def _grow(self, place: int) -> None:
        """Count at least up to the day `place`; a few years at a time."""
        if place > LONGEST:
            raise CalendarEmpty("a date lies more than two centuries after the calendar's first day")
        known = len(self._days)
        fresh = [self.shifts_of(self._origin + day) for day in range(known, place + STEP)]
        self._days += fresh
        self._before += list(accumulate((length(shifts) for shifts in fresh), initial=self._before.pop()))


def _check(shifts: Shifts) -> None:
    last = 0
    for start, finish in shifts:
        if not last <= start < finish <= DAY:
            raise ValueError("shifts must follow one another within one day")
        last = finish


def length(shifts: Shifts) -> int:
    """Working minutes of one day."""
    return sum(finish - start for start, finish in shifts)


ALWAYS = WorkCalendar(week=(((0, DAY),),) * 7, hours_per_day=24)
