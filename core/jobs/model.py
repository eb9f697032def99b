"""What a kind of job is, what its handler is given, and what a page shows of a job; nothing is run here."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from core import exact
from core.errors import DougongError
from core.i18n import _, translate
from core.jobs.calendar import check_rule

if TYPE_CHECKING:
    from core.context import Context

State = Literal["waiting", "running", "done", "dead", "cancelled"]
OPEN: tuple[State, ...] = ("waiting", "running")
_NAME = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


class JobCancelled(DougongError):
    """Somebody cancelled the job: leave off where the work is in order. Raised by `job.progress`."""

    code = "cancelled"

    def __init__(self) -> None:
        super().__init__(_("任务已取消。"))


class JobLost(DougongError):
    """The lease ended and another worker has the job: write no more. Raised by `job.progress`."""

    code = "lost"

    def __init__(self) -> None:
        super().__init__(_("任务已由另一个进程接手。"))


class JobTooLong(DougongError):
    """An attempt took longer than its kind allows."""

    code = "too_long"

    def __init__(self, seconds: int) -> None:
        super().__init__(_("超过 {seconds} 秒没有完成，已中止。", seconds=seconds))


Run = Callable[["Context", "Job"], Awaitable[Mapping[str, Any] | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobKind:
    """One kind of job. `title` is Chinese, with its English in the room's catalogue.

    `run(ctx, job)` may be called more than once for one job (a process was killed, an attempt failed): it must be
    idempotent. What it returns is kept as the job's result. It runs beside requests in the server's event loop, so
    long work is done in pieces, each followed by `await job.progress(...)`.
    """

    name: str  # "<module>.<kind>", of the house's own "core.<kind>"
    title: str
    run: Run
    attempts: int = 5
    backoff: float = 10  # seconds before the second attempt; four times as long before each one after
    seconds: int = 3600  # an attempt that takes longer has failed
    schedule: str | None = None  # RFC 5545, in China's time: "FREQ=DAILY;BYHOUR=6"
    system: bool = False  # runs with the rights of the installation, not of the member who caused it

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"job {self.name!r}: a kind is named <module>.<kind>")
        if self.schedule is not None:
            check_rule(self.schedule)

    @property
    def module(self) -> str:
        return self.name.partition(".")[0]

    def delay(self, attempt: int) -> float:
        """Seconds to wait after the failed `attempt` (from 1), an hour at most."""
        return min(3600.0, self.backoff * 4 ** (attempt - 1))


class Kinds:
    """Every kind of job that this process can run, by name."""

    def __init__(self, kinds: Sequence[JobKind], *, modules: Sequence[str]) -> None:
        self._kinds = {kind.name: kind for kind in kinds}
        self._modules = frozenset(modules)
        if len(self._kinds) != len(kinds):
            raise ValueError(f"two kinds of job share a name: {sorted(kind.name for kind in kinds)}")

    def __getitem__(self, name: str) -> JobKind:
        return self._kinds[name]

    def __contains__(self, name: str) -> bool:
        return name in self._kinds

    def __iter__(self) -> Iterator[JobKind]:
        return iter(self._kinds.values())

    def on(self, name: str, enabled: frozenset[str]) -> bool:
        """Whether a tenant with these modules on has the kind: the house's own always, a module's with it."""
        module = name.partition(".")[0]
        return name in self._kinds and (module not in self._modules or module in enabled)

    def titled(self, name: str, language: str) -> str:
        """The kind's title; its name where the program that knew it is gone."""
        return translate(self._kinds[name].title, language) if name in self._kinds else name


class Job:
    """A job in the hands of its handler."""

    def __init__(self, row: Mapping[str, Any], *, tenant: int) -> None:
        self.id: str = row["id"]
        self.kind: str = row["kind"]
        self.key: str | None = row["key"]
        self.args: dict[str, Any] = exact.loads(row["args"])
        self.attempt: int = row["attempts"]  # from 1
        self.tenant = tenant
        self.done, self.total, self.note = row["done"], row["total"], row["note"]
        self.cancelled, self.lost = bool(row["cancel"]), False

    async def progress(self, done: int, total: int | None = None, note: str | None = None) -> None:
        """Say how far the work is; shown within a second, whatever transaction is open. Lets others run.

        Raises JobCancelled when somebody cancelled the job, JobLost when another worker has it.
        """
        self.done = done
        self.total = self.total if total is None else total
        self.note = self.note if note is None else note
        await asyncio.sleep(0)
        self.check()

    def check(self) -> None:
        if self.lost:
            raise JobLost
        if self.cancelled:
            raise JobCancelled


@dataclass(frozen=True, slots=True, kw_only=True)
class JobState:
    """One job as pages show it."""

    id: str
    kind: str
    title: str
    key: str | None
    state: State
    at: str  # not before this instant
    attempts: int
    of: int  # attempts it has at most
    done: int
    total: int
    note: str
    error: str | None
    result: Mapping[str, Any]
    cancelling: bool
    held: bool  # its module is off, or its program is gone: it waits until that is back
    member: str | None  # who caused it; None: the calendar, or the installation itself
    created_at: str
    started_at: str | None
    ended_at: str | None

    @property
    def open(self) -> bool:
        return self.state in OPEN

    @property
    def percent(self) -> int | None:
        """None where nobody knows how much there is to do."""
        return min(100, 100 * self.done // self.total) if self.total else None
