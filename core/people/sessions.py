"""Signing in and out: tokens are made here only, and only their SHA-256 is stored."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from core.clock import now, stamp
from core.errors import Forbidden, Unauthorized
from core.i18n import _
from core.people.access import AccessCache, account_of
from core.people.accounts import login_form
from core.people.licences import begin_trial
from core.people.model import SignedIn
from core.people.passwords import hash_password, outdated, password_fits
from core.people.throttle import FORGOTTEN_AFTER, count_attempt, forget_attempts
from core.store import people as stored_people
from core.store import sessions as stored

if TYPE_CHECKING:
    from core.store import Database

RENEWED_AFTER = timedelta(minutes=5)  # a session row is written at most this often
LONGEST = timedelta(days=14)  # from sign-in, however busy the session is
KEPT_AFTER_END = timedelta(days=7)  # so that what was typed can be given back to the same person


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


async def sign_in(
    db: Database, login: str, *, password: str, address: str | None, hours: int, prefer: int | None = None
) -> str:
    """A new session token for the right password.

    `prefer` is the tenant to open if the account belongs to it; else the only one, else none chosen yet.
    """
    login = login_form(login)
    await count_attempt(db, login, address)
    row = await stored_people.account_by_login(db, login)
    usable = row is not None and bool(row["active"])
    fits = await password_fits(row["password_hash"] if row and usable else None, password)
    if not fits or row is None:
        raise Unauthorized(_("登录名或密码不对。"))
    await forget_attempts(db, login, address)
    if outdated(row["password_hash"]):
        await stored_people.set_password(db, row["id"], await hash_password(password))
    tenants = [t["id"] for t in await stored_people.memberships(db, row["id"])]
    tenant = prefer if prefer in tenants else tenants[0] if len(tenants) == 1 else None
    await sweep(db)
    return await _start(db, row["id"], tenant=tenant, hours=hours)


async def sweep(db: Database) -> None:
    """Throw away what is long over. Done at each sign-in, so that no job is needed for it."""
    present = datetime.now(UTC)
    await stored.delete_sessions_before(db, stamp(present - KEPT_AFTER_END))
    await stored.delete_attempts_before(db, stamp(present - 2 * FORGOTTEN_AFTER))


async def switch_tenant(db: Database, signed_in: SignedIn, *, tenant: int, hours: int) -> str:
    """A new token for the other tenant; the old one ends: other rights, another key."""
    if tenant not in {t["id"] for t in await stored_people.memberships(db, signed_in.account.id)}:
        raise Forbidden(_("您不是这个单位的成员。"))
    async with db.write():
        await stored.delete_session(db, signed_in.session)
        return await _start(db, signed_in.account.id, tenant=tenant, hours=hours)


async def restart_session(db: Database, signed_in: SignedIn, *, hours: int) -> str:
    """A new token in the same tenant, the old one ended."""
    async with db.write():
        await stored.delete_session(db, signed_in.session)
        tenant = signed_in.access.tenant.id if signed_in.access else None
        return await _start(db, signed_in.account.id, tenant=tenant, hours=hours)


async def sign_out(db: Database, session: str) -> None:
    await stored.delete_session(db, session)


async def end_other_sessions(db: Database, signed_in: SignedIn) -> int:
    """Sign the account out everywhere but here; how many sessions ended."""
    return await stored.delete_sessions_of(db, signed_in.account.id, but=signed_in.session)


async def session_count(db: Database, signed_in: SignedIn) -> int:
    return await stored.sessions_of(db, signed_in.account.id, at=now())


async def session_of(db: Database, token: str, *, hours: int, cache: AccessCache) -> SignedIn | None:
    """Who a session token stands for, or None where it is unknown, over, or its account switched off."""
    key = hash_token(token)
    row = await stored.who_by_session(db, key)
    present = datetime.now(UTC)
    if row is None or not row["active"] or row["expires_at"] <= stamp(present):
        return None
    if row["seen_at"] < stamp(present - RENEWED_AFTER):
        end = min(present + timedelta(hours=hours), datetime.fromisoformat(row["created_at"]) + LONGEST)
        await stored.renew_session(db, key, seen_at=stamp(present), expires_at=stamp(end))
    return SignedIn(
        session=key,
        account=account_of(row, id="account"),
        access=await cache.access(db, row, via="session"),
        memberships=row["memberships"],
    )


async def ended_session(db: Database, token: str) -> tuple[str, int | None] | None:
    """(account, tenant) of a session that is over but still stored: whose typed text is this?"""
    row = await stored.who_by_session(db, hash_token(token))
    return (row["account"], row["tenant"]) if row else None


async def _start(db: Database, account: str, *, tenant: int | None, hours: int) -> str:
    if tenant is not None:
        await begin_trial(db, tenant)
    token = secrets.token_urlsafe(32)
    end = stamp(datetime.now(UTC) + min(timedelta(hours=hours), LONGEST))
    await stored.insert_session(
        db, token_hash=hash_token(token), account=account, tenant=tenant, at=now(), expires_at=end
    )
    return token
