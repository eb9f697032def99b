"""Rows of history and of the chain that seals them; what they mean and how they are hashed is in core.records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.store.records import batches, places

if TYPE_CHECKING:
    from core.store.engine import Database

COLUMNS = ("id", "record", "form", "kind", "revision", "at", "by", "source", "changes", "data_hash", "hash")
_NAMES = ", ".join(f'"{name}"' for name in COLUMNS)  # quoted: "by" is a word of SQL
_SEAL = "INSERT INTO seal (tenant, place, change, hash, link, at) VALUES ($1, $2, $3, $4, $5, $6)"


async def insert(db: Database, tenant: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add changes (all COLUMNS)."""
    values = [[tenant, *(row[column] for column in COLUMNS)] for row in rows]
    await db.insert_many("change", ("tenant", *COLUMNS), values)


async def of_record(db: Database, tenant: int, record: str) -> list[Mapping[str, Any]]:
    """A record's changes, oldest first, each with its `place` in the chain (None: not sealed yet)."""
    names = ", ".join(f'c."{name}"' for name in COLUMNS)
    sql = f"""SELECT {names}, s.place FROM change c LEFT JOIN seal s ON s.tenant = $1 AND s.change = c.id
              WHERE c.tenant = $1 AND c.record = $2 ORDER BY c.revision, c.id"""
    return await db.fetch(sql, tenant, record)


async def last_of(db: Database, tenant: int, records: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """By record: `kind`, `revision`, `data_hash` of its last change, and how many changes it has (`number`)."""
    found = {}
    for some in batches(records):
        sql = f"""SELECT c.record, c.kind, c.revision, c.data_hash, n.number FROM change c JOIN (
                    SELECT record, MAX(revision) AS revision, COUNT(*) AS number FROM change
                    WHERE tenant = $1 AND record IN ({places(2, len(some))}) GROUP BY record
                  ) n ON n.record = c.record AND n.revision = c.revision
                  WHERE c.tenant = $1 AND c.record IN ({places(2, len(some))})"""
        found.update({row["record"]: row for row in await db.fetch(sql, tenant, *some)})
    return found


async def head(db: Database, tenant: int) -> Mapping[str, Any] | None:
    """The last row of the tenant's chain."""
    sql = "SELECT place, change, hash, link FROM seal WHERE tenant = $1 ORDER BY place DESC LIMIT 1"
    return await db.fetch_one(sql, tenant)


async def unsealed(db: Database, tenant: int, *, after: str, limit: int) -> list[Mapping[str, Any]]:
    """Changes with an id greater than `after` that are not in the chain, in id order."""
    sql = f"""SELECT c.id, c.hash FROM change c WHERE c.tenant = $1 AND c.id > $2
              AND NOT EXISTS (SELECT 1 FROM seal s WHERE s.tenant = $1 AND s.change = c.id)
              ORDER BY c.id LIMIT {int(limit)}"""
    return await db.fetch(sql, tenant, after)


async def append(db: Database, tenant: int, rows: Iterable[tuple[int, str, str, str, str]]) -> None:
    """Add (place, change, hash, link, at) to the chain; UniqueViolation where another process was first."""
    await db.execute_many(_SEAL, [[tenant, *row] for row in rows])


async def chain(db: Database, tenant: int, *, after: int, limit: int) -> list[Mapping[str, Any]]:
    """The next links, each with the change it seals; that one's columns are None where it is gone.

    The seal's own columns are `place`, `change`, `sealed_hash`, `link`.
    """
    names = ", ".join(f'c."{name}"' for name in COLUMNS)
    sql = f"""SELECT s.place, s.change, s.hash AS sealed_hash, s.link, {names} FROM seal s
              LEFT JOIN change c ON c.tenant = $1 AND c.id = s.change
              WHERE s.tenant = $1 AND s.place > $2 ORDER BY s.place LIMIT {int(limit)}"""
    return await db.fetch(sql, tenant, after)


async def walk(db: Database, tenant: int, *, after: str, limit: int) -> list[Mapping[str, Any]]:
    """The next changes in id order, sealed or not, with `present`: 1 where their record is there."""
    names = ", ".join(f'c."{name}"' for name in COLUMNS)
    sql = f"""SELECT {names}, CASE WHEN r.id IS NULL THEN 0 ELSE 1 END AS present FROM change c
              LEFT JOIN record r ON r.tenant = $1 AND r.id = c.record
              WHERE c.tenant = $1 AND c.id > $2 ORDER BY c.id LIMIT {int(limit)}"""
    return await db.fetch(sql, tenant, after)


async def tenants(db: Database) -> list[int]:
    """Every tenant there is."""
    return [row["id"] for row in await db.fetch("SELECT id FROM tenant ORDER BY id")]
