"""How much a request may bring: counted while it streams in, never gathered first."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from multipart import ParserError

from core.errors import TooLarge
from core.i18n import _

if TYPE_CHECKING:
    from litestar.types import HTTPScope, Receive
    from litestar.types.asgi_types import HTTPReceiveMessage

    from core.settings import Settings

OVERHEAD = 64 * 1024  # of the multipart wrapping around a file of just the allowed size
DRAINED = 256 * 1024 * 1024  # so much is read and thrown away, so that the browser gets to see the answer
DRAIN_SECONDS = 30
_TEXT = (b"application/x-www-form-urlencoded", b"application/json")


class BodyTooLarge(TooLarge, ParserError):
    """Also an error of the multipart parser: only for those does Litestar close the files it has begun."""


class Meter:
    """`receive` that refuses a body over the limit of the route (`body_limit=`) or of its kind."""

    def __init__(self, scope: HTTPScope, receive: Receive, settings: Settings) -> None:
        self._scope, self._receive, self._settings = scope, receive, settings
        headers = dict(scope["headers"])
        self._kind = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
        length = headers.get(b"content-length", b"")
        self._declared = int(length) if length.isdigit() else None
        self._seen = 0
        self._limit: int | None = None
        self._over = False

    async def __call__(self) -> HTTPReceiveMessage:
        if self._limit is None:
            self._limit = self._allowed()
            if self._declared is not None and self._declared > self._limit + OVERHEAD:
                await self._refuse(more=True)
        message = await self._receive()
        if message["type"] == "http.request":
            self._seen += len(message.get("body", b""))
            if self._seen > self._limit + OVERHEAD:
                await self._refuse(more=message.get("more_body", False))
        return message  # type: ignore[return-value]

    def _allowed(self) -> int:
        # The router has put the route into the scope by the time somebody reads.
        handler = self._scope.get("route_handler")
        own = handler.opt.get("body_limit") if handler else None
        return own or (self._settings.max_body if self._kind in _TEXT else self._settings.max_upload)

    async def _refuse(self, *, more: bool) -> None:
        if more and not self._over and (self._declared or 0) <= DRAINED:
            self._over = True
            await self._drain()
        assert self._limit is not None
        if self._declared:
            words = _(
                "发来的内容有 {size}，超过了 {limit} 的上限。", size=size(self._declared), limit=size(self._limit)
            )
        else:
            words = _("发来的内容超过了 {limit} 的上限。", limit=size(self._limit))
        raise BodyTooLarge(words)

    async def _drain(self) -> None:
        """Answering while the client still sends makes it see a broken connection instead of the answer."""
        thrown = self._seen
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while thrown <= DRAINED:
                    message = await self._receive()
                    thrown += len(message.get("body", b""))
                    if message["type"] != "http.request" or not message.get("more_body", False):
                        return
        except TimeoutError:
            return


def size(number: int) -> str:
    """`number` of bytes for people: 20 MB."""
    for unit, scale in (("GB", 1024**3), ("MB", 1024**2), ("KB", 1024)):
        if number >= scale:
            return f"{number / scale:.1f}".removesuffix(".0") + f" {unit}"
    return f"{number} B"
