"""`ctx.jobs`: putting work into the queue, and seeing, cancelling and retrying it as far as one may."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from core import exact
from core.clock import new_id, now, stamp
from core.errors import Conflict, NotFound
from core.i18n import _
from core.jobs.model import JobState, State
from core.store import UniqueViolation
from core.store import jobs as stored

if TYPE_CHECKING:
    from core.jobs.model import Kinds
    from core.people import Access
    from core.store import Database

SEES = "modules"  # the administrator's permission to see and steer the jobs of the whole tenant
LISTED = 100


class Bell:
    """Wakes the worker of this process; other processes hear of a job from the database."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Until it is rung, but `seconds` at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):  # wait_for of Python 3.11 may swallow a cancellation
                await self._event.wait()
        self._event.clear()


class Jobs:
    """The jobs of one tenant, as one member may use them."""

    def __init__(self, db: Database, access: Access, *, kinds: Kinds, enabled: frozenset[str], bell: Bell) -> None:
        self._db, self._access, self._kinds, self._enabled, self._bell = db, access, kinds, enabled, bell
        self._tenant = access.tenant.id

    async def enqueue(
        self,
        kind: str,
        args: Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        at: datetime | None = None,
    ) -> str:
        """The id of the job. It is there if and only if the transaction that is open now is committed.

        `key`: names the work itself. While a job of this kind with the same key waits, no second one is made, and two
        never run at once; so `args` must follow from the key. `at`: not before this instant.
        """
        if kind not in self._kinds:
            raise LookupError(f"no kind of job is called {kind!r}")
        present = now()
        async with self._db.write():
            id = await stored.enqueue(
                self._db,
                self._tenant,
                id=new_id(),
                kind=kind,
                key=key,
                args=exact.dumps(dict(args or {})),
                at=stamp(at) if at else present,
                member=self._access.member.id or None,
                language=self._access.language,
                now=present,
            )
            self._db.after_commit(self._ring)
        return id

    async def _ring(self) -> None:
        self._bell.ring()

    async def get(self, id: str) -> JobState:
        """A job of the member's own, or any of the tenant's for who may see them all."""
        row = await stored.fetch(self._db, self._tenant, id)
        if row is None or not self._mine(row):
            raise NotFound(_("没有这个任务。"))
        return self._state(row)

    async def newest(self, kind: str, key: str) -> JobState | None:
        """The job that was last enqueued for this work, whoever caused it: for the page of what it works on."""
        row = await stored.newest(self._db, self._tenant, kind, key)
        return self._state(row) if row else None

    async def list(self, *states: State, limit: int = LISTED) -> Sequence[JobState]:
        """The tenant's jobs in these states: those that wait in the order of their turn, others newest first."""
        self._must_see_all()
        rows = await stored.of_state(self._db, self._tenant, states, limit=limit, newest_first="waiting" not in states)
        return [self._state(row) for row in rows]

    async def counts(self) -> Mapping[str, int]:
        """How many jobs of the tenant are in each state; states without any are missing."""
        self._must_see_all()
        return await stored.counts(self._db, self._tenant)

    async def cancel(self, id: str) -> JobState:
        """End a job: one that waits at once, one that runs as soon as its work is in order."""
        found = await self.get(id)
        if not found.open:
            raise Conflict(_("这个任务已经结束。"))
        if not await stored.cancel_waiting(self._db, self._tenant, id, now=now()):
            await stored.ask_to_cancel(self._db, self._tenant, id)
        return await self.get(id)

    async def retry(self, id: str) -> JobState:
        """Let a job that ended without having done its work wait again."""
        await self.get(id)
        try:
            moved = await stored.retry(self._db, self._tenant, id, since=("dead", "cancelled"), now=now())
        except UniqueViolation:
            raise Conflict(_("同样的任务已在等待，不必重试。")) from None
        if not moved:
            raise Conflict(_("只有失败或已取消的任务可以重试。"))
        await stored.wake(self._db)
        self._bell.ring()
        return await self.get(id)

    def _mine(self, row: Mapping[str, Any]) -> bool:
        member = self._access.member
        return SEES in member.permissions or (bool(member.id) and row["member"] == member.id)

    def _must_see_all(self) -> None:
        if SEES not in self._access.member.permissions:
            raise NotFound(_("没有这个任务。"))

    def _state(self, row: Mapping[str, Any]) -> JobState:
        kind = row["kind"]
        plain = ("id", "kind", "key", "state", "at", "attempts", "done", "total", "note", "error", "member")
        lapsed = row["state"] == "running" and row["lease_until"] < stamp(datetime.now(UTC))
        waits = row["state"] == "waiting" or lapsed
        return JobState(
            **{name: row[name] for name in plain},
            title=self._kinds.titled(kind, self._access.language),
            of=self._kinds[kind].attempts if kind in self._kinds else row["attempts"],
            result=exact.loads(row["result"]) if row["result"] else {},
            cancelling=bool(row["cancel"]) and row["state"] == "running",
            held=waits and not self._kinds.on(kind, self._enabled),
            created_at=row["created_at"],
            started_at=row["started_at"],
            ended_at=row["ended_at"],
        )
