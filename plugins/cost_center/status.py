"""Where a project stands at an instant: planned, earned and spent, from budget, reported progress and costs."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

from core import Aggregate, Condition, Context, Invalid, Query, Record
from plugins.cost_center import figures
from plugins.cost_center.evm import Status, earned_schedule
from plugins.cost_center.figures import every
from plugins.cost_center.phasing import Planned, WorkWeek, planned_by, read_shares, span_of
from plugins.cost_center.rules import ENTRY, FORECAST, PERFORMANCE, PROJECT
from plugins.cost_center.variance import shared

CHINA = timezone(timedelta(hours=8))
DAY = timedelta(days=1)
PLAN, TASK = "progress.plan", "progress.task"


@dataclass(frozen=True, slots=True)
class Line:
    """A budget line or adjustment, by account."""

    account: str
    planned: Planned


@dataclass(frozen=True, slots=True)
class Found:
    """The status of a project, what it was made of, and what is missing, by code."""

    status: Status
    at: datetime
    begin: date | None
    finish: date | None
    missing: tuple[str, ...] = ()
    source: str = ""  # of the progress: "performance", "progress" or ""
    reported_at: datetime | None = None
    record: str = ""  # the report or plan that says it
    accounts: Mapping[str, Status] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Earned:
    total: Fraction | None
    source: str = ""
    at: datetime | None = None
    record: str = ""
    accounts: Mapping[str, Fraction] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Basis:
    """What is read once and answers for every instant."""

    lines: tuple[Line, ...]
    span: tuple[date, date] | None
    week: WorkWeek
    spent: tuple[tuple[str, str, Decimal], ...]  # (day, account, amount), in order of days
    reports: tuple[tuple[datetime, Record], ...]
    forecast: Record | None

    @property
    def bac(self) -> Decimal:
        return sum((line.planned.amount for line in self.lines), Decimal(0))

    def pv(self, at: datetime, account: str | None = None) -> Fraction | None:
        """None without a budget in time."""
        if not self.lines or self.span is None:
            return None
        return sum(
            (
                planned_by(line.planned, at, span=self.span, week=self.week)
                for line in self.lines
                if account in (None, line.account)
            ),
            Fraction(0),
        )

    def ac(self, at: datetime) -> dict[str, Decimal]:
        """Spent by account: entries have days, and those of the day of `at` count."""
        found: dict[str, Decimal] = {}
        for day, account, amount in self.spent:
            if day <= at.date().isoformat():
                found[account] = found.get(account, Decimal(0)) + amount
        return found

    def worked(self, at: datetime) -> Fraction | None:
        """Working days since the beginning."""
        if self.span is None:
            return None
        begin, length = datetime.combine(self.span[0], time()), (self.week.end - self.week.begin) * 3600
        return Fraction(self.week.worked(begin, at), length)

    @property
    def end(self) -> datetime | None:
        return datetime.combine(self.span[1], time()) + DAY if self.span else None

    def earned_schedule(self, ev: Fraction) -> Fraction | None:
        """The working days by which `ev` was planned: the day is found by halving, then its share in proportion."""
        if self.span is None or self.end is None or not self.bac:
            return None
        begin = datetime.combine(self.span[0], time())
        low, high = 0, (self.end - begin).days
        if ev <= 0:
            return Fraction(0)
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if (self.pv(begin + middle * DAY) or 0) >= ev else (middle + 1, high)
        days = [begin + max(low - 1, 0) * DAY, begin + low * DAY]
        return earned_schedule([(self.worked(day) or 0, self.pv(day) or 0) for day in days], ev)


def local(text: str) -> datetime:
    """An instant as stored, in China's time, without its zone."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(CHINA).replace(tzinfo=None)


def stored(at: datetime) -> str:
    return at.replace(tzinfo=CHINA).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def present() -> datetime:
    return datetime.now(CHINA).replace(tzinfo=None, second=0, microsecond=0)


async def basis(ctx: Context, project: Record) -> Basis:
    """Everything the status of a project follows from, as far as it may be read."""
    settings = ctx.settings("cost_center")
    week = WorkWeek(int(settings["work_days"]), int(settings["work_from"]), int(settings["work_until"]))
    lines = _phased([one async for one in figures.budget_lines(ctx, project.id)])
    of = Condition("project", "eq", project.id)
    rows = []
    if ctx.can(ENTRY, "read"):
        sums = [Aggregate("amount", "sum", f"amount_{settings['basis']}")]
        rows = await ctx.records.totals(ENTRY, Query(where=(of,)), sums, by=("date", "account"))
    spent = [(row["date"], row["account"], Decimal(row["amount"])) for row in rows if row["amount"] is not None]
    reports = [(local(one.data["at"]), one) async for one in every(ctx, PERFORMANCE, Query(where=(of,)))]
    forecasts = [one async for one in every(ctx, FORECAST, Query(where=(of,), sort=(("date", True),)))]
    return Basis(
        lines=tuple(lines),
        span=_span(project, lines),
        week=week,
        spent=tuple(sorted(spent)),
        reports=tuple(sorted(reports, key=lambda pair: pair[0])),
        forecast=forecasts[0] if forecasts else None,
    )


def _span(project: Record, lines: Sequence[Line]) -> tuple[date, date] | None:
    """From the first to the last planned day; the project's own days where lines have none."""
    start, finish = (project.data.get(name) for name in ("plan_start", "plan_finish"))
    own = span_of([line.planned for line in lines])
    days = [date.fromisoformat(start)] if start else []
    ends = [date.fromisoformat(finish)] if finish else []
    if own:
        days, ends = [*days, own[0]], [*ends, own[1]]
    return (min(days), max(ends)) if days and ends and min(days) <= max(ends) else None


def _phased(raw: Sequence[Mapping[str, Any]]) -> list[Line]:
    """Budget lines in time; what adjusts an account is spread over time as its own lines are."""
    lines = [Line(one["account"], _planned(one)) for one in raw if not one.get("adjusts")]
    found = list(lines)
    for one in raw:
        own = [line.planned for line in lines if line.account == one["account"] and line.planned.amount > 0]
        if one.get("adjusts") and own:
            whole = sum((line.amount for line in own), Decimal(0))
            parts = shared(Decimal(one["amount"]), [line.amount * 100 / whole for line in own])
            found += [Line(one["account"], replace(line, amount=part)) for line, part in zip(own, parts, strict=True)]
        elif one.get("adjusts"):
            found.append(Line(one["account"], _planned(one)))
    return found


def _planned(line: Mapping[str, Any]) -> Planned:
    start, finish = line.get("start"), line.get("finish")
    return Planned(
        amount=Decimal(line["amount"]),
        start=date.fromisoformat(start) if start else None,
        finish=date.fromisoformat(finish) if finish else None,
        accrual=line.get("accrual") or "prorated",
        curve=line.get("curve") or "linear",
        shares=read_shares(line["months"]) if line.get("curve") == "manual" else (),
    )


async def at_instant(ctx: Context, project: str, at: datetime) -> Found:
    record = await ctx.records.get(PROJECT, project)
    known = await basis(ctx, record)
    return await found(ctx, record, known, at)


async def found(ctx: Context, project: Record, known: Basis, at: datetime) -> Found:
    """The status at `at`; what cannot be said is None and named in `missing`."""
    earned = _reported(known, at)
    if earned.total is None:
        try:
            earned = await _of_schedule(ctx, project.id, known, at)
        except Invalid:  # a field of the schedule is hidden from the reader: as if it were not there
            earned = _Earned(None)
    spent, bac = known.ac(at), known.bac
    ac = sum(spent.values(), Decimal(0))
    ev, end = earned.total, known.end
    missing = [
        *([] if known.lines else ["budget"]),
        *([] if known.span or not known.lines else ["dates"]),
        *([] if ev is not None else ["progress"]),
        *([] if ev is not None or "progress" in ctx.enabled else ["schedule"]),
    ]
    status = Status(
        bac=bac, pv=known.pv(at), ev=ev, ac=ac, at=known.worked(at),
        es=None if ev is None else known.earned_schedule(ev),
        pd=known.worked(end) if end else None,
    )  # fmt: skip
    accounts = {}
    for account in dict.fromkeys([*(line.account for line in known.lines), *spent]):
        whole = sum((line.planned.amount for line in known.lines if line.account == account), Decimal(0))
        accounts[account] = Status(
            bac=whole, pv=known.pv(at, account), ev=_of_account(earned, account, whole, bac),
            ac=spent.get(account, Decimal(0)),
        )  # fmt: skip
    status = _with_forecast(status, accounts, known.forecast)
    return Found(
        status=status, at=at, begin=known.span[0] if known.span else None, finish=known.span[1] if known.span else None,
        missing=tuple(missing), source=earned.source, reported_at=earned.at, record=earned.record, accounts=accounts,
    )  # fmt: skip


def _of_account(earned: _Earned, account: str, whole: Decimal, bac: Decimal) -> Fraction | None:
    if earned.source == "performance":
        return earned.accounts.get(account, Fraction(0))
    if earned.total is None or not bac:
        return None
    return Fraction(whole) * earned.total / Fraction(bac)  # a schedule knows no accounts: all alike


def reported(known: Basis, at: datetime) -> Fraction | None:
    """What was earned at `at` by the reports of work performed alone."""
    return _reported(known, at).total


def _reported(known: Basis, at: datetime) -> _Earned:
    """Earned by the last report of performance at or before `at`; level of effort is earned as it was planned."""
    place = bisect_right([one for one, _record in known.reports], at)
    if not place or not known.lines:
        return _Earned(None)
    when, report = known.reports[place - 1]
    found: dict[str, Fraction] = {}
    for line in report.data.get("lines", []):
        account = line["account"]
        whole = sum((one.planned.amount for one in known.lines if one.account == account), Decimal(0))
        if line.get("technique") == "loe" and not line.get("finished"):
            found[account] = known.pv(when, account) or Fraction(0)
        else:
            found[account] = Fraction(whole) * Fraction(Decimal(line.get("earned") or 0)) / 100
    return _Earned(sum(found.values(), Fraction(0)), "performance", when, report.id, found)


async def _of_schedule(ctx: Context, project: str, known: Basis, at: datetime) -> _Earned:
    """Earned by the activities of the project's plan, weighed by their cost, else by their duration.

    A plan whose data are of a later date than `at` says nothing of that instant.
    """
    if "progress" not in ctx.enabled or not ctx.can(PLAN, "read") or not ctx.can(TASK, "read") or not known.lines:
        return _Earned(None)
    of = Condition("project", "eq", project)
    done = whole = Fraction(0)
    async for plan in every(ctx, PLAN, Query(where=(of, Condition("status", "eq", "running")))):
        when = local(plan.data["data_date"]) if plan.data.get("data_date") else None
        if when is not None and when > at:
            continue
        tasks = [one async for one in every(ctx, TASK, Query(where=(Condition("plan", "eq", plan.id),)))]
        parents = {one.data.get("parent") for one in tasks}
        leaves = [one.data for one in tasks if one.id not in parents and one.data.get("kind") == "task"]
        weigh = "budget" if any(one.get("budget") for one in leaves) else "duration"
        for one in leaves:
            weight = Fraction(Decimal(one.get(weigh) or 0))
            whole, done = whole + weight, done + weight * Fraction(Decimal(one.get("percent") or 0)) / 100
        if whole:
            return _Earned(Fraction(known.bac) * done / whole, "progress", when, plan.id)
    return _Earned(None)


def _with_forecast(status: Status, accounts: Mapping[str, Status], forecast: Record | None) -> Status:
    """The status with the cost to complete, account by account, as the last forecast has it."""
    if forecast is None or status.ac is None:
        return status
    total = Fraction(0)
    lines = {line["account"]: line for line in forecast.data.get("lines", [])}
    for account, one in accounts.items():
        line = lines.get(account, {"method": "remaining"})
        rest = one.rest("cpi") if line["method"] == "cpi" else None
        if line["method"] in ("manual", "unit"):
            rest = Fraction(Decimal(line.get("etc") or 0))
        total += max(Fraction(one.bac) - Fraction(one.ac or 0), Fraction(0)) if rest is None else rest
    return Status(status.bac, status.pv, status.ev, status.ac, status.at, status.es, status.pd, total)
