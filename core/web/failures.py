"""Everything that goes wrong, as a page, a part of a page or JSON, by what was asked for."""

from __future__ import annotations

import errno
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from litestar import Response
from litestar.exceptions import HTTPException, InternalServerException
from litestar.response import Redirect

from core import exact
from core.errors import BadForm, DougongError, Invalid, Problem, TooMany, Unauthorized
from core.i18n import _
from core.store import Full, Unavailable
from core.web.carried import Carried, pack
from core.web.csrf import CsrfFailed, csrf_token
from core.web.limits import BodyTooLarge
from core.web.rendering import redirect, render
from core.web.visit import is_fragment, is_json, is_page, safe_path, split_url, visit

if TYPE_CHECKING:
    from litestar import Request
    from litestar.types import Scope

log = logging.getLogger("dougong.errors")
SIGN_IN = "/sign-in"
RETRY_AFTER = 5  # seconds, while the database is away
NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class NotSignedIn(Unauthorized):
    """Nobody is signed in, or no longer. `carried` is what he had typed."""

    def __init__(self, message: str, *, carried: Carried | None = None, lost: bool = False) -> None:
        super().__init__(message)
        self.carried, self.lost = carried, lost


class ElsewhereFirst(Exception):
    """A page cannot be shown before something else is done at `url` (choosing a tenant)."""

    def __init__(self, url: str) -> None:
        self.url = url


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What is told: `problems` by field, `id` only where the log has more."""

    status: int
    code: str
    message: str
    problems: Sequence[Problem] = ()
    id: str = ""
    retry_after: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def failure(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The answer to `error`; the one place that decides its shape."""
    if visit().request is None:  # no route was found, so no guard has been passed
        visit().request = request
    if isinstance(error, ElsewhereFirst):
        return redirect(error.url)
    told = _told(error)
    if told.status >= 500:
        log.error("request %s: %s %s", visit().id, request.method, request.url.path, exc_info=error)
    headers = dict(told.headers)
    if told.retry_after:
        headers["Retry-After"] = str(told.retry_after)
    if is_json(request):
        if told.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return _json(told, headers)
    if isinstance(error, NotSignedIn):
        return _sign_in(request, error, headers)
    if is_fragment(request):
        return _fragment(told, headers, error)
    carried = getattr(error, "carried", None) if isinstance(error, CsrfFailed) else None
    data = {"failure": told, "fields": carried.fields, "path": carried.path} if carried else {"failure": told}
    names = ["account/restore.html"] if carried else []
    names += [f"errors/{told.code}.html", f"errors/{told.status}.html", "errors/error.html", "error.html"]
    return _html(render(names, data), status=told.status, headers=headers)


async def prepare(error: Exception, scope: Scope) -> None:
    """Before an error becomes a page: find what its frame needs (menu, tenants), as nothing may be awaited then."""
    from core.web.routing import fill_frame  # routing raises what this file answers

    if scope["type"] != "http" or "visit" not in scope["state"]:
        return
    request: Request[Any, Any, Any] = scope["litestar_app"].request_class(scope)
    if is_page(request):
        try:
            await fill_frame(scope["litestar_app"], visit())
        except Exception:  # the error itself matters more than the menu around it
            log.exception("request %s: no frame for its error page", visit().id)


def _told(error: Exception) -> Failure:
    if isinstance(error.__cause__, BodyTooLarge):  # Litestar has wrapped it, see there
        error = error.__cause__
    if isinstance(error, InternalServerException) and "disconnected" in error.detail:
        return Failure(status=400, code="disconnected", message=_("连接中断，内容没有收全。"))
    if isinstance(error, DougongError):
        problems = error.problems if isinstance(error, Invalid | BadForm) else ()
        retry = error.retry_after if isinstance(error, TooMany) else None
        id = visit().id if error.status >= 500 else ""
        return Failure(
            status=error.status, code=error.code, message=error.message, problems=problems, id=id, retry_after=retry
        )
    if isinstance(error, Unavailable):
        words = _("数据库暂时连不上，这次操作没有保存。请稍后再试。")
        return Failure(status=503, code="unavailable", message=words, id=visit().id, retry_after=RETRY_AFTER)
    if isinstance(error, Full) or (isinstance(error, OSError) and error.errno in NO_SPACE):
        words = _("服务器的磁盘满了，这次操作没有保存。请告诉管理员。")
        return Failure(status=507, code="full", message=words, id=visit().id)
    if isinstance(error, HTTPException) and error.status_code < 500:
        code, message = _WORDS.get(error.status_code, _WORDS[400])
        headers = {k: v for k, v in (error.headers or {}).items() if k.lower() == "allow"}
        return Failure(status=error.status_code, code=code, message=_(message), problems=_extra(error), headers=headers)
    message = _("系统出错了，您的数据没有受影响。请稍后再试；若再出错，请把编号 {id} 告诉管理员。", id=visit().id)
    return Failure(status=500, code="error", message=message, id=visit().id)


_WORDS = {
    400: ("bad_request", "请求的格式不对，无法处理。"),
    401: ("unauthorized", "请先登录。"),
    403: ("forbidden", "您没有权限这样做。"),
    404: ("not_found", "没有这个页面。"),
    405: ("method_not_allowed", "这个地址不接受这种请求。"),
    413: ("too_large", "发来的内容太大。"),
    415: ("unsupported", "不支持这种格式的内容。"),
    429: ("too_many", "请求太频繁，请稍后再试。"),
}


def _extra(error: HTTPException) -> tuple[Problem, ...]:
    """Litestar's own findings about parameters; they are for programs and stay in English."""
    extra = error.extra if isinstance(error.extra, list) else []
    return tuple(
        Problem(str(item.get("key", "")), "parameter", str(item.get("message", "")))
        for item in extra
        if isinstance(item, dict)
    )


def _json(told: Failure, headers: Mapping[str, str]) -> Response[Any]:
    body: dict[str, Any] = {"code": told.code, "message": told.message}
    body["problems"] = [{"field": p.field, "code": p.code, "message": p.message} for p in told.problems]
    if told.id:
        body["id"] = told.id
    return Response(
        exact.dumps({"error": body}), status_code=told.status, media_type="application/json", headers=headers
    )


def _fragment(told: Failure, headers: dict[str, str], error: Exception) -> Response[Any]:
    """Into the place for messages, so that the form which was posted stays as it is."""
    headers |= {"HX-Retarget": "#messages", "HX-Reswap": "innerHTML"}
    if isinstance(error, CsrfFailed):
        headers["X-CSRF-Token"] = csrf_token(visit())
    html = render(["errors/fragment.html", "fragment.html"], {"failure": told})
    return _html(html, status=told.status, headers=headers)


def _sign_in(request: Request[Any, Any, Any], error: NotSignedIn, headers: dict[str, str]) -> Response[Any]:
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if is_fragment(request):
        current = split_url(request.headers.get("HX-Current-URL", ""))
        back = current.path + (f"?{current.query}" if current.query else "") or "/"
        url = f"{SIGN_IN}?to={quote(back)}"
        headers |= {"HX-Retarget": "#messages", "HX-Reswap": "innerHTML"}
        html = render(["account/expired.html", "expired.html"], {"url": url, "message": error.message})
        return _html(html, status=401, headers=headers)
    if request.method in ("GET", "HEAD"):
        return Redirect(SIGN_IN if path == "/" else f"{SIGN_IN}?to={quote(path)}", status_code=303)
    web = visit().web
    data = {
        "to": error.carried.path if error.carried else _referer(request),
        "carried": pack(web.carried_signer, error.carried) if error.carried else "",
        "expired": True,
        "lost": error.lost,
        "message": error.message,
    }
    return _html(render([web.sign_in_template, "error.html"], data), status=401, headers=headers)


def _referer(request: Request[Any, Any, Any]) -> str:
    """The page on which a button was pressed: there one goes on after signing in."""
    came = split_url(request.headers.get("Referer", ""))
    ours = came.netloc == request.headers.get("Host", "")
    return safe_path(came.path + (f"?{came.query}" if came.query else "")) if ours else "/"


def _html(html: str, *, status: int, headers: Mapping[str, str]) -> Response[Any]:
    return Response(html, status_code=status, media_type="text/html", headers=headers)
