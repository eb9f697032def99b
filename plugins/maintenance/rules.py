"""Checks of maintenance records that need other records or the calendar; what forms can say stands in the forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from core import Context, Form, NotFound, Problem, Record, _, for_forms, hookimpl
from plugins.maintenance import recurrence, stock, terms
from plugins.maintenance.names import ASSET, MOVE, ORDER, PLAN, WARRANTY

DEEPEST = 20  # assets within assets


@hookimpl
@for_forms(ASSET, PLAN, ORDER, WARRANTY, MOVE)
async def record_validate(
    ctx: Context, form: Form, data: Mapping[str, Any], before: Record | None
) -> Sequence[Problem] | None:
    if not data:
        return stock.posted_for_good() if form.name == MOVE else None
    return await _CHECKS[form.name](ctx, data, before)


async def _check_asset(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    own, above = before.id if before else None, data.get("parent")
    for _level in range(DEEPEST):
        if not above:
            return []
        if above == own:
            break
        above = (await ctx.system().records.get(ASSET, above)).data.get("parent")
    return [Problem("parent", "loop", _("“上级设施”不能是它自己或它的下级，请另选一个。"))]


async def _check_plan(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    problems = []
    seen: set[str] = set()
    for place, row in enumerate(data.get("assets", ())):
        if row["asset"] in seen:
            problems.append(Problem(f"assets.{place}.asset", "twice", _("这件设施已经在上面了。")))
        seen.add(row["asset"])
    if data["trigger"] == "calendar":
        wrong = recurrence.fault(
            data.get("rule", ""),
            date.fromisoformat(data["start"]),
            ends=date.fromisoformat(data["ends"]) if data.get("ends") else None,
            excluded=excluded_days(data),
        )
        problems += [Problem("rule", "recurrence", wrong)] if wrong else []
    return problems


def excluded_days(data: Mapping[str, Any]) -> frozenset[date]:
    return frozenset(date.fromisoformat(row["day"]) for row in data.get("except_days", ()))


async def _check_order(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    asset = data.get("asset")
    if not asset or (before and before.data.get("asset") == asset):
        return []
    try:
        held = await ctx.system().records.get(ASSET, asset)
    except NotFound:
        return []  # the reference itself is refused
    if held.data.get("status") == "scrapped":
        return [Problem("asset", "scrapped", _("所选设施已报废，请核对。"))]
    return []


async def _check_warranty(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    agreed = terms.agreed_until(data, ctx.settings("maintenance"))
    legal = data.get("legal_until")
    if agreed and legal and agreed.isoformat() < legal:
        words = _("约定期限短于法定最低期限（到 {day}），请改长，或空着按法定期限计算。", day=legal)
        return [Problem("agreed", "short", words)]
    return []


_CHECKS = {ASSET: _check_asset, PLAN: _check_plan, ORDER: _check_order, WARRANTY: _check_warranty,
           MOVE: stock.check_move}  # fmt: skip
