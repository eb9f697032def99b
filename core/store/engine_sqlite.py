"""The SQLite side of the engine: connections, their threads and who may write; no table is known here.

One writer behind a lock and a few readers, each connection on a thread of its own. Short reads need no
thread at all: they run where they are asked, under a clock, and only a read that outlasts `INLINE_SECONDS`
is stopped and repeated on a reader's thread. A hop to a thread and back costs ten times a read by key.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from core.store.errors import Full, UniqueViolation
from core.store.exact_functions import register
from core.store.waiting import settled

BUSY_MILLISECONDS = 10_000
INLINE_SECONDS = 0.002  # of processor time,
QUICK_SECONDS = 0.005  # for a way of reading that is tried because it may be much better
INLINE_WAIT = 0.01  # or of waiting for the disk
INLINE_STEPS = 1_000  # virtual machine steps between two looks at the clocks
SLOW_RUNS = 20  # after a read took too long, so many like it go to a thread at once
SLOW_KEPT = 1_000
YIELD_SECONDS = 0.005
READERS = 4
ANALYSE_ROWS = 1_000  # looked at in each index: 50 ms for all of them, whatever the size
ANALYSE_AFTER = 5_000  # changed rows; the next time after twice as many
STATEMENTS = 512
_UNIQUE = {"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_ROWID"}
_NO_SPACE = {"SQLITE_FULL", "SQLITE_IOERR_WRITE"}
_PLACEHOLDER = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|\$(\d+)")
_READS = re.compile(r"\s*(SELECT|VALUES|EXPLAIN)\b", re.IGNORECASE)
_WITH = re.compile(r"\s*WITH\b", re.IGNORECASE)
_CHANGES = re.compile(r"\b(INSERT|UPDATE|DELETE)\b", re.IGNORECASE)


@lru_cache(maxsize=4_096)
def prepare(sql: str) -> tuple[str, bool]:
    """`sql` with $n spelled ?n, and whether it only reads."""
    text = _PLACEHOLDER.sub(lambda m: f"?{m[1]}" if m[1] else m[0], sql)
    if _WITH.match(text):
        return text, not _CHANGES.search(text)
    return text, _READS.match(text) is not None


def rows_of(cursor: sqlite3.Cursor) -> list[dict[str, Any]]:
    rows = cursor.fetchall()
    if not rows:
        return []
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in rows]


def translated(error: sqlite3.Error) -> Exception:
    """The store's own exception for what the driver raised; the driver's where there is none."""
    if getattr(error, "sqlite_errorname", "") in _UNIQUE:
        named = [place.strip().partition(".") for place in str(error).partition(":")[2].split(",")]
        return UniqueViolation(named[0][0], tuple(column for _, _, column in named))
    if getattr(error, "sqlite_errorname", "") in _NO_SPACE:
        return Full(str(error))
    return error


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=BUSY_MILLISECONDS / 1000, isolation_level=None, check_same_thread=False,
        cached_statements=STATEMENTS,
    )  # fmt: skip
    for pragma in (
        "synchronous = NORMAL",
        "temp_store = FILE",  # in memory, each statement in a savepoint walks the journal of all before it
        "foreign_keys = ON",
        "cache_size = -32000",
        "mmap_size = 268435456",
        "wal_autocheckpoint = 4000",
        f"analysis_limit = {ANALYSE_ROWS}",
    ):
        connection.execute(f"PRAGMA {pragma}")
    if read_only:
        connection.execute("PRAGMA query_only = ON")
    register(connection)
    return connection


def switch_to_wal(path: Path) -> None:
    """WAL is kept in the file. The switch does not wait for others by itself, so two starts must retry."""
    deadline = time.monotonic() + BUSY_MILLISECONDS / 1000
    while True:
        connection = sqlite3.connect(path, timeout=BUSY_MILLISECONDS / 1000, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        finally:
            connection.close()


def _settle(future: asyncio.Future, result: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


class Worker:
    """One connection and the thread that alone uses it; jobs run in the order they were given."""

    def __init__(self, path: Path, *, read_only: bool) -> None:
        self._path, self._read_only = path, read_only
        self.connection = connect(path, read_only=read_only)
        self.statistics = 0  # which round of them the connection has read
        self._jobs: SimpleQueue = SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="dougong-sqlite", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            future, loop, call, args = job
            result, error = None, None
            try:
                result = call(*args)
            except BaseException as problem:
                error = problem
            with suppress(RuntimeError):  # the loop is gone: nobody waits for the answer any more
                loop.call_soon_threadsafe(_settle, future, result, error)
            del future, loop, call, args, result, error, job

    def submit(self, call: Callable[..., Any], *args: Any) -> asyncio.Future:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._jobs.put((future, loop, call, args))
        return future

    async def run(self, call: Callable[..., Any], *args: Any) -> Any:
        """The answer of `call`. When cancelled: stop the statement, wait for the thread, then raise."""
        future = self.submit(call, *args)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            if not future.done():
                self.connection.interrupt()
            await settled(future)
            raise
        except sqlite3.Error as error:
            raise translated(error) from error

    def fetch(self, sql: str, args: Sequence[Any]) -> list[dict[str, Any]]:
        return rows_of(self.connection.execute(sql, args))

    def execute(self, sql: str, args: Sequence[Any]) -> int:
        cursor = self.connection.execute(sql, args)
        cursor.fetchall()
        return max(cursor.rowcount, 0)

    def execute_many(self, sql: str, many: Sequence[Sequence[Any]]) -> None:
        """All rows or none; inside a transaction they are part of it."""
        if self.connection.in_transaction:
            self.connection.executemany(sql, many)
            return
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            self.connection.executemany(sql, many)
            self.connection.execute("COMMIT")
        finally:
            self.rollback()

    def analyse(self) -> None:
        self.connection.execute("ANALYZE")

    def reconnect(self) -> None:
        self.connection.close()
        self.connection = connect(self._path, read_only=self._read_only)

    def rollback(self) -> None:
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    def stop(self) -> None:
        self._jobs.put(None)
        self._thread.join(BUSY_MILLISECONDS / 1000)
        self.connection.close()


class SQLiteSession:
    """The writer, held by one transaction from BEGIN to COMMIT or ROLLBACK."""

    def __init__(self, driver: SQLiteDriver) -> None:
        self._driver = driver
        self._worker = driver.writer

    async def fetch(self, sql: str, args: Sequence[Any]) -> list[dict[str, Any]]:
        return await self._worker.run(self._worker.fetch, prepare(sql)[0], args)

    async def execute(self, sql: str, args: Sequence[Any]) -> int:
        return await self._worker.run(self._worker.execute, prepare(sql)[0], args)

    async def execute_many(self, sql: str, many: Sequence[Sequence[Any]]) -> None:
        await self._worker.run(self._worker.execute_many, prepare(sql)[0], many)

    async def commit(self) -> bool:
        """Not to be interrupted: True if we were cancelled meanwhile, which the caller has to raise."""
        future = self._worker.submit(self._worker.execute, "COMMIT", ())
        cancelled = await settled(future)
        try:
            future.result()
        except sqlite3.Error as error:
            raise translated(error) from error
        return cancelled

    async def rollback(self) -> None:
        await settled(self._worker.submit(self._worker.rollback))

    def release(self) -> None:
        self._driver.write_lock.release()


class SQLiteDriver:
    """All connections of one database file."""

    kind = "sqlite"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.write_lock = asyncio.Lock()
        self._idle: deque[Worker] = deque()
        self._readers: list[Worker] = []
        self._waiting: deque[asyncio.Future] = deque()
        self._statistics = 0
        self._analyse_at = ANALYSE_AFTER
        self._slow: dict[str, int] = {}
        self._deadlines = (0.0, 0.0)
        self._yielded = 0.0

    async def open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(switch_to_wal, self.path)
        self.writer = Worker(self.path, read_only=False)
        self._connect_inline()

    def _connect_inline(self) -> None:
        self._inline = connect(self.path, read_only=True)
        self._inline.execute("PRAGMA busy_timeout = 0")
        self._inline.set_progress_handler(self._overdue, INLINE_STEPS)

    async def close(self) -> None:
        async with self.write_lock:
            self._inline.close()
            for worker in (*self._readers, self.writer):
                await asyncio.to_thread(worker.stop)
            self._readers.clear()
            self._idle.clear()

    async def fetch(self, sql: str, args: Sequence[Any]) -> list[dict[str, Any]]:
        text, reads = prepare(sql)
        if not reads:
            async with self.write_lock:
                return await self.writer.run(self.writer.fetch, text, args)
        found = await self.fetch_inline(sql, args)
        if found is not None:
            return found
        worker = await self._reader()
        try:
            return await worker.run(worker.fetch, text, args)
        finally:
            self._give_back(worker)

    async def execute(self, sql: str, args: Sequence[Any]) -> int:
        async with self.write_lock:
            return await self.writer.run(self.writer.execute, prepare(sql)[0], args)

    async def execute_many(self, sql: str, many: Sequence[Sequence[Any]]) -> None:
        async with self.write_lock:
            await self.writer.run(self.writer.execute_many, prepare(sql)[0], many)

    async def begin(self) -> SQLiteSession:
        await self.write_lock.acquire()
        session = SQLiteSession(self)
        try:
            await self._refresh_statistics()
            await session.execute("BEGIN IMMEDIATE", ())
        except BaseException:
            try:
                await session.rollback()
            finally:
                session.release()
            raise
        return session

    async def _refresh_statistics(self) -> None:
        """Let SQLite count again after many changes; it reads its counts when a connection is opened only.

        Without them it takes any index for as good as any other.
        """
        changed = self.writer.connection.total_changes
        if changed < self._analyse_at:
            return
        self._analyse_at = 2 * changed
        await self.writer.run(self.writer.analyse)
        self._statistics += 1
        self._inline.close()
        self._connect_inline()

    async def fetch_inline(
        self, sql: str, args: Sequence[Any], *, seconds: float = INLINE_SECONDS
    ) -> list[dict[str, Any]] | None:
        """The rows of a short read; None where it takes longer than `seconds`, or did lately."""
        now = time.monotonic()
        if now - self._yielded > YIELD_SECONDS:  # a loop over short reads must let others in
            self._yielded = now
            await asyncio.sleep(0)
        text = prepare(sql)[0]
        if text in self._slow:
            self._slow[text] -= 1
            if not self._slow[text]:
                del self._slow[text]
            return None
        self._deadlines = (time.monotonic() + INLINE_WAIT, time.thread_time() + seconds)
        try:
            return rows_of(self._inline.execute(text, args))
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname == "SQLITE_INTERRUPT":
                if len(self._slow) >= SLOW_KEPT:
                    self._slow.clear()
                self._slow[text] = SLOW_RUNS
                return None
            if error.sqlite_errorname.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
                return None
            raise

    def _overdue(self) -> bool:
        waited, worked = self._deadlines
        return time.thread_time() > worked or time.monotonic() > waited

    async def _reader(self) -> Worker:
        if self._idle:
            worker = self._idle.pop()
            if worker.statistics != self._statistics:
                worker.statistics = self._statistics
                if await settled(worker.submit(worker.reconnect)):
                    self._give_back(worker)
                    raise asyncio.CancelledError
            return worker
        if len(self._readers) < READERS:
            worker = Worker(self.path, read_only=True)
            worker.statistics = self._statistics
            self._readers.append(worker)
            return worker
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                self._give_back(future.result())
            raise

    def _give_back(self, worker: Worker) -> None:
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(worker)
                return
        self._idle.append(worker)
