"""When a job that comes back is due: RFC 5545 recurrence rules, read in China's time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dateutil.rrule import HOURLY, rrule, rrulestr

from core.clock import stamp
from core.forms.moments import CHINA

ANCHOR = datetime(2024, 1, 1)  # a Monday, local; "every second week" counts from here


def check_rule(rule: str) -> None:
    """Refuse, with a sentence, what is no rule or ends some day."""
    read = _read(rule, ANCHOR)
    if read._count is not None or read._until is not None:
        raise ValueError(f"{rule!r}: the schedule of a job has no end (COUNT, UNTIL)")


def next_after(rule: str, moment: str) -> str:
    """The first instant after `moment` (both as stored) that the rule names."""
    local = datetime.fromisoformat(moment).astimezone(CHINA).replace(tzinfo=None)
    read = _read(rule, ANCHOR)
    if read._freq >= HOURLY:  # counted from the first anchor, it would pass through every minute since
        read = _read(rule, (local - timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0))
    found = read.after(local)
    if found is None:
        raise ValueError(f"{rule!r} never comes after {moment}")
    return stamp(found.replace(tzinfo=CHINA).astimezone(UTC))


def _read(rule: str, start: datetime) -> rrule:
    try:
        read = rrulestr(rule, dtstart=start)
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{rule!r} is no rule as RFC 5545 has it: {error}") from None
    if not isinstance(read, rrule):
        raise ValueError(f"{rule!r}: one rule, without dates of its own")
    return read
