"""Rows of what a tenant has defined: published forms and overlays, module switches; drafts are in drafts.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from core import exact
from core.clock import now
from core.store.records import places

if TYPE_CHECKING:
    from core.store.engine import Database

COLUMNS = ("form", "version", "kind", "body", "note", "published_at", "published_by", "pending")
_NAMES = ", ".join(COLUMNS)


async def latest(db: Database, tenant: int) -> list[Mapping[str, Any]]:
    """The newest version of every own form and overlay; `body` and `pending` as JSON text."""
    names = ", ".join(f"d.{name}" for name in COLUMNS)
    sql = f"""SELECT {names} FROM definition d JOIN (
                SELECT form, MAX(version) AS version FROM definition WHERE tenant = $1 GROUP BY form
              ) newest ON newest.form = d.form AND newest.version = d.version
              WHERE d.tenant = $1 ORDER BY d.form"""
    return await db.fetch(sql, tenant)


async def versions(db: Database, tenant: int, form: str) -> list[Mapping[str, Any]]:
    """Every published version of one form or overlay, newest first."""
    sql = f"SELECT {_NAMES} FROM definition WHERE tenant = $1 AND form = $2 ORDER BY version DESC"
    return await db.fetch(sql, tenant, form)


async def fetch(db: Database, tenant: int, form: str, *, version: int) -> Mapping[str, Any] | None:
    sql = f"SELECT {_NAMES} FROM definition WHERE tenant = $1 AND form = $2 AND version = $3"
    return await db.fetch_one(sql, tenant, form, version)


async def insert_version(
    db: Database,
    tenant: int,
    *,
    form: str,
    version: int,
    kind: str,
    body: str,
    note: str,
    by: str | None,
    pending: Iterable[str] = (),
) -> None:
    """Publish a version; UniqueViolation where somebody published that version meanwhile."""
    sql = f"INSERT INTO definition (tenant, {_NAMES}) VALUES ({places(1, len(COLUMNS) + 1)})"
    slots = exact.dumps(sorted(pending))
    await db.execute(sql, tenant, form, version, kind, body, note, now(), by, slots)


async def set_pending(db: Database, tenant: int, form: str, version: int, pending: Iterable[str]) -> None:
    """Which slots of this version are still being rebuilt."""
    sql = "UPDATE definition SET pending = $4 WHERE tenant = $1 AND form = $2 AND version = $3"
    await db.execute(sql, tenant, form, version, exact.dumps(sorted(pending)))


async def pending_anywhere(db: Database) -> list[Mapping[str, Any]]:
    """`tenant`, `form`, `version` of every newest version with slots to rebuild, whatever the tenant: for start-up."""
    sql = """SELECT d.tenant, d.form, d.version FROM definition d
             WHERE d.tenant = $1 AND CAST(d.pending AS TEXT) <> $2 AND d.version = (
               SELECT MAX(n.version) FROM definition n WHERE n.tenant = $1 AND n.form = d.form
             ) ORDER BY d.form"""
    tenants = await db.fetch("SELECT id FROM tenant ORDER BY id")
    return [row for tenant in tenants for row in await db.fetch(sql, tenant["id"], "[]")]


async def bump(db: Database, tenant: int) -> None:
    """Tell every process that the tenant's definitions, switches or roles are not what they were."""
    await db.execute("UPDATE tenant SET definitions_version = definitions_version + 1 WHERE id = $1", tenant)


async def switches(db: Database, tenant: int) -> list[Mapping[str, Any]]:
    """`module`, `enabled`, `settings` (JSON text), `at`, `by` of every module ever switched."""
    sql = 'SELECT module, enabled, settings, at, "by" FROM module_switch WHERE tenant = $1 ORDER BY module'
    return await db.fetch(sql, tenant)


async def set_switch(db: Database, tenant: int, module: str, enabled: bool, *, by: str | None) -> None:
    """Switch a module on or off; its settings stay as they are."""
    sql = """INSERT INTO module_switch (tenant, module, enabled, settings, at, "by")
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (tenant, module) DO UPDATE SET enabled = excluded.enabled, at = excluded.at,
             "by" = excluded."by\""""
    await db.execute(sql, tenant, module, int(enabled), "{}", now(), by)


async def set_settings(db: Database, tenant: int, module: str, settings: Mapping[str, Any]) -> bool:
    """Keep the tenant's settings for a module; False where it was never switched on."""
    sql = "UPDATE module_switch SET settings = $3 WHERE tenant = $1 AND module = $2"
    return await db.execute(sql, tenant, module, exact.dumps(settings)) == 1
