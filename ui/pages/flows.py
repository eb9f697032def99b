"""States and steps of a form, edited without code: a drawing, a table of states, a sheet for each step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from litestar import Response

from core import definitions, people
from core.context import Context
from core.definitions import draft_form, problems_of
from core.errors import DougongError, Problem
from core.i18n import _
from core.web import FromPath, Request, get, page, post, redirect
from ui import flowchart
from ui.entry import grouped

HOME = "/admin/forms"


@get(f"{HOME}/{{form:str}}/flow", permission="admin:forms")
async def flow_page(ctx: Context, form: FromPath[str]) -> Response[Any]:
    """The editor of states and steps."""
    return await _shown(ctx, form)


async def _shown(ctx: Context, form: str, *, refused: Sequence[str] = (), open_: str = "") -> Response[Any]:
    draft = await definitions.open_draft(ctx, form)
    compiled = draft_form(draft, lang=ctx.language)
    flow = compiled.flow
    fields = [f for name, f in compiled.fields.items() if not (flow and name == flow.field)]
    found = [p.message for p in problems_of(ctx, draft) if p.field.startswith((":x-states", ":x-flow"))]
    roles = await people.roles(ctx.db, ctx.tenant.id)
    shipped = (draft.base or {}).get("x-flow", ()) if draft.overlay else ()
    conditions = {one["code"] for one in shipped if one.get("when")}  # the module's, not the tenant's to change
    values = {
        "draft": draft, "form": compiled, "flow": flow, "chart": flowchart.chart(flow) if flow else None,
        "url": f"{HOME}/{quote(form)}", "fields": fields, "problems": found, "refused": refused, "open": open_,
        "colors": _colors(), "comments": _comments(),
        "named": [(f.name, f.title) for f in fields if not f.computed],
        "coded": [(one.code, one.title) for one in flow.states.values()] if flow else [],
        "others": lambda step: [(one.code, one.title) for one in flow.steps if one is not step] if flow else [],
        "role_names": {role.code: role.name for role in roles}, "fixed": lambda step: step.code in conditions,
        "roles": [(role.code, role.name) for role in roles],
        "holders": [f for f in fields if f.type == "choice" and not f.formula and f.owner == "tenant"],
        "said": lambda step: definitions.shown_condition(compiled, step.when),
    }  # fmt: skip
    return page(ctx, "designer/flow.html", values, status=422 if refused else 200)


def _colors() -> list[tuple[str, str]]:
    return [
        ("", _("灰")), ("blue", _("蓝")), ("green", _("绿")), ("purple", _("紫")), ("cyan", _("青")), ("pink", _("粉")),
    ]  # fmt: skip


def _comments() -> list[tuple[str, str]]:
    return [("optional", _("可以写意见")), ("required", _("必须写意见")), ("none", _("不写意见"))]


@post(f"{HOME}/{{form:str}}/flow", permission="admin:forms")
async def edit_flow(ctx: Context, request: Request, form: FromPath[str]) -> Response[Any]:
    """One edit of the draft; back to the page, at the step it was about."""
    typed = grouped((await request.form()).items())
    step = typed.get("step", [""])[-1]
    try:
        done = await definitions.edit(ctx, form, "flow", typed)
    except DougongError as error:
        if error.status >= 500:
            raise
        return await _shown(ctx, form, refused=[error.message], open_=step)
    if done.problems:
        return await _shown(ctx, form, refused=_words(done.problems), open_=step)
    return redirect(f"{HOME}/{quote(form)}/flow" + (f"#step-{quote(step)}" if step else ""))


def _words(problems: Sequence[Problem]) -> list[str]:
    return [problem.message for problem in problems]


routes = [flow_page, edit_flow]
