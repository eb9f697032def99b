"""One request as this room sees it: who asks, in which language, what kind of answer is wanted."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    from litestar import Request

    from core.context import Context
    from core.people import Access, SignedIn, Tenant
    from core.web.assembly import Web

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_present: ContextVar[Visit] = ContextVar("visit")


@dataclass(slots=True, kw_only=True)
class Visit:
    """Made by the front for every request but static files; lives as long as the request."""

    web: Web
    id: str  # told to the user when something breaks, and written in the log
    address: str | None
    secure: bool
    language: str = "zh"
    token: str | None = None  # the session cookie as sent, valid or not
    visitor: str | None = None  # the cookie of somebody without a session, once a form was shown to him
    signed_in: SignedIn | None = None
    access: Access | None = None
    bearer: bool = False  # the request carries an API token (right or wrong): cookies count for nothing
    request: Request[Any, Any, Any] | None = None
    ctx: Context | None = None
    tenants: tuple[Tenant, ...] = ()
    restored: bool = False
    cookies: list[str] = field(default_factory=list)  # to be set with the answer
    csrf: str | None = None


def visit() -> Visit:
    """The visit of the present request."""
    return _present.get()


def enter(visit: Visit):  # type: ignore[no-untyped-def]
    return _present.set(visit)


def leave(token) -> None:  # type: ignore[no-untyped-def]
    _present.reset(token)


def is_fragment(request: Request[Any, Any, Any]) -> bool:
    """Whether htmx wants a part of a page. Told to reload history or to fill the body, it wants the whole."""
    headers = request.headers
    return headers.get("HX-Request") == "true" and headers.get("HX-Request-Type") != "full"


def is_json(request: Request[Any, Any, Any]) -> bool:
    """Whether a program asks rather than a person."""
    if request.url.path.startswith("/api/") and request.url.path != "/api/docs":
        return True
    accept = request.headers.get("Accept", "")
    return "application/json" in accept and "text/html" not in accept


def is_page(request: Request[Any, Any, Any]) -> bool:
    """Whether a browser asks for a whole page: neither a part, nor JSON, nor an image."""
    return not is_fragment(request) and not is_json(request) and "text/html" in request.headers.get("Accept", "")


def split_url(text: str) -> SplitResult:
    """The parts of an address that somebody sent; all empty where it is none."""
    try:
        return urlsplit(text)
    except ValueError:  # "http://["
        return urlsplit("")


def safe_path(text: str | None, *, otherwise: str = "/") -> str:
    """`text` if it is an address inside this site, for links that say where to go next."""
    if not text or not text.startswith("/") or text.startswith("//") or "\\" in text:
        return otherwise
    if any(ord(char) < 32 for char in text) or urlsplit(text).netloc:
        return otherwise
    return text


def restored(request: Request[Any, Any, Any]) -> bool:
    """Whether this POST brings back what was typed before a session ended: show the form, do not save."""
    return visit().restored
