"""The tree of departments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable

from litestar.response import Response

from core import people
from core.context import Context
from core.errors import DougongError
from core.web import FromPath, Request, get, page, post, redirect, restored
from ui.refusals import Refusal, refusal

PLACE = "/admin/departments"


@get(PLACE, permission="admin:people")
async def departments_page(ctx: Context, request: Request) -> Response:
    return await _tree(ctx, Refusal())


@post(PLACE, permission="admin:people")
async def create(ctx: Context, request: Request) -> Response:
    form = await request.form()
    name, parent = str(form.get("name", "")), str(form.get("parent", "")) or None
    if restored(request):
        return await _tree(ctx, Refusal(), typed={"name": name, "parent": parent or ""})
    try:
        await people.create_department(ctx.db, ctx.tenant.id, name=name, parent=parent)
    except DougongError as error:
        typed = {"name": name, "parent": parent or ""}
        return await _tree(ctx, refusal(error, fields=frozenset({"name", "parent"})), typed=typed)
    return redirect(PLACE)


@post(PLACE + "/{department:str}", permission="admin:people")
async def change(ctx: Context, request: Request, department: FromPath[str]) -> Response:
    form = await request.form()
    name, parent = str(form.get("name", "")), str(form.get("parent", "")) or None
    if restored(request):
        return await _tree(ctx, Refusal(), editing=department, typed={"name": name, "parent": parent or ""})
    try:
        await people.change_department(ctx.db, ctx.tenant.id, id=department, name=name, parent=parent)
    except DougongError as error:
        typed = {"name": name, "parent": parent or ""}
        shown = refusal(error, fields=frozenset({"name", "parent"}))
        return await _tree(ctx, shown, editing=department, typed=typed)
    return redirect(PLACE)


@post(PLACE + "/{department:str}/up", permission="admin:people")
async def move_up(ctx: Context, request: Request, department: FromPath[str]) -> Response:
    return await _done(ctx, request, people.move_department(ctx.db, ctx.tenant.id, id=department, up=True))


@post(PLACE + "/{department:str}/down", permission="admin:people")
async def move_down(ctx: Context, request: Request, department: FromPath[str]) -> Response:
    return await _done(ctx, request, people.move_department(ctx.db, ctx.tenant.id, id=department, up=False))


@post(PLACE + "/{department:str}/delete", permission="admin:people")
async def delete(ctx: Context, request: Request, department: FromPath[str]) -> Response:
    return await _done(ctx, request, people.delete_department(ctx.db, ctx.tenant.id, id=department))


async def _done(ctx: Context, request: Request, change: Awaitable[None]) -> Response:
    try:
        await change
    except DougongError as error:
        return await _tree(ctx, refusal(error))
    return redirect(PLACE)


async def _tree(ctx: Context, refused: Refusal, *, editing: str = "", typed: dict[str, str] | None = None) -> Response:
    found = await people.departments(ctx.db, ctx.tenant.id)
    here = Counter(p.department for p in await people.people(ctx.db, ctx.tenant.id) if p.active)
    data = {
        "departments": found,
        "numbers": here,
        "parents_ids": {d.parent for d in found},
        "refused": refused,
        "editing": editing,
        "typed": typed or {},
    }
    return page(ctx, "people/departments.html", data, status=refused.status)


routes = [departments_page, create, change, move_up, move_down, delete]
