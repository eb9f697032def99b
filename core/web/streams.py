"""Server-sent events: a part of a page sent again whenever it differs, ended in time for a shutdown."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from litestar.response import Stream

from core.i18n import language

if TYPE_CHECKING:
    from core.context import Context

EVERY = 1.0  # seconds between two looks
KEPT = 300.0  # seconds; then the browser connects again, which asks anew who it is and what he may see
SILENT = 15.0  # seconds after which a comment is sent, so that a browser that went away is noticed


def event_stream(ctx: Context, look: Callable[[], Awaitable[str]]) -> Stream:
    """What `look()` gives (HTML), now and whenever it is another; for `hx-sse:connect`.

    No server ends while an answer is being sent: each stream watches for the house's closing and leaves off.
    """
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Stream(_events(ctx, look), media_type="text/event-stream", headers=headers)


async def _events(ctx: Context, look: Callable[[], Awaitable[str]]) -> AsyncIterator[bytes]:
    language.set(ctx.language)  # the answer is sent outside the request's own task
    until = time.monotonic() + KEPT
    last, said_at = None, time.monotonic()
    while not ctx.closing.is_set() and time.monotonic() < until:
        found = await look()
        if found != last:
            last, said_at = found, time.monotonic()
            yield b"".join(f"data: {line}\n".encode() for line in found.splitlines()) + b"\n"
        elif time.monotonic() - said_at >= SILENT:
            said_at = time.monotonic()
            yield b":\n\n"
        with suppress(TimeoutError):
            async with asyncio.timeout(EVERY):
                await ctx.closing.wait()
