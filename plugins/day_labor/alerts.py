"""The alert rules of day labour: late signatures, failed checks, sheets not made, the share of labour, men too old."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from core import AlertRule, Condition, Context, Measure, _, hookimpl
from plugins.day_labor import figures
from plugins.day_labor.loading import (
    ATTENDANCE,
    CREW,
    MODULE,
    SUMMARY,
    TICKET,
    WORKER,
    every,
    today,
)

CHECKED = (TICKET, ATTENDANCE, WORKER, CREW)


@hookimpl
async def alerts(ctx: Context) -> Sequence[AlertRule]:
    """Thresholds a tenant starts with."""
    checked = {"watches": CHECKED, "reads": CHECKED}
    found = [
        AlertRule(
            code="day_labor.unsigned", title=_("点工单超期没有签认"), metric=_("超期"), unit=_("天"),
            levels={"yellow": Decimal(0), "orange": Decimal(3), "red": Decimal(7)}, measure=_unsigned,
            strict=frozenset({"yellow", "orange", "red"}), watches=(TICKET,), reads=(TICKET,),
        ),
        AlertRule(
            code="day_labor.blocked", title=_("点工单有必须解决的异常"), metric=_("异常"), unit=_("项"),
            levels={"red": Decimal(1)}, measure=_blocked, **checked,
        ),
        AlertRule(
            code="day_labor.questioned", title=_("点工单有需要说明的异常"), metric=_("异常"), unit=_("项"),
            levels={"yellow": Decimal(1), "orange": Decimal(3)}, measure=_questioned, **checked,
        ),
        AlertRule(
            code="day_labor.unsummarised", title=_("上月点工到期没有汇总"), metric=_("超期"), unit=_("天"),
            levels={"yellow": Decimal(0), "orange": Decimal(5)}, strict=frozenset({"yellow", "orange"}),
            measure=_unsummarised, watches=(TICKET, SUMMARY), reads=(TICKET, SUMMARY, CREW),
        ),
        AlertRule(
            code="day_labor.age", title=_("在场工人超过年龄上限"), metric=_("超龄"), unit=_("岁"),
            levels={"yellow": Decimal(0)}, strict=frozenset({"yellow"}), measure=_ages, watches=(WORKER,),
            reads=(WORKER,),
        ),
    ]  # fmt: skip
    if "cost_center" in ctx.enabled:
        found.append(AlertRule(
            code="day_labor.share", title=_("点工费占人工费比例偏高"), metric=_("点工占人工费"), unit="%",
            levels={"yellow": Decimal(5), "red": Decimal(10)}, strict=frozenset({"yellow", "red"}), measure=_shares,
            watches=(figures.ENTRY,), reads=(figures.ENTRY, figures.ACCOUNT, "cost_center.project"),
        ))  # fmt: skip
    return found


async def _unsigned(ctx: Context) -> Iterable[Measure]:
    return [
        Measure(
            form=TICKET, record=one.ticket.id, value=Decimal(one.days), project=one.ticket.data.get("project"),
            owner=one.ticket.data.get("requested_by") if one.kind == "foreman" else None,
        )
        for one in await figures.waiting(ctx)
    ]  # fmt: skip


async def _found(ctx: Context, *, stops: bool) -> list[Measure]:
    blocking = frozenset(ctx.settings(MODULE)["blocking"] or ())
    found, looked = await figures.open_findings(ctx)
    counts = Counter(one.ticket for one in found if (one.code in blocking) == stops)
    projects = {ticket.id: ticket.project for ticket in looked.tickets}
    return [
        Measure(form=TICKET, record=id, value=Decimal(count), project=projects.get(id)) for id, count in counts.items()
    ]


async def _blocked(ctx: Context) -> Iterable[Measure]:
    return await _found(ctx, stops=True)


async def _questioned(ctx: Context) -> Iterable[Measure]:
    return await _found(ctx, stops=False)


async def _unsummarised(ctx: Context) -> Iterable[Measure]:
    """By crew and month: how many days the sheet is late."""
    last, now, found = ctx.settings(MODULE)["summary_day"], today(), []
    for crew, month, _sum in await figures.unsummarised(ctx):
        year, number = map(int, month.split("-"))
        limit = date(year + number // 12, number % 12 + 1, last)
        if now > limit:
            found.append(Measure(
                form=CREW, record=crew, part=month, label=month, value=Decimal((now - limit).days), period=month,
                url=f"/day_labor/sheet?month={month}&crew={crew}",
            ))  # fmt: skip
    return found


async def _ages(ctx: Context) -> Iterable[Measure]:
    """Years above the limit of men who have entered and not left."""
    set_, now, found = ctx.settings(MODULE), today(), []
    async for one in every(ctx, WORKER, Condition("entered", "filled")):
        born = one.data.get("born")
        if not born or one.data.get("left", "9999") < now.isoformat():
            continue
        day = date.fromisoformat(born)
        age = now.year - day.year - ((now.month, now.day) < (day.month, day.day))
        over = age - set_["oldest_women" if one.data.get("sex") == "female" else "oldest"]
        if over > 0:
            found.append(Measure(form=WORKER, record=one.id, value=Decimal(over)))
    return found


async def _shares(ctx: Context) -> Iterable[Measure]:
    shares = await figures.labour_shares(ctx) or {}
    return [
        Measure(
            form="cost_center.project", record=project, project=project, value=mine * 100 / whole,
            url=f"/forms/{figures.ENTRY}?where=project:eq:{project}&where=source:eq:day_labor&totals=1",
        )
        for project, (mine, whole) in shares.items()
        if whole > 0
    ]  # fmt: skip
