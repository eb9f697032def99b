"""Daily reports put together for a day, a week or a month: work done, hands, weather, and which days are missing."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

from core import Record
from plugins.progress.worktime import WorkCalendar

Span = Literal["day", "week", "month"]
SPANS: tuple[Span, ...] = ("day", "week", "month")
WET = ("rain", "snow", "wind")  # weather that keeps people from working outside


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of the span. `missing`: it was worked and nobody has reported it."""

    day: date
    report: Record | None
    planned: int
    present: int
    missing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What was reported of one activity: done in % before the span and at its end, None where nobody had said."""

    task: str
    before: Decimal | None
    after: Decimal | None
    said: tuple[tuple[date, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    first: date
    last: date
    days: tuple[Day, ...]
    works: tuple[Work, ...]
    trades: tuple[tuple[str, int, int], ...]  # (trade, planned, present) in person-days
    machines: tuple[tuple[str, Decimal], ...]  # (name, hours)
    notes: Mapping[str, tuple[tuple[date, str], ...]]  # by field: materials, safety, problems, tomorrow
    photos: tuple[tuple[date, str], ...]  # (day, file)

    @property
    def reported(self) -> int:
        return sum(one.report is not None for one in self.days)

    @property
    def missing(self) -> tuple[date, ...]:
        return tuple(one.day for one in self.days if one.missing)

    @property
    def wet(self) -> int:
        """Days on which the weather of a half was one of WET."""
        return sum(one.report is not None and _wet(one.report.data) for one in self.days)

    @property
    def present(self) -> int:
        return sum(one.present for one in self.days)

    @property
    def planned(self) -> int:
        return sum(one.planned for one in self.days)


def bounds(span: Span, day: date) -> tuple[date, date]:
    """The first and last day of the day, the week from Monday, or the month that `day` is in."""
    if span == "day":
        return day, day
    if span == "week":
        first = day - timedelta(days=day.weekday())
        return first, first + timedelta(days=6)
    return day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1])


def together(
    reports: Iterable[Record], working: WorkCalendar, *, first: date, last: date, begun: date, today: date
) -> Site:
    """The site from `first` to `last`; `reports` from before `first` say what was done before.

    A day is missing where the calendar works on it, the plan had `begun`, it is over, and it has no report.
    """
    ordered = sorted(reports, key=lambda one: one.data["day"])
    inside = {one.data["day"]: one for one in ordered if first.isoformat() <= one.data["day"] <= last.isoformat()}
    days = tuple(
        _day(first + timedelta(days=n), inside, working, begun=begun, today=today)
        for n in range((last - first).days + 1)
    )
    found = [one for _text, one in sorted(inside.items())]
    return Site(
        first=first, last=last, days=days, works=_works(ordered, found, first), trades=_trades(found),
        machines=_machines(found),
        notes={name: _noted(found, name) for name in ("materials", "safety", "problems", "tomorrow")},
        photos=tuple((date.fromisoformat(one.data["day"]), id) for one in found for id in one.data.get("photos", ())),
    )  # fmt: skip


def _day(day: date, reports: Mapping[str, Record], working: WorkCalendar, *, begun: date, today: date) -> Day:
    report = reports.get(day.isoformat())
    labour = report.data.get("labour", ()) if report else ()
    return Day(
        day=day, report=report,
        planned=sum(int(row.get("planned") or 0) for row in labour),
        present=sum(int(row.get("present") or 0) for row in labour),
        missing=report is None and begun <= day < today and bool(working.shifts_of(day.toordinal())),
    )  # fmt: skip


def _works(every: Sequence[Record], inside: Sequence[Record], first: date) -> tuple[Work, ...]:
    """Percentages only grow: of several reports the highest counts."""
    before: dict[str, Decimal] = {}
    for one in every:
        if one.data["day"] < first.isoformat():
            _higher(before, one)
    after: dict[str, Decimal] = {}
    said: dict[str, list[tuple[date, str]]] = {}
    for one in inside:
        _higher(after, one)
        for row in one.data.get("works", ()):
            if "task" in row:
                words = "，".join(str(row[name]) for name in ("quantity", "note") if row.get(name))
                said.setdefault(row["task"], []).append((date.fromisoformat(one.data["day"]), words))
    return tuple(
        Work(task=task, before=before.get(task), after=after.get(task), said=tuple(lines))
        for task, lines in said.items()
    )


def _higher(known: dict[str, Decimal], report: Record) -> None:
    for row in report.data.get("works", ()):
        if "task" in row and row.get("percent") is not None:
            known[row["task"]] = max(known.get(row["task"], Decimal(0)), Decimal(row["percent"]))


def _trades(reports: Sequence[Record]) -> tuple[tuple[str, int, int], ...]:
    found: dict[str, list[int]] = {}
    for row in (row for one in reports for row in one.data.get("labour", ())):
        sums = found.setdefault(row.get("trade", ""), [0, 0])
        sums[0] += int(row.get("planned") or 0)
        sums[1] += int(row.get("present") or 0)
    return tuple((trade, *sums) for trade, sums in sorted(found.items(), key=lambda pair: -pair[1][1]))  # type: ignore[misc]


def _machines(reports: Sequence[Record]) -> tuple[tuple[str, Decimal], ...]:
    found: dict[str, Decimal] = {}
    for row in (row for one in reports for row in one.data.get("machines", ())):
        found[row.get("name", "")] = found.get(row.get("name", ""), Decimal(0)) + Decimal(row.get("hours") or 0)
    return tuple(sorted(found.items(), key=lambda pair: -pair[1]))


def _noted(reports: Sequence[Record], field: str) -> tuple[tuple[date, str], ...]:
    return tuple((date.fromisoformat(one.data["day"]), one.data[field]) for one in reports if one.data.get(field))


def _wet(data: Mapping[str, Any]) -> bool:
    return data.get("weather_am") in WET or data.get("weather_pm") in WET
