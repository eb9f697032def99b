"""The switches of modules: what each offers and needs, on and off, its settings; rules are in core.definitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Response

from core import definitions
from core.context import Context
from core.errors import Conflict, Invalid
from core.i18n import _
from core.web import FromPath, Request, get, page, post, redirect
from ui.entry import grouped, read
from ui.widgets import Entry, sections

HOME = "/admin/modules"


def _hook_words(hooks: Sequence[str]) -> list[str]:
    """What a module does by itself, in the user's words."""
    words = {
        "home_panels": _("在首页显示提醒和概览"),
        "menu_items": _("在菜单里增加页面"),
        "record_panels": _("在单条数据页上显示相关内容"),
        "record_compute": _("保存时自动计算"),
        "record_validate": _("保存时多做检查"),
        "record_saved": _("保存时一并更新别的数据"),
        "record_committed": _("保存后再做后续处理"),
    }
    return [words[hook] for hook in words if hook in hooks]


@get(HOME, permission="admin:modules")
async def modules_page(ctx: Context) -> Response[Any]:
    states = await definitions.states(ctx)
    titles = {state.name: state.manifest.title(ctx.language) if state.manifest else state.name for state in states}
    return page(ctx, "modules/list.html", {"states": states, "titles": titles, "hook_words": _hook_words})


@get(f"{HOME}/{{module:str}}", permission="admin:modules")
async def module_page(ctx: Context, module: FromPath[str]) -> Response[Any]:
    """One module, and the question whether to switch it: what appears or disappears, what stays."""
    return await _module_page(ctx, module)


async def _module_page(ctx: Context, module: str, *, problem: str = "") -> Response[Any]:
    state = await definitions.state(ctx, module)
    together = definitions.switched_together(ctx, module, not state.enabled) if state.manifest else ()
    values = {
        "state": state, "problem": problem, "hooks": _hook_words(state.hooks),
        "together": [manifest.title(ctx.language) for manifest in together],
    }  # fmt: skip
    return page(ctx, "modules/module.html", values, block="body", status=409 if problem else 200)


@post(f"{HOME}/{{module:str}}/switch", permission="admin:modules")
async def switch_module(ctx: Context, request: Request, module: FromPath[str]) -> Response[Any]:
    typed = grouped((await request.form()).multi_items())
    on = typed.get("on", [""])[-1] == "1"
    try:
        roles = typed.get("role", []) if typed.get("roles_shown") else None
        await definitions.switch(ctx, module, on, roles=roles, together="together" in typed)
    except Conflict as error:
        return await _module_page(ctx, module, problem=error.message)
    return redirect(f"{HOME}?switched={module}")


@get(f"{HOME}/{{module:str}}/settings", permission="admin:modules")
async def settings_page(ctx: Context, module: FromPath[str]) -> Response[Any]:
    return await _settings_page(ctx, module, Entry(data=_chosen(ctx, module)))


def _chosen(ctx: Context, module: str) -> Mapping[str, Any]:
    return {name: value for name, value in ctx.settings(module).items() if value is not None}


async def _settings_page(ctx: Context, module: str, entry: Entry) -> Response[Any]:
    form = definitions.settings_of(ctx, module)
    state = await definitions.state(ctx, module)
    values = {"state": state, "sections": sections(form, entry), "wrong": sum(map(len, entry.problems.values()))}
    return page(ctx, "modules/settings.html", values, status=422 if entry.problems else 200)


@post(f"{HOME}/{{module:str}}/settings", permission="admin:modules")
async def change_settings(ctx: Context, request: Request, module: FromPath[str]) -> Response[Any]:
    form = definitions.settings_of(ctx, module)
    reading = read(form, grouped((await request.form()).multi_items()))
    problems = dict(reading.problems)
    if not problems:
        try:
            await definitions.change_settings(ctx, module, reading.data)
        except Invalid as error:
            for problem in error.problems:
                problems.setdefault(problem.field, []).append(problem.message)
    if problems:
        return await _settings_page(ctx, module, Entry(typed=reading.typed, problems=problems))
    return redirect(f"{HOME}?switched={module}")


routes = [modules_page, module_page, switch_module, settings_page, change_settings]
