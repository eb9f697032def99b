"""The people of a tenant: list, invite, change, switch off, new password, and why somebody may do something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from litestar.response import Response

from core import people
from core.context import Context
from core.errors import DougongError, NotFound
from core.i18n import _
from core.people import ACTIONS, Access, Person, Role
from core.web import FromPath, Request, get, page, post, redirect, restored
from ui.pages.formulas import in_titles
from ui.refusals import Refusal, refusal

SHOWN = 200  # more are found by searching
FIELDS = frozenset({"login", "name", "department"})
NO_STORE = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class Typed:
    """A member's form as typed, or as stored."""

    login: str = ""
    name: str = ""
    department: str = ""
    roles: tuple[str, ...] = ()
    active: bool = True


@dataclass(frozen=True, slots=True)
class Seats:
    """How many members are switched on, of how many (None: any number), and what to say where there is no room."""

    used: int
    limit: int | None
    full: bool
    words: str


@get("/admin/people", permission="admin:people")
async def people_page(ctx: Context, request: Request) -> Response:
    return await _list(ctx, request.query_params.get("q", ""), state=request.query_params.get("state", "active"))


@get("/admin/people/new", permission="admin:people")
async def new_person(ctx: Context, request: Request) -> Response:
    viewer = [role.id for role in await people.roles(ctx.db, ctx.tenant.id) if role.code == "viewer"]
    return await _form(ctx, None, Typed(roles=tuple(viewer)), Refusal())


@post("/admin/people", permission="admin:people")
async def invite(ctx: Context, request: Request) -> Response:
    typed = await _typed(request)
    if restored(request):
        return await _form(ctx, None, typed, Refusal())
    try:
        member, password = await people.invite(
            ctx.db,
            ctx.access,
            login=typed.login,
            name=typed.name,
            roles=typed.roles,
            department=typed.department or None,
        )
    except DougongError as error:
        return await _form(ctx, None, typed, refusal(error, fields=FIELDS))
    person = await people.person(ctx.db, ctx.tenant.id, member)
    return await _list(ctx, "", state="active", shown=person, password=password)


@get("/admin/people/{member:str}", permission="admin:people")
async def person_page(ctx: Context, request: Request, member: FromPath[str]) -> Response:
    person = await people.person(ctx.db, ctx.tenant.id, member)
    return await _form(ctx, person, _stored(person), Refusal())


@post("/admin/people/{member:str}", permission="admin:people")
async def change_person(ctx: Context, request: Request, member: FromPath[str]) -> Response:
    person = await people.person(ctx.db, ctx.tenant.id, member)
    typed = await _typed(request)
    if restored(request):
        return await _form(ctx, person, typed, Refusal())
    try:
        await people.change_member(
            ctx.db,
            ctx.access,
            id=member,
            name=typed.name,
            roles=typed.roles,
            department=typed.department or None,
            active=typed.active,
        )
    except DougongError as error:
        return await _form(ctx, person, typed, refusal(error, fields=FIELDS))
    return redirect("/admin/people")


@post("/admin/people/{member:str}/password", permission="admin:people")
async def reset_password(ctx: Context, request: Request, member: FromPath[str]) -> Response:
    person = await people.person(ctx.db, ctx.tenant.id, member)
    if restored(request):
        return redirect(f"/admin/people/{member}")
    try:
        password = await people.reset_password(ctx.db, ctx.access, id=member)
    except DougongError as error:
        return await _form(ctx, person, _stored(person), refusal(error))
    return await _form(ctx, person, _stored(person), Refusal(), password=password)


async def _list(
    ctx: Context, text: str, *, state: str, shown: Person | None = None, password: str | None = None
) -> Response:
    everybody = await people.people(ctx.db, ctx.tenant.id)
    wanted = text.strip().lower()
    found = [
        p for p in everybody if p.active == (state != "off") and (wanted in p.name.lower() or wanted in p.login.lower())
    ]
    data = {
        "people": found[:SHOWN],
        "more": max(0, len(found) - SHOWN),
        "q": text,
        "state": state,
        "counts": {"active": sum(p.active for p in everybody), "off": sum(not p.active for p in everybody)},
        "departments": {d.id: d.name for d in await people.departments(ctx.db, ctx.tenant.id)},
        "roles": {role.id: role for role in await people.roles(ctx.db, ctx.tenant.id)},
        "seats": _seats(ctx, sum(p.active for p in everybody)),
        "shown": shown,
        "password": password,
    }
    return page(ctx, "people/people.html", data, block="results", headers=NO_STORE if password else None)


def _seats(ctx: Context, used: int) -> Seats:
    limit = ctx.tenant.licence.seats
    full = limit is not None and used >= limit
    words = _("席位已满：先停用不再需要的成员，或请平台运营方增加席位。") if full else ""
    return Seats(used, limit, full, words)


async def _form(
    ctx: Context, person: Person | None, typed: Typed, refused: Refusal, *, password: str | None = None
) -> Response:
    roles = await people.roles(ctx.db, ctx.tenant.id)
    data: dict[str, Any] = {
        "person": person,
        "typed": typed,
        "refused": refused,
        "roles": roles,
        "role_words": {role.id: _about(ctx, role) for role in roles},
        "departments": await people.departments(ctx.db, ctx.tenant.id),
        "password": password,
        "may": await _may(ctx, person) if person and person.active else [],
        "actions": ACTIONS,
    }
    headers = NO_STORE if password else None
    return page(ctx, "people/person.html", data, status=refused.status, headers=headers)


async def _may(ctx: Context, person: Person) -> list[tuple[str, dict[str, list[tuple[str, str, str]]]]]:
    """For each form what the member may do, as (rows, role, condition): the answer to "why can he see this?"."""
    try:
        access: Access = await people.access_of(ctx.db, ctx.tenant.id, person.id)
    except NotFound:
        return []
    found = []
    for form in ctx.forms.all():
        cells = {
            action: [
                (right.rows, rule.role_name, in_titles(form, right.when))
                for rule, right in people.explain(access, form.name, action)
            ]
            for action in ACTIONS
        }
        if any(cells.values()):
            found.append((form.title, cells))
    return found


def _about(ctx: Context, role: Role) -> str:
    """A role in a few words, for who hands it out."""
    if role.permissions:
        names = {"forms": _("表单设计"), "people": _("成员管理"), "modules": _("模块管理")}
        return _("可以管理：{names}", names="、".join(names[p] for p in role.permissions if p in names))
    actions = {action for rule in role.rules for action in rule.get("actions", ())}
    if not actions:
        return _("还没有任何权限")
    return _("可以查看和修改") if actions & {"create", "update", "delete", "import"} else _("只能查看")


async def _typed(request: Request) -> Typed:
    form = await request.form()
    return Typed(
        login=str(form.get("login", "")).strip(),
        name=str(form.get("name", "")).strip(),
        department=str(form.get("department", "")),
        roles=_texts(form.getall("roles", [])),
        active=str(form.get("active", "1")) == "1",
    )


def _texts(values: Sequence[Any]) -> tuple[str, ...]:
    return tuple(value for value in values if isinstance(value, str) and value)


def _stored(person: Person) -> Typed:
    return Typed(
        login=person.login,
        name=person.name,
        department=person.department or "",
        roles=person.roles,
        active=person.active,
    )


routes = [people_page, new_person, invite, person_page, change_person, reset_password]
