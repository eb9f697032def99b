"""Checks of the cost center's forms that need other records; amounts are formulas in the forms, sums live elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Any

from core import Condition, Context, Form, Problem, Query, Record, _, for_forms, hookimpl, independent
from plugins.cost_center.phasing import Unphased, read_shares

PROJECT, ACCOUNT, BUDGET, CONTRACT, ENTRY = (
    f"cost_center.{name}" for name in ("project", "account", "budget", "contract", "entry")
)
CHANGE, ADJUSTMENT, PERFORMANCE, FORECAST, CERTIFICATE, SNAPSHOT, BOQ = (
    f"cost_center.{name}"
    for name in ("change", "adjustment", "performance", "forecast", "certificate", "snapshot", "boq")
)
POSTED_TO = (ADJUSTMENT, PERFORMANCE, FORECAST)  # forms whose lines name accounts


@hookimpl
@for_forms(PROJECT, ACCOUNT, BUDGET, CONTRACT, ENTRY, BOQ, SNAPSHOT, *POSTED_TO)
@independent(PROJECT, CONTRACT, ENTRY, BOQ, SNAPSHOT, *POSTED_TO)
async def record_validate(
    ctx: Context, form: Form, data: Mapping[str, Any], before: Record | None
) -> Sequence[Problem] | None:
    if not data:
        return await _closed_problems(ctx, before) if form.name == ENTRY and before else None
    return await _CHECKS[form.name](ctx, data, before)


async def _check_project(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    start, finish = data.get("plan_start"), data.get("plan_finish")
    if start and finish and finish < start:
        return [Problem("plan_finish", "order", _("“计划完工”早于“计划开工”，请检查日期。"))]
    if before and before.data.get("closed_through", "") > data.get("closed_through", ""):
        message = _("已经结账到 {day}，只能往后推。", day=before.data["closed_through"])
        return [Problem("closed_through", "closed", message)]
    return []


async def _check_account(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    """The tree has no loop, and an account that already carries amounts does not become a parent."""
    parent = data.get("parent")
    if not parent:
        return []
    own, step = before.id if before else None, parent
    while step:
        if step == own:
            return [Problem("parent", "loop", _("“上级科目”不能是它自己或它的下级，请另选一个。"))]
        step = (await ctx.records.get(ACCOUNT, step)).data.get("parent")
    if before is None or before.data.get("parent") != parent:
        for used in (ENTRY, CONTRACT):
            if ctx.can(used, "read") and await _any(ctx, used, Condition("account", "eq", parent)):
                return [
                    Problem("parent", "posted", _("所选上级科目已经记过账，不能再有下级；请先把记录转到别的科目。"))
                ]
    return []


async def _check_posting(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    """Contracts and entries go to active accounts without children, and to one project."""
    problems = await _leaf_problems(ctx, "account", data.get("account"), before and before.data.get("account"))
    contract = data.get("contract")
    if contract and await _project_of(ctx, contract) != data.get("project"):
        problems.append(Problem("contract", "other_project", _("“对应合同”属于另一个项目，请选择本项目的合同。")))
    return problems


async def _check_contract(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    problems = await _check_posting(ctx, {**data, "contract": None}, before)
    return problems + await _line_problems(ctx, data, "split")


async def _check_entry(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    """Posted where it may be, in an open period, and once for each document of a source."""
    problems = await _check_posting(ctx, data, before)
    problems += await _closed_problems(ctx, before) if before else []
    problems = problems or await _period_problems(ctx, data.get("project"), data.get("date"), field="date")
    if not problems and data.get("reverses"):
        problems = await _reversal_problems(ctx, data, before)
    elif not problems and data.get("source_ref"):
        problems = await _twice_problems(ctx, data, before)
    return problems


async def _closed_problems(ctx: Context, before: Record) -> list[Problem]:
    return await _period_problems(ctx, before.data.get("project"), before.data.get("date"), field="")


async def _period_problems(ctx: Context, project: str | None, day: str | None, *, field: str) -> list[Problem]:
    if not project or not day:
        return []

    async def look() -> str:
        return (await ctx.system().records.get(PROJECT, project, deleted=True)).data.get("closed_through", "")

    closed = await _remembered(ctx, ("cost_center.closed", project), look)
    if day > closed:
        return []
    if field:
        return [Problem(field, "closed", _("项目已结账到 {day}，请记在之后的日期。", day=closed))]
    return [Problem("", "closed", _("这笔成本已结账（到 {day}），不能改也不能删；请冲销后重记。", day=closed))]


async def _reversal_problems(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    """A reversal is the exact opposite of one entry, which has none yet."""
    held = await ctx.records.get(ENTRY, data["reverses"])
    same = all(held.data.get(name) == data.get(name) for name in ("project", "account", "contract", "source"))
    net, tax = (held.data.get(name) or 0 for name in ("amount_net", "tax"))
    if held.data.get("reverses") or not same or data["amount_net"] != -net or (data.get("tax") or 0) != -tax:
        return [Problem("reverses", "no_reversal", _("冲销应与原记录的项目、科目、合同、来源相同，金额相反。"))]
    key = ("cost_center.reversed", held.id)
    others = (before is None and key in ctx.records.memory) or await _found(
        ctx, before, Condition("reverses", "eq", held.id)
    )
    ctx.records.memory[key] = True
    return [Problem("reverses", "reversed", _("这笔成本已经冲销过。"))] if others else []


async def _twice_problems(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    """A document of a source is posted once to an account and WBS; once it is reversed, it may be posted anew."""
    names = ("project", "source", "source_ref", "account", "wbs")
    key = ("cost_center.posted", *(str(data.get(name) or "") for name in names))
    if before is None and key in ctx.records.memory:
        return [_twice(data)]
    where = [Condition(name, "eq", data[name]) if data.get(name) else Condition(name, "empty") for name in names]
    for one in await _found(ctx, before, *where, Condition("reverses", "empty")):
        if not await _any(ctx, ENTRY, Condition("reverses", "eq", one.id)):
            return [_twice(data)]
    ctx.records.memory[key] = True
    return []


def _twice(data: Mapping[str, Any]) -> Problem:
    message = _("单据“{ref}”在这个科目已经入过账；要改请先冲销原来那笔。", ref=data["source_ref"])
    return Problem("source_ref", "posted", message)


async def _found(ctx: Context, before: Record | None, *where: Condition) -> list[Record]:
    page = await ctx.system().records.list(ENTRY, Query(where=where, limit=50))
    return [one for one in page.records if before is None or one.id != before.id]


async def _check_lines(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    problems = await _line_problems(ctx, data, "lines")
    if data.get("budget"):
        held = await ctx.records.get(BUDGET, data["budget"])
        if held.data.get("project") != data.get("project"):
            problems.append(Problem("budget", "other_project", _("所选预算属于另一个项目。")))
    return problems


async def _check_item(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    return await _leaf_problems(ctx, "account", data.get("account"), before and before.data.get("account"))


async def _check_snapshot(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    kept = ("project", "at", "pv", "ev", "ac", "bac")
    if before and any(before.data.get(name) != data.get(name) for name in kept):
        return [Problem("", "frozen", _("快照存下后不再改，请另存一份新的。"))]
    return []


async def _check_budget(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    problems = await _line_problems(ctx, data, "lines") + _phase_problems(data)
    if data.get("status") == "frozen":
        query = Query(where=(Condition("project", "eq", data["project"]), Condition("status", "eq", "frozen")), limit=2)
        others = [r for r in (await ctx.records.list(BUDGET, query)).records if before is None or r.id != before.id]
        if others:
            code = others[0].data.get("code", "")
            message = _("本项目已有冻结的预算“{code}”，请先办理它的“替换”。", code=code)
            problems.append(Problem("status", "frozen_exists", message))
    return problems


def _phase_problems(data: Mapping[str, Any]) -> list[Problem]:
    found = []
    for place, line in enumerate(data.get("lines", [])):
        if line.get("start", "") > line.get("finish", "9999"):
            found.append(Problem(f"lines.{place}.finish", "order", _("结束早于开始，请检查日期。")))
        if line.get("curve") == "manual" or line.get("months"):
            try:
                read_shares(line.get("months", ""))
            except Unphased as error:
                message = _("看不懂按月比例“{text}”：请写成 2026-03:20, 2026-04:80，合计 100。", text=error)
                found.append(Problem(f"lines.{place}.months", "months", message))
    return found


async def _line_problems(ctx: Context, data: Mapping[str, Any], name: str) -> list[Problem]:
    """Accounts in lines are active and have no children."""
    problems: list[Problem] = []
    for place, line in enumerate(data.get(name, [])):
        found = await _leaf_problems(ctx, "", line.get("account"), None)
        problems += [Problem(f"{name}.{place}.account", p.code, p.message) for p in found]
    return problems


async def _leaf_problems(ctx: Context, field: str, account: str | None, before: str | None) -> list[Problem]:
    if not account or account == before:
        return []
    fault = await _remembered(ctx, ("cost_center.leaf", account), lambda: _leaf_fault(ctx, account))
    return [Problem(field, *fault)] if fault else []


async def _leaf_fault(ctx: Context, account: str) -> tuple[str, str] | None:
    if (await ctx.records.get(ACCOUNT, account)).data.get("active") is False:
        return "inactive", _("所选成本科目已停用，请选择启用的科目。")
    if await _any(ctx, ACCOUNT, Condition("parent", "eq", account)):
        return "not_leaf", _("只有末级科目可以记账，请选择更细的科目。")
    return None


async def _project_of(ctx: Context, contract: str) -> str | None:
    async def look() -> str | None:
        return (await ctx.records.get(CONTRACT, contract)).data.get("project")

    return await _remembered(ctx, ("cost_center.contract", contract), look)


async def _remembered(ctx: Context, key: Hashable, look: Callable[[], Awaitable[Any]]) -> Any:
    """What `look` finds, asked once in a set of rows."""
    memory = ctx.records.memory
    if key not in memory:
        memory[key] = await look()
    return memory[key]


async def _any(ctx: Context, form: str, condition: Condition) -> bool:
    return bool((await ctx.records.list(form, Query(where=(condition,), limit=1))).records)


_CHECKS = {
    PROJECT: _check_project,
    ACCOUNT: _check_account,
    BUDGET: _check_budget,
    CONTRACT: _check_contract,
    ENTRY: _check_entry,
    BOQ: _check_item,
    SNAPSHOT: _check_snapshot,
    **dict.fromkeys(POSTED_TO, _check_lines),
}
