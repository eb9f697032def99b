"""A tenant's rules: what modules offer with the tenant's thresholds laid over it, and rules of the tenant's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from core import exact
from core.alerts.model import OWN, SEVERITIES, AlertRule, Rule, Told, decimal, rank
from core.clock import new_id, now
from core.errors import Forbidden, Invalid, NotFound, Problem
from core.forms import scope_of
from core.formulas import LONGEST_FORMULA, Formula, compile_formula, to_codes
from core.i18n import _
from core.people import must_write
from core.store import alerts as stored
from core.store import definitions as stored_definitions

if TYPE_CHECKING:
    from core.context import Context
    from core.forms import Form

LONGEST_TITLE = 60
Row = Mapping[str, Any]


async def rules_of(ctx: Context) -> dict[str, Rule]:
    """Every rule the tenant has, on or off, by code: modules' in the order they offer them, then its own."""
    rows = {row["code"]: row for row in await stored.rules(ctx.db, ctx.tenant.id)}
    offered = [one for answer in await ctx.hooks.call("alerts", ctx=ctx) for one in answer]
    found = {one.code: _of_module(one, rows.get(one.code)) for one in offered}
    for code, row in rows.items():
        if code.startswith(f"{OWN}."):
            found[code] = _own(ctx, row)
    return found


def _of_module(offered: AlertRule, row: Row | None) -> Rule:
    body = exact.loads(row["body"]) if row else {}
    levels = {rank(level): Decimal(value) for level, value in offered.levels.items()}
    if "levels" in body:
        levels = _levels(body["levels"])
    return Rule(
        code=offered.code,
        title=offered.title,
        metric=offered.metric,
        unit=offered.unit,
        levels=levels,
        strict=frozenset(rank(level) for level in offered.strict),
        direction=offered.direction,
        margin=Decimal(str(body.get("margin", offered.margin))),
        watches=offered.watches,
        reads=offered.reads,
        offered=offered,
        **_said(body, row),
    )


def _own(ctx: Context, row: Row) -> Rule:
    body = exact.loads(row["body"])
    form = ctx.forms.find(body["form"])
    formula = compile_formula(body["formula"], scope_of(form.fields.values(), old=False)) if form else []
    working = isinstance(formula, Formula)
    title = body["title"]
    return Rule(
        code=row["code"],
        title=title,
        metric=_metric(form, formula) if form and working else title,
        unit=_unit(form, formula) if form and working else "",
        levels=_levels(body.get("levels", {})),
        direction=body.get("direction", "above"),
        margin=Decimal(str(body.get("margin", 0))),
        watches=(body["form"],),
        form=body["form"],
        formula=body["formula"],
        condition=bool(body.get("condition")),
        severity=int(body.get("severity", 0)),
        fields=formula.names if isinstance(formula, Formula) else frozenset(),
        fault="" if working else _("表单或字段已经变了，这条规则不能再计算：请修改公式或删除它"),
        **_said(body, row),
    )


def _said(body: Row, row: Row | None) -> dict[str, Any]:
    """What a rule of either kind may say: on or off, who is told, how long there is to act."""
    told = body.get("told", {})
    return {
        "active": bool(row["active"]) if row else True,
        "told": Told(
            roles=tuple(told.get("roles", ())),
            person=told.get("person", ""),
            creator=bool(told.get("creator")),
        ),
        "due_days": body.get("due_days"),
        "checked_at": row["checked_at"] if row else None,
        "error": row["error"] if row else None,
    }


def _metric(form: Form, formula: Formula | list[Any]) -> str:
    """A number that is one field is called as the field is."""
    name = formula.text.strip() if isinstance(formula, Formula) else ""
    return form.fields[name].title if name in form.fields else ""


def _unit(form: Form, formula: Formula | list[Any]) -> str:
    name = formula.text.strip() if isinstance(formula, Formula) else ""
    field = form.fields.get(name)
    if field is None:
        return ""
    return field.unit or (_("元") if field.type == "money" else "")


def _levels(levels: Mapping[str, Any]) -> dict[int, Decimal]:
    return {rank(name): Decimal(str(levels[name])) for name in SEVERITIES if levels.get(name) not in (None, "")}


def must_rule(ctx: Context) -> None:
    if not ctx.may("forms"):
        raise Forbidden(_("设置预警规则需要“表单设计”权限，请联系系统管理员"))


def must_change(ctx: Context) -> None:
    must_rule(ctx)
    must_write(ctx.tenant)


async def save(ctx: Context, code: str, typed: Mapping[str, Any]) -> str:
    """Keep a rule as an administrator typed it; "" makes an own rule. Its code, or Invalid with all that is wrong.

    `typed`: title, form, formula (own rules), levels {level: text}, severity, direction, margin, roles, person,
    creator, due_days, active.
    """
    must_change(ctx)
    known = await rules_of(ctx)
    if code and code not in known:
        raise NotFound(_("没有这条预警规则。"))
    own = not code or code.startswith(f"{OWN}.")
    problems: list[Problem] = []
    body = _shared(typed, problems)
    if own:
        body |= _own_body(ctx, typed, body, problems)
    elif not body["levels"] and not problems:
        problems.append(Problem("levels", "required", _("至少填写一个级别的界限；不需要时请停用这条规则")))
    direction = body.get("direction", "above") if own else known[code].direction
    _check_order(body["levels"], direction, problems)
    if problems:
        raise Invalid(problems)
    code = code or f"{OWN}.{new_id().lower()}"
    active = bool(typed.get("active", True))
    async with ctx.db.write():
        await stored_definitions.bump(ctx.db, ctx.tenant.id)  # every process knows the rules by version
        await stored.save_rule(
            ctx.db, ctx.tenant.id, code, body=exact.dumps(body), active=active, at=now(), by=ctx.member.id
        )
        if not active:
            await stored.close_rule(ctx.db, ctx.tenant.id, code, at=now())
        else:
            await ctx.jobs.enqueue("core.alert_rule", {"rule": code}, key=code)
    return code


async def delete(ctx: Context, code: str) -> None:
    """An own rule is dropped and what it opened closed; a module's goes back to what the module offers."""
    must_change(ctx)
    async with ctx.db.write():
        await stored_definitions.bump(ctx.db, ctx.tenant.id)
        if not await stored.delete_rule(ctx.db, ctx.tenant.id, code):
            raise NotFound(_("没有这条预警规则。"))
        if code.startswith(f"{OWN}."):
            await stored.close_rule(ctx.db, ctx.tenant.id, code, at=now())
        else:
            await ctx.jobs.enqueue("core.alert_rule", {"rule": code}, key=code)


def _shared(typed: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    levels = {}
    for name in SEVERITIES:
        number = _number(typed.get("levels", {}).get(name), f"level_{name}", problems)
        if number is not None:
            levels[name] = number
    margin = _number(typed.get("margin"), "margin", problems) or Decimal(0)
    if margin < 0:
        problems.append(Problem("margin", "range", _("回差不能是负数")))
    due = _number(typed.get("due_days"), "due_days", problems)
    if due is not None and not (due == int(due) and 0 <= due <= 3650):
        problems.append(Problem("due_days", "range", _("办理天数应是 0 到 3650 的整数")))
    told = {
        "roles": list(typed.get("roles", ())),
        "person": typed.get("person", ""),
        "creator": bool(typed.get("creator")),
    }
    return {"levels": levels, "margin": margin, "told": told, "due_days": None if due is None else int(due)}


def _number(text: Any, field: str, problems: list[Problem]) -> Decimal | None:
    words = str(text if text is not None else "").strip().replace(",", "")
    try:
        number = decimal(words)
    except ArithmeticError:
        number = Decimal("NaN")
    if number is not None and (not number.is_finite() or abs(number) >= Decimal(10) ** 15):
        problems.append(Problem(field, "number", _("请填写数字，最多 15 位")))
        return None
    return number


def _own_body(
    ctx: Context, typed: Mapping[str, Any], body: Mapping[str, Any], problems: list[Problem]
) -> dict[str, Any]:
    title = str(typed.get("title", "")).strip()
    if not 0 < len(title) <= LONGEST_TITLE:
        problems.append(Problem("title", "length", _("请填写名称，最多 {n} 个字", n=LONGEST_TITLE)))
    form = ctx.forms.find(str(typed.get("form", "")))
    if form is None:
        problems.append(Problem("form", "required", _("请选择表单")))
        return {}
    text, formula = formula_of(form, str(typed.get("formula", "")))
    if not isinstance(formula, Formula):
        problems += formula
    condition = isinstance(formula, Formula) and formula.type == "boolean"
    severity = str(typed.get("severity", ""))
    if condition and severity not in SEVERITIES:
        problems.append(Problem("severity", "required", _("请选择条件成立时的级别")))
    elif isinstance(formula, Formula) and not condition and not body["levels"] and not problems:
        problems.append(Problem("levels", "required", _("请至少填写一个级别的界限")))
    person = body["told"]["person"]
    if person and (person not in form.fields or form.fields[person].type != "person"):
        problems.append(Problem("person", "field", _("请选择这张表单里的人员字段")))
    direction = typed.get("direction") if typed.get("direction") in ("above", "below") else "above"
    return {
        "title": title, "form": form.name, "formula": text, "condition": condition, "direction": direction,
        "severity": rank(severity) if severity in SEVERITIES else 0,  # type: ignore[arg-type]
    }  # fmt: skip


def formula_of(form: Form, typed: str) -> tuple[str, Formula | Sequence[Problem]]:
    """What is kept of a formula as typed (titles become codes), and the formula or what is wrong with it."""
    text = typed.strip()
    if not text:
        return "", [Problem("formula", "required", _("请填写条件或要比较的数，例如 计划完工 < TODAY()"))]
    if len(text) > LONGEST_FORMULA:
        return "", [Problem("formula", "length", _("公式太长，最多 {n} 个字", n=LONGEST_FORMULA))]
    spoken = scope_of(form.fields.values(), spoken=True, old=False)
    text = to_codes(text, spoken)
    found = compile_formula(text, scope_of(form.fields.values(), old=False))
    if not isinstance(found, Formula):
        words = _("第 {line} 行第 {column} 个字：{message}")
        return text, [
            Problem("formula", "formula", words.format(line=f.line, column=f.column, message=f.message)) for f in found
        ]
    if found.type not in ("boolean", "number"):
        return text, [Problem("formula", "formula", _("公式应得出是或否（条件），或一个数（与界限比较）"))]
    if found.lookups:
        return text, [Problem("formula", "formula", _("预警的公式只能用这张表单自己的字段"))]
    return text, found


def _check_order(levels: Mapping[str, Decimal], direction: str, problems: list[Problem]) -> None:
    """A worse level has the farther threshold, or it could never be reached on the way."""
    given = [levels[name] for name in SEVERITIES if name in levels]
    wrong = any((one > other) if direction == "above" else (one < other) for one, other in pairwise(given))
    if wrong:
        problems.append(Problem("levels", "order", _("级别越高，界限应越远：请按 蓝、黄、橙、红 的顺序检查")))
