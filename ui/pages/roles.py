"""Roles: who holds them, and what they allow, edited as a table without code."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from litestar.response import Response

from core import exact, people
from core.context import Context
from core.errors import Conflict, DougongError, Invalid, Problem
from core.forms import filter_of
from core.i18n import _
from core.people import ACTIONS, ADMIN_PERMISSIONS, ROWS, Role
from core.web import FromPath, Request, get, page, post, redirect, restored
from ui.pages.formulas import in_titles
from ui.refusals import Refusal, refusal
from ui.rights import WHOLE, Line, laid_out, read_back, rules_of

PLACE = "/admin/roles"
FIELDS = frozenset({"name", "permissions"})


@get(PLACE, permission="admin:people")
async def roles_page(ctx: Context, request: Request) -> Response:
    return await _list(ctx, Refusal(), typed={})


@post(PLACE, permission="admin:people")
async def create(ctx: Context, request: Request) -> Response:
    """A new role, empty or with the rules of another, opened for editing."""
    form = await request.form()
    typed = {"name": str(form.get("name", "")), "like": str(form.get("like", ""))}
    if restored(request):
        return await _list(ctx, Refusal(), typed=typed)
    try:
        model = await people.role(ctx.db, ctx.tenant.id, typed["like"]) if typed["like"] else None
        id = await people.create_role(
            ctx.db,
            ctx.access,
            name=typed["name"],
            rules=model.rules if model else (),
            forms=ctx.forms,
            permissions=model.permissions if model else (),
        )
    except DougongError as error:
        return await _list(ctx, refusal(error, fields=FIELDS), typed=typed)
    return redirect(f"{PLACE}/{id}")


@get(PLACE + "/{role:str}", permission="admin:people")
async def role_page(ctx: Context, request: Request, role: FromPath[str]) -> Response:
    found = await people.role(ctx.db, ctx.tenant.id, role)
    lines, rest = laid_out(found.rules, _lines(ctx))
    return await _role(ctx, found, Refusal(), lines=lines, rest=rest)


@post(PLACE + "/{role:str}", permission="admin:people")
async def change(ctx: Context, request: Request, role: FromPath[str]) -> Response:
    found = await people.role(ctx.db, ctx.tenant.id, role)
    form = await request.form()
    posted: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        posted.setdefault(name, []).append(str(value))
    lines = read_back(_lines(ctx), posted)
    _stored, rest = laid_out(found.rules, _lines(ctx))
    kept = [place for place in rest if f"drop:{place}" not in posted]
    name = str(form.get("name", ""))
    permissions = [p for p in ADMIN_PERMISSIONS if p in posted.get("permissions", ())]
    shown: dict[str, Any] = {"name": name, "permissions": permissions}
    if restored(request):
        return await _role(ctx, found, Refusal(), lines=lines, rest=rest, typed=shown)
    try:
        if form.get("seen") != _mark(found):
            raise Conflict(_("别人刚刚改过这个角色。请核对下面的内容，再保存一次。"))
        _refuse_idle_conditions(lines)
        await people.change_role(
            ctx.db,
            ctx.access,
            id=role,
            name=name,
            permissions=permissions,
            rules=[*rules_of(lines), *(found.rules[place] for place in kept)],
            forms=ctx.forms,
        )
    except DougongError as error:
        return await _role(ctx, found, refusal(error, fields=FIELDS), lines=lines, rest=rest, typed=shown)
    return redirect(PLACE)


@post(PLACE + "/{role:str}/delete", permission="admin:people")
async def delete(ctx: Context, request: Request, role: FromPath[str]) -> Response:
    try:
        await people.delete_role(ctx.db, ctx.access, id=role)
    except DougongError as error:
        return await _list(ctx, refusal(error), typed={})
    return redirect(PLACE)


def _refuse_idle_conditions(lines: list[Line]) -> None:
    """A condition narrows what its own line grants, not what a line above does: alone it would be lost in silence."""
    idle = [line.title for line in lines if line.when and not line.cells]
    if idle:
        title = idle[0]
        message = _("“{form}”写了条件，但这一行没有选择能做什么。条件只管这一行的权限，不管上面已经允许的", form=title)
        raise Invalid([Problem("rules", "condition", message)])


async def _list(ctx: Context, refused: Refusal, *, typed: dict[str, str]) -> Response:
    found = await people.roles(ctx.db, ctx.tenant.id)
    data = {
        "roles": found,
        "words": {role.id: _in_words(ctx, role) for role in found},
        "modules": {manifest.name: manifest.title(ctx.language) for manifest in ctx.modules},
        "refused": refused,
        "typed": typed,
    }
    return page(ctx, "people/roles.html", data, status=refused.status)


async def _role(
    ctx: Context,
    role: Role,
    refused: Refusal,
    *,
    lines: list[Line],
    rest: list[int],
    typed: dict[str, Any] | None = None,
) -> Response:
    holders = [p for p in await people.people(ctx.db, ctx.tenant.id) if role.id in p.roles and p.active]
    data = {
        "role": role,
        "typed": typed or {"name": role.name, "permissions": role.permissions},
        "refused": refused,
        "lines": [replace(line, when=_in_titles(ctx, line.pattern, line.when)) for line in lines],
        "rest": [(place, _rule_in_words(ctx, role.rules[place])) for place in rest],
        "seen": _mark(role),
        "holders": holders,
        "actions": _action_words(),
        "rows": _row_words(),
        "whole": WHOLE,
        "permissions": _permission_words(),
    }
    return page(ctx, "people/role.html", data, status=refused.status)


def _lines(ctx: Context) -> list[Line]:
    """All forms, then each module with its forms, in the order of the menu."""
    lines = [Line(pattern="*", title=_("所有表单"))]
    titles = {manifest.name: manifest.title(ctx.language) for manifest in ctx.modules}
    modules: dict[str, list[Any]] = {}
    for form in ctx.forms.all():
        modules.setdefault(form.module, []).append(form)
    for module, forms in modules.items():
        title = titles.get(module) or _("自建表单")
        lines.append(Line(pattern=f"{module}.*", title=_("{title}：全部", title=title)))
        for form in forms:
            fields = tuple((name, field.title) for name, field in form.fields.items())
            lines.append(Line(pattern=form.name, title=form.title, fields=fields))
    return lines


def _mark(role: Role) -> str:
    """What the role was when it was shown."""
    said = exact.canonical([role.name, role.permissions, role.rules])
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _in_words(ctx: Context, role: Role) -> list[str]:
    names = _permission_words()
    words = [_("管理：{names}", names="、".join(names[p] for p in role.permissions))] if role.permissions else []
    return words + [_rule_in_words(ctx, rule) for rule in role.rules[:6]]


def _rule_in_words(ctx: Context, rule: Any) -> str:
    """成本中心：查看、导出（本部门；除 单价 外）."""
    titles = {manifest.name: manifest.title(ctx.language) for manifest in ctx.modules}
    forms = {form.name: form for form in ctx.forms.all()}

    def named(pattern: str) -> str:
        if pattern == "*":
            return _("所有表单")
        module = pattern.removesuffix(".*")
        if module != pattern:
            return titles.get(module) or (_("自建表单") if module == "own" else module)
        return forms[pattern].title if pattern in forms else pattern

    actions = _action_words()
    words = "、".join(named(pattern) for pattern in rule["forms"])
    words += "：" + "、".join(actions[action] for action in ACTIONS if action in rule["actions"])
    details = [] if rule.get("rows", "all") == "all" else [_row_words()[rule["rows"]]]
    if rule.get("when"):
        details.append(_("只限 {condition}", condition=_in_titles(ctx, rule["forms"][0], rule["when"])))
        if any(name in forms and filter_of(forms[name], rule["when"]) is None for name in rule["forms"]):
            details.append(_("这个条件已失效，什么也不授予，请修改"))
    if rule.get("fields") is not None:
        details.append(_("只有 {n} 个字段", n=len(rule["fields"])))
    if rule.get("except"):
        details.append(_("除 {n} 个字段外", n=len(rule["except"])))
    return words + (f"（{'；'.join(details)}）" if details else "")


def _in_titles(ctx: Context, form: str, when: str) -> str:
    return in_titles(ctx.forms.get(form), when) if when and form in ctx.forms else when


def _action_words() -> dict[str, str]:
    words = (_("查看"), _("新建"), _("修改"), _("删除"), _("导入"), _("导出"))
    return dict(zip(ACTIONS, words, strict=True))


def _row_words() -> dict[str, str]:
    return dict(zip(ROWS, (_("全部"), _("本人的"), _("本部门的")), strict=True))


def _permission_words() -> dict[str, str]:
    return dict(zip(ADMIN_PERMISSIONS, (_("表单设计"), _("成员管理"), _("模块管理")), strict=True))


routes = [roles_page, create, role_page, change, delete]
