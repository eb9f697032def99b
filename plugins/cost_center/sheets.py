"""What the cost pages show of one project, ready for templates: S-curve, earned value sheet, tables by account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from core import Context, Record, _
from plugins.cost_center import figures, status
from plugins.cost_center.dynamic import Dynamic, Quantity, Three
from plugins.cost_center.evm import Number, Status, ratio
from plugins.cost_center.figures import every
from plugins.cost_center.links import account_links, month_link
from plugins.cost_center.rules import ACCOUNT
from plugins.cost_center.status import Basis, Found
from plugins.cost_center.variance import Profit, shown

MONTHS = 60  # on an S-curve


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of the sheet. `kind`: money, index, percent or days; `bad`: to be looked at."""

    title: str
    how: str
    value: Decimal | str | None
    kind: str
    bad: bool = False


def curve(ctx: Context, project: str, known: Basis, now: Found) -> dict[str, Any]:
    """Planned, earned and spent at the end of each month; earned and spent as far as today."""
    empty = {"kind": "line", "categories": [], "series": []}
    days = [date.fromisoformat(day) for day, _account, _amount in known.spent]
    if known.span is None and not days:
        return empty
    first = min([*days[:1], *([known.span[0]] if known.span else [])]).replace(day=1)
    last = max([now.at.date(), *([known.span[1]] if known.span else [])])
    months: list[date] = []
    while first <= last and len(months) < MONTHS:
        months.append(first)
        first = (first + timedelta(days=31)).replace(day=1)
    planned, earned, spent, urls = [], [], [], []
    for month in months:
        end = datetime.combine((month + timedelta(days=31)).replace(day=1), time()) - timedelta(minutes=1)
        begun = month <= now.at.date()
        at = min(end, now.at)
        planned.append(shown(known.pv(end)))
        spent.append(sum(known.ac(at).values(), Decimal(0)) if begun else None)
        here = begun and at == now.at
        earned.append(shown(now.status.ev) if here else shown(status.reported(known, at)) if begun else None)
        urls.append(month_link(ctx, month.isoformat()[:7], project, since=True))
    return {
        "kind": "line",
        "categories": [month.isoformat()[:7] for month in months],
        "series": [
            {"name": _("计划值 PV"), "values": planned, "line": True},
            {"name": _("挣值 EV"), "values": earned, "line": True},
            {"name": _("实际成本 AC"), "values": spent, "line": True, "urls": urls},
        ],
    }


def measures(one: Status, factor: str) -> list[Measure]:
    """The sheet: what is known, the differences, the indices, and how it will end."""
    eac = one.eac(factor)
    money = lambda title, how, value, bad=False: Measure(title, how, shown(value), "money", bad)  # noqa: E731
    index = lambda title, how, value: Measure(title, how, shown(value, 3), "index", value is not None and value < 1)  # noqa: E731
    share = lambda title, how, value: Measure(title, how, percent(value), "percent")  # noqa: E731
    days = lambda title, how, value, bad=False: Measure(title, how, shown(value, 1), "days", bad)  # noqa: E731
    below = lambda value: value is not None and value < 0  # noqa: E731
    return [
        money(_("完工预算 BAC"), _("冻结预算及批准的调整"), one.bac),
        money(_("计划值 PV"), _("到此刻应完成的预算"), one.pv),
        money(_("挣值 EV"), _("到此刻已完成的预算"), one.ev),
        money(_("实际成本 AC"), _("到此刻已发生"), one.ac),
        money(_("进度偏差 SV"), "EV − PV", one.sv, below(one.sv)),
        money(_("成本偏差 CV"), "EV − AC", one.cv, below(one.cv)),
        share(_("进度偏差率"), "SV ÷ PV", one.sv_share),
        share(_("成本偏差率"), "CV ÷ EV", one.cv_share),
        index(_("进度绩效 SPI"), "EV ÷ PV", one.spi),
        index(_("成本绩效 CPI"), "EV ÷ AC", one.cpi),
        index("SCI", "SPI × CPI", one.sci),
        share(_("应完成"), "PV ÷ BAC", one.planned),
        share(_("已完成"), "EV ÷ BAC", one.complete),
        share(_("已花费"), "AC ÷ BAC", one.spent),
        money(_("完工估算 EAC"), _FACTORS[factor], eac, eac is not None and eac > one.bac),
        money(_("尚需 ETC"), "EAC − AC", one.rest(factor)),
        money(_("完工偏差 VAC"), "BAC − EAC", one.vac(factor), below(one.vac(factor))),
        Measure(_("完工尚需绩效 TCPI"), "(BAC − EV) ÷ (BAC − AC)", _tcpi(one), "index", _hard(one)),
        index("TCPI(EAC)", "(BAC − EV) ÷ (EAC − AC)", one.tcpi_of(factor)),
        days(_("挣得进度 ES"), _("挣值本应在第几个工作日达到"), one.es),
        days(_("实际时间 AT"), _("开工以来的工作日"), one.at),
        days("SV(t)", "ES − AT", one.sv_t, below(one.sv_t)),
        index("SPI(t)", "ES ÷ AT", one.spi_t),
        days(_("预计工期 IEAC(t)"), "AT + (PD − ES) ÷ SPI(t)", one.duration(), _longer(one)),
        days(_("计划工期 PD"), _("从开工到完工的工作日"), one.pd),
    ]


def _tcpi(one: Status) -> Decimal | str | None:
    return one.tcpi if isinstance(one.tcpi, str) else shown(one.tcpi, 3)


def _hard(one: Status) -> bool:
    return isinstance(one.tcpi, str) or (one.tcpi is not None and one.tcpi > 1)


def _longer(one: Status) -> bool:
    duration = one.duration()
    return duration is not None and one.pd is not None and duration > one.pd


_FACTORS = {
    "1": "AC + (BAC − EV)", "cpi": "BAC ÷ CPI", "spi": "AC + (BAC − EV) ÷ SPI", "spi_t": "AC + (BAC − EV) ÷ SPI(t)",
    "sci": "AC + (BAC − EV) ÷ SCI", "sci_t": "AC + (BAC − EV) ÷ SCI(t)",
    "mixed": "AC + (BAC − EV) ÷ (0.8·CPI + 0.2·SPI)", "mixed_t": "AC + (BAC − EV) ÷ (0.8·CPI + 0.2·SPI(t))",
    "bottom_up": "AC + Σ ETC",
}  # fmt: skip


def estimates(one: Status) -> list[tuple[str, Decimal | None, Decimal | None]]:
    """(how, EAC, VAC) by every factor."""
    return [(how, shown(one.eac(factor)), shown(one.vac(factor))) for factor, how in _FACTORS.items()]


def percent(value: Number | None) -> Decimal | None:
    return None if value is None else shown(value * 100, 1)


async def accounts(ctx: Context) -> dict[str, Record]:
    return {one.id: one async for one in every(ctx, ACCOUNT)}


def _named(known: Mapping[str, Record], id: str) -> str:
    one = known.get(id)
    return f"{one.data.get('code', '')} {one.data.get('name', '')}" if one else _("其他科目（已删除或无权查看）")


def status_lines(ctx: Context, project: str, found: Found, known: Mapping[str, Record]) -> list[dict[str, Any]]:
    lines = [
        {
            "name": _named(known, id), "links": account_links(ctx, project, id), "bac": one.bac, "pv": shown(one.pv),
            "ev": shown(one.ev), "ac": one.ac, "cv": shown(one.cv), "cpi": shown(one.cpi, 2), "spi": shown(one.spi, 2),
        }
        for id, one in found.accounts.items()
    ]  # fmt: skip
    return sorted(lines, key=lambda line: line["name"])


def dynamic_lines(
    ctx: Context, project: str, sums: Mapping[str, Dynamic], known: Mapping[str, Record]
) -> list[dict[str, Any]]:
    """By account, those that overrun most first."""
    lines = [
        {"name": _named(known, id), "sums": one, "share": percent(one.share), "links": account_links(ctx, project, id)}
        for id, one in sums.items()
        if one != Dynamic()
    ]
    return sorted(lines, key=lambda line: (line["sums"].variance, line["name"]))


def dynamic_total(sums: Mapping[str, Dynamic]) -> dict[str, Any]:
    """The accounts added up: what one of them leaves does not pay for what another needs."""
    parts = ("target", "current", "expected", "direct", "open", "dynamic", "variance")
    found = {part: sum((getattr(one, part) for one in sums.values()), Decimal(0)) for part in parts}
    return {**found, "share": percent(ratio(found["dynamic"], found["target"]))}


def three_lines(
    ctx: Context, project: str, sums: Mapping[str, Three], known: Mapping[str, Record]
) -> list[dict[str, Any]]:
    lines = [
        {"name": _named(known, id), "sums": one, "saving": percent(one.saving),
         "links": account_links(ctx, project, id)}
        for id, one in sums.items() if one != Three()
    ]  # fmt: skip
    return sorted(lines, key=lambda line: line["name"])


def quantity_lines(
    ctx: Context, project: str, found: list[Quantity], known: Mapping[str, Record]
) -> list[dict[str, Any]]:
    lines = [
        {
            "name": _named(known, one.account), "unit": one.unit, "planned": one.planned, "done": one.done,
            "price": shown(one.price, 2), "actual_price": shown(one.actual_price, 2),
            "by_price": shown(one.effects.price), "by_quantity": shown(one.effects.quantity),
            "total": shown(one.effects.total), "links": account_links(ctx, project, one.account),
        }
        for one in found
    ]  # fmt: skip
    return sorted(lines, key=lambda line: line["name"])


def profit(project: Record, one: Status, factor: str) -> dict[str, Any] | None:
    """The contractor's result by performance, where the contract price is known."""
    price, estimate = project.data.get("contract_net"), one.eac(factor)
    if price is None or estimate is None or one.ac is None:
        return None
    made = Profit(price=price, cost=one.ac, estimate=estimate)
    return {
        "progress": percent(made.progress), "revenue": shown(made.revenue), "cost": one.ac,
        "margin": shown(made.margin), "share": percent(made.margin_share), "provision": shown(made.provision),
        "forecast": shown(Fraction(price) - estimate),
    }  # fmt: skip


VIEWS = ("map_item", "map_boq", "map_build", "map_504", "map_icms")


def classified(
    ctx: Context, view: str, sums: Mapping[str, figures.Figures], known: Mapping[str, Record]
) -> list[tuple[str, figures.Figures, tuple[str, ...]]]:
    """(head, figures, accounts) by another classification; an account without one has its parent's."""
    choices = {one.value: one.title for one in ctx.forms.get(ACCOUNT).fields[view].choices}
    found: dict[str, figures.Figures] = {}
    leaves: dict[str, list[str]] = {}
    for id, one in sums.items():
        step, seen = known.get(id), set()
        while step and not step.data.get(view) and step.id not in seen:
            seen.add(step.id)
            step = known.get(step.data.get("parent", ""))
        head = step.data.get(view, "") if step else ""
        found[head] = found.get(head, figures.Figures()) + one
        leaves.setdefault(head, []).append(id)
    order = [*choices, ""]
    return [
        (choices.get(head, _("未分类")), found[head], tuple(leaves[head])) for head in order if head in found
    ]  # fmt: skip
