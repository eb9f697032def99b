"""`Database`: statements, transactions and what runs after them, alike on both engines; it knows no table."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import cached_property, lru_cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

from core.store.engine_postgres import PostgresDriver, PostgresSession
from core.store.engine_sqlite import QUICK_SECONDS, SQLiteDriver, SQLiteSession
from core.store.errors import StoreError, TransactionError

Row = Mapping[str, Any]
_log = logging.getLogger("dougong.store")
MANY = 20  # rows from which one statement for all of them is quicker on PostgreSQL
_PLAIN = frozenset((str, int, bool, type(None)))
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_SQLITE = "sqlite:///"


async def open_database(url: str, *, pool_size: int = 8) -> Database:
    """A database that answers, not yet migrated. `sqlite:///path` or `postgres://user:pass@host:port/name`."""
    if url.startswith(_SQLITE) and len(url) > len(_SQLITE):
        driver: SQLiteDriver | PostgresDriver = SQLiteDriver(Path(url[len(_SQLITE) :]))
    elif url.startswith(("postgres://", "postgresql://")):
        driver = PostgresDriver(url, pool_size)
    else:
        raise StoreError(f"{url.partition('@')[2] or url}: a database is sqlite:///path or postgres://user@host/name")
    await driver.open()
    return Database(driver)


def check(args: Sequence[Any]) -> None:
    """Refuse what a driver would change on its way: asyncpg cuts a Decimal to a whole number, sqlite3 (once Piccolo
    is imported) makes it a float and a list JSON."""
    for value in args:
        if value.__class__ not in _PLAIN and not isinstance(value, str | int):
            raise StoreError(f"a {type(value).__name__} cannot be stored: numbers are int, all else is text")


@lru_cache(maxsize=256)
def _insertion(names: tuple[str, ...]) -> str:
    table, *columns = names
    places = ", ".join(f"${n}" for n in range(1, len(columns) + 1))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"


class Transaction:
    """What one outermost `write()` holds. It belongs to the task that opened it, to no task made inside it."""

    def __init__(self, session: SQLiteSession | PostgresSession) -> None:
        self.session = session
        self.owner = asyncio.current_task()
        self.open = True
        self.failed = False
        self.depth = 0
        self.after_commit: list[Callable[[], Awaitable[None]]] = []


class Write:
    """`async with db.write()`: the outermost one begins and ends the transaction, those inside join it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._outermost = False

    async def __aenter__(self) -> None:
        current = self._database._transaction()
        if current is None:
            current = Transaction(await self._database._driver.begin())
            self._database._current.set(current)
            self._outermost = True
        self._mine = current

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        mine = self._mine
        if not self._outermost:
            mine.failed = mine.failed or error is not None
            return
        cancelled = False
        try:
            if error is None and not mine.failed:
                cancelled = await mine.session.commit()
            else:
                await mine.session.rollback()
        except BaseException:
            mine.failed = True
            await mine.session.rollback()
            raise
        finally:
            mine.open = False
            self._database._current.set(None)
            mine.session.release()
        if error is None and mine.failed:
            raise TransactionError("a statement in this transaction failed: all of it was rolled back")
        if error is None:
            await _run_all(mine.after_commit)
        if cancelled:
            raise asyncio.CancelledError


async def _run_all(calls: Sequence[Callable[[], Awaitable[None]]]) -> None:
    for call in calls:
        try:
            await call()
        except Exception:  # what was committed stays committed: its writer must not be told otherwise
            _log.exception("after commit: %r failed", call)


class Database:
    """One open database. Made by `open_database`, used by one event loop.

    SQL says $1..$n on both engines; rows are dicts. A statement inside `write()` is part of the transaction,
    outside it stands alone.
    """

    def __init__(self, driver: SQLiteDriver | PostgresDriver) -> None:
        self._driver = driver
        self._current: ContextVar[Transaction | None] = ContextVar("dougong_transaction", default=None)
        self.kind: Literal["sqlite", "postgres"] = driver.kind  # type: ignore[assignment]

    async def fetch(self, sql: str, *args: Any) -> list[Row]:
        return await self._fetch(sql, args)

    async def fetch_quickly(self, sql: str, *args: Any) -> list[Row] | None:
        """The rows of a read that SQLite does in a few milliseconds; None where it would not, and on PostgreSQL.

        For trying a way of reading that is either much better or much worse than the one to be taken after None.
        """
        check(args)
        if isinstance(self._driver, PostgresDriver) or self._transaction() is not None:
            return None
        return await self._driver.fetch_inline(sql, args, seconds=QUICK_SECONDS)

    async def fetch_across(self, sql: str, *args: Any) -> list[Row]:
        """A read that may see rows of every tenant, in the few tables that allow it (`schema.ACROSS`)."""
        return await self._fetch(sql, args, across=True)

    async def _fetch(self, sql: str, args: Sequence[Any], *, across: bool = False) -> list[Row]:
        check(args)
        current = self._transaction()
        more = {"across": True} if across and self.kind == "postgres" else {}
        if current is None:
            return await self._driver.fetch(sql, args, **more)
        return await self._inside(current, partial(current.session.fetch, **more), sql, args)

    async def fetch_one(self, sql: str, *args: Any) -> Row | None:
        rows = await self.fetch(sql, *args)
        return rows[0] if rows else None

    async def execute(self, sql: str, *args: Any) -> int:
        check(args)
        current = self._transaction()
        if current is None:
            return await self._driver.execute(sql, args)
        return await self._inside(current, current.session.execute, sql, args)

    async def execute_many(self, sql: str, many: Sequence[Sequence[Any]]) -> None:
        """All of `many` or none."""
        for args in many:
            check(args)
        current = self._transaction()
        if current is None:
            await self._driver.execute_many(sql, many)
        else:
            await self._inside(current, current.session.execute_many, sql, many)

    async def insert_many(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Add rows, all or none; many of them PostgreSQL takes in one statement, twice as fast as `execute_many`."""
        names = (table, *columns)
        if not all(_NAME.fullmatch(name) for name in names):
            raise StoreError(f"{names}: not the names of a table and its columns")
        if isinstance(self._driver, SQLiteDriver) or len(rows) < MANY:
            await self.execute_many(_insertion(names), rows)
            return
        for args in rows:
            check(args)
        current = self._transaction()
        if current is None:
            await self._driver.insert(table, columns, rows)
            await self._driver.grown(table, len(rows))
        else:
            await self._inside(current, partial(current.session.insert, table), columns, rows)
            current.after_commit.append(partial(self._driver.grown, table, len(rows)))

    def write(self) -> Write:
        return Write(self)

    @asynccontextmanager
    async def savepoint(self):
        """Inside `write()`: what fails in here is undone alone, and the transaction goes on."""
        current = self._transaction()
        if current is None:
            raise TransactionError("a savepoint is only possible inside write()")
        name = f"point_{current.depth}"
        await self._inside(current, current.session.execute, f"SAVEPOINT {name}", ())
        current.depth += 1
        kept = len(current.after_commit)
        try:
            yield
            if current.failed:
                raise TransactionError("a statement since this savepoint failed: it was rolled back")
        except Exception:
            await current.session.execute(f"ROLLBACK TO SAVEPOINT {name}", ())
            await current.session.execute(f"RELEASE SAVEPOINT {name}", ())
            current.failed = False
            del current.after_commit[kept:]
            raise
        else:
            await self._inside(current, current.session.execute, f"RELEASE SAVEPOINT {name}", ())
        finally:
            current.depth -= 1

    def after_commit(self, call: Callable[[], Awaitable[None]]) -> None:
        """Await `call()` once the outermost transaction is committed; never if it is rolled back."""
        current = self._transaction()
        if current is None:
            raise TransactionError("after_commit is only possible inside write()")
        current.after_commit.append(call)

    @property
    def in_transaction(self) -> bool:
        return self._transaction() is not None

    async def migrate(self) -> list[str]:
        """Bring the tables up to date; the names of the migrations applied. Several processes may do it at once."""
        from core.store.migrations import migrate

        return await migrate(self._driver)

    async def listen(self, channel: str, call: Callable[[], None]) -> None:
        """Call `call()` at each NOTIFY on `channel` until cancelled; on SQLite, served by one process, never."""
        if isinstance(self._driver, PostgresDriver):
            await self._driver.listen(channel, call)

    @cached_property
    def tables(self) -> SimpleNamespace:
        """Piccolo's tables on this database, by class name; they join `write()` like any statement."""
        from core.store.engine_piccolo import TablesEngine  # Piccolo takes a third of a second to import
        from core.store.tables import bind

        return bind(TablesEngine(self))

    async def close(self) -> None:
        await self._driver.close()

    def _transaction(self) -> Transaction | None:
        """The transaction of this task. A task made inside one shares its context but not its connection."""
        current = self._current.get()
        if current is None:
            return None
        if not current.open:
            self._current.set(None)
            return None
        if current.owner is not asyncio.current_task():
            raise TransactionError(
                "a transaction belongs to the task that opened it: no gather, create_task or wait_for inside"
                " write(); start other work with after_commit"
            )
        return current

    async def _inside(self, current: Transaction, call: Callable[..., Awaitable[Any]], sql: Any, args: Any) -> Any:
        if current.failed:
            raise TransactionError("a statement in this transaction failed: roll back, or use savepoint() around it")
        try:
            return await call(sql, args)
        except BaseException:
            current.failed = True
            raise
