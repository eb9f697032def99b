"""SQL about licences, the operator's log, the installation's clock and what tenants use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.store.people import Row

if TYPE_CHECKING:
    from core.store.engine import Database

FIGURES = ("members", "records", "changes", "files", "file_bytes")


async def set_licence(db: Database, tenant: int, licence: str) -> None:
    """Also tells every process that what is switched on may be something else now."""
    await db.execute(
        "UPDATE tenant SET licence = $2, definitions_version = definitions_version + 1 WHERE id = $1", tenant, licence
    )


async def replace_licence(db: Database, tenant: int, *, before: str, after: str) -> bool:
    """Set a licence that is still as it was read; False where it is another by now."""
    sql = "UPDATE tenant SET licence = $3 WHERE id = $1 AND CAST(licence AS TEXT) = $2"
    return await db.execute(sql, tenant, before, after) == 1


async def set_suspended(db: Database, tenant: int, *, at: str | None, why: str | None) -> None:
    await db.execute("UPDATE tenant SET suspended_at = $2, suspended_why = $3 WHERE id = $1", tenant, at, why)


async def set_history(db: Database, tenant: int, *, history: int, settings: str) -> None:
    await db.execute("UPDATE tenant SET history = $2, settings = $3 WHERE id = $1", tenant, history, settings)


async def set_operator(db: Database, account: str, operator: int) -> None:
    await db.execute("UPDATE account SET operator = $2 WHERE id = $1", account, operator)


async def operators(db: Database) -> Sequence[Row]:
    return await db.fetch("SELECT * FROM account WHERE operator = 1 ORDER BY login")


# The installation's clock.


async def note_latest(db: Database, at: str) -> None:
    """Keep the latest instant seen: it only ever moves on."""
    await db.execute(
        "INSERT INTO installation (name, value) VALUES ('latest', $1) ON CONFLICT (name) "
        "DO UPDATE SET value = excluded.value WHERE installation.value < excluded.value",
        at,
    )


async def latest(db: Database) -> str:
    row = await db.fetch_one("SELECT value FROM installation WHERE name = 'latest'")
    return str(row["value"]) if row else ""


async def set_latest(db: Database, at: str) -> None:
    await db.execute("UPDATE installation SET value = $1 WHERE name = 'latest'", at)


# What the operator did.


async def insert_act(
    db: Database, *, id: str, at: str, account: str, name: str, act: str, about: int | None, detail: str
) -> None:
    await db.execute(
        "INSERT INTO operator_act (id, at, account, name, act, about, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        id, at, account, name, act, about, detail,
    )  # fmt: skip


async def acts(db: Database, *, about: int | None, before: str, limit: int) -> Sequence[Row]:
    """The last acts, newest first; of one tenant, or of all."""
    return await db.fetch(
        "SELECT o.id, o.at, o.name, o.act, o.about, o.detail, t.name AS tenant_name FROM operator_act o "
        "LEFT JOIN tenant t ON t.id = o.about "
        f"WHERE o.id < $1 AND (CAST($2 AS BIGINT) IS NULL OR o.about = $2) ORDER BY o.id DESC LIMIT {int(limit)}",
        before, about,
    )  # fmt: skip


# Seats and use.


async def active_members(db: Database, tenant: int) -> int:
    row = await db.fetch_one("SELECT COUNT(*) AS n FROM member WHERE tenant = $1 AND active = 1", tenant)
    return int(row["n"]) if row else 0


async def last_seen(db: Database) -> dict[int, str]:
    """By tenant, when a session of it was last used; ended sessions are known for a week."""
    rows = await db.fetch("SELECT tenant, MAX(seen_at) AS at FROM session WHERE tenant IS NOT NULL GROUP BY tenant")
    return {row["tenant"]: row["at"] for row in rows}


async def figures(db: Database, tenant: int, *, first: str, last: str) -> Row:
    """What a tenant uses now, and how many changes have an id from `first` to before `last`."""
    row = await db.fetch_one(
        "SELECT (SELECT COUNT(*) FROM member WHERE tenant = $1 AND active = 1) AS members, "
        "(SELECT COUNT(*) FROM record WHERE tenant = $1 AND deleted_at IS NULL) AS records, "
        "(SELECT COUNT(*) FROM change WHERE tenant = $1 AND id >= $2 AND id < $3) AS changes, "
        "(SELECT COUNT(*) FROM file WHERE tenant = $1) AS files, "
        "(SELECT COALESCE(SUM(size), 0) FROM file WHERE tenant = $1) AS file_bytes",
        tenant, first, last,
    )  # fmt: skip
    assert row is not None
    return {name: int(row[name]) for name in FIGURES}


async def put_day(db: Database, tenant: int, day: str, figures: Row) -> None:
    names = ", ".join(FIGURES)
    fresh = ", ".join(f"{name} = excluded.{name}" for name in FIGURES)
    await db.execute(
        f"INSERT INTO usage_day (tenant, day, {names}) VALUES ($1, $2, $3, $4, $5, $6, $7) "
        f"ON CONFLICT (tenant, day) DO UPDATE SET {fresh}",
        tenant, day, *(figures[name] for name in FIGURES),
    )  # fmt: skip


async def days(db: Database, tenant: int, *, limit: int) -> Sequence[Row]:
    """The last days, the newest first."""
    return await db.fetch(
        f"SELECT day, {', '.join(FIGURES)} FROM usage_day WHERE tenant = $1 ORDER BY day DESC LIMIT {int(limit)}",
        tenant,
    )
