"""Running jobs beside requests: taking them fairly, keeping the lease, ending each in a clear state."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from core import exact
from core.clock import new_id, now, stamp
from core.errors import DougongError, Forbidden, Invalid, NotFound
from core.i18n import language, translate
from core.jobs.model import Job, JobCancelled, JobLost, JobTooLong
from core.jobs.schedules import Schedules
from core.store import jobs as stored

if TYPE_CHECKING:
    from core.context import Context
    from core.jobs.model import JobKind, Kinds
    from core.jobs.queue import Bell
    from core.jobs.schedules import Enabled
    from core.store import Database

LEASE = 30.0  # seconds: after a kill, somebody else goes on with the job when they are over
BEAT = 1.0  # seconds between two looks at who was cancelled and how far each is
POLL = 2.0  # seconds between two looks at the queue when nobody rings
CALENDAR = 10.0  # seconds between two looks at the calendar
PATIENCE = 5.0  # seconds a cancelled job has for leaving off by itself
FINAL = (Invalid, Forbidden, NotFound)  # what is refused will be refused again
_log = logging.getLogger("dougong.jobs")

ContextOf = Callable[[int, str | None, str], Awaitable["Context"]]  # (tenant, member or None, language)


@dataclass(slots=True)
class _Running:
    job: Job
    task: asyncio.Task[None] | None = None
    kept_until: float = 0.0  # on the monotonic clock: when the lease has to be renewed
    told: tuple[int, int, str] = (0, 0, "")
    cancelled_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    state: str
    error: str | None = None
    result: Mapping[str, Any] | None = None


@dataclass(slots=True)
class _Turns:
    """Who was served when: the tenant with the fewest jobs running is next, then whoever waited longest for a turn."""

    number: int = 0
    last: dict[int, int] = field(default_factory=dict)

    def order(self, rows: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        return sorted(rows, key=lambda row: (row["running"], self.last.get(row["tenant"], 0), row["tenant"]))

    def served(self, tenant: int) -> None:
        self.number += 1
        self.last[tenant] = self.number


class Worker:
    """Takes jobs of every tenant, `slots` at once. One for each process; any number may share a queue.

    No tenant has all slots: one stays free for whoever else comes.
    """

    def __init__(
        self,
        db: Database,
        kinds: Kinds,
        *,
        bell: Bell,
        context: ContextOf,
        enabled: Enabled,
        slots: int = 4,
        lease: float = LEASE,
        beat: float = BEAT,
    ) -> None:
        self.name = new_id()
        self._db, self._kinds, self._bell = db, kinds, bell
        self._context, self._enabled = context, enabled
        self._slots, self._lease, self._beat_seconds = slots, lease, beat
        self._schedules = Schedules(db, kinds, enabled=enabled)
        self._turns = _Turns()
        self._running: dict[str, _Running] = {}
        self._loops: list[asyncio.Task[None]] = []
        self._stopping = False
        self._look_at_calendar = 0.0

    async def start(self) -> None:
        if self._slots and not self._loops:
            loops = (self._serve(), self._keep(), self._db.listen(stored.CHANNEL, self._bell.ring))
            self._loops = [asyncio.create_task(loop, name="jobs") for loop in loops]

    async def stop(self, *, grace: float = 2.0) -> None:
        """Take nothing more, let what runs end within `grace` seconds, give the rest back to the queue."""
        self._stopping = True
        for loop in self._loops:
            loop.cancel()
        if self._loops:
            await asyncio.wait(self._loops)
        tasks = [one.task for one in self._running.values() if one.task is not None]
        if tasks:
            _ended, late = await asyncio.wait(tasks, timeout=grace)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
        self._loops = []

    async def drain(self) -> int:
        """Run, one after another, every job that is due, until none is left: for commands and tests; how many."""
        number = 0
        while (taken := await self._take()) is not None:
            await asyncio.create_task(self._execute(*taken), context=contextvars.Context())
            number += 1
        return number

    async def enqueue_due(self) -> int:
        """Enqueue what the calendar asks for by now; how many jobs that made."""
        return await self._schedules.enqueue_due()

    # Taking

    async def _serve(self) -> None:
        while True:
            try:
                if time.monotonic() >= self._look_at_calendar:
                    self._look_at_calendar = time.monotonic() + CALENDAR
                    await self._schedules.enqueue_due()
                await self._fill()
            except Exception:  # a database that is away comes back; jobs wait in their rows
                _log.exception("taking jobs failed, will try again")
            await self._bell.wait(POLL)

    async def _fill(self) -> None:
        while len(self._running) < self._slots:
            taken = await self._take()
            if taken is None:
                return
            tenant, row = taken
            work = self._execute(tenant, row)
            # An empty context: neither the transaction nor the language of whoever rang.
            task = asyncio.create_task(work, name=f"job {row['kind']}", context=contextvars.Context())
            self._running[row["id"]].task = task

    async def _take(self) -> tuple[int, Mapping[str, Any]] | None:
        rows = await stored.tenants_with_work(self._db, now=now())
        mine = [one.job.tenant for one in self._running.values()]
        for row in self._turns.order(rows):
            if mine.count(row["tenant"]) >= max(1, self._slots - 1):
                continue
            enabled = await self._enabled(row["tenant"], row["version"])
            kinds = [kind.name for kind in self._kinds if self._kinds.on(kind.name, enabled)]
            if not kinds:
                continue
            for state in [state for state, found in (("running", row["lapsed"]), ("waiting", row["waiting"])) if found]:
                taken = await self._take_from(row["tenant"], state, kinds)
                if taken is not None:
                    return row["tenant"], taken
        return None

    async def _take_from(self, tenant: int, state: str, kinds: list[str]) -> Mapping[str, Any] | None:
        taken = await stored.take(
            self._db, tenant, state=state, kinds=kinds, worker=self.name, now=now(),
            lease_until=self._lease_end(), but=list(self._running),
        )  # fmt: skip
        if taken is not None:
            self._turns.served(tenant)
            kept = time.monotonic() + self._lease / 3
            self._running[taken["id"]] = _Running(Job(taken, tenant=tenant), kept_until=kept)
        return taken

    def _lease_end(self) -> str:
        return stamp(datetime.now(UTC) + timedelta(seconds=self._lease))

    # Running

    async def _execute(self, tenant: int, row: Mapping[str, Any]) -> None:
        job, kind = self._running[row["id"]].job, self._kinds[row["kind"]]
        language.set(row["language"])
        try:
            if job.attempt > kind.attempts:
                words = "执行中服务中断，已达到最多尝试次数。"
                end: _End | None = _End(state="dead", error=row["error"] or translate(words, row["language"]))
            else:
                end = await self._attempt(kind, job, row)
            if end is not None:
                await self._end(job, end)
        except asyncio.CancelledError:
            await self._give_back(job)
            if not self._stopping:
                raise
        except Exception:  # the database is away: the lease ends, and then the job is taken up again
            _log.exception("job %s %s of tenant %s did not end", job.kind, job.id, tenant)
        finally:
            self._running.pop(job.id, None)
            self._bell.ring()

    async def _attempt(self, kind: JobKind, job: Job, row: Mapping[str, Any]) -> _End | None:
        """One try; None where there is nothing more to write."""
        try:
            async with asyncio.timeout(kind.seconds) as limit:
                member = None if kind.system else row["member"]
                ctx = await self._context(job.tenant, member, row["language"])
                result = await kind.run(ctx, job)
            return _End(state="done", result=result)
        except JobCancelled:
            return _End(state="cancelled")
        except JobLost:
            return None
        except asyncio.CancelledError:
            if job.lost:
                return None
            if job.cancelled and not self._stopping:
                return _End(state="cancelled")
            raise
        except Exception as error:
            return await self._failed(kind, job, JobTooLong(kind.seconds) if limit.expired() else error)

    async def _failed(self, kind: JobKind, job: Job, error: Exception) -> _End | None:
        if isinstance(error, DougongError):
            words = error.message
            _log.warning("job %s %s, attempt %s: %s", job.kind, job.id, job.attempt, words)
        else:
            words = f"{type(error).__name__}: {error}".strip(": ")
            _log.error("job %s %s, attempt %s failed", job.kind, job.id, job.attempt, exc_info=error)
        if job.attempt >= kind.attempts or isinstance(error, FINAL):
            return _End(state="dead", error=words)
        delay = kind.delay(job.attempt) * random.uniform(1, 1.1)  # so that many that failed together spread out
        await stored.postpone(
            self._db, job.tenant, job.id, worker=self.name, attempt=job.attempt,
            at=stamp(datetime.now(UTC) + timedelta(seconds=delay)), error=words, now=now(),
        )  # fmt: skip
        return None

    async def _end(self, job: Job, end: _End) -> None:
        result = exact.dumps(dict(end.result)) if end.result else None
        await stored.end(
            self._db, job.tenant, job.id, worker=self.name, attempt=job.attempt, state=end.state, done=job.done,
            total=job.total, note=job.note, error=end.error, result=result, now=now(),
        )  # fmt: skip

    async def _give_back(self, job: Job) -> None:
        try:
            await stored.give_back(self._db, job.tenant, job.id, worker=self.name, attempt=job.attempt, now=now())
        except Exception:
            _log.exception("job %s %s could not be given back; its lease ends by itself", job.kind, job.id)

    # Keeping

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._beat_seconds)
            for one in list(self._running.values()):
                try:
                    await self._beat(one)
                except Exception:
                    _log.exception("job %s %s: the lease was not renewed", one.job.kind, one.job.id)

    async def _beat(self, one: _Running) -> None:
        job, present = one.job, time.monotonic()
        told = (job.done, job.total, job.note)
        if told != one.told or present >= one.kept_until:
            found = await stored.beat(
                self._db, job.tenant, job.id, worker=self.name, attempt=job.attempt, done=job.done, total=job.total,
                note=job.note, lease_until=self._lease_end(),
            )  # fmt: skip
            one.told, one.kept_until = told, present + self._lease / 3
        else:
            found = await stored.hold(self._db, job.tenant, job.id, worker=self.name, attempt=job.attempt)
        if job.id not in self._running:
            return  # it ended meanwhile
        if found is None:
            job.lost = True
        elif found["cancel"]:
            job.cancelled = True
        if (job.lost or job.cancelled) and one.task is not None:
            one.cancelled_at = one.cancelled_at or present
            if present - one.cancelled_at >= PATIENCE:
                one.task.cancel()
