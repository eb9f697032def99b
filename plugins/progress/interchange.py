"""A plan as files carry it: neutral values between MS Project XML, Primavera XER and the plan's records; no parsing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from plugins.progress.network import ConstraintKind, Kind, LagCalendar, LinkType
from plugins.progress.worktime import STANDARD, Shifts, WorkCalendar

MOST_TASKS = 20_000
MOST_BYTES = 50 * 1024 * 1024


class Unreadable(ValueError):
    """The file is not what it says it is. The message is for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarSpec:
    name: str
    week: tuple[Shifts, ...] = STANDARD
    exceptions: Mapping[date, Shifts] = field(default_factory=dict)
    hours_per_day: Decimal = Decimal(8)

    def made(self, first: date) -> WorkCalendar:
        return WorkCalendar(self.week, self.exceptions, first=first, hours_per_day=float(self.hours_per_day))


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSpec:
    """`id` and `parent` are the file's own; durations in working minutes; times in the plan's own zone."""

    id: str
    name: str
    wbs: str = ""
    parent: str | None = None
    kind: Kind = "task"
    minutes: int = 0
    calendar: str | None = None
    constraint: ConstraintKind = "ASAP"
    constraint_at: datetime | None = None
    deadline: datetime | None = None
    actual_start: datetime | None = None
    actual_finish: datetime | None = None
    remaining: int | None = None
    percent: Decimal = Decimal(0)
    budget: Decimal | None = None
    start: datetime | None = None  # as the other program computed it; never read back as a constraint
    finish: datetime | None = None
    baseline_start: datetime | None = None
    baseline_finish: datetime | None = None


@dataclass(frozen=True, slots=True)
class LinkSpec:
    before: str
    after: str
    type: LinkType = "FS"
    lag: int = 0  # working minutes, or elapsed
    lag_calendar: LagCalendar = "predecessor"


@dataclass(frozen=True, slots=True)
class Notice:
    """What was not understood, or was changed, and where. `count`: how often."""

    code: str
    detail: str = ""
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFile:
    name: str
    start: datetime | None
    data_date: datetime | None = None
    calendar: str | None = None  # the plan's own
    calendars: Mapping[str, CalendarSpec] = field(default_factory=dict)
    tasks: tuple[TaskSpec, ...] = ()
    links: tuple[LinkSpec, ...] = ()
    notices: tuple[Notice, ...] = ()


class Notices:
    """Gathers notices, counting those that repeat."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], int] = {}

    def add(self, code: str, detail: str = "") -> None:
        self._found[code, detail] = self._found.get((code, detail), 0) + 1

    def all(self) -> tuple[Notice, ...]:
        return tuple(Notice(code, detail, count) for (code, detail), count in self._found.items())
