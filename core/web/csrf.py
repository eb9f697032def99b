"""Requests that change something must come from our own pages: token bound to the session, and origin."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from core.errors import Forbidden
from core.i18n import _
from core.people.sessions import hash_token
from core.web.visit import Visit, split_url

if TYPE_CHECKING:
    from litestar import Request

    from core.web.carried import Carried

FIELD, HEADER = "_csrf", "X-CSRF-Token"


class CsrfFailed(Forbidden):
    """The token is missing, broken, or of another session."""

    code = "csrf"
    carried: Carried | None = None  # what was typed, where it may be shown again


class ForeignOrigin(Forbidden):
    """The browser says that another site sent this."""

    code = "foreign_origin"


def csrf_token(visit: Visit) -> str:
    """A token for the forms of this answer. Its random part makes every page differ, so that the length of
    compressed pages tells nothing about it."""
    if visit.csrf is None:
        if visit.token is None and visit.visitor is None:
            visit.visitor = secrets.token_urlsafe(16)
            visit.cookies.append(visit.web.cookie(visit.web.visitor_cookie, visit.visitor))
        nonce = secrets.token_urlsafe(9)
        visit.csrf = f"{nonce}.{visit.web.csrf_signer.sign(_binding(visit) + nonce)}"
    return visit.csrf


def token_fits(visit: Visit, token: str) -> bool:
    nonce, dot, signature = token.partition(".")
    binding = _binding(visit)
    return bool(dot and binding) and visit.web.csrf_signer.fits(binding + nonce, signature)


def check_origin(request: Request[Any, Any, Any]) -> None:
    """What the browser itself says about where the request comes from; programs say nothing."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in ("same-origin", "none"):
        raise ForeignOrigin(_("这个请求来自别的网站，没有执行。"))
    origin = request.headers.get("Origin")
    if origin is not None and split_url(origin).netloc.lower() != _host(request):
        raise ForeignOrigin(_("这个请求来自别的网站，没有执行。"))


async def check_token(request: Request[Any, Any, Any], visit: Visit) -> None:
    token = request.headers.get(HEADER)
    if token is None and is_form(request):
        given = (await request.form()).get(FIELD)
        token = given if isinstance(given, str) else None
    if not token or not token_fits(visit, token):
        raise CsrfFailed(_("页面放得太久或已在别处重新登录，没有执行。请再试一次。"))


def is_form(request: Request[Any, Any, Any]) -> bool:
    return request.content_type[0] in ("application/x-www-form-urlencoded", "multipart/form-data")


def _binding(visit: Visit) -> str:
    if visit.token:
        return f"session:{hash_token(visit.token)}:"
    return f"visitor:{visit.visitor}:" if visit.visitor else ""


def _host(request: Request[Any, Any, Any]) -> str:
    if request.app.state.web.settings.trusted_proxies and (forwarded := request.headers.get("X-Forwarded-Host")):
        return forwarded.split(",")[-1].strip().lower()
    return request.headers.get("Host", "").lower()
