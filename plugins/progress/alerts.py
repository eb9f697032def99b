"""The alert rules of progress control: late finish, slow pace, activities behind, lost float, silence from the site."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from core import AlertRule, Condition, Context, Measure, Query, _, hookimpl
from plugins.progress import figures
from plugins.progress.plans import (
    BASELINE,
    CALENDAR,
    CHINA,
    DAILY,
    LINE,
    PLAN,
    TASK,
    Loaded,
    Unschedulable,
    every,
    load,
)
from plugins.progress.worktime import instant

FOLLOWED = (PLAN, TASK, BASELINE, LINE, CALENDAR)  # what a schedule and its comparison are made of
ANY = frozenset({"yellow", "orange", "red"})


@hookimpl
async def alerts(ctx: Context) -> Sequence[AlertRule]:
    """Thresholds a tenant starts with; only plans that are running are measured."""
    late = {"yellow": Decimal(0), "orange": Decimal(5), "red": Decimal(10)}
    behind = {"yellow": Decimal(2), "orange": Decimal(5), "red": Decimal(10)}
    slow = {"yellow": Decimal("0.95"), "orange": Decimal("0.90"), "red": Decimal("0.85")}
    made_of = {"watches": FOLLOWED, "reads": FOLLOWED}
    return [
        AlertRule(
            code="progress.finish", title=_("计划预计晚于基线完工"), metric=_("晚于基线占工期"), unit="%",
            levels=late, strict=ANY, measure=_finishes, **made_of,
        ),
        AlertRule(
            code="progress.pace", title=_("进度绩效偏低"), metric="SPI(t)", levels=slow, strict=ANY, direction="below",
            margin=Decimal("0.01"), measure=_paces, **made_of,
        ),
        AlertRule(
            code="progress.late", title=_("工作落后于基线"), metric=_("落后工作日"), unit=_("天"),
            levels=behind, strict=ANY, measure=_lates, **made_of,
        ),
        AlertRule(
            code="progress.float", title=_("负浮时：要求的日期保不住"), metric=_("最小总浮时"), unit=_("天"),
            levels={"red": Decimal(0)}, strict=ANY, direction="below", measure=_floats, **made_of,
        ),
        AlertRule(
            code="progress.silent", title=_("几天没有施工日报"), metric=_("没有日报的工作日"), unit=_("天"),
            levels={"yellow": Decimal(2), "orange": Decimal(5)}, strict=ANY, measure=_silences,
            watches=(PLAN, DAILY), reads=(PLAN, DAILY, CALENDAR),
        ),
    ]  # fmt: skip


async def _running(ctx: Context) -> AsyncIterator[Loaded]:
    """Running plans that can be computed; what cannot be says so on its own page."""
    async for plan in every(ctx, PLAN, Condition("status", "eq", "running")):
        loaded = await load(ctx, plan.id)
        try:
            _ = loaded.schedule
        except Unschedulable:
            continue
        yield loaded


def _of(loaded: Loaded, value: Decimal) -> Measure:
    data = loaded.plan.data
    return Measure(
        form=PLAN, record=loaded.plan.id, value=value, project=data.get("project"), owner=data.get("manager"),
        url=f"/progress/{loaded.plan.id}",
    )  # fmt: skip


async def _finishes(ctx: Context) -> Iterable[Measure]:
    found = []
    async for loaded in _running(ctx):
        known = figures.figures(loaded)
        if known.late_days is not None and known.earned is not None and known.earned.pd:
            share = known.late_days * 100 * known.earned.pd.denominator / Decimal(known.earned.pd.numerator)
            found.append(_of(loaded, share))
    return found


async def _paces(ctx: Context) -> Iterable[Measure]:
    found = []
    async for loaded in _running(ctx):
        earned = figures.earned(loaded, figures.weights(loaded))
        if earned is not None and earned.spi_t is not None and earned.at > 0:
            found.append(_of(loaded, Decimal(earned.spi_t.numerator) / earned.spi_t.denominator))
    return found


async def _lates(ctx: Context) -> Iterable[Measure]:
    found = []
    async for loaded in _running(ctx):
        for late in figures.lates(loaded):
            found.append(Measure(
                form=TASK, record=late.task.id, value=late.days, project=loaded.plan.data.get("project"),
                owner=late.task.data.get("responsible"), url=f"/progress/{loaded.plan.id}",
            ))  # fmt: skip
    return found


async def _floats(ctx: Context) -> Iterable[Measure]:
    found = []
    async for loaded in _running(ctx):
        days = [
            Decimal(dates.total_float) / loaded.calendar_of(loaded.by_id[id]).minutes_per_day
            for id, dates in loaded.schedule.dates.items()
            if dates.total_float is not None
        ]
        if days:
            found.append(_of(loaded, min(days)))
    return found


async def _silences(ctx: Context) -> Iterable[Measure]:
    """Working days of the plan's calendar since its last report, or since it began."""
    found = []
    now = instant(datetime.now(CHINA).replace(tzinfo=None))
    async for loaded in _running(ctx):
        newest = Query(where=(Condition("plan", "eq", loaded.plan.id),), sort=(("day", True),), limit=1)
        reports = (await ctx.records.list(DAILY, newest)).records
        calendar = loaded.calendar_of(None)
        since = instant(datetime.fromisoformat(reports[0].data["day"])) + 1440 if reports else loaded.schedule.start
        if since < now:
            found.append(_of(loaded, Decimal(calendar.worked(now) - calendar.worked(since)) / calendar.minutes_per_day))
    return found
