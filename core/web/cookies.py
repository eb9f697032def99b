"""What a handler gives the browser to keep: its session, and small choices."""

from __future__ import annotations

from core.i18n import language as present_language
from core.people import session_of
from core.web.routing import fill_frame
from core.web.visit import is_page, visit

SESSION_DAYS = 14  # the browser may forget later than the server does


async def start_session(token: str) -> None:
    """Give the browser its new session with this answer; what is rendered from here on belongs to it."""
    present = visit()
    web, request = present.web, present.request
    assert request is not None
    platform = request.app.state.platform
    present.token, present.visitor, present.csrf = token, None, None
    present.signed_in = await session_of(platform.db, token, hours=web.settings.session_hours, cache=web.access_cache)
    present.access = present.signed_in.access if present.signed_in else None
    present.ctx, present.tenants = None, ()
    if present.signed_in is not None:
        present.language = present.signed_in.account.language
        present_language.set(present.language)
    if is_page(request):
        await fill_frame(request.app, present)
    present.cookies.append(web.cookie(web.session_cookie, token, days=SESSION_DAYS))


def end_session() -> None:
    """Take the session's cookie back; the row is ended by core.people."""
    present = visit()
    web = present.web
    present.token, present.csrf, present.signed_in = None, None, None
    present.access, present.ctx, present.tenants = None, None, ()
    present.cookies.append(web.cookie(web.session_cookie, "", days=0))


def remember(name: str, value: str, *, days: int) -> None:
    """A small choice that outlives the session: language, last tenant. Never anything that gives rights."""
    present = visit()
    present.cookies.append(present.web.cookie(name, value, days=days))
