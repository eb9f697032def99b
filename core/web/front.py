"""The outermost layer of the server: says who asks before routing, and dresses every answer."""

from __future__ import annotations

import gzip
import logging
import secrets
import time
from typing import TYPE_CHECKING, Any

from litestar import Request
from litestar.exceptions import LitestarException

from core.i18n import LANGUAGES
from core.i18n import language as present_language
from core.people import session_of, token_access
from core.web import visit as visits
from core.web.failures import failure
from core.web.limits import Meter
from core.web.static import PREFIX
from core.web.visit import Visit

if TYPE_CHECKING:
    from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

    from core.web.assembly import Web

log = logging.getLogger("dougong.access")
LANGUAGE_COOKIE = "language"
PACKED_FROM = 1400  # bytes: no longer fit one packet
PACK_LEVEL = 3  # the last level of zlib's quick method: a fifth of the time of 5, a tenth more bytes
_PACKED = (b"text/html", b"application/json", b"text/csv", b"text/plain")
SECURITY = (
    (
        b"content-security-policy",
        b"default-src 'self'; img-src 'self' data: blob:; style-src 'self'; object-src 'none'; "
        b"base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),  # no-referrer would also hide Origin, which we check
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(self), geolocation=(self), microphone=()"),
)


class Front:
    """Wraps Litestar's own handler. Static files pass before anything else is done."""

    def __init__(self, app: ASGIApp, web: Web) -> None:
        self._app, self._web = app, web

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"].startswith(PREFIX):
            await self._web.static(scope, receive, send)
        else:
            await self._serve(scope, receive, send)

    async def _serve(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        method = scope["method"]
        visit = self._visit(scope)
        answer = _Answer(visit, send, head=method == "HEAD", accepts=_header(scope, b"accept-encoding"))
        if method == "HEAD":
            scope["method"] = "GET"  # type: ignore[typeddict-item]
        scope["state"]["visit"] = visit
        entered, spoken = visits.enter(visit), present_language.set(visit.language)
        try:
            try:
                await self._recognise(scope, visit)
                present_language.set(visit.language)
                await self._app(scope, Meter(scope, receive, self._web.settings), answer)
            except Exception as error:
                if answer.started:
                    raise
                if isinstance(error, LitestarException) and isinstance(error.__cause__, Exception):
                    error = error.__cause__  # it broke between head and body: the head has not gone out yet
                request: Request[Any, Any, Any] = Request(scope, receive, send)
                response = failure(request, error).to_asgi_response(app=None, request=request)
                await response(scope, receive, answer)  # type: ignore[arg-type]
        finally:
            present_language.reset(spoken)
            visits.leave(entered)
            spent = (time.perf_counter() - began) * 1000
            # Never queries, bodies or cookies: they hold personal data.
            log.info("%s %s %s %.1f ms %s", method, scope["path"], answer.status, spent, visit.id)

    def _visit(self, scope: HTTPScope) -> Visit:
        web, cookies = self._web, _cookies(scope)
        spoken = cookies.get(LANGUAGE_COOKIE, "")
        return Visit(
            web=web,
            id=secrets.token_hex(5),
            address=client_address(scope, web.settings.trusted_proxies),
            secure=web.settings.secure_cookies,
            language=spoken if spoken in LANGUAGES else LANGUAGES[0],
            token=cookies.get(web.session_cookie) or None,
            visitor=cookies.get(web.visitor_cookie) or None,
        )

    async def _recognise(self, scope: HTTPScope, visit: Visit) -> None:
        """Session or API token to access. With a token in the header, cookies count for nothing."""
        scheme, _space, given = _header(scope, b"authorization").decode("latin-1").partition(" ")
        db = scope["litestar_app"].state.platform.db if visit.token or scheme else None
        if scheme.lower() == "bearer":
            visit.bearer, visit.token, visit.visitor = True, None, None
            visit.access = await token_access(db, given.strip(), cache=self._web.access_cache)
        elif visit.token:
            hours = self._web.settings.session_hours
            visit.signed_in = await session_of(db, visit.token, hours=hours, cache=self._web.access_cache)
            visit.access = visit.signed_in.access if visit.signed_in else None
        if visit.access:
            visit.language = visit.access.language
        elif visit.signed_in and visit.signed_in.account.language in LANGUAGES:
            visit.language = visit.signed_in.account.language


class _Answer:
    """`send` that adds headers and cookies, packs what is sent in one piece, and drops the body for HEAD."""

    def __init__(self, visit: Visit, send: Send, *, head: bool, accepts: bytes) -> None:
        self._visit, self._send, self._head, self._packs = visit, send, head, b"gzip" in accepts
        self._start: Message | None = None
        self.started = False
        self.status = 500

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._start = message
            self._dress(message["headers"])  # type: ignore[arg-type]
            return
        if message["type"] == "http.response.body" and self._start is not None:
            start, self._start = self._start, None
            self._pack(start, message)
            self.started = True
            await self._send(start)
        if self._head and message["type"] == "http.response.body":
            message = {**message, "body": b""}  # type: ignore[misc]
        await self._send(message)

    def _dress(self, headers: list[tuple[bytes, bytes]]) -> None:
        present = {name.lower() for name, _value in headers}
        headers.extend((name, value) for name, value in SECURITY if name not in present)
        headers.append((b"x-request-id", self._visit.id.encode()))
        if b"cache-control" not in present:
            headers.append((b"cache-control", b"private, no-cache"))
        # The same address gives a page or a part of it: neither browser nor proxy may mix them up.
        headers.append((b"vary", b"HX-Request, HX-Request-Type, Cookie, Accept-Encoding"))
        if self._visit.secure:
            headers.append((b"strict-transport-security", b"max-age=31536000"))
        headers.extend((b"set-cookie", cookie.encode()) for cookie in self._visit.cookies)

    def _pack(self, start: Message, message: Message) -> None:
        if not self._packs or message.get("more_body") or len(message.get("body", b"")) < PACKED_FROM:
            return
        headers: list[tuple[bytes, bytes]] = start["headers"]  # type: ignore[assignment,typeddict-item]
        named = {name.lower(): value for name, value in headers}
        if b"content-encoding" in named or not named.get(b"content-type", b"").startswith(_PACKED):
            return
        body = gzip.compress(message["body"], PACK_LEVEL, mtime=0)  # type: ignore[typeddict-item]
        message["body"] = body  # type: ignore[typeddict-unknown-key]
        headers[:] = [(n, v) for n, v in headers if n.lower() != b"content-length"]
        headers += [(b"content-encoding", b"gzip"), (b"content-length", str(len(body)).encode())]


def client_address(scope: HTTPScope, proxies: int) -> str | None:
    """Who connects: the last address that one of our own `proxies` has written, or the peer itself."""
    if proxies:
        chain = [part.strip() for part in _header(scope, b"x-forwarded-for").decode("latin-1").split(",")]
        if len(chain) >= proxies and chain[-proxies]:
            return chain[-proxies]
    return scope["client"][0] if scope.get("client") else None


def _header(scope: HTTPScope, name: bytes) -> bytes:
    for header, value in scope["headers"]:
        if header == name:
            return value
    return b""


def _cookies(scope: HTTPScope) -> dict[str, str]:
    found: dict[str, str] = {}
    for header, value in scope["headers"]:
        if header == b"cookie":
            for part in value.decode("latin-1").split(";"):
                name, equals, text = part.strip().partition("=")
                if equals:
                    found.setdefault(name, text.strip('"'))
    return found
