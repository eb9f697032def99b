"""The statements that one piece of work sends to the database, kept to be sent again without the platform."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg

from core.store.engine import MANY
from core.store.engine_sqlite import connect, prepare

if TYPE_CHECKING:
    from core.store import Database

NOBODY = 10**6  # a tenant
Fresh = Mapping[str | int, str | int]  # a value of the recording -> what to send in its place


@dataclass(slots=True)
class Recording:
    """`statements`: (SQL, arguments) in order, BEGIN and COMMIT among them; what was sent for many rows at once
    is in `sets` (SQL that takes a list of each column's values, rows) and `batches` (SQL for each row, rows)."""

    statements: list[tuple[str, list[Any]]] = field(default_factory=list)
    sets: list[tuple[str, list[list[Any]]]] = field(default_factory=list)
    batches: list[tuple[str, list[list[Any]]]] = field(default_factory=list)

    def with_values(self, fresh: Fresh) -> list[tuple[str, list[Any]]]:
        return [(sql, [fresh.get(value, value) for value in args]) for sql, args in self.statements]


def save(path: Path, recordings: Mapping[str, Recording]) -> None:
    path.write_text(json.dumps({name: one.statements for name, one in recordings.items()}))


def load(path: Path) -> dict[str, Recording]:
    found = json.loads(path.read_text())
    return {name: Recording([(sql, args) for sql, args in statements]) for name, statements in found.items()}


@asynccontextmanager
async def recorded(db: Database) -> AsyncIterator[Recording]:
    """What the work inside sends, on this task and outside of it."""
    found, driver = Recording(), db._driver
    fetch, quickly, execute, many = db.fetch, db.fetch_quickly, db.execute, db.execute_many
    insert, begin = db.insert_many, driver.begin

    async def note_fetch(sql: str, *args: Any) -> Any:
        found.statements.append((sql, list(args)))
        return await fetch(sql, *args)

    async def note_quickly(sql: str, *args: Any) -> Any:
        rows = await quickly(sql, *args)
        if rows is not None:
            found.statements.append((sql, list(args)))
        return rows

    async def note_execute(sql: str, *args: Any) -> int:
        found.statements.append((sql, list(args)))
        return await execute(sql, *args)

    async def note_many(sql: str, rows: Sequence[Sequence[Any]]) -> None:
        if len(rows) == 1:
            found.statements.append((sql, list(rows[0])))
        else:
            found.batches.append((sql, [list(row) for row in rows]))
        await many(sql, rows)

    async def note_insert(table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        await insert(table, columns, rows)
        if db.kind == "postgres" and len(rows) >= MANY:  # others become execute_many
            found.sets.append((driver.insertions[table, tuple(columns)], [list(row) for row in rows]))

    async def note_begin() -> Any:
        found.statements.append(("BEGIN", []))
        return await begin()

    noted = {
        "fetch": note_fetch, "fetch_quickly": note_quickly, "execute": note_execute, "execute_many": note_many,
        "insert_many": note_insert,
    }  # fmt: skip
    db.__dict__.update(noted)
    driver.__dict__["begin"] = note_begin
    try:
        yield found
    finally:
        for name in noted:
            del db.__dict__[name]
        del driver.__dict__["begin"]
        if ("BEGIN", []) in found.statements:
            found.statements.append(("COMMIT", []))


class Bare:
    """One connection of the driver alone: what no layer above it can be cheaper than."""

    def __init__(self, connection: Any, kind: str) -> None:
        self.connection, self.kind = connection, kind

    @classmethod
    async def open(cls, url: str, tenant: int) -> Bare:
        """A connection that sees the rows of `tenant`, as row-level security wants it."""
        if url.startswith("sqlite:///"):
            return cls(connect(Path(url.removeprefix("sqlite:///"))), "sqlite")
        return cls(await asyncpg.connect(url, server_settings={"jit": "off", "app.tenant": str(tenant)}), "postgres")

    async def close(self) -> None:
        closed = self.connection.close()
        if closed is not None:
            await closed

    async def send(self, statements: Sequence[tuple[str, Sequence[Any]]]) -> list[list[dict[str, Any]]]:
        """The rows of every statement that gives some."""
        found = []
        for sql, args in statements:
            if self.kind == "postgres":
                found.append([dict(row) for row in await self.connection.fetch(sql, *args)])
            else:
                # as the platform begins: one that reads first could not write after another process has
                told = "BEGIN IMMEDIATE" if sql == "BEGIN" else prepare(sql)[0]
                cursor = self.connection.execute(told, args)
                names = [column[0] for column in cursor.description or ()]
                found.append([dict(zip(names, row, strict=True)) for row in cursor.fetchall()])
        return found

    async def send_many(self, recording: Recording) -> None:
        """The rows of a bulk write, for a tenant that is not there, in one transaction that is rolled back."""
        batches = [(sql, _elsewhere(rows)) for sql, rows in recording.batches]
        if self.kind == "sqlite":
            self.connection.execute("BEGIN IMMEDIATE")
            for sql, rows in batches:
                self.connection.executemany(prepare(sql)[0], rows)
            self.connection.execute("ROLLBACK")
            return
        transaction = self.connection.transaction()
        await transaction.start()
        await self.connection.execute(f"SET LOCAL app.tenant = '{NOBODY}'")
        for sql, rows in recording.sets:
            await self.connection.execute(sql, *zip(*_elsewhere(rows), strict=True))
        for sql, rows in batches:
            await self.connection.executemany(sql, rows)
        await transaction.rollback()


def _elsewhere(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [[NOBODY, *row[1:]] for row in rows]
