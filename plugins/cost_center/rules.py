"""Checks of the cost center's forms that need other records; amounts are formulas in the forms, sums live elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from core import Condition, Context, Form, Problem, Query, Record, _, for_forms, hookimpl, independent

PROJECT, ACCOUNT, BUDGET, CONTRACT, ENTRY = (
    f"cost_center.{name}" for name in ("project", "account", "budget", "contract", "entry")
)


@hookimpl
@for_forms(PROJECT, ACCOUNT, BUDGET, CONTRACT, ENTRY)
@independent(PROJECT, CONTRACT, ENTRY)
async def record_validate(
    ctx: Context, form: Form, data: Mapping[str, Any], before: Record | None
) -> Sequence[Problem] | None:
    return await _CHECKS[form.name](ctx, data, before) if data else None


async def _check_project(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    start, finish = data.get("plan_start"), data.get("plan_finish")
    if start and finish and finish < start:
        return [Problem("plan_finish", "order", _("“计划完工”早于“计划开工”，请检查日期。"))]
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


async def _check_budget(ctx: Context, data: Mapping[str, Any], before: Record | None) -> list[Problem]:
    problems: list[Problem] = []
    seen: dict[str, list[Problem]] = {}
    for place, line in enumerate(data.get("lines", [])):
        account = line["account"]
        if account not in seen:
            seen[account] = await _leaf_problems(ctx, "", account, None)
        problems += [Problem(f"lines.{place}.account", p.code, p.message) for p in seen[account]]
    if data.get("status") == "frozen":
        query = Query(where=(Condition("project", "eq", data["project"]), Condition("status", "eq", "frozen")), limit=2)
        others = [r for r in (await ctx.records.list(BUDGET, query)).records if before is None or r.id != before.id]
        if others:
            code = others[0].data.get("code", "")
            message = _("本项目已有冻结的预算“{code}”，请先办理它的“替换”。", code=code)
            problems.append(Problem("status", "frozen_exists", message))
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


async def _remembered(ctx: Context, key: tuple[str, str], look: Callable[[], Awaitable[Any]]) -> Any:
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
    CONTRACT: _check_posting,
    ENTRY: _check_posting,
}
