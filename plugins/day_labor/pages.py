"""The pages of day labour: what is wrong, what comes next and the trend; the monthly sheet; analysis; panels."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from litestar import Request
from litestar.response import Response

from core import (
    Condition,
    Context,
    Forbidden,
    Form,
    MenuItem,
    Panel,
    Query,
    Record,
    _,
    for_forms,
    get,
    hookimpl,
    page,
)
from plugins.day_labor import analysis, crosschecks, figures, findings
from plugins.day_labor import sheet as sheets
from plugins.day_labor.loading import (
    ATTENDANCE,
    COUNTED,
    CREW,
    MODULE,
    SUMMARY,
    TICKET,
    WAITS_FOR,
    every,
    site,
    today,
)

MONTHS, SHOWN = 12, 8
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NEIGHBOURS = {"cost_center": "项目成本中心", "partners": "往来单位", "progress": "综合进度管控"}


@hookimpl
def register_routes() -> Sequence[Any]:
    return [overview, sheet_page, sheet_file, analysis_page]


@hookimpl
async def menu_items(ctx: Context) -> Sequence[MenuItem] | None:
    if not ctx.can(TICKET, "read"):
        return None
    return [
        MenuItem(_("点工总览"), "/day_labor", "chart-bar"), MenuItem(_("月度点工表"), "/day_labor/sheet", "table"),
        MenuItem(_("点工分析"), "/day_labor/analysis", "report-analytics"),
    ]  # fmt: skip


@hookimpl
async def home_panels(ctx: Context) -> Sequence[Panel] | None:
    if not ctx.can(TICKET, "read"):
        return None
    this = (await figures.sums(ctx, "day:month")).get((today().isoformat()[:7],), figures.Sum())
    late = [one for one in await figures.waiting(ctx) if one.days]
    data = {"this": this, "late": len(late), "late_url": late_url(late), "month": today().isoformat()[:7]}
    return [Panel(_("点工"), "day_labor/home.html", data, order=40)]


@hookimpl
@for_forms(TICKET, SUMMARY)
async def record_panels(ctx: Context, form: Form, record: Record) -> Sequence[Panel] | None:
    if form.name == SUMMARY:
        off = _off(ctx)
        data = {"summary": record, "off": off, "posted": record.data.get("status") in ("posted", "paid")}
        return [Panel(_("月度点工表"), "day_labor/summary_panel.html", data)]
    if record.data.get("status") == "void" or not record.data.get("day"):
        return None
    day = date.fromisoformat(record.data["day"])
    looked = await site(ctx.system(), day - timedelta(days=31), day + timedelta(days=31))
    told = _told(ctx, crosschecks.check(looked, [record.id]), looked)
    return [Panel(_("交叉核对"), "day_labor/findings_panel.html", {"told": told})]


def _told(ctx: Context, found: Sequence[crosschecks.Finding], looked: crosschecks.Site) -> list[dict[str, Any]]:
    """Findings as lines: what stops an approval first, the same sentence once."""
    stops = frozenset(ctx.settings(MODULE)["blocking"] or ())
    lines = {
        findings.sentence(one, looked): {
            "title": findings.title(one.code), "stops": one.code in stops, "other": one.detail.get("id"),
        }
        for one in found
    }  # fmt: skip
    return sorted(({"words": words, **line} for words, line in lines.items()), key=lambda line: not line["stops"])


def _off(ctx: Context) -> list[str]:
    """Neighbours that are off, by name: what they would give is missing from the page."""
    return [_(title) for name, title in NEIGHBOURS.items() if name not in ctx.enabled]


def _admit(ctx: Context) -> None:
    if not ctx.can(TICKET, "read"):
        raise Forbidden(_("您没有权限查看点工，请联系本单位的系统管理员。"))


def tickets_url(*where: str, sums: bool = False) -> str:
    pairs = [("where", one) for one in where] + ([("totals", "1")] if sums else [])
    return f"/forms/{TICKET}?" + urlencode(pairs, safe=":,")


def late_url(late: Sequence[figures.Waiting]) -> str:
    """The list of late tickets: those of the states in which they wait, up to the last day that is late."""
    if not late:
        return tickets_url()
    states = ",".join(dict.fromkeys(one.ticket.data["status"] for one in late))
    return tickets_url(f"status:in:{states}", f"day:le:{max(one.ticket.data['day'] for one in late)}")


@get("/day_labor", permission="records")
async def overview(ctx: Context, request: Request) -> Response:
    """What is wrong today, what comes next, the trend by month and by crew."""
    _admit(ctx)
    waiting = await figures.waiting(ctx)
    late = [one for one in waiting if one.days]
    found, looked = await figures.seen_findings(ctx)
    tickets = {one.ticket.id: one.ticket for one in waiting}
    wrong = [(tickets[id], _told(ctx, some, looked)) for id, some in found.items() if id in tickets]
    wrong.sort(key=lambda pair: (not pair[1][0]["stops"], pair[0].data["day"]))
    crews = await figures.crew_names(ctx)
    months = figures.months_back(MONTHS)
    by_month = await figures.sums(ctx, "day:month")
    data = {
        "late": [(one, findings.signer(one.kind)) for one in late[:SHOWN]], "late_count": len(late),
        "late_url": late_url(late), "wrong": wrong[:SHOWN], "wrong_count": len(wrong), "crews": crews,
        "alerts": await ctx.alerts.open(MODULE), "next": _next(waiting), "off": _off(ctx),
        "due": [
            (crews.get(crew, ""), month, held, f"/day_labor/sheet?month={month}&crew={crew}")
            for crew, month, held in await figures.unsummarised(ctx)
        ],
        "unpaired": await _unpaired(ctx), "any": bool(by_month) or bool(waiting),
        "charts": _month_charts(by_month, months), "by_crew": await _by_crew(ctx, crews, months),
        "this": by_month.get((months[-1],), figures.Sum()), "month": months[-1],
        "month_url": _month_url(months[-1]), "recovery": await figures.recovery(ctx),
        "share": await _share(ctx),
    }  # fmt: skip
    return page(ctx, "day_labor/overview.html", data)


def _next(waiting: Sequence[figures.Waiting]) -> list[tuple[str, int, str]]:
    """(whose signature, how many tickets, their list)."""
    lines = []
    for kind in ("foreman", "production", "manager"):
        states = ",".join(state for state, who in WAITS_FOR.items() if who == kind)
        count = sum(one.kind == kind for one in waiting)
        if count:
            lines.append((findings.signer(kind), count, tickets_url(f"status:in:{states}")))
    return lines


async def _unpaired(ctx: Context) -> tuple[int, str]:
    """Attendance with missing punches in the last 31 days, and its list."""
    since = (today() - timedelta(days=31)).isoformat()
    if not ctx.can(ATTENDANCE, "read"):
        return 0, ""
    where = Condition("standing", "eq", "missing"), Condition("day", "ge", since)
    count = await ctx.records.count(ATTENDANCE, Query(where=where))
    return count.number, f"/forms/{ATTENDANCE}?" + urlencode(
        [("where", "standing:eq:missing"), ("where", f"day:ge:{since}")], safe=":"
    )


def _month_url(month: str, *more: str) -> str:
    first, last = sheets.bounds(month)
    counted = f"status:in:{','.join(COUNTED)}"
    return tickets_url(f"day:ge:{first}", f"day:le:{last}", counted, *more, sums=True)


def _month_charts(found: dict[tuple[Any, ...], figures.Sum], months: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    parts, urls = figures.by_month(found, months), [_month_url(month) for month in months]
    series = (
        (_("每月点工费（元）"), _("点工费"), [one.amount for one in parts]),
        (_("每月工日"), _("工日"), [one.workdays for one in parts]),
    )
    return [
        (title, {"kind": "bar", "categories": list(months), "series": [{"name": name, "values": values, "urls": urls}]})
        for title, name, values in series
    ]


async def _by_crew(ctx: Context, crews: dict[str, str], months: Sequence[str]) -> list[dict[str, Any]]:
    """The last months of every crew, the dearest first."""
    first, _last = sheets.bounds(months[0])
    since = (Condition("day", "ge", first.isoformat()),)
    found = await figures.sums(ctx, "crew", "day:month", where=since)
    lines = []
    for crew in {crew for crew, _month in found}:
        parts = [(month, found.get((crew, month), figures.Sum())) for month in months[-6:]]
        whole = figures.total(held for (one, _month), held in found.items() if one == crew)
        url = tickets_url(f"crew:eq:{crew}", f"day:ge:{first}", f"status:in:{','.join(COUNTED)}", sums=True)
        cells = [(held, _month_url(month, f"crew:eq:{crew}")) for month, held in parts]
        lines.append({"name": crews.get(crew, ""), "cells": cells, "total": whole, "url": url})
    return sorted(lines, key=lambda line: -line["total"].amount)


async def _share(ctx: Context) -> dict[str, Any] | None:
    """Day labour as a share of all labour, over all projects."""
    shares = await figures.labour_shares(ctx)
    if not shares:
        return None
    mine, whole = sum(one for one, _all in shares.values()), sum(one for _mine, one in shares.values())
    url = f"/forms/{figures.ENTRY}?where=source:eq:day_labor&totals=1"
    return {"percent": mine * 100 / whole, "mine": mine, "whole": whole, "url": url} if whole else None


async def _chosen(ctx: Context, request: Request) -> tuple[list[Record], Record | None, str]:
    """The crews, and the crew and month that the address asks for."""
    _admit(ctx)
    crews = [one async for one in every(ctx, CREW)]
    asked, month = request.query_params.get("crew", ""), request.query_params.get("month", "")
    crew = next((one for one in crews if one.id == asked), None)
    if crew is None and not asked and crews:
        busy = {one for (one,) in await figures.sums(ctx, "crew")}
        crew = next((one for one in crews if one.id in busy), crews[0])
    valid = len(month) == 7 and month[4] == "-" and month.replace("-", "").isdigit() and "01" <= month[5:] <= "12"
    return crews, crew, month if valid and month >= "2000" else today().isoformat()[:7]


@get("/day_labor/sheet", permission="records")
async def sheet_page(ctx: Context, request: Request) -> Response:
    """A crew's month: men by days, on screen and on A4 across."""
    crews, crew, month = await _chosen(ctx, request)
    held = await sheets.sheet(ctx, crew, month) if crew else None
    made = (await figures.sheets(ctx, month)).get(crew.id) if crew else None
    months = figures.months_back(24)[::-1]
    data = {
        "crews": crews, "crew": crew, "month": month, "months": months if month in months else [month, *months],
        "sheet": held, "summary": made, "project": await _project(ctx, crew) if crew else "",
        "pending_url": tickets_url(f"crew:eq:{crew.id}", f"status:in:{','.join(WAITS_FOR)}") if crew else "",
        "day_url": lambda day: tickets_url(f"crew:eq:{crew.id}", f"day:eq:{month}-{day:02}"),  # type: ignore[union-attr]
        "may": ctx.can(SUMMARY, "create") and not ctx.closed,
    }  # fmt: skip
    return page(ctx, "day_labor/sheet.html", data)


async def _project(ctx: Context, crew: Record) -> str:
    id = crew.data.get("project")
    if not id or "cost_center" not in ctx.enabled or not ctx.can("cost_center.project", "read"):
        return ""
    return (await ctx.records.names("cost_center.project", [id])).get(id, "")


@get("/day_labor/sheet.xlsx", permission="records")
async def sheet_file(ctx: Context, request: Request) -> Response[bytes]:
    _crews, crew, month = await _chosen(ctx, request)
    if crew is None or not ctx.can(TICKET, "export"):
        raise Forbidden(_("您没有权限导出点工表，请联系本单位的系统管理员。"))
    held = await sheets.sheet(ctx, crew, month)
    content = sheets.workbook(held, project=await _project(ctx, crew))
    name = quote(f"{crew.data.get('name', '')} {month}.xlsx")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(content, media_type=XLSX, headers=headers)


@get("/day_labor/analysis", permission="records")
async def analysis_page(ctx: Context, request: Request) -> Response:
    """Summaries of a time by crew, trade, work, reason and party; attendance beside tickets; late signatures."""
    _admit(ctx)
    first, last = analysis.asked(request.query_params)
    return page(ctx, "day_labor/analysis.html", {**await analysis.gathered(ctx, first, last), "off": _off(ctx)})
