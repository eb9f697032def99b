"""Primavera's XER: tables as tab-separated lines; read in UTF-8, GBK or Windows-1252, written in GB 18030."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from plugins.progress.interchange import (
    MOST_TASKS,
    CalendarSpec,
    LinkSpec,
    Notices,
    PlanFile,
    TaskSpec,
    Unreadable,
)
from plugins.progress.network import ConstraintKind, Kind, LagCalendar, LinkType
from plugins.progress.worktime import Shifts

Row = Mapping[str, str]
EPOCH = date(1899, 12, 30)  # day 0 of the serial numbers in calendars
KINDS: dict[str, Kind] = {
    "TT_Task": "task", "TT_Rsrc": "task", "TT_Mile": "start_milestone", "TT_FinMile": "finish_milestone",
    "TT_LOE": "loe", "TT_WBS": "loe",
}  # fmt: skip
CONSTRAINTS: dict[str, ConstraintKind] = {
    "CS_ALAP": "ALAP", "CS_MSOA": "SNET", "CS_MSOB": "SNLT", "CS_MEOA": "FNET", "CS_MEOB": "FNLT",
    "CS_MSO": "MSO", "CS_MEO": "MFO", "CS_MANDSTART": "MSO", "CS_MANDFIN": "MFO",
}  # fmt: skip
WRITTEN = {"ALAP": "CS_ALAP", "SNET": "CS_MSOA", "SNLT": "CS_MSOB", "FNET": "CS_MEOA", "FNLT": "CS_MEOB",
           "MSO": "CS_MANDSTART", "MFO": "CS_MANDFIN"}  # fmt: skip
LAGS: dict[str, LagCalendar] = {
    "rcal_Predecessor": "predecessor", "rcal_Successor": "successor", "rcal_24Hour": "elapsed",
}  # fmt: skip
KNOWN = {"CURRTYPE", "OBS", "PROJECT", "CALENDAR", "SCHEDOPTIONS", "PROJWBS", "TASK", "TASKPRED"}
_OPEN = re.compile(r"\(0\|\|([^()]*)\(([^()]*)\)\s*\(")


def decoded(content: bytes) -> str:
    """The text of a file that does not say how it is encoded."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        text = content.decode("gb18030")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")
    strange = [c for c in text if c > "\x7f"]
    chinese = sum("\u3000" <= c <= "\u9fff" or "\uff00" <= c <= "\uffef" for c in strange)
    return text if chinese * 2 > len(strange) else content.decode("cp1252", errors="replace")


def read(content: bytes) -> PlanFile:
    """The first project of an XER file; the names of others are told. Unreadable where it is none."""
    text = decoded(content)
    if not text.startswith("ERMHDR"):
        raise Unreadable(text[:20])
    notices = Notices()
    tables = _tables(text, notices)
    projects = tables.get("PROJECT", [])
    if not projects:
        raise Unreadable("PROJECT")
    for other in projects[1:]:
        notices.add("other_project", other.get("proj_short_name", ""))
    for name in sorted(tables.keys() - KNOWN):
        notices.add("ignored", name)
    return _Reader(tables, projects[0], notices).plan()


def _tables(text: str, notices: Notices) -> dict[str, list[Row]]:
    tables: dict[str, list[Row]] = {}
    rows: list[Row] = []
    fields: list[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        mark, _tab, rest = line.partition("\t")
        if mark == "%T":
            rows = tables.setdefault(rest.strip(), [])
        elif mark == "%F":
            fields = rest.split("\t")
        elif mark == "%R":
            values = rest.split("\t")
            if len(values) < len(fields):
                notices.add("short_row")
            rows.append(dict(zip(fields, values, strict=False)))
            if len(rows) > 10 * MOST_TASKS:
                raise Unreadable(f"> {10 * MOST_TASKS}")
    return tables


class _Reader:
    def __init__(self, tables: Mapping[str, list[Row]], project: Row, notices: Notices) -> None:
        self.tables, self.project, self.notices = tables, project, notices
        self.own = project.get("proj_id", "")

    def plan(self) -> PlanFile:
        calendars = dict(self._calendars())
        parents = list(self._wbs())
        tasks = [*parents, *self._tasks(calendars, {parent.id for parent in parents})]
        if len(tasks) > MOST_TASKS:
            raise Unreadable(f"{len(tasks)} > {MOST_TASKS}")
        own = self.project.get("clndr_id", "")
        root = next((row for row in self._rows("PROJWBS") if row.get("proj_node_flag") == "Y"), {})
        return PlanFile(
            name=root.get("wbs_name", "") or self.project.get("proj_short_name", "") or "Primavera",
            start=_moment(self.project.get("plan_start_date", "")),
            data_date=_moment(self.project.get("last_recalc_date", "")),
            calendar=own if own in calendars else next(iter(calendars), None),
            calendars=calendars,
            tasks=tuple(_in_tree_order(tasks)),
            links=tuple(self._links({task.id for task in tasks})),
            notices=self.notices.all(),
        )

    def _rows(self, table: str) -> list[Row]:
        return [row for row in self.tables.get(table, []) if row.get("proj_id", self.own) == self.own]

    def _calendars(self) -> Iterator[tuple[str, CalendarSpec]]:
        for row in self.tables.get("CALENDAR", []):
            week, exceptions = calendar_data(row.get("clndr_data", ""))
            name = row.get("clndr_name", "") or row.get("clndr_id", "")
            if not any(week):
                self.notices.add("empty_calendar", name)
                continue
            hours = _decimal(row.get("day_hr_cnt", "")) or Decimal(8)
            yield row.get("clndr_id", ""), CalendarSpec(
                name=name, week=week, exceptions=exceptions, hours_per_day=hours
            )

    def _wbs(self) -> Iterator[TaskSpec]:
        rows = [row for row in self._rows("PROJWBS") if row.get("proj_node_flag") != "Y"]  # that one is the project
        known = {row.get("wbs_id") for row in rows}
        for row in sorted(rows, key=lambda row: _decimal(row.get("seq_num", "")) or Decimal(0)):
            parent = row.get("parent_wbs_id", "")
            yield TaskSpec(
                id=f"w{row.get('wbs_id', '')}",
                name=row.get("wbs_name", "") or row.get("wbs_short_name", ""),
                wbs=row.get("wbs_short_name", ""),
                parent=f"w{parent}" if parent in known else None,
                kind="summary",
            )

    def _tasks(self, calendars: Mapping[str, CalendarSpec], parents: set[str]) -> Iterator[TaskSpec]:
        for row in sorted(self._rows("TASK"), key=lambda row: row.get("task_code", "")):
            kind = KINDS.get(row.get("task_type", ""))
            if kind is None:
                self.notices.add("task_type", row.get("task_type", ""))
            calendar, parent = row.get("clndr_id", ""), f"w{row.get('wbs_id', '')}"
            if calendar not in calendars:
                self.notices.add("missing_calendar", calendar)
            constraint = CONSTRAINTS.get(row.get("cstr_type", ""))
            if row.get("cstr_type") and constraint is None:
                self.notices.add("constraint", row["cstr_type"])
            if row.get("cstr_type2"):
                self.notices.add("second_constraint", row.get("task_code", ""))
            yield self._task(row, kind or "task", calendar if calendar in calendars else None,
                             parent if parent in parents else None, constraint or "ASAP")  # fmt: skip

    def _task(
        self, row: Row, kind: Kind, calendar: str | None, parent: str | None, constraint: ConstraintKind
    ) -> TaskSpec:
        planned, left = _minutes(row.get("target_drtn_hr_cnt", "")), _minutes(row.get("remain_drtn_hr_cnt", ""))
        begun, ended = _moment(row.get("act_start_date", "")), _moment(row.get("act_end_date", ""))
        by_duration = Decimal(100 * (planned - left)) / planned if planned and begun else Decimal(0)
        physical = _decimal(row.get("phys_complete_pct", "")) or Decimal(0)
        percent = physical if row.get("complete_pct_type") == "CP_Phys" else by_duration
        return TaskSpec(
            id=row.get("task_id", ""),
            name=row.get("task_name", "") or row.get("task_code", ""),
            wbs=row.get("task_code", ""),
            parent=parent,
            kind=kind,
            minutes=planned,
            calendar=calendar,
            constraint=constraint,
            constraint_at=_moment(row.get("cstr_date", "")) if constraint not in ("ASAP", "ALAP") else None,
            actual_start=begun,
            actual_finish=ended,
            remaining=left if begun and not ended else None,
            percent=Decimal(100) if ended else min(max(percent, Decimal(0)), Decimal(100)).quantize(Decimal("0.01")),
            start=_moment(row.get("early_start_date", "")) or begun,
            finish=_moment(row.get("early_end_date", "")) or ended,
            baseline_start=_moment(row.get("target_start_date", "")),
            baseline_finish=_moment(row.get("target_end_date", "")),
        )

    def _links(self, known: set[str]) -> Iterator[LinkSpec]:
        option = next(iter(self._rows("SCHEDOPTIONS")), {})
        of = LAGS.get(option.get("sched_calendar_on_relationship_lag", ""), "predecessor")
        for row in self.tables.get("TASKPRED", []):
            before, after = row.get("pred_task_id", ""), row.get("task_id", "")
            if row.get("proj_id", self.own) != self.own:
                continue
            if before not in known or after not in known:
                self.notices.add("dangling", f"{before} → {after}")
                continue
            type = row.get("pred_type", "PR_FS").removeprefix("PR_")
            kind: LinkType = type if type in ("FS", "SS", "FF", "SF") else "FS"  # type: ignore[assignment]
            yield LinkSpec(before, after, kind, _minutes(row.get("lag_hr_cnt", "")), of)


def _in_tree_order(tasks: list[TaskSpec]) -> list[TaskSpec]:
    """Each after its parent, as a plan is read."""
    children: dict[str | None, list[TaskSpec]] = {}
    for task in tasks:
        children.setdefault(task.parent, []).append(task)
    found: list[TaskSpec] = []
    waiting = list(reversed(children.get(None, [])))
    while waiting:
        task = waiting.pop()
        found.append(task)
        waiting += reversed(children.pop(task.id, []))
    lost = {task.id for task in tasks} - {task.id for task in found}  # a tree that bites its tail
    return found + [replace(task, parent=None) for task in tasks if task.id in lost]


def calendar_data(text: str) -> tuple[tuple[Shifts, ...], dict[date, Shifts]]:
    """Week (Monday first) and exceptions of a calendar's nested text `(0||name(key|value)(children))`."""
    week: list[Shifts] = [()] * 7
    exceptions: dict[date, Shifts] = {}
    for path, attributes, shifts in _days(text):
        if "DaysOfWeek" in path and path[-1].isdigit() and 1 <= int(path[-1]) <= 7:
            week[(int(path[-1]) + 5) % 7] = shifts  # 1 is Sunday
        elif "Exceptions" in path and attributes.get("d", "").isdigit() and int(attributes["d"]) < 100_000:
            exceptions[EPOCH + timedelta(days=int(attributes["d"]))] = shifts
    return tuple(week), exceptions


def _days(text: str) -> Iterator[tuple[tuple[str, ...], dict[str, str], Shifts]]:
    """Every node two levels below the root, with its path, attributes and the shifts among its children."""
    names: list[str] = []
    held: list[dict[str, str]] = []
    shifts: list[list[tuple[int, int]]] = []
    place = 0
    while place < len(text):
        found = _OPEN.match(text, place)
        if found:
            pairs = found[2].split("|")
            attributes = dict(zip(pairs[::2], pairs[1::2], strict=False))
            names.append(found[1].strip())
            held.append(attributes)
            shifts.append([])
            if "s" in attributes and len(shifts) > 1:
                span = (_clock(attributes["s"]), _clock(attributes.get("f", "")) or 1440)
                if span[0] is not None and span[0] < span[1]:
                    shifts[-2].append(span)  # type: ignore[arg-type]
            place = found.end()
        elif text[place] == ")" and names:
            place = text.find(")", place + 1) + 1 or len(text)  # a node ends with two of them
            if len(names) == 3:
                yield tuple(names), held[-1], _joined(shifts[-1])
            names.pop(), held.pop(), shifts.pop()
        else:
            place += 1


def _joined(shifts: list[tuple[int, int]]) -> Shifts:
    kept: list[tuple[int, int]] = []
    for start, finish in sorted(shifts):
        if not kept or kept[-1][1] <= start:
            kept.append((start, finish))
    return tuple(kept)


def write(plan: PlanFile) -> bytes:
    """An XER file (version 8.0), as Primavera on a Chinese Windows reads it: it knows no encoding but the system's."""
    numbers = {key: str(n) for n, key in enumerate(plan.calendars, start=1)}
    ids = {task.id: str(n) for n, task in enumerate(plan.tasks, start=100)}
    own = numbers.get(plan.calendar or "", "1")
    lag = next((link.lag_calendar for link in plan.links if link.lag), "predecessor")
    out = [f"ERMHDR\t8.0\t{date.today()}\tProject\tdougong\tdougong\tdougong\tProject Management\tCNY"]
    _write(out, "PROJECT", "proj_id proj_short_name plan_start_date last_recalc_date clndr_id",
           [("1", plan.name, _stamp(plan.start), _stamp(plan.data_date), own)])  # fmt: skip
    _write(out, "CALENDAR", "clndr_id default_flag clndr_name day_hr_cnt clndr_data",
           [(numbers[key], "Y" if numbers[key] == own else "N", spec.name, str(spec.hours_per_day), _data_of(spec))
            for key, spec in plan.calendars.items()])  # fmt: skip
    _write(out, "SCHEDOPTIONS", "proj_id sched_calendar_on_relationship_lag",
           [("1", next(name for name, of in LAGS.items() if of == lag))])  # fmt: skip
    root = ("10", "1", "", plan.name, plan.name, "Y", "0")
    summaries = [task for task in plan.tasks if task.kind == "summary"]
    _write(out, "PROJWBS", "wbs_id proj_id parent_wbs_id wbs_short_name wbs_name proj_node_flag seq_num",
           [root, *((ids[task.id], "1", ids.get(task.parent or "", "10"), task.wbs, task.name, "N", str(n))
                    for n, task in enumerate(summaries, start=1))])  # fmt: skip
    _write(
        out,
        "TASK",
        "task_id proj_id wbs_id clndr_id task_code task_name task_type status_code complete_pct_type phys_complete_pct"
        " target_drtn_hr_cnt remain_drtn_hr_cnt cstr_type cstr_date act_start_date act_end_date early_start_date"
        " early_end_date target_start_date target_end_date",
        [_task_row(task, ids, numbers, own) for task in plan.tasks if task.kind != "summary"],
    )
    carried = {task.id for task in summaries}  # Primavera has no links on summaries
    _write(out, "TASKPRED", "task_pred_id task_id pred_task_id proj_id pred_proj_id pred_type lag_hr_cnt",
           [(str(n), ids[link.after], ids[link.before], "1", "1", f"PR_{link.type}", _hours(link.lag))
            for n, link in enumerate(plan.links, start=1) if not {link.before, link.after} & carried])  # fmt: skip
    return "\r\n".join([*out, "%E", ""]).encode("gb18030")


def _task_row(task: TaskSpec, ids: Mapping[str, str], calendars: Mapping[str, str], own: str) -> tuple[str, ...]:
    kind = next(name for name, of in KINDS.items() if of == task.kind)
    state = "TK_Complete" if task.actual_finish else "TK_Active" if task.actual_start else "TK_NotStart"
    left = 0 if task.actual_finish else task.remaining
    if left is None:
        left = round(task.minutes * (100 - task.percent) / 100) if task.actual_start else task.minutes
    start = _stamp(task.baseline_start or task.start)
    return (
        ids[task.id], "1", ids.get(task.parent or "", "10"), calendars.get(task.calendar or "", own),
        task.wbs or ids[task.id], task.name, kind, state, "CP_Phys", str(task.percent), _hours(task.minutes),
        _hours(left), WRITTEN.get(task.constraint, ""), _stamp(task.constraint_at), _stamp(task.actual_start),
        _stamp(task.actual_finish), _stamp(task.start), _stamp(task.finish), start,
        _stamp(task.baseline_finish or task.finish),
    )  # fmt: skip


def _write(out: list[str], table: str, fields: str, rows: list[tuple[str, ...]]) -> None:
    out += [f"%T\t{table}", "%F\t" + "\t".join(fields.split())]
    out += ["%R\t" + "\t".join(re.sub(r"[\t\r\n]+", " ", value) for value in row) for row in rows]


def _data_of(spec: CalendarSpec) -> str:
    def times(shifts: Shifts) -> str:
        return "".join(f"(0||{n}(s|{_time(s)}|f|{_time(f)})())" for n, (s, f) in enumerate(shifts))

    week = "".join(f"(0||{n}()({times(spec.week[(n + 5) % 7])}))" for n in range(1, 8))
    days = sorted(spec.exceptions.items())
    rest = "".join(f"(0||{n}(d|{(day - EPOCH).days})({times(shifts)}))" for n, (day, shifts) in enumerate(days))
    return f"(0||CalendarData()((0||DaysOfWeek()({week}))(0||Exceptions()({rest}))))"


def _time(minute: int) -> str:
    return f"{minute // 60 % 24:02}:{minute % 60:02}"


def _clock(text: str) -> int | None:
    hours, _colon, minutes = text.partition(":")
    if not (hours.strip().isdigit() and minutes.strip().isdigit()):
        return None
    return int(hours) * 60 + int(minutes)


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text.strip()) if text.strip() else None
    except ValueError:
        return None
    return found if found and 1984 <= found.year <= 2149 else None


def _decimal(text: str) -> Decimal | None:
    try:
        found = Decimal(text.strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _minutes(text: str) -> int:
    hours = _decimal(text)
    return round(hours * 60) if hours is not None and abs(hours) < 10_000_000 else 0


def _hours(minutes: int) -> str:
    return f"{Decimal(minutes) / 60:.10f}".rstrip("0").rstrip(".")


def _stamp(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M") if moment else ""
