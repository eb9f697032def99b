"""SQL about sessions, sign-in attempts and API tokens: everything that proves who asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.store.people import STANDING

if TYPE_CHECKING:
    from core.store.database import Database

Row = Mapping[str, Any]

_WHO = (
    "a.id AS account, a.login, a.name, a.language, a.active, a.operator, "
    f"t.id AS tenant, t.code, t.name AS tenant_name, t.settings, t.definitions_version, {STANDING}, "
    "m.id AS member, m.name AS member_name, m.department, m.active AS member_active"
)


async def insert_session(
    db: Database, *, token_hash: str, account: str, tenant: int | None, at: str, expires_at: str
) -> None:
    await db.execute(
        "INSERT INTO session (token_hash, account, tenant, created_at, expires_at, seen_at) "
        "VALUES ($1, $2, $3, $4, $5, $4)",
        token_hash, account, tenant, at, expires_at,
    )  # fmt: skip


async def who_by_session(db: Database, token_hash: str) -> Row | None:
    """Everything about who asks, in one statement; its tenant is known only afterwards."""
    rows = await db.fetch_across(
        f"SELECT s.created_at, s.expires_at, s.seen_at, {_WHO}, "
        "(SELECT COUNT(*) FROM member x WHERE x.account = s.account AND x.active = 1) AS memberships "
        "FROM session s JOIN account a ON a.id = s.account LEFT JOIN tenant t ON t.id = s.tenant "
        "LEFT JOIN member m ON m.tenant = s.tenant AND m.account = s.account WHERE s.token_hash = $1",
        token_hash,
    )
    return rows[0] if rows else None


async def who_by_member(db: Database, tenant: int, member: str) -> Row | None:
    return await db.fetch_one(
        f"SELECT {_WHO} FROM member m JOIN account a ON a.id = m.account JOIN tenant t ON t.id = m.tenant "
        "WHERE m.tenant = $1 AND m.id = $2",
        tenant,
        member,
    )


async def renew_session(db: Database, token_hash: str, *, seen_at: str, expires_at: str) -> None:
    await db.execute(
        "UPDATE session SET seen_at = $2, expires_at = $3 WHERE token_hash = $1",
        token_hash,
        seen_at,
        expires_at,
    )


async def delete_session(db: Database, token_hash: str) -> None:
    await db.execute("DELETE FROM session WHERE token_hash = $1", token_hash)


async def delete_sessions_of(db: Database, account: str, *, but: str) -> int:
    return await db.execute("DELETE FROM session WHERE account = $1 AND token_hash <> $2", account, but)


async def sessions_of(db: Database, account: str, *, at: str) -> int:
    row = await db.fetch_one("SELECT COUNT(*) AS n FROM session WHERE account = $1 AND expires_at > $2", account, at)
    return int(row["n"]) if row else 0


async def delete_sessions_before(db: Database, moment: str) -> int:
    return await db.execute("DELETE FROM session WHERE expires_at < $1", moment)


# Sign-in attempts: how often a login or an address was tried.


async def attempt(db: Database, key: str, *, at: str) -> Row:
    """The row of `key`, made when missing, and locked until the transaction ends."""
    row = await db.fetch_one(
        "INSERT INTO attempt (key, count, first_at, blocked_until) VALUES ($1, 0, $2, NULL) "
        "ON CONFLICT (key) DO UPDATE SET count = attempt.count RETURNING key, count, first_at, blocked_until",
        key, at,
    )  # fmt: skip
    assert row is not None
    return row


async def set_attempt(db: Database, key: str, *, count: int, first_at: str, blocked_until: str | None) -> None:
    await db.execute(
        "UPDATE attempt SET count = $2, first_at = $3, blocked_until = $4 WHERE key = $1",
        key, count, first_at, blocked_until,
    )  # fmt: skip


async def forgive_attempt(db: Database, key: str) -> None:
    await db.execute("UPDATE attempt SET count = count - 1 WHERE key = $1 AND count > 0", key)


async def delete_attempt(db: Database, key: str) -> None:
    await db.execute("DELETE FROM attempt WHERE key = $1", key)


async def delete_attempts_before(db: Database, moment: str) -> int:
    return await db.execute(
        "DELETE FROM attempt WHERE first_at < $1 AND (blocked_until IS NULL OR blocked_until < $1)", moment
    )


# API tokens.


async def insert_token(
    db: Database,
    tenant: int,
    *,
    id: str,
    token_hash: str,
    member: str,
    name: str,
    at: str,
    expires_at: str | None,
) -> None:
    await db.execute(
        "INSERT INTO api_token (tenant, id, token_hash, member, name, created_at, expires_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        tenant, id, token_hash, member, name, at, expires_at,
    )  # fmt: skip


async def who_by_token(db: Database, tenant: int, token_hash: str) -> Row | None:
    return await db.fetch_one(
        f"SELECT k.id AS token, k.expires_at, k.used_at, k.revoked_at, {_WHO} "
        "FROM api_token k JOIN member m ON m.tenant = k.tenant AND m.id = k.member "
        "JOIN account a ON a.id = m.account JOIN tenant t ON t.id = k.tenant "
        "WHERE k.tenant = $1 AND k.token_hash = $2",
        tenant, token_hash,
    )  # fmt: skip


async def tokens(db: Database, tenant: int) -> Sequence[Row]:
    return await db.fetch(
        "SELECT k.id, k.name, k.member, m.name AS member_name, "
        "k.created_at, k.expires_at, k.used_at, k.revoked_at "
        "FROM api_token k JOIN member m ON m.tenant = k.tenant AND m.id = k.member "
        "WHERE k.tenant = $1 ORDER BY k.id DESC",
        tenant,
    )


async def token_used(db: Database, tenant: int, id: str, *, at: str) -> None:
    await db.execute("UPDATE api_token SET used_at = $3 WHERE tenant = $1 AND id = $2", tenant, id, at)


async def revoke_token(db: Database, tenant: int, id: str, *, at: str) -> int:
    return await db.execute(
        "UPDATE api_token SET revoked_at = $3 WHERE tenant = $1 AND id = $2 AND revoked_at IS NULL",
        tenant,
        id,
        at,
    )


async def revoke_tokens_of(db: Database, tenant: int, member: str, *, at: str) -> int:
    return await db.execute(
        "UPDATE api_token SET revoked_at = $3 WHERE tenant = $1 AND member = $2 AND revoked_at IS NULL",
        tenant, member, at,
    )  # fmt: skip
