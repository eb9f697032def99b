"""Rows of notices and of what each member wants to be told by which way; what they mean is in core.notices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.store.records import batches, places

if TYPE_CHECKING:
    from core.store.engine import Database

Row = Mapping[str, Any]
COLUMNS = ("id", "member", "kind", "title", "text", "words", "url", "shown", "at", "read_at", "mail", "mailed_at")
_NAMES = ", ".join(COLUMNS)


async def insert(db: Database, tenant: int, rows: Sequence[Row]) -> None:
    await db.insert_many("notice", ("tenant", *COLUMNS), [[tenant, *(row[name] for name in COLUMNS)] for row in rows])


async def fetch(db: Database, tenant: int, member: str, id: str) -> Row | None:
    sql = f"SELECT {_NAMES} FROM notice WHERE tenant = $1 AND member = $2 AND id = $3"
    return await db.fetch_one(sql, tenant, member, id)


async def page(db: Database, tenant: int, member: str, *, unread: bool, before: str | None, limit: int) -> list[Row]:
    """The member's notices, newest first, from before the id `before` on."""
    only = " AND read_at IS NULL" if unread else ""
    sql = f"""SELECT {_NAMES} FROM notice WHERE tenant = $1 AND member = $2 AND shown = 1{only}
              AND (CAST($3 AS TEXT) IS NULL OR id < $3) ORDER BY id DESC LIMIT {int(limit)}"""
    return await db.fetch(sql, tenant, member, before)


async def unread(db: Database, tenant: int, member: str, *, bound: int) -> int:
    """How many unread notices the member has, `bound` at most."""
    sql = f"""SELECT COUNT(*) AS number FROM (SELECT 1 AS one FROM notice WHERE tenant = $1 AND member = $2
              AND shown = 1 AND read_at IS NULL LIMIT {int(bound)}) bounded"""
    row = await db.fetch_one(sql, tenant, member)
    return row["number"] if row else 0


async def mark_read(db: Database, tenant: int, member: str, *, id: str | None, at: str) -> int:
    """One notice of the member, or all of them (None)."""
    sql = """UPDATE notice SET read_at = $4 WHERE tenant = $1 AND member = $2
             AND (CAST($3 AS TEXT) IS NULL OR id = $3) AND read_at IS NULL"""
    return await db.execute(sql, tenant, member, id, at)


async def mark_mailed(db: Database, tenant: int, ids: Iterable[str], *, mail: str, at: str) -> None:
    for some in batches(ids):
        sql = f"UPDATE notice SET mail = $2, mailed_at = $3 WHERE tenant = $1 AND id IN ({places(4, len(some))})"
        await db.execute(sql, tenant, mail, at, *some)


async def for_digest(db: Database, tenant: int, member: str, *, limit: int) -> list[Row]:
    sql = f"""SELECT {_NAMES} FROM notice WHERE tenant = $1 AND member = $2 AND mail = 'digest'
              ORDER BY id LIMIT {int(limit)}"""
    return await db.fetch(sql, tenant, member)


async def digest_members(db: Database, tenant: int) -> list[str]:
    """Who has something waiting for the digest."""
    sql = "SELECT DISTINCT member FROM notice WHERE tenant = $1 AND mail = 'digest' ORDER BY member"
    return [row["member"] for row in await db.fetch(sql, tenant)]


async def drop_older(db: Database, tenant: int, *, than: str) -> int:
    """Read notices from before an instant."""
    sql = "DELETE FROM notice WHERE tenant = $1 AND at < $2 AND (read_at IS NOT NULL OR shown = 0)"
    return await db.execute(sql, tenant, than)


async def choices(db: Database, tenant: int, members: Iterable[str]) -> dict[str, Row]:
    """`email`, `ways` (JSON text) by member; who never chose is missing."""
    found: dict[str, Row] = {}
    for some in batches(members):
        sql = f"""SELECT member, email, ways FROM notice_choice WHERE tenant = $1
                  AND member IN ({places(2, len(some))})"""
        found |= {row["member"]: row for row in await db.fetch(sql, tenant, *some)}
    return found


async def save_choice(db: Database, tenant: int, member: str, *, email: str, ways: str, at: str) -> None:
    sql = """INSERT INTO notice_choice (tenant, member, email, ways, updated_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (tenant, member) DO UPDATE SET email = excluded.email, ways = excluded.ways,
             updated_at = excluded.updated_at"""
    await db.execute(sql, tenant, member, email, ways, at)


async def holders(db: Database, tenant: int, roles: Iterable[str]) -> list[str]:
    """Active members who hold one of these roles."""
    found: dict[str, None] = {}
    for some in batches(roles):
        sql = f"""SELECT DISTINCT m.id FROM member m JOIN member_role r ON r.tenant = m.tenant AND r.member = m.id
                  WHERE m.tenant = $1 AND m.active = 1 AND r.role IN ({places(2, len(some))}) ORDER BY m.id"""
        found |= dict.fromkeys(row["id"] for row in await db.fetch(sql, tenant, *some))
    return list(found)


async def languages(db: Database, tenant: int, members: Iterable[str]) -> dict[str, str]:
    """The language of each active member: who is switched off, or is none of the tenant's, is missing."""
    found: dict[str, str] = {}
    for some in batches(members):
        sql = f"""SELECT m.id, a.language FROM member m JOIN account a ON a.id = m.account
                  WHERE m.tenant = $1 AND m.active = 1 AND a.active = 1 AND m.id IN ({places(2, len(some))})"""
        found |= {row["id"]: row["language"] for row in await db.fetch(sql, tenant, *some)}
    return found
