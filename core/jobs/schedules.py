"""Putting jobs into the queue by the calendar: each occurrence once, whichever process sees it first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from core.clock import new_id, now
from core.i18n import LANGUAGES
from core.jobs.calendar import next_after
from core.store import jobs as stored
from core.store import people as stored_people

if TYPE_CHECKING:
    from core.jobs.model import Kinds
    from core.store import Database

KEY = "schedule"  # two occurrences of one kind are the same work: the later one waits for the earlier, or is it
Enabled = Callable[[int, int], Awaitable[frozenset[str]]]  # (tenant, version of its definitions) -> modules that are on


class Schedules:
    """The calendar of every tenant, as one process keeps it."""

    def __init__(self, db: Database, kinds: Kinds, *, enabled: Enabled) -> None:
        self._db, self._enabled = db, enabled
        self._kinds = kinds
        self._timed = [kind for kind in kinds if kind.schedule]
        self._planned: dict[int, int] = {}  # tenant -> version of definitions at which its calendar was looked over

    async def enqueue_due(self) -> int:
        """Enqueue what has become due; how many jobs that made."""
        if not self._timed:
            return 0
        versions = {row["id"]: row["definitions_version"] for row in await stored_people.tenants(self._db)}
        for tenant, version in versions.items():
            if self._planned.get(tenant) != version:
                await self._plan(tenant, await self._enabled(tenant, version))
                self._planned[tenant] = version
        made = 0
        for row in await stored.due_schedules(self._db, now=now()):
            tenant, kind = row["tenant"], row["kind"]
            if kind in self._kinds and self._kinds[kind].schedule == row["rule"]:
                on = self._kinds.on(kind, await self._enabled(tenant, versions[tenant]))
                made += await self._pass(tenant, kind, rule=row["rule"], due=row["next_at"], on=on)
        return made

    async def _plan(self, tenant: int, enabled: frozenset[str]) -> None:
        """Give kinds that are new to the tenant, or have another rule than before, their next occurrence."""
        known = {row["kind"]: row["rule"] for row in await stored.schedules(self._db, tenant)}
        for kind in self._timed:
            if kind.schedule and self._kinds.on(kind.name, enabled) and known.get(kind.name) != kind.schedule:
                next_at = next_after(kind.schedule, now())
                await stored.plan(self._db, tenant, kind.name, rule=kind.schedule, next_at=next_at)

    async def _pass(self, tenant: int, kind: str, *, rule: str, due: str, on: bool) -> int:
        """Move on to the next occurrence and, where the module is on, enqueue this one.

        Occurrences that nobody saw (no process ran) are made up for by one job; those of a module that was off are
        not made up for.
        """
        present = now()
        async with self._db.write():
            if not await stored.advance(self._db, tenant, kind, since=due, to=next_after(rule, present)) or not on:
                return 0
            await stored.enqueue(
                self._db, tenant, id=new_id(), kind=kind, key=KEY, args="{}", at=present, member=None,
                language=LANGUAGES[0], now=present,
            )  # fmt: skip
        return 1
