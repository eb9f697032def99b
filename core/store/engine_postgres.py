"""The PostgreSQL side of the engine: a small pool of asyncpg connections; no table is known here.

asyncpg's own pool sends a reset after every use and starts a task to give a connection back: together as
dear as a read by key. The one setting of a session that changes is `app.tenant`, whose rows row-level security
shows it (scopes.py). A connection remembers it and goes back as it is: a statement gets one that is set for its
tenant already, if there is one. One that is still inside a transaction or was lost is thrown away.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import asyncpg

from core.store.errors import Full, Unavailable, UniqueViolation
from core.store.scopes import ACROSS, NOBODY, scope_of, scope_of_all
from core.store.waiting import settled

STATEMENTS = 512
ANALYSE_AFTER = 5_000  # copied rows; the next time after twice as many
CONNECT_SECONDS = 10
LISTEN_AGAIN = 2  # seconds
# Short statements only: compiling them at run time never pays.
_SETTINGS = {"jit": "off", "timezone": "UTC", "application_name": "dougong"}
_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
# The last but one: what the driver says of a connection that the server ended while nobody used it.
_GONE = (asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError, asyncpg.InternalClientError, OSError)
_REFUSED = (OSError, TimeoutError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError,
            asyncpg.TooManyConnectionsError)  # fmt: skip
_KEYS = """SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid WHERE i.indisunique AND n.nspname = current_schema() GROUP BY c.relname"""
_TYPES = """SELECT attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
    WHERE attrelid = CAST($1::text AS regclass) AND attnum > 0 AND NOT attisdropped"""


def _affected(status: str) -> int:
    """`INSERT 0 3`, `UPDATE 2`, `CREATE TABLE` -> 3, 2, 0."""
    count = status.rpartition(" ")[2]
    return int(count) if count.isdigit() else 0


class Connection(asyncpg.Connection):
    """A connection that knows whose rows it sees: the value of its `app.tenant`, None where that is not certain."""

    scope: str | None = NOBODY


async def connect(url: str) -> Connection:
    return await asyncpg.connect(
        url, timeout=CONNECT_SECONDS, statement_cache_size=STATEMENTS, max_cached_statement_lifetime=0,
        server_settings=_SETTINGS, connection_class=Connection,
    )  # fmt: skip


class _Statements:
    """The kinds of statement on one connection, each sent with the tenant it is for."""

    def __init__(self, driver: PostgresDriver, connection: Connection) -> None:
        self.connection = connection
        self._driver = driver

    async def fetch(self, sql: str, args: Sequence[Any], *, across: bool = False) -> list[dict[str, Any]]:
        try:
            await self._enter(ACROSS if across else scope_of(sql, args))
            return [dict(row) for row in await self.connection.fetch(sql, *args)]
        except _ERRORS as error:
            raise self._translated(error) from error

    async def execute(self, sql: str, args: Sequence[Any]) -> int:
        try:
            await self._enter(scope_of(sql, args))
            return _affected(await self.connection.execute(sql, *args))
        except _ERRORS as error:
            raise self._translated(error) from error

    async def execute_many(self, sql: str, many: Sequence[Sequence[Any]]) -> None:
        if not many:
            return
        try:
            await self._enter(scope_of_all(sql, many))
            await self.connection.executemany(sql, many)
        except _ERRORS as error:
            raise self._translated(error) from error

    async def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Many rows in one statement. COPY would be as quick, but the server refuses it under row-level security."""
        try:
            await self._enter(str(int(rows[0][columns.index("tenant")])) if "tenant" in columns else None)
            sql = await self._insertion(table, tuple(columns))
            await self.connection.execute(sql, *zip(*rows, strict=True))
        except _ERRORS as error:
            raise self._translated(error) from error

    async def _insertion(self, table: str, columns: tuple[str, ...]) -> str:
        known = self._driver.insertions
        if (table, columns) not in known:
            types = {row["name"]: row["type"] for row in await self.connection.fetch(_TYPES, table)}
            arrays = ", ".join(f"${n}::{types[column]}[]" for n, column in enumerate(columns, 1))
            names = ", ".join(f'"{column}"' for column in columns)
            known[table, columns] = f"INSERT INTO {table} ({names}) SELECT * FROM unnest({arrays})"
        return known[table, columns]

    async def _enter(self, scope: str | None) -> None:
        """Set the connection to see the rows of `scope` only, where it is not set so already."""
        if scope is not None and scope != self.connection.scope:
            self.connection.scope = None
            await self.connection.execute(f"SET app.tenant = '{scope}'")
            self.connection.scope = scope

    def _translated(self, error: Exception) -> Exception:
        """The store's own exception for what went wrong; the driver's where there is none."""
        if isinstance(error, asyncpg.UniqueViolationError):
            name = error.constraint_name or ""
            return UniqueViolation(error.table_name or "", self._driver.keys.get(name, ()), name)
        if isinstance(error, asyncpg.DiskFullError):
            return Full(str(error))
        if isinstance(error, asyncpg.InternalClientError):
            self.connection.terminate()  # it is of no use to anybody any more
        if isinstance(error, _GONE) or self.connection.is_closed():
            return Unavailable(f"the connection to the database was lost: {error}")
        return error


class PostgresSession(_Statements):
    """One connection, held by one transaction from BEGIN, sent with its first statement, to COMMIT or ROLLBACK."""

    _begun = False

    async def _enter(self, scope: str | None) -> None:
        if self._begun:
            await super()._enter(scope)
            return
        self._begun, before = True, self.connection.scope
        moves = scope is not None and scope != before
        self.connection.scope = None
        await self.connection.execute(f"BEGIN; SET app.tenant = '{scope}'" if moves else "BEGIN")
        self.connection.scope = scope if moves else before

    async def execute(self, sql: str, args: Sequence[Any]) -> int:
        if sql.startswith("ROLLBACK"):
            self.connection.scope = None  # the setting is rolled back too
        return await super().execute(sql, args)

    async def commit(self) -> bool:
        """Not to be interrupted: True if we were cancelled meanwhile, which the caller has to raise."""
        if not self._begun:
            return False
        task = asyncio.ensure_future(self.execute("COMMIT", ()))
        cancelled = await settled(task)
        task.result()
        return cancelled

    async def rollback(self) -> None:
        if self.connection.is_closed() or not self._begun:
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
        self.keys: dict[str, tuple[str, ...]] = {}  # columns of unique indexes: under row-level security no error
        self.insertions: dict[tuple[str, tuple[str, ...]], str] = {}  # names them
        self._size = size
        self._open = 0
        self._idle: deque[Connection] = deque()
        self._waiting: deque[asyncio.Future] = deque()
        self._all: set[Connection] = set()
        self._copied: dict[str, int] = {}
        self._analyse_at: dict[str, int] = {}

    async def open(self) -> None:
        await self.learn()

    async def learn(self) -> None:
        """Read from the server what its tables are like; again after each migration."""
        self.insertions.clear()
        self.keys = {row["name"]: tuple(row["columns"]) for row in await self.fetch(_KEYS, ())}

    async def close(self) -> None:
        for connection in tuple(self._all):
            if connection in self._idle:
                await connection.close()
            else:
                connection.terminate()
        self._all.clear()
        self._idle.clear()
        self._open = 0

    async def fetch(self, sql: str, args: Sequence[Any], *, across: bool = False) -> list[dict[str, Any]]:
        connection = await self._acquire(ACROSS if across else scope_of(sql, args))
        try:
            return await _Statements(self, connection).fetch(sql, args, across=across)
        finally:
            self.give_back(connection)

    async def execute(self, sql: str, args: Sequence[Any]) -> int:
        connection = await self._acquire(scope_of(sql, args))
        try:
            return await _Statements(self, connection).execute(sql, args)
        finally:
            self.give_back(connection)

    async def execute_many(self, sql: str, many: Sequence[Sequence[Any]]) -> None:
        connection = await self._acquire()
        try:
            await _Statements(self, connection).execute_many(sql, many)
        finally:
            self.give_back(connection)

    async def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        connection = await self._acquire()
        try:
            await _Statements(self, connection).insert(table, columns, rows)
        finally:
            self.give_back(connection)

    async def grown(self, table: str, rows: int) -> None:
        """Let the server count a table that grew by a lot; by itself it does so within a minute, and until then
        it sorts whole forms instead of following an index."""
        copied = self._copied[table] = self._copied.get(table, 0) + rows
        if copied >= self._analyse_at.get(table, ANALYSE_AFTER):
            self._analyse_at[table] = 2 * copied
            await self.execute(f"ANALYZE {table}", ())

    async def listen(self, channel: str, call: Callable[[], None]) -> None:
        """On a connection of its own, made anew when it is lost; `call()` also then, for what was said meanwhile."""
        while True:
            lost = asyncio.Event()
            try:
                connection = await connect(self.url)
            except (OSError, asyncpg.PostgresError, TimeoutError):
                await asyncio.sleep(LISTEN_AGAIN)
                continue
            try:
                connection.add_termination_listener(lambda _connection, lost=lost: lost.set())
                await connection.add_listener(channel, lambda *_said: call())
                call()
                await lost.wait()
            finally:
                connection.terminate()

    async def begin(self) -> PostgresSession:
        return PostgresSession(self, await self._acquire())

    async def _acquire(self, scope: str | None = None) -> Connection:
        while True:
            while self._idle:
                connection = self._best_idle(scope)
                if connection is None:
                    return await self._connect()
                if not connection.is_closed():
                    return connection
                self._forget(connection)
            if self._open < self._size:
                return await self._connect()
            found = await self._wait()
            if found is not None:
                return found

    def _best_idle(self, scope: str | None) -> Connection | None:
        """The connection used last among those that see `scope`; else one to be set to it, or None for a new one.

        Two are kept from the start: a request asks who it is before it asks for its tenant's rows.
        """
        if scope is None or self._idle[-1].scope == scope:
            return self._idle.pop()
        for connection in reversed(self._idle):
            if connection.scope == scope:
                self._idle.remove(connection)
                return connection
        if self._open < min(2, self._size):
            return None
        return self._idle.popleft()

    async def _connect(self) -> Connection:
        self._open += 1
        try:
            connection = await connect(self.url)
        except BaseException as error:
            self._open -= 1
            self._wake(None)
            if isinstance(error, _REFUSED):
                raise Unavailable(f"no connection to the database: {error or type(error).__name__}") from error
            raise
        self._all.add(connection)
        return connection

    async def _wait(self) -> Connection | None:
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

    def give_back(self, connection: Connection) -> None:
        if not connection.is_closed() and connection.is_in_transaction():
            connection.terminate()
        if connection.is_closed():
            self._forget(connection)
            self._wake(None)
        elif not self._wake(connection):
            self._idle.append(connection)

    def _forget(self, connection: Connection) -> None:
        if connection in self._all:
            self._all.discard(connection)
            self._open -= 1

    def _wake(self, found: Connection | None) -> bool:
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(found)
                return True
        return False
