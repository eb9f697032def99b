"""Piccolo's engine over our `Database`: its queries use the same connections, transactions and errors as our SQL.

Piccolo's own SQLite engine opens a connection for every query, and its transactions leave a connection lost and
the context poisoned when a query inside them goes wrong. Nothing of either is used: this is one small engine for
both databases, and Piccolo only writes the SQL.
"""

from __future__ import annotations

from contextvars import ContextVar
from types import TracebackType
from typing import TYPE_CHECKING, Any

from piccolo.engine.base import BaseAtomic, BaseBatch, Engine
from piccolo.query.base import DDL, Query
from piccolo.querystring import QueryString

from core.store.errors import StoreError, TransactionError

if TYPE_CHECKING:
    from core.store.engine import Database


class TablesTransaction:
    """`async with engine.transaction()`: the same as `db.write()`."""

    def __init__(self, database: Database) -> None:
        self._write = database.write()

    async def __aenter__(self) -> TablesTransaction:
        await self._write.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._write.__aexit__(kind, error, trace)


class TablesAtomic(BaseAtomic):
    """Queries collected first, then run in one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queries: list[Query | DDL] = []

    def add(self, *query: Query | DDL) -> None:
        self._queries += query

    async def run(self) -> None:
        queries, self._queries = self._queries, []
        async with self._database.write():
            for query in queries:
                await query.run()

    def run_sync(self) -> None:
        raise TransactionError("only inside the event loop: await it")

    def __await__(self) -> Any:
        return self.run().__await__()


class TablesEngine(Engine[TablesTransaction]):
    """What Piccolo's tables are bound to. See `Database.tables`."""

    def __init__(self, database: Database) -> None:
        # Engine.__init__ would ask the server for its version in another event loop.
        self._database = database
        self.engine_type = database.kind
        self.min_version_number = 0
        self.log_queries = self.log_responses = False
        self.query_id = 0
        self.current_transaction = ContextVar("dougong_piccolo_unused", default=None)

    async def run_querystring(self, querystring: QueryString, in_pool: bool = True) -> list[dict[str, Any]]:
        sql, args = querystring.compile_string(engine_type=self.engine_type)
        return await self._database.fetch(sql, *args)  # type: ignore[return-value]

    async def run_ddl(self, ddl: str, in_pool: bool = True) -> list[dict[str, Any]]:
        raise StoreError("tables are made by migrations only")

    def transaction(self, *args: Any, **kwargs: Any) -> TablesTransaction:
        return TablesTransaction(self._database)

    def atomic(self, *args: Any, **kwargs: Any) -> TablesAtomic:
        return TablesAtomic(self._database)

    def transaction_exists(self) -> bool:
        return self._database.in_transaction

    async def batch(self, query: Query, batch_size: int = 100, node: str | None = None) -> BaseBatch:
        raise StoreError("a batch would need a connection of its own: read pages by key")

    async def get_version(self) -> float:
        return 0.0

    def get_version_sync(self) -> float:
        return 0.0

    async def prep_database(self) -> None:
        return
