"""The PostgreSQL side of the engine: a small pool of asyncpg connections; no table is known here.

asyncpg's own pool sends a reset after every use and starts a task to give a connection back: together as
dear as a read by key. Nothing here changes a session's settings, so a connection goes back as it is; one
that is still inside a transaction or was lost is thrown away.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Sequence
from typing import Any

import asyncpg

from core.store.errors import UniqueViolation
from core.store.waiting import settled

STATEMENTS = 512
ANALYSE_AFTER = 5_000  # copied rows; the next time after twice as many
CONNECT_SECONDS = 10
# Short statements only: compiling them at run time never pays.
_SETTINGS = {"jit": "off", "timezone": "UTC", "application_name": "dougong"}
_COLUMNS = re.compile(r"\(([^()]+)\)=\(")


def translated(error: asyncpg.PostgresError) -> Exception:
    """The store's own exception for what the server said; the driver's where there is none."""
    if isinstance(error, asyncpg.UniqueViolationError):
        found = _COLUMNS.search(error.detail or "")
        columns = tuple(name.strip(' "') for name in found[1].split(",")) if found else ()
        return UniqueViolation(error.table_name or "", columns, error.constraint_name or "")
    return error


def _affected(status: str) -> int:
    """`INSERT 0 3`, `UPDATE 2`, `CREATE TABLE` -> 3, 2, 0."""
    count = status.rpartition(" ")[2]
    return int(count) if count.isdigit() else 0


async def connect(url: str) -> asyncpg.Connection:
    return await asyncpg.connect(
        url, timeout=CONNECT_SECONDS, statement_cache_size=STATEMENTS, max_cached_statement_lifetime=0,
        server_settings=_SETTINGS,
    )  # fmt: skip


class _Statements:
    """The three kinds of statement on one connection."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection

    async def fetch(self, sql: str, args: Sequence[Any]) -> list[dict[str, Any]]:
        try:
            return [dict(row) for row in await self.connection.fetch(sql, *args)]
        except asyncpg.PostgresError as error:
            raise translated(error) from error

    async def execute(self, sql: str, args: Sequence[Any]) -> int:
        try:
            return _affected(await self.connection.execute(sql, *args))
        except asyncpg.PostgresError as error:
            raise translated(error) from error

    async def execute_many(self, sql: str, many: Sequence[Sequence[Any]]) -> None:
        try:
            await self.connection.executemany(sql, many)
        except asyncpg.PostgresError as error:
            raise translated(error) from error

    async def copy(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        try:
            await self.connection.copy_records_to_table(table, columns=columns, records=rows)
        except asyncpg.PostgresError as error:
            raise translated(error) from error


class PostgresSession(_Statements):
    """One connection, held by one transaction from BEGIN to COMMIT or ROLLBACK."""

    def __init__(self, driver: PostgresDriver, connection: asyncpg.Connection) -> None:
        super().__init__(connection)
        self._driver = driver

    async def commit(self) -> bool:
        """Not to be interrupted: True if we were cancelled meanwhile, which the caller has to raise."""
        task = asyncio.ensure_future(self.execute("COMMIT", ()))
        cancelled = await settled(task)
        task.result()
        return cancelled

    async def rollback(self) -> None:
        if self.connection.is_closed():
            return
        task = asyncio.ensure_future(self.execute("ROLLBACK", ()))
        await settled(task)
        if task.exception() is not None:
            self.connection.terminate()

    def release(self) -> None:
        self._driver.give_back(self.connection)


class PostgresDriver:
    """A bounded, last-in-first-out pool: the connection used last has the warmest caches."""

    kind = "postgres"

    def __init__(self, url: str, size: int) -> None:
        self.url = url
        self._size = size
        self._open = 0
        self._idle: deque[asyncpg.Connection] = deque()
        self._waiting: deque[asyncio.Future] = deque()
        self._all: set[asyncpg.Connection] = set()
        self._copied: dict[str, int] = {}
        self._analyse_at: dict[str, int] = {}

    async def open(self) -> None:
        self.give_back(await self._acquire())

    async def close(self) -> None:
        for connection in tuple(self._all):
            if connection in self._idle:
                await connection.close()
            else:
                connection.terminate()
        self._all.clear()
        self._idle.clear()
        self._open = 0

    async def fetch(self, sql: str, args: Sequence[Any]) -> list[dict[str, Any]]:
        connection = await self._acquire()
        try:
            return [dict(row) for row in await connection.fetch(sql, *args)]
        except asyncpg.PostgresError as error:
            raise translated(error) from error
        finally:
            self.give_back(connection)

    async def execute(self, sql: str, args: Sequence[Any]) -> int:
        connection = await self._acquire()
        try:
            return await _Statements(connection).execute(sql, args)
        finally:
            self.give_back(connection)

    async def execute_many(self, sql: str, many: Sequence[Sequence[Any]]) -> None:
        connection = await self._acquire()
        try:
            await _Statements(connection).execute_many(sql, many)
        finally:
            self.give_back(connection)

    async def copy(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        connection = await self._acquire()
        try:
            await _Statements(connection).copy(table, columns, rows)
        finally:
            self.give_back(connection)

    async def grown(self, table: str, rows: int) -> None:
        """Let the server count a table that grew by a lot; by itself it does so within a minute, and until then
        it sorts whole forms instead of following an index."""
        copied = self._copied[table] = self._copied.get(table, 0) + rows
        if copied >= self._analyse_at.get(table, ANALYSE_AFTER):
            self._analyse_at[table] = 2 * copied
            await self.execute(f"ANALYZE {table}", ())

    async def begin(self) -> PostgresSession:
        session = PostgresSession(self, await self._acquire())
        try:
            await session.execute("BEGIN", ())
        except BaseException:
            session.connection.terminate()
            session.release()
            raise
        return session

    async def _acquire(self) -> asyncpg.Connection:
        while True:
            while self._idle:
                connection = self._idle.pop()
                if not connection.is_closed():
                    return connection
                self._forget(connection)
            if self._open < self._size:
                return await self._connect()
            found = await self._wait()
            if found is not None:
                return found

    async def _connect(self) -> asyncpg.Connection:
        self._open += 1
        try:
            connection = await connect(self.url)
        except BaseException:
            self._open -= 1
            self._wake(None)
            raise
        self._all.add(connection)
        return connection

    async def _wait(self) -> asyncpg.Connection | None:
        """A connection somebody gives back; None: a place is free to open one."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():
                found = future.result()
                self.give_back(found) if found is not None else self._wake(None)
            raise

    def give_back(self, connection: asyncpg.Connection) -> None:
        if not connection.is_closed() and connection.is_in_transaction():
            connection.terminate()
        if connection.is_closed():
            self._forget(connection)
            self._wake(None)
        elif not self._wake(connection):
            self._idle.append(connection)

    def _forget(self, connection: asyncpg.Connection) -> None:
        if connection in self._all:
            self._all.discard(connection)
            self._open -= 1

    def _wake(self, found: asyncpg.Connection | None) -> bool:
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(found)
                return True
        return False
