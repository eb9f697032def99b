"""Clocks of service levels: by when something is due, day and night or in working hours, standing still in between.

Instants are datetimes on China's clocks without a zone; there is no database and no clock of its own here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from core import networkdays, workday

Shifts = tuple[tuple[time, time], ...]
Pause = tuple[datetime, datetime | None]  # still waiting: no end
CHINA = ZoneInfo("Asia/Shanghai")
ROUND_THE_CLOCK: Shifts = ()
_SHIFT = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


def shifts(text: str) -> Shifts | None:
    """The working hours of a day: "08:30-12:00 14:00-17:30". None where they cannot be read."""
    found: list[tuple[time, time]] = []
    for part in text.split():
        match = _SHIFT.fullmatch(part)
        if not match:
            return None
        numbers = [int(one) for one in match.groups()]
        begin, end = time(*numbers[:2]), time(*numbers[2:])
        if end <= begin or (found and begin < found[-1][1]):
            return None
        found.append((begin, end))
    return tuple(found) or None


def after(start: datetime, span: timedelta, hours: Shifts = ROUND_THE_CLOCK) -> datetime:
    """The instant at which the clock, begun at `start`, has run for `span`."""
    if not hours:
        return start + span
    if span <= timedelta():
        return start
    for begin, end in _working(start, hours):
        if span <= end - begin:
            return begin + span
        span -= end - begin
    raise AssertionError("working days do not end")


def elapsed(start: datetime, end: datetime, hours: Shifts = ROUND_THE_CLOCK) -> timedelta:
    """How long the clock runs between two instants."""
    if end <= start:
        return timedelta()
    if not hours:
        return end - start
    whole = timedelta()
    for begin, finish in _working(start, hours):
        if begin >= end:
            return whole
        whole += min(finish, end) - begin
    raise AssertionError("working days do not end")


def _working(start: datetime, hours: Shifts) -> Iterator[tuple[datetime, datetime]]:
    """The stretches of working time from `start` on, without end."""
    day = start.date() if networkdays(start.date(), start.date()) else workday(start.date(), 1)
    while day is not None:
        for begin, end in hours:
            opened, closed = datetime.combine(day, begin), datetime.combine(day, end)
            if closed > start:
                yield max(opened, start), closed
        day = workday(day, 1)


def due(
    start: datetime, hours: Decimal, clock: Shifts = ROUND_THE_CLOCK, pauses: Sequence[Pause] = ()
) -> datetime | None:
    """When the clock has run for `hours`, not counting the pauses; None while it stands still before that."""
    left, at = timedelta(seconds=float(hours) * 3600), start
    for begin, end in sorted(pauses, key=lambda one: one[0]):
        ran = elapsed(at, begin, clock)
        if ran >= left:
            break
        left -= ran
        if end is None:
            return None
        at = max(at, end)
    return after(at, left, clock)


def running(start: datetime, end: datetime, pauses: Sequence[Pause] = ()) -> timedelta:
    """The time between two instants without the pauses inside."""
    whole, at = timedelta(), start
    for begin, finish in sorted(pauses, key=lambda one: one[0]):
        whole += max(min(begin, end) - at, timedelta())
        at = max(at, min(finish or end, end))
    return whole + max(end - at, timedelta())


def local(text: str) -> datetime:
    """A stored instant on China's clocks."""
    return datetime.fromisoformat(text).astimezone(CHINA).replace(tzinfo=None)


def stored(moment: datetime) -> str:
    """A moment on China's clocks as it is stored."""
    return moment.replace(tzinfo=CHINA).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def present() -> datetime:
    """This second on China's clocks."""
    return datetime.now(CHINA).replace(tzinfo=None, microsecond=0)
