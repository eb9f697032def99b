"""MS Project's XML (MSPDI, http://schemas.microsoft.com/project): read and written; what is not understood is told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from xml.etree import ElementTree

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from plugins.progress.interchange import (
    MOST_TASKS,
    CalendarSpec,
    LinkSpec,
    Notices,
    PlanFile,
    TaskSpec,
    Unreadable,
)
from plugins.progress.network import ConstraintKind, LagCalendar, LinkType
from plugins.progress.worktime import STANDARD, Shifts

SPACE = "http://schemas.microsoft.com/project"
CONSTRAINTS: tuple[ConstraintKind, ...] = ("ASAP", "ALAP", "MSO", "MFO", "SNET", "SNLT", "FNET", "FNLT")
LINKS: tuple[LinkType, ...] = ("FF", "FS", "SF", "SS")
ELAPSED = {4, 6, 8, 10, 12, 20, 36, 38, 40, 42, 44, 52}  # LagFormat: em eh ed ew emo e%, and estimated ones
PERCENT = {19, 20, 51, 52}
_DURATION = re.compile(r"^(-?)P(?:(\d+)D)?T?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?$")
LONGEST_EXCEPTION = 4000  # days of one exception: a shutdown of ten years


def read(content: bytes) -> PlanFile:
    """The plan in an MSPDI file. Unreadable where it is none."""
    try:
        root = fromstring(content, forbid_dtd=True)
    except (ElementTree.ParseError, DefusedXmlException, ValueError) as error:
        raise Unreadable(str(error)) from None
    if root.tag != f"{{{SPACE}}}Project":
        raise Unreadable(root.tag)
    return _Reader(root).plan()


class _Reader:
    def __init__(self, root: ElementTree.Element) -> None:
        self.root, self.notices = root, Notices()

    def plan(self) -> PlanFile:
        root = self.root
        calendars = dict(self._calendars())
        lines = [task for task in _each(root, "Tasks/Task") if _text(task, "IsNull") != "1"]
        if len(lines) > MOST_TASKS:
            raise Unreadable(f"{len(lines)} > {MOST_TASKS}")
        tasks = list(self._tasks(lines, calendars))
        links = list(self._links(lines, {task.id for task in tasks}))
        for name in ("Resources/Resource", "Assignments/Assignment"):
            found = sum(1 for one in _each(root, name) if _text(one, "UID") not in ("", "0"))
            if found:
                self.notices.add("ignored", name.partition("/")[0])
        return PlanFile(
            name=_text(root, "Title") or _text(root, "Name").removesuffix(".xml") or "MS Project",
            start=_moment(_text(root, "StartDate")),
            data_date=_moment(_text(root, "StatusDate")),
            calendar=_text(root, "CalendarUID") if _text(root, "CalendarUID") in calendars else None,
            calendars=calendars,
            tasks=tuple(tasks),
            links=tuple(links),
            notices=self.notices.all(),
        )

    def _calendars(self) -> Iterator[tuple[str, CalendarSpec]]:
        hours = Decimal(_number(_text(self.root, "MinutesPerDay"), 480)) / 60
        found: dict[str, CalendarSpec] = {}
        for calendar in _each(self.root, "Calendars/Calendar"):
            uid, base = _text(calendar, "UID"), found.get(_text(calendar, "BaseCalendarUID"))
            week = list(base.week if base else STANDARD)
            exceptions = dict(base.exceptions if base else {})
            for day in _each(calendar, "WeekDays/WeekDay"):
                kind, shifts = _number(_text(day, "DayType"), -1), self._shifts(day)
                if kind == 0:
                    self._except(exceptions, day, shifts)
                elif 1 <= kind <= 7:
                    week[(kind + 5) % 7] = shifts  # 1 is Sunday
            for exception in _each(calendar, "Exceptions/Exception"):
                if _number(_text(exception, "Type"), 1) not in (1, 0):
                    self.notices.add("recurring_exception", _text(exception, "Name"))
                self._except(exceptions, exception, self._shifts(exception))
            if _text(calendar, "IsBaseCalendar") == "0" and base is not None and not _text(calendar, "Name"):
                continue
            name = _text(calendar, "Name") or uid
            found[uid] = CalendarSpec(name=name, week=tuple(week), exceptions=exceptions, hours_per_day=hours)
            if not any(week):
                self.notices.add("empty_calendar", name)
        yield from found.items()

    def _shifts(self, day: ElementTree.Element) -> Shifts:
        if _text(day, "DayWorking") != "1":
            return ()
        shifts = []
        for times in _each(day, "WorkingTimes/WorkingTime"):
            start, finish = _clock(_text(times, "FromTime")), _clock(_text(times, "ToTime"))
            if start is not None and finish is not None:
                finish = finish or 1440  # midnight ends the day
                if start < finish and (not shifts or shifts[-1][1] <= start):
                    shifts.append((start, finish))
                else:
                    self.notices.add("shift", f"{_text(times, 'FromTime')}-{_text(times, 'ToTime')}")
        return tuple(shifts) or STANDARD[0]

    def _except(self, exceptions: dict[date, Shifts], of: ElementTree.Element, shifts: Shifts) -> None:
        start, finish = _moment(_text(of, "TimePeriod/FromDate")), _moment(_text(of, "TimePeriod/ToDate"))
        if start is None or finish is None or not 0 <= (finish - start).days <= LONGEST_EXCEPTION:
            self.notices.add("exception", _text(of, "Name"))
            return
        for offset in range((finish.date() - start.date()).days + 1):
            exceptions[start.date() + timedelta(days=offset)] = shifts

    def _tasks(self, lines: list[ElementTree.Element], calendars: Mapping[str, CalendarSpec]) -> Iterator[TaskSpec]:
        trail: list[tuple[int, str]] = []  # (outline level, uid) from the root down to the line before
        for line in lines:
            uid, level = _text(line, "UID"), _number(_text(line, "OutlineLevel"), 1)
            if level == 0 or not uid:  # MS Project's own line for the whole project
                continue
            while trail and trail[-1][0] >= level:
                trail.pop()
            parent = trail[-1][1] if trail else None
            trail.append((level, uid))
            yield self._task(line, uid, parent, calendars)

    def _task(
        self, line: ElementTree.Element, uid: str, parent: str | None, calendars: Mapping[str, CalendarSpec]
    ) -> TaskSpec:
        summary, milestone = _text(line, "Summary") == "1", _text(line, "Milestone") == "1"
        minutes = self._minutes(line, "Duration") or 0
        constraint = _number(_text(line, "ConstraintType"), 0)
        if not 0 <= constraint < len(CONSTRAINTS):
            self.notices.add("constraint", str(constraint))
            constraint = 0
        calendar = _text(line, "CalendarUID")
        if calendar not in ("", "-1") and calendar not in calendars:
            self.notices.add("missing_calendar", calendar)
        baseline = next((b for b in _each(line, "Baseline") if _text(b, "Number") in ("", "0")), None)
        actual_finish = _moment(_text(line, "ActualFinish"))
        return TaskSpec(
            id=uid,
            name=_text(line, "Name") or f"#{_text(line, 'ID') or uid}",
            wbs=_text(line, "WBS") or _text(line, "OutlineNumber"),
            parent=parent,
            kind="summary" if summary else "finish_milestone" if milestone and not minutes else "task",
            minutes=0 if summary else minutes,
            calendar=calendar if calendar in calendars else None,
            constraint=CONSTRAINTS[constraint],
            constraint_at=_moment(_text(line, "ConstraintDate")) if constraint > 1 else None,
            deadline=_moment(_text(line, "Deadline")),
            actual_start=_moment(_text(line, "ActualStart")),
            actual_finish=actual_finish,
            remaining=None if summary or actual_finish else self._minutes(line, "RemainingDuration"),
            percent=_decimal(_text(line, "PercentComplete")) or Decimal(0),
            budget=_money(_text(baseline, "Cost") if baseline is not None else _text(line, "Cost")),
            start=_moment(_text(line, "Start")),
            finish=_moment(_text(line, "Finish")),
            baseline_start=_moment(_text(baseline, "Start")) if baseline is not None else None,
            baseline_finish=_moment(_text(baseline, "Finish")) if baseline is not None else None,
        )

    def _minutes(self, line: ElementTree.Element, name: str) -> int | None:
        text = _text(line, name)
        if not text:
            return None
        found = _DURATION.match(text)
        if not found:
            self.notices.add("duration", text[:40])
            return None
        sign, days, hours, minutes, seconds = found.groups()
        total = int(days or 0) * 1440 + int(hours or 0) * 60 + int(minutes or 0) + round(Decimal(seconds or 0) / 60)
        return -total if sign else total

    def _links(self, lines: list[ElementTree.Element], known: set[str]) -> Iterator[LinkSpec]:
        lengths = {_text(line, "UID"): self._minutes(line, "Duration") or 0 for line in lines}
        for line in lines:
            after = _text(line, "UID")
            for link in _each(line, "PredecessorLink"):
                before, kind = _text(link, "PredecessorUID"), _number(_text(link, "Type"), 1)
                if before not in known or after not in known:
                    self.notices.add("dangling", f"{before} → {after}")
                    continue
                tenths, how = _number(_text(link, "LinkLag"), 0), _number(_text(link, "LagFormat"), 7)
                lag, calendar = round(tenths / 10), "successor"  # MS Project counts lags in the successor's calendar
                if how in PERCENT:  # LinkLag holds the per cent of the predecessor's duration
                    lag = round(lengths.get(before, 0) * tenths / 100)
                if how in ELAPSED:
                    calendar = "elapsed"
                of: LagCalendar = calendar  # type: ignore[assignment]
                yield LinkSpec(before, after, LINKS[kind] if 0 <= kind < 4 else "FS", lag, of)


def write(plan: PlanFile) -> bytes:
    """An MSPDI file that MS Project and its like open. Lags in the predecessor's calendar become the successor's."""
    ElementTree.register_namespace("", SPACE)
    root = ElementTree.Element(f"{{{SPACE}}}Project")
    numbers = {key: str(n) for n, key in enumerate(plan.calendars, start=1)}
    hours = next((spec.hours_per_day for spec in plan.calendars.values()), Decimal(8))
    _add(root, "SaveVersion", "14")
    _add(root, "Name", f"{plan.name}.xml")
    _add(root, "Title", plan.name)
    _add(root, "StartDate", _stamp(plan.start))
    _add(root, "CalendarUID", numbers.get(plan.calendar or "", "1"))
    _add(root, "MinutesPerDay", str(round(hours * 60)))
    _add(root, "StatusDate", _stamp(plan.data_date))
    calendars = _add(root, "Calendars")
    for key, spec in plan.calendars.items():
        _write_calendar(calendars, numbers[key], spec)
    uids = {task.id: str(n) for n, task in enumerate(plan.tasks, start=1)}
    links: dict[str, list[LinkSpec]] = {}
    for link in plan.links:
        links.setdefault(link.after, []).append(link)
    levels: dict[str | None, int] = {None: 0}
    tasks = _add(root, "Tasks")
    for task in plan.tasks:
        levels[task.id] = levels.get(task.parent, 0) + 1
        line = _write_task(tasks, uids[task.id], task, levels[task.id], numbers)
        for link in links.get(task.id, []):
            _write_link(line, link, uids)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="utf-8")


def _write_calendar(parent: ElementTree.Element, uid: str, spec: CalendarSpec) -> None:
    calendar = _add(parent, "Calendar")
    for name, value in (("UID", uid), ("Name", spec.name), ("IsBaseCalendar", "1"), ("BaseCalendarUID", "-1")):
        _add(calendar, name, value)
    days = _add(calendar, "WeekDays")
    for number in range(1, 8):
        day = _add(days, "WeekDay")
        _add(day, "DayType", str(number))
        _write_shifts(day, spec.week[(number + 5) % 7])
    exceptions = _add(calendar, "Exceptions")
    for day, shifts in sorted(spec.exceptions.items()):
        exception = _add(exceptions, "Exception")
        _add(exception, "EnteredByOccurrences", "0")
        period = _add(exception, "TimePeriod")
        _add(period, "FromDate", f"{day}T00:00:00")
        _add(period, "ToDate", f"{day}T23:59:00")
        _add(exception, "Occurrences", "1")
        _add(exception, "Type", "1")
        _write_shifts(exception, shifts)


def _write_shifts(day: ElementTree.Element, shifts: Shifts) -> None:
    _add(day, "DayWorking", "1" if shifts else "0")
    if shifts:
        times = _add(day, "WorkingTimes")
        for start, finish in shifts:
            one = _add(times, "WorkingTime")
            _add(one, "FromTime", f"{start // 60:02}:{start % 60:02}:00")
            _add(one, "ToTime", f"{finish // 60 % 24:02}:{finish % 60:02}:00")


def _write_task(
    parent: ElementTree.Element, uid: str, task: TaskSpec, level: int, calendars: Mapping[str, str]
) -> ElementTree.Element:
    line = _add(parent, "Task")
    summary, milestone = task.kind == "summary", task.kind in ("start_milestone", "finish_milestone")
    done = task.percent if task.actual_finish is None else Decimal(100)
    for name, value in (
        ("UID", uid), ("ID", uid), ("Name", task.name), ("WBS", task.wbs), ("OutlineLevel", str(level)),
        ("Start", _stamp(task.start)), ("Finish", _stamp(task.finish)), ("Duration", _length(task.minutes)),
        ("DurationFormat", "7"), ("Milestone", "1" if milestone else "0"), ("Summary", "1" if summary else "0"),
        ("PercentComplete", str(round(done))), ("ActualStart", _stamp(task.actual_start)),
        ("ActualFinish", _stamp(task.actual_finish)),
        ("RemainingDuration", "" if task.remaining is None else _length(task.remaining)),
        ("ConstraintType", str(CONSTRAINTS.index(task.constraint))),
        ("CalendarUID", calendars.get(task.calendar or "", "-1")), ("ConstraintDate", _stamp(task.constraint_at)),
        ("Deadline", _stamp(task.deadline)),
    ):  # fmt: skip
        _add(line, name, value)
    return line


def _write_link(line: ElementTree.Element, link: LinkSpec, uids: Mapping[str, str]) -> None:
    found = _add(line, "PredecessorLink")
    _add(found, "PredecessorUID", uids[link.before])
    _add(found, "Type", str(LINKS.index(link.type)))
    _add(found, "CrossProject", "0")
    _add(found, "LinkLag", str(link.lag * 10))
    _add(found, "LagFormat", "8" if link.lag_calendar == "elapsed" else "7")


def _add(parent: ElementTree.Element, name: str, text: str | None = None) -> ElementTree.Element:
    """A child element; one whose text would be empty is left out of the file, as MS Project leaves it out."""
    if text == "":
        return parent
    child = ElementTree.SubElement(parent, f"{{{SPACE}}}{name}")
    child.text = text
    return child


def _each(of: ElementTree.Element, path: str) -> list[ElementTree.Element]:
    return of.findall("/".join(f"{{{SPACE}}}{part}" for part in path.split("/")))


def _text(of: ElementTree.Element, path: str) -> str:
    found = of.find("/".join(f"{{{SPACE}}}{part}" for part in path.split("/")))
    return (found.text or "").strip() if found is not None else ""


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return found.replace(tzinfo=None, second=0, microsecond=0) if found and 1984 <= found.year <= 2149 else None


def _clock(text: str) -> int | None:
    try:
        found = time.fromisoformat(text)
    except ValueError:
        return None
    return found.hour * 60 + found.minute


def _number(text: str, otherwise: int) -> int:
    found = _decimal(text)
    return otherwise if found is None else int(found)


def _decimal(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _money(text: str) -> Decimal | None:
    """MS Project writes money in hundredths."""
    found = _decimal(text)
    return (found / 100).quantize(Decimal("0.01")) if found else None


def _stamp(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""


def _length(minutes: int) -> str:
    return f"{'-' if minutes < 0 else ''}PT{abs(minutes) // 60}H{abs(minutes) % 60}M0S"
