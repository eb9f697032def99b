"""The page of the site's reports: a day, a week or a month of one plan, on screen and on paper."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from litestar import Request
from litestar.params import FromPath
from litestar.response import Response

from core import Condition, Context, Forbidden, Invalid, Problem, Query, Record, _, get, page
from plugins.progress import site
from plugins.progress.plans import CALENDAR, CHINA, DAILY, DELAY, TASK, calendar_from, every, local
from plugins.progress.worktime import WorkCalendar


@get("/progress/{plan:str}/site", permission="records")
async def site_page(ctx: Context, request: Request, plan: FromPath[str]) -> Response:
    if not ctx.can(DAILY, "read"):
        raise Forbidden(_("您没有权限查看施工日报，请联系本单位的系统管理员。"))
    found = await ctx.records.get("progress.plan", plan)
    today = datetime.now(CHINA).date()
    span = request.query_params.get("span", "week")
    if span not in site.SPANS:
        raise Invalid([Problem("span", "unknown", _("没有这种报告：{span}", span=span))])
    day = _day_of(request.query_params.get("day", ""), today)
    first, last = site.bounds(span, day)  # type: ignore[arg-type]
    reports = [one async for one in every(ctx, DAILY, Condition("plan", "eq", plan), Condition("day", "le", str(last)))]
    whole = site.together(
        reports, await _calendar(ctx, found, first), first=first, last=last,
        begun=local(found.data["start"]).date(), today=today,
    )  # fmt: skip
    data = {
        "plan": found, "site": whole, "span": span, "today": today, "wet": site.WET,
        "before": first - timedelta(days=1), "after": last + timedelta(days=1), "tasks": await _named(ctx, whole),
        "weather": {one.value: one.title for one in ctx.forms.get(DAILY).fields["weather_am"].choices},
        "delays": await _delays(ctx, plan, first, last), "may_add": ctx.can(DAILY, "create"), "curve": _labour(whole),
        "delays_of": ctx.forms.get(DELAY).title if DELAY in ctx.forms else "",
    }  # fmt: skip
    return page(ctx, "progress/site.html", data)


def _day_of(text: str, today: date) -> date:
    try:
        found = date.fromisoformat(text) if text else today
    except ValueError:
        raise Invalid([Problem("day", "type", _("看不懂的日期：{text}", text=text[:20]))]) from None
    return min(max(found, date(2000, 1, 1)), date(2100, 12, 31))


async def _calendar(ctx: Context, plan: Record, first: date) -> WorkCalendar:
    """The plan's calendar; every weekday where it may not be seen."""
    begins = date(first.year - 1, 1, 1)
    wanted = plan.data.get("calendar", "")
    where = Query(where=(Condition("_id", "eq", wanted),), limit=1)
    found = (await ctx.records.list(CALENDAR, where)).records if ctx.can(CALENDAR, "read") else ()
    return calendar_from(found[0].data, begins) if found else WorkCalendar(first=begins)


async def _named(ctx: Context, whole: site.Site) -> dict[str, Record]:
    ids = tuple(one.task for one in whole.works)[:1000]
    if not ids or not ctx.can(TASK, "read"):
        return {}
    page = await ctx.records.list(TASK, Query(where=(Condition("_id", "in", ids),), limit=1000), labelled=())
    return {one.id: one for one in page.records}


async def _delays(ctx: Context, plan: str, first: date, last: date) -> list[Record]:
    """The delays that began before the span's end and had not ended before its start."""
    where = (Condition("plan", "eq", plan), Condition("from_day", "le", str(last)))
    found = [one async for one in every(ctx, DELAY, *where)]
    return [one for one in found if one.data.get("to_day", str(last)) >= str(first)]


def _labour(whole: site.Site) -> dict[str, Any]:
    return {
        "kind": "bar",
        "categories": [f"{one.day.month}-{one.day.day}" for one in whole.days] if whole.reported else [],
        "series": [
            {"name": _("计划人数"), "values": [one.planned for one in whole.days]},
            {"name": _("到场人数"), "values": [one.present for one in whole.days]},
        ],
    }


routes = [site_page]
