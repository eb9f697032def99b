"""Signing in and out, choosing a tenant and a language, my own account; other people's accounts are in people.py."""

from __future__ import annotations

from typing import Any

from litestar.response import Response

from core import people
from core.context import Context
from core.errors import Forbidden, Invalid, TooMany, Unauthorized
from core.i18n import LANGUAGES, _
from core.people import Tenant
from core.web import (
    Carried,
    Request,
    Visit,
    end_session,
    get,
    page,
    post,
    redirect,
    remember,
    safe_path,
    start_session,
    trigger,
    unpack,
    visit,
)
from ui.entry import whole

OPERATOR = "/operator"
TENANT_COOKIE, LANGUAGE_COOKIE = "tenant", "language"
REMEMBERED_DAYS = 365


@get("/sign-in", permission="public")
async def sign_in_page(request: Request) -> Response:
    to = safe_path(request.query_params.get("to"))
    if visit().access is not None:
        return redirect(to)
    return page(None, "account/sign_in.html", {"to": to})


@post("/sign-in", permission="public", body_limit=4 * 1024 * 1024)
async def sign_in(request: Request) -> Response:
    """The right password opens a session; what was typed before it ended comes back."""
    form, present = await request.form(), visit()
    login, packed = str(form.get("login", "")), str(form.get("carried", ""))
    carried = unpack(present.web.carried_signer, packed) if packed else None
    last = request.cookies.get(TENANT_COOKIE, "")
    prefer = carried.tenant if carried and carried.tenant else whole(last) or None
    try:
        token = await people.sign_in(
            _db(request),
            login,
            password=str(form.get("password", "")),
            address=present.address,
            hours=present.web.settings.session_hours,
            prefer=prefer,
        )
    except (Unauthorized, TooMany) as error:
        typed = {"to": safe_path(form.get("to")), "login": login, "carried": packed, "message": error.message}
        headers = {"Retry-After": str(error.retry_after)} if isinstance(error, TooMany) else {}
        return page(None, "account/sign_in.html", typed, status=error.status, headers=headers)
    await start_session(token)
    return _go_on(carried, packed, to=safe_path(form.get("to")))


@post("/sign-out", permission="signed-in")
async def sign_out(request: Request) -> Response:
    signed_in = visit().signed_in
    if signed_in is not None:
        await people.sign_out(_db(request), signed_in.session)
    end_session()
    return redirect("/sign-in")


@get("/tenant", permission="signed-in")
async def tenants_page(request: Request) -> Response:
    return await _tenants(request, to=safe_path(request.query_params.get("to")))


@post("/tenant", permission="signed-in", body_limit=4 * 1024 * 1024)
async def choose_tenant(request: Request) -> Response:
    """Another tenant is another session: what the old key opens must not be open to the new one."""
    form, present = await request.form(), visit()
    chosen, packed = whole(form.get("tenant")), str(form.get("carried", ""))
    if present.signed_in is None or not chosen:
        return await _tenants(request, to=safe_path(form.get("to")), carried=packed)
    hours = present.web.settings.session_hours
    token = await people.switch_tenant(_db(request), present.signed_in, tenant=chosen, hours=hours)
    await start_session(token)
    carried = unpack(present.web.carried_signer, packed) if packed else None
    return _go_on(carried, packed, to=safe_path(form.get("to")))


@post("/language", permission="public")
async def choose_language(request: Request) -> Response:
    form, present = await request.form(), visit()
    language = str(form.get("language", ""))
    if language in LANGUAGES:
        remember(LANGUAGE_COOKIE, language, days=REMEMBERED_DAYS)
        if present.signed_in is not None:
            await people.set_language(_db(request), present.signed_in.account.id, language)
    return redirect(safe_path(form.get("to")))


@get("/me", permission="signed-in")
async def me(request: Request) -> Response:
    return await _me(request)


@post("/me/password", permission="signed-in")
async def change_password(request: Request) -> Response:
    """A new password ends every other session of the account, and this one gets a new token."""
    form, present = await request.form(), visit()
    if present.signed_in is None:
        raise Forbidden(_("令牌只能用于接口。"))
    new, again = str(form.get("new_password", "")), str(form.get("password_again", ""))
    account = present.signed_in.account.id
    if new != again:
        return await _me(request, status=422, problems={"again": _("两次输入的新密码不一样。")})
    try:
        await people.change_password(
            _db(request),
            account,
            old=str(form.get("old_password", "")),
            new=new,
            keep_session=present.signed_in.session,
            address=present.address,
        )
    except Invalid as error:
        return await _me(request, status=422, problems={p.field: p.message for p in error.problems})
    except TooMany as error:
        return await _me(request, status=429, problems={"old": error.message})
    hours = present.web.settings.session_hours
    await start_session(await people.restart_session(_db(request), present.signed_in, hours=hours))
    return await _me(request, done=_("密码已修改，其他设备上的登录都已退出。"))


@post("/me/sessions/end", permission="signed-in")
async def end_others(request: Request) -> Response:
    signed_in = visit().signed_in
    number = 0
    if signed_in is not None:
        number = await people.end_other_sessions(_db(request), signed_in)
    words = _("已退出其他设备上的 {n} 个登录。", n=number) if number else _("没有其他设备登录着。")
    return await _me(request, done=words)


def _go_on(carried: Carried | None, packed: str, *, to: str) -> Response:
    """After signing in: back to what was typed, to the choice of a tenant, or to `to`."""
    present = visit()
    if present.access is not None:
        remember(TENANT_COOKIE, str(present.access.tenant.id), days=REMEMBERED_DAYS)
    if present.access is None and _only_operates(present):
        return redirect(OPERATOR)
    if present.access is None:
        return page(None, "account/tenants.html", {"tenants": present.tenants, "to": to, "carried": packed})
    if carried is None:
        return redirect(to)
    mine = carried.account in (None, present.access.member.account)
    here = carried.tenant in (None, present.access.tenant.id)
    kept = mine and here
    data = {"carried": carried, "path": carried.path, "fields": carried.fields if kept else (), "kept": kept}
    return page(None, "account/restore.html", data, headers={"Cache-Control": "no-store"})


def _only_operates(present: Visit) -> bool:
    """Whether somebody belongs to no tenant and operates the platform: there is nothing for him to choose."""
    signed_in = present.signed_in
    return signed_in is not None and signed_in.account.operator and not signed_in.memberships


async def _tenants(request: Request, *, to: str, carried: str = "") -> Response:
    signed_in = visit().signed_in
    if _only_operates(visit()):
        return redirect(OPERATOR)
    found: tuple[Tenant, ...] = ()
    if signed_in is not None:
        found = await people.tenants_of(_db(request), signed_in.account.id)
    return page(None, "account/tenants.html", {"tenants": found, "to": to, "carried": carried})


async def _me(
    request: Request, *, status: int = 200, problems: dict[str, str] | None = None, done: str = ""
) -> Response:
    present = visit()
    ctx: Context | None = present.ctx
    departments = await people.departments(_db(request), ctx.tenant.id) if ctx else ()
    roles = await people.roles(_db(request), ctx.tenant.id) if ctx else ()
    data: dict[str, Any] = {
        "problems": problems or {},
        "done": done,
        "department": next((d.name for d in departments if ctx and d.id == ctx.member.department), ""),
        "roles": [role.name for role in roles if ctx and role.id in ctx.member.roles],
        "sessions": await people.session_count(_db(request), present.signed_in) if present.signed_in else 1,
    }
    response = page(ctx, "account/me.html", data, status=status)
    return trigger(response, toast={"text": done}) if done else response


def _db(request: Request) -> Any:
    return request.app.state.platform.db


routes = [
    sign_in_page,
    sign_in,
    sign_out,
    tenants_page,
    choose_tenant,
    choose_language,
    me,
    change_password,
    end_others,
]
