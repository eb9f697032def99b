"""Rows of webhooks, of their outbox and of each attempt; what is sent and when is in core.webhooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.store.records import places

if TYPE_CHECKING:
    from core.store.engine import Database

Row = Mapping[str, Any]
HOOK = (
    "id", "name", "url", "events", "generation", "state", "failures", "created_at", "created_by", "updated_at",
)  # fmt: skip
DELIVERY = ("id", "webhook", "event", "body", "state", "attempts", "at", "next_at", "done_at")
ATTEMPT = ("delivery", "number", "at", "status", "milliseconds", "answer", "error")
_HOOK, _DELIVERY, _ATTEMPT = ", ".join(HOOK), ", ".join(DELIVERY), ", ".join(ATTEMPT)


async def every(db: Database, tenant: int) -> list[Row]:
    return await db.fetch(f"SELECT {_HOOK} FROM webhook WHERE tenant = $1 ORDER BY id", tenant)


async def fetch(db: Database, tenant: int, id: str) -> Row | None:
    return await db.fetch_one(f"SELECT {_HOOK} FROM webhook WHERE tenant = $1 AND id = $2", tenant, id)


async def insert(db: Database, tenant: int, row: Row) -> None:
    sql = f"INSERT INTO webhook (tenant, {_HOOK}) VALUES ({places(1, len(HOOK) + 1)})"
    await db.execute(sql, tenant, *(row[name] for name in HOOK))


async def update(db: Database, tenant: int, id: str, values: Mapping[str, Any]) -> bool:
    """Change these columns; their names are the code's."""
    names = [name for name in HOOK if name in values]
    assert len(names) == len(values), values
    changes = ", ".join(f"{name} = ${n}" for n, name in enumerate(names, 3))
    sql = f"UPDATE webhook SET {changes} WHERE tenant = $1 AND id = $2"
    return await db.execute(sql, tenant, id, *(values[name] for name in names)) == 1


async def count_failure(db: Database, tenant: int, id: str) -> int:
    """One more failure in a row; how many it makes."""
    await db.execute("UPDATE webhook SET failures = failures + 1 WHERE tenant = $1 AND id = $2", tenant, id)
    row = await fetch(db, tenant, id)
    return row["failures"] if row else 0


async def delete(db: Database, tenant: int, id: str) -> bool:
    """The webhook with its outbox and log."""
    await db.execute(
        """DELETE FROM delivery_attempt WHERE tenant = $1
           AND delivery IN (SELECT id FROM delivery WHERE tenant = $1 AND webhook = $2)""",
        tenant, id,
    )  # fmt: skip
    await db.execute("DELETE FROM delivery WHERE tenant = $1 AND webhook = $2", tenant, id)
    return await db.execute("DELETE FROM webhook WHERE tenant = $1 AND id = $2", tenant, id) == 1


async def insert_deliveries(db: Database, tenant: int, rows: Sequence[Row]) -> None:
    values = [[tenant, *(row[name] for name in DELIVERY)] for row in rows]
    await db.insert_many("delivery", ("tenant", *DELIVERY), values)


async def due(db: Database, tenant: int, webhook: str, *, at: str) -> Row | None:
    """The oldest delivery whose time has come."""
    sql = f"""SELECT {_DELIVERY} FROM delivery WHERE tenant = $1 AND webhook = $2 AND next_at IS NOT NULL
              AND next_at <= $3 ORDER BY id LIMIT 1"""
    return await db.fetch_one(sql, tenant, webhook, at)


async def claim(db: Database, tenant: int, id: str, *, seen: str, until: str) -> bool:
    """Take a due delivery until an instant; False where another worker has it."""
    sql = "UPDATE delivery SET next_at = $4 WHERE tenant = $1 AND id = $2 AND next_at = $3"
    return await db.execute(sql, tenant, id, seen, until) == 1


async def settle(
    db: Database, tenant: int, id: str, *, state: str, attempts: int, next_at: str | None, done_at: str | None
) -> None:
    sql = """UPDATE delivery SET state = $3, attempts = $4, next_at = $5, done_at = $6
             WHERE tenant = $1 AND id = $2"""
    await db.execute(sql, tenant, id, state, attempts, next_at, done_at)


async def add_attempt(db: Database, tenant: int, row: Row) -> None:
    sql = f"""INSERT INTO delivery_attempt (tenant, {_ATTEMPT}) VALUES ({places(1, len(ATTEMPT) + 1)})
              ON CONFLICT (tenant, delivery, number) DO NOTHING"""
    await db.execute(sql, tenant, *(row[name] for name in ATTEMPT))


async def deliveries(db: Database, tenant: int, webhook: str, *, before: str | None, limit: int) -> list[Row]:
    """What was to be sent to one webhook, newest first."""
    sql = f"""SELECT {_DELIVERY} FROM delivery WHERE tenant = $1 AND webhook = $2
              AND (CAST($3 AS TEXT) IS NULL OR id < $3) ORDER BY id DESC LIMIT {int(limit)}"""
    return await db.fetch(sql, tenant, webhook, before)


async def attempts(db: Database, tenant: int, deliveries: Sequence[str]) -> list[Row]:
    """Every attempt of these deliveries, a page of them, newest first."""
    if not deliveries:
        return []
    sql = f"""SELECT {_ATTEMPT} FROM delivery_attempt WHERE tenant = $1
              AND delivery IN ({places(2, len(deliveries))}) ORDER BY delivery, number DESC"""
    return await db.fetch(sql, tenant, *deliveries)


async def fetch_delivery(db: Database, tenant: int, webhook: str, id: str) -> Row | None:
    sql = f"SELECT {_DELIVERY} FROM delivery WHERE tenant = $1 AND webhook = $2 AND id = $3"
    return await db.fetch_one(sql, tenant, webhook, id)


async def wake_all(db: Database, tenant: int, webhook: str, *, at: str) -> int:
    """Everything that waits is due at once."""
    sql = """UPDATE delivery SET next_at = $3 WHERE tenant = $1 AND webhook = $2 AND next_at IS NOT NULL"""
    return await db.execute(sql, tenant, webhook, at)


async def drop_older(db: Database, tenant: int, *, than: str) -> int:
    """Deliveries that ended before an instant, with their attempts."""
    await db.execute(
        """DELETE FROM delivery_attempt WHERE tenant = $1 AND delivery IN (SELECT id FROM delivery
           WHERE tenant = $1 AND next_at IS NULL AND done_at < $2)""",
        tenant, than,
    )  # fmt: skip
    return await db.execute("DELETE FROM delivery WHERE tenant = $1 AND next_at IS NULL AND done_at < $2", tenant, than)
