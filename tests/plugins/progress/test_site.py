"""The site's reports, worked by hand: one week with a holiday in it, a day that nobody reported, and a day of rain."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from core import Record
from plugins.progress import site
from plugins.progress.worktime import WorkCalendar

MONDAY, SUNDAY = date(2026, 3, 2), date(2026, 3, 8)
CALENDAR = WorkCalendar(exceptions={date(2026, 3, 6): ()}, first=date(2025, 1, 1))  # Friday is free


def report(day: int, **data: Any) -> Record:
    at = "2026-03-01T00:00:00Z"
    return Record(
        id=f"D{day}", form="progress.daily", version="1", revision=1, data={"day": f"2026-03-{day:02}", **data},
        created_at=at, created_by=None, updated_at=at, updated_by=None, department=None,
    )  # fmt: skip


def week(*reports: Record, today: date = SUNDAY) -> site.Site:
    return site.together(reports, CALENDAR, first=MONDAY, last=SUNDAY, begun=MONDAY, today=today)


def test_a_day_that_was_worked_and_not_reported_is_missing():
    found = week(report(2), report(4))
    assert found.missing == (date(2026, 3, 3), date(2026, 3, 5))  # not the free Friday, not the weekend
    assert found.reported == 2
    assert week(report(2), today=date(2026, 3, 4)).missing == (date(2026, 3, 3),)  # today is not over


def test_hands_and_machines_are_added_up_over_the_days():
    found = week(
        report(2, labour=[{"trade": "瓦工", "planned": 10, "present": 8}, {"trade": "普工", "present": 3}],
               machines=[{"name": "挖机", "number": 1, "hours": Decimal("6.5")}]),
        report(3, labour=[{"trade": "瓦工", "planned": 10, "present": 10}],
               machines=[{"name": "挖机", "hours": Decimal(8)}]),
        report(20, labour=[{"trade": "瓦工", "planned": 99, "present": 99}]),
    )  # fmt: skip
    assert found.trades == (("瓦工", 20, 18), ("普工", 0, 3))
    assert found.machines == (("挖机", Decimal("14.5")),)
    assert (found.planned, found.present) == (20, 21)
    assert [one.present for one in found.days[:3]] == [11, 10, 0]


def test_work_is_shown_from_what_was_done_before_to_what_is_done_now_and_never_less():
    before = report(1, works=[{"task": "A", "percent": Decimal(30)}])
    found = week(
        before,
        report(2, works=[{"task": "A", "percent": Decimal(60), "quantity": "12 m", "note": "东段"}]),
        report(3, works=[{"task": "A", "percent": Decimal(50)}, {"task": "B", "note": "放线"}]),
    )
    a, b = found.works
    assert (a.task, a.before, a.after) == ("A", Decimal(30), Decimal(60))
    assert a.said[0] == (date(2026, 3, 2), "12 m，东段")
    assert (b.task, b.before, b.after) == ("B", None, None)


def test_weather_notes_and_photos_come_with_their_days():
    found = week(
        report(2, weather_am="rain", weather_pm="sunny", safety="班前教育", photos=["F1", "F2"]),
        report(3, weather_am="sunny", weather_pm="sunny", safety="脚手架验收"),
    )
    assert found.wet == 1
    assert [text for _day, text in found.notes["safety"]] == ["班前教育", "脚手架验收"]
    assert found.photos == ((date(2026, 3, 2), "F1"), (date(2026, 3, 2), "F2"))


@pytest.mark.parametrize(
    ("span", "bounds"),
    [
        ("day", (date(2026, 2, 28), date(2026, 2, 28))),
        ("week", (date(2026, 2, 23), date(2026, 3, 1))),
        ("month", (date(2026, 2, 1), date(2026, 2, 28))),
    ],
)
def test_spans_are_days_weeks_from_monday_and_months(span, bounds):
    assert site.bounds(span, date(2026, 2, 28)) == bounds
