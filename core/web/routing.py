"""Route decorators with a permission each, the guard behind them, and the context handlers get."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal, get_args

import litestar
from litestar import Request
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency

from core.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from core.i18n import _
from core.people import ended_session, must_enter, tenants_of
from core.web.carried import RESTORED, typed_in
from core.web.csrf import CsrfFailed, check_origin, check_token, is_form
from core.web.failures import ElsewhereFirst, NotSignedIn
from core.web.visit import SAFE, Visit, is_json, is_page, restored

if TYPE_CHECKING:
    from litestar import Litestar
    from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

    from core.context import Context

Permission = Literal[
    "public", "signed-in", "records", "admin:forms", "admin:people", "admin:modules", "operator", "api"
]
PERMISSIONS: tuple[str, ...] = get_args(Permission)
OPEN_TO_SUSPENDED = ("public", "signed-in", "operator")  # signing out, another tenant, one's own account
CHOOSE_TENANT = "/tenant"
_WORDS = {"forms": "表单设计", "people": "成员管理", "modules": "模块管理"}


def get(path: str, *, permission: Permission, **options: Any) -> Callable[[Any], HTTPRouteHandler]:
    return _route(litestar.get, path, permission, options)


def post(path: str, *, permission: Permission, **options: Any) -> Callable[[Any], HTTPRouteHandler]:
    return _route(litestar.post, path, permission, options)


def put(path: str, *, permission: Permission, **options: Any) -> Callable[[Any], HTTPRouteHandler]:
    return _route(litestar.put, path, permission, options)


def patch(path: str, *, permission: Permission, **options: Any) -> Callable[[Any], HTTPRouteHandler]:
    return _route(litestar.patch, path, permission, options)


def delete(path: str, *, permission: Permission, **options: Any) -> Callable[[Any], HTTPRouteHandler]:
    return _route(litestar.delete, path, permission, options)


def _route(kind: Any, path: str, permission: Permission, options: dict[str, Any]) -> Callable[[Any], HTTPRouteHandler]:
    """`body_limit=` (bytes) replaces the settings' limit for this route; the rest goes to Litestar as it is."""
    if permission not in PERMISSIONS:
        raise ValueError(f"{path}: permission={permission!r} must be one of {', '.join(PERMISSIONS)}")
    body_limit = options.pop("body_limit", None)
    opt = {**options.pop("opt", {}), "permission": permission, "body_limit": body_limit}
    namespace = {**options.pop("signature_namespace", {}), "NamedDependency": NamedDependency}
    guards = [guard, *options.pop("guards", ())]
    options.setdefault("status_code", 200)

    def decorate(function: Any) -> HTTPRouteHandler:
        if not inspect.iscoroutinefunction(function):
            raise TypeError(f"{path}: {function.__qualname__} must be `async def`")
        _name_dependency(function)
        # Only a handler that asks restored() can show again what was typed; any other would do it instead.
        opt["restores"] = restored.__name__ in function.__code__.co_names
        made = kind(path, guards=guards, opt=opt, signature_namespace=namespace, **options)
        return made(function)  # type: ignore[no-any-return]

    return decorate


def _name_dependency(function: Any) -> None:
    """`ctx: Context` is enough in a handler: what Litestar wants around it is added here."""
    said = function.__annotations__.get("ctx")
    if said is not None:
        wrapped = f"NamedDependency[{said}]" if isinstance(said, str) else NamedDependency[said]
        function.__annotations__["ctx"] = wrapped


async def guard(connection: Any, handler: BaseRouteHandler) -> None:
    """Before a handler runs: where the request comes from, who asks, and whether he may."""
    request: Request[Any, Any, Any] = connection
    visit: Visit = request.scope["state"]["visit"]
    visit.request = request
    permission: str = handler.opt["permission"]
    changes = request.method not in SAFE and not visit.bearer
    try:
        _refuse_null(request.scope["path"], request.query_params.multi_items())
        if changes:
            check_origin(request)
        restores = handler.opt.get("restores", False)
        if permission != "public":
            await _admit(request, visit, permission, restores=restores)
        if permission not in OPEN_TO_SUSPENDED and visit.access is not None:
            must_enter(visit.access.tenant)
        if changes:
            await _check_token(request, visit, restores=restores)
            if is_form(request):
                _refuse_null("", (await request.form()).multi_items())
            await _note_restored(request, visit, restores=restores)
        await _open_context(request, visit, handler)
        if permission.startswith("admin:"):
            _may(visit, permission.removeprefix("admin:"))
    except Exception:
        await _close_uploads(request)
        raise


def _refuse_null(path: str, given: Iterable[tuple[str, Any]]) -> None:
    """No keyboard makes a NUL, and PostgreSQL keeps none: said here, it need not be looked for anywhere else."""
    if "\0" in path:
        raise NotFound(_("没有这个页面。"))
    for name, value in given:
        if "\0" in name or (isinstance(value, str) and "\0" in value):
            words = _("{name} 里有不能用的字符。", name=name.replace("\0", ""))
            raise Invalid([Problem(name.replace("\0", ""), "character", words)])


async def provide_context(request: Request[Any, Any, Any]) -> Any:
    """What a handler's `ctx` is: the Context of who asks, None on public pages for nobody."""
    return request.scope["state"]["visit"].ctx


async def fill_frame(app: Litestar, visit: Visit) -> None:
    """What the frame of a whole page shows: the context with its menu, and the tenants to switch to."""
    if visit.access is not None and visit.ctx is None:
        visit.ctx = await app.state.platform.context(visit.access)
    if visit.signed_in is not None and visit.signed_in.memberships > 1 and not visit.tenants:
        visit.tenants = await tenants_of(app.state.platform.db, visit.signed_in.account.id)


async def _admit(request: Request[Any, Any, Any], visit: Visit, permission: str, *, restores: bool) -> None:
    if visit.bearer and (permission != "api" or visit.access is None):
        raise NotSignedIn(_("令牌无效、已过期或已被吊销。") if permission == "api" else _("令牌只能用于接口。"))
    if visit.access is None and visit.signed_in is None:
        raise await _not_signed_in(request, visit, restores=restores)
    if permission == "signed-in":
        return
    if permission == "operator":
        if not visit.signed_in or not visit.signed_in.account.operator:
            raise Forbidden(_("这里只有平台运营人员可以进入。"))
        return
    if visit.access is None:
        if is_json(request) or request.method not in SAFE:
            raise Forbidden(_("请先选择一个单位。"))
        raise ElsewhereFirst(CHOOSE_TENANT)


async def _not_signed_in(request: Request[Any, Any, Any], visit: Visit, *, restores: bool) -> NotSignedIn:
    """With what was typed, and whose it was, so that only he gets it back."""
    words = _("登录已过期，请重新登录。") if visit.token else _("请先登录。")
    if request.method in SAFE or is_json(request) or not is_form(request) or not restores:
        return NotSignedIn(words)
    carried = await typed_in(request)
    ended = await ended_session(request.app.state.platform.db, visit.token) if visit.token else None
    if carried is None:
        return NotSignedIn(words, lost=True)
    account, tenant = ended or (None, None)
    return NotSignedIn(words, carried=carried.of(account, tenant=tenant))


async def _check_token(request: Request[Any, Any, Any], visit: Visit, *, restores: bool) -> None:
    try:
        await check_token(request, visit)
    except CsrfFailed as error:
        # The browser itself says that the form is ours: it was only open too long. Show it again, unsaved.
        if restores and request.headers.get("Sec-Fetch-Site") == "same-origin" and visit.access is not None:
            error.carried = await typed_in(request)
        raise


async def _note_restored(request: Request[Any, Any, Any], visit: Visit, *, restores: bool) -> None:
    if is_form(request):
        visit.restored = (await request.form()).get(RESTORED) == "1"
    if visit.restored and not restores:
        raise Conflict(_("没有执行。请回到原来的页面再操作一次。"))


async def _open_context(request: Request[Any, Any, Any], visit: Visit, handler: BaseRouteHandler) -> None:
    if is_page(request):
        await fill_frame(request.app, visit)
    elif visit.access is not None:
        visit.ctx = await request.app.state.platform.context(visit.access)
    module = handler.opt.get("module")
    if module is not None and visit.ctx is not None and module not in visit.ctx.enabled:
        raise NotFound(_("没有这个页面。"))


def _may(visit: Visit, permission: str) -> None:
    ctx: Context | None = visit.ctx
    if ctx is None or not ctx.may(permission):
        raise Forbidden(_("您没有“{name}”权限。需要时请联系本单位的系统管理员。", name=_(_WORDS[permission])))


async def _close_uploads(request: Request[Any, Any, Any]) -> None:
    """Litestar closes the temporary files of a request only if its handler was reached."""
    form = getattr(request, "_form", None)
    for _name, value in form.multi_items() if hasattr(form, "multi_items") else ():
        if isinstance(value, UploadFile):
            await value.close()
