"""The tenant's alert rules: modules' with other thresholds, and rules of its own made without code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar.response import Response

from core import people
from core.alerts import OWN, SEVERITIES, Rule
from core.context import Context
from core.errors import DougongError, NotFound
from core.forms import Form, scope_of
from core.formulas import to_titles
from core.i18n import _
from core.web import FromPath, Request, get, page, post, redirect, restored
from ui import alerting
from ui.refusals import Refusal, refusal
from ui.toast import gone

PLACE = "/admin/alerts"
TEXTS = ("title", "form", "formula", "direction", "severity", "margin", "person", "due_days")
FIELDS = frozenset({*TEXTS, "levels", *(f"level_{level}" for level in SEVERITIES)})


@get(PLACE, permission="admin:forms")
async def rules_page(ctx: Context, request: Request) -> Response[Any]:
    rules = await _rules(ctx)
    titles = alerting.module_titles(ctx, rules)
    groups = [(titles[name], [rule for rule in rules.values() if rule.module == name]) for name in titles]
    data = {
        "groups": groups,
        "thresholds": {code: alerting.thresholds(rule) for code, rule in rules.items()},
        "levels": alerting.levels(),
        "forms": [form for form in ctx.forms.all() if form.menu],
    }
    return page(ctx, "alerts/rules.html", data)


@get(PLACE + "/new", permission="admin:forms")
async def new_page(ctx: Context, request: Request) -> Response[Any]:
    """An own rule for the form `?form=`; without one, to the list, whose button asks for it."""
    if not request.query_params.get("form"):
        return redirect(PLACE)
    form = ctx.forms.get(request.query_params["form"])
    return await _rule(ctx, None, form, Refusal(), _empty(form))


@post(PLACE + "/new", permission="admin:forms")
async def create(ctx: Context, request: Request) -> Response[Any]:
    typed = await _typed(request)
    form = ctx.forms.get(typed["form"])
    return await _save(ctx, None, form, typed, again=restored(request))


@get(PLACE + "/{rule:str}", permission="admin:forms")
async def rule_page(ctx: Context, request: Request, rule: FromPath[str]) -> Response[Any]:
    found = await ctx.alerts.rule(rule)
    form = ctx.forms.find(found.form)
    return await _rule(ctx, found, form, Refusal(), _kept(found, form))


@post(PLACE + "/{rule:str}", permission="admin:forms")
async def change(ctx: Context, request: Request, rule: FromPath[str]) -> Response[Any]:
    found = await ctx.alerts.rule(rule)
    typed = await _typed(request) | {"form": found.form}
    return await _save(ctx, found, ctx.forms.find(found.form), typed, again=restored(request))


@post(PLACE + "/{rule:str}/delete", permission="admin:forms")
async def delete(ctx: Context, request: Request, rule: FromPath[str]) -> Response[Any]:
    """An own rule is gone; a module's has its first thresholds again."""
    await ctx.alerts.delete_rule(rule)
    return gone(PLACE, _("规则已删除") if rule.startswith(f"{OWN}.") else _("已恢复为模块的设置"))


async def _save(
    ctx: Context, rule: Rule | None, form: Form | None, typed: dict[str, Any], *, again: bool
) -> Response[Any]:
    if again:
        return await _rule(ctx, rule, form, Refusal(), typed)
    try:
        await ctx.alerts.save_rule(rule.code if rule else "", typed)
    except NotFound:
        raise
    except DougongError as error:
        return await _rule(ctx, rule, form, refusal(error, fields=FIELDS), typed)
    return gone(PLACE, _("规则已保存，马上开始检查"))


async def _typed(request: Request) -> dict[str, Any]:
    form = await request.form()
    return {
        **{name: str(form.get(name, "")) for name in TEXTS},
        "levels": {level: str(form.get(f"level_{level}", "")) for level in SEVERITIES},
        "roles": [str(value) for name, value in form.multi_items() if name == "roles"],
        "creator": form.get("creator") == "1",
        "active": form.get("active") == "1",
    }


def _empty(form: Form) -> dict[str, Any]:
    texts = dict.fromkeys(TEXTS, "") | {"form": form.name, "direction": "above", "severity": "yellow"}
    return {**texts, "levels": {}, "roles": [], "creator": False, "active": True}


def _kept(rule: Rule, form: Form | None) -> dict[str, Any]:
    """A stored rule as its form shows it."""
    formula = to_titles(rule.formula, scope_of(form.fields.values(), old=False)) if form else rule.formula
    return {
        "title": rule.title,
        "form": rule.form,
        "formula": formula,
        "direction": rule.direction,
        "severity": SEVERITIES[rule.severity - 1] if rule.severity else "",
        "margin": f"{rule.margin:f}" if rule.margin else "",
        "person": rule.told.person,
        "due_days": "" if rule.due_days is None else str(rule.due_days),
        "levels": {SEVERITIES[number - 1]: f"{limit:f}" for number, limit in rule.levels.items()},
        "roles": list(rule.told.roles),
        "creator": rule.told.creator,
        "active": rule.active,
    }


async def _rule(
    ctx: Context, rule: Rule | None, form: Form | None, refused: Refusal, typed: Mapping[str, Any]
) -> Response[Any]:
    data = {
        "rule": rule,
        "own": rule is None or rule.code.startswith(f"{OWN}."),
        "form": form,
        "fields": [one for one in form.fields.values() if one.type not in ("rows", "place")] if form else [],
        "persons": [(one.name, one.title) for one in form.fields.values() if one.type == "person"] if form else [],
        "roles": await people.roles(ctx.db, ctx.tenant.id),
        "levels": alerting.levels(),
        "refused": refused,
        "typed": typed,
    }
    return page(ctx, "alerts/rule.html", data, status=refused.status)


async def _rules(ctx: Context) -> dict[str, Rule]:
    """As they are stored now: with when each was last evaluated."""
    return {code: await ctx.alerts.rule(code) for code in await ctx.alerts.rules()}


routes = [rules_page, new_page, create, rule_page, change, delete]
