"""Work that goes on after its request was answered, inside this process; nothing durable."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Awaitable, Callable, Hashable

from core.store import Database

_log = logging.getLogger("dougong.tasks")


class Tasks:
    """The background work of one process. Made by the application, closed before its database.

    A task starts in an empty context: it inherits neither the transaction nor the language of the request
    that caused it, and sets what it needs itself.
    """

    def __init__(self) -> None:
        self._tasks: dict[Hashable, asyncio.Task[None]] = {}
        self._done: dict[Hashable, int] = {}
        self._closing = False

    def start(self, key: Hashable, work: Callable[[], Awaitable[None]], *, db: Database) -> None:
        """Run `work()` now, or once the transaction of the caller is committed. One task per `key`."""
        if db.in_transaction:

            async def begin() -> None:
                self._begin(key, work)

            db.after_commit(begin)
        else:
            self._begin(key, work)

    def _begin(self, key: Hashable, work: Callable[[], Awaitable[None]]) -> None:
        if self._closing or key in self._tasks:
            return
        task = asyncio.get_running_loop().create_task(_logged(key, work), context=contextvars.Context())
        self._tasks[key] = task
        task.add_done_callback(lambda _task: self._forget(key))

    def _forget(self, key: Hashable) -> None:
        self._tasks.pop(key, None)
        self._done.pop(key, None)

    def runs(self, key: Hashable) -> bool:
        """Whether the work called `key` goes on in this process."""
        return key in self._tasks

    def tell(self, key: Hashable, done: int) -> None:
        """How far the work is: seen at once, also while its transaction is still open."""
        self._done[key] = done

    def told(self, key: Hashable) -> int | None:
        return self._done.get(key)

    async def wait(self, key: Hashable) -> None:
        """Until the work called `key` has ended, however it ends."""
        if key in self._tasks:
            await asyncio.wait([self._tasks[key]])

    async def close(self, *, grace: float = 5.0) -> None:
        """Let what runs finish within `grace` seconds, then cancel it and wait until it has cleaned up."""
        self._closing = True
        waiting = list(self._tasks.values())
        if waiting:
            _finished, late = await asyncio.wait(waiting, timeout=grace)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)


async def _logged(key: Hashable, work: Callable[[], Awaitable[None]]) -> None:
    try:
        await work()
    except Exception:
        _log.exception("background work %r failed", key)
