"""Waiting that a cancelled task cannot cut short; nothing about databases."""

from __future__ import annotations

import asyncio


async def settled(future: asyncio.Future) -> bool:
    """Wait for `future` however often we are cancelled, and say whether we were; its outcome is not raised."""
    cancelled = False
    while not future.done():
        try:
            await asyncio.wait((future,))
        except asyncio.CancelledError:
            cancelled = True
    if not future.cancelled():
        future.exception()  # marks it as looked at
    return cancelled
