"""Bar charts of budget, committed and incurred, as the page's script reads them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from core import Context, Record, _
from plugins.cost_center import figures
from plugins.cost_center.links import links, month_link


def _bars(names: list[str], sums: list[figures.Figures], urls: list[dict[str, str]]) -> dict[str, Any]:
    parts = (("budget", _("预算")), ("committed", _("已签约")), ("incurred", _("已发生")))
    return {
        "kind": "bar",
        "horizontal": True,
        "categories": names,
        "series": [
            {"name": title, "values": [getattr(f, part) for f in sums], "urls": [u[part] for u in urls]}
            for part, title in parts
        ],
    }


def of_projects(ctx: Context, lines: list[tuple[Record, figures.Figures]]) -> dict[str, Any]:
    shown = sorted(lines, key=lambda line: -line[1].budget)[:12]
    names = [record.data.get("name", "") for record, _sums in shown]
    return _bars(names, [sums for _record, sums in shown], [links(ctx, record.id) for record, _sums in shown])


def of_accounts(ctx: Context, project: str, top: list[figures.AccountLine]) -> dict[str, Any]:
    return _bars(
        [line.name for line in top], [line.figures for line in top], [links(ctx, project, line.leaves) for line in top]
    )


def of_months(ctx: Context, months: list[tuple[str, Decimal]], project: str | None) -> dict[str, Any]:
    running, sums = Decimal(0), []
    for _month, amount in months:
        running += amount
        sums.append(running)
    of_month = [month_link(ctx, month, project) for month, _amount in months]
    until = [month_link(ctx, month, project, since=True) for month, _amount in months]
    return {
        "kind": "bar",
        "categories": [month for month, _amount in months],
        "series": [
            {"name": _("当月发生"), "values": [amount for _month, amount in months], "urls": of_month},
            {"name": _("累计"), "values": sums, "line": True, "urls": until},
        ],
    }
