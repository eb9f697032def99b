"""API tokens: made, shown once, stored as a hash, revoked; they act as one member.

A token is `dg_<tenant>_<43 characters>`: the tenant is in it so that even this look-up names its tenant.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from core.clock import new_id, now, stamp
from core.errors import Invalid, NotFound, Problem
from core.i18n import _
from core.people.access import AccessCache
from core.people.licences import must_write
from core.people.model import Access
from core.people.roles import check_reach
from core.people.sessions import hash_token
from core.store import people as stored_people
from core.store import sessions as stored

if TYPE_CHECKING:
    from core.store import Database

_TOKEN = re.compile(r"dg_([0-9]{1,18})_[A-Za-z0-9_-]{43}")
USED_AFTER = timedelta(minutes=1)  # "last used" is written at most this often
LONGEST_DAYS = 730


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    id: str
    name: str
    member: str
    member_name: str
    created_at: str
    expires_at: str | None
    used_at: str | None
    revoked_at: str | None

    @property
    def state(self) -> str:
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= now() else "active"


async def create_token(db: Database, access: Access, *, member: str, name: str, days: int | None = 365) -> str:
    """The token itself: shown now, and never again. `days` None: until it is revoked.

    It carries the rights of `member`: nobody makes one for somebody who administers more than himself.
    """
    tenant = access.tenant.id
    must_write(access.tenant)
    name = " ".join(name.split())
    problems = []
    if not name:
        problems.append(Problem("name", "required", _("请写明这个令牌给谁用、做什么用。")))
    if len(name) > 64:
        problems.append(Problem("name", "too_long", _("名称最多 {n} 个字。", n=64)))
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        problems.append(Problem("days", "range", _("有效期为 1 至 {n} 天。", n=LONGEST_DAYS)))
    row = await stored_people.member(db, tenant, member)
    if row is None or not row["active"]:
        problems.append(Problem("member", "reference", _("请选择一名在用的成员。")))
    if problems:
        raise Invalid(problems)
    await check_reach(db, access, member)
    token = f"dg_{tenant}_{secrets.token_urlsafe(32)}"
    end = None if days is None else stamp(datetime.now(UTC) + timedelta(days=days))
    await stored.insert_token(
        db,
        tenant,
        id=new_id(),
        token_hash=hash_token(token),
        member=member,
        name=name,
        at=now(),
        expires_at=end,
    )
    return token


async def token_access(db: Database, token: str, *, cache: AccessCache) -> Access | None:
    """Who a bearer token stands for, or None where it is unknown, over or revoked."""
    parts = _TOKEN.fullmatch(token)
    if parts is None:
        return None
    tenant, present = int(parts[1]), datetime.now(UTC)
    row = await stored.who_by_token(db, tenant, hash_token(token))
    if row is None or row["revoked_at"] or not row["active"]:
        return None
    if row["expires_at"] and row["expires_at"] <= stamp(present):
        return None
    if not row["used_at"] or row["used_at"] < stamp(present - USED_AFTER):
        await stored.token_used(db, tenant, row["token"], at=stamp(present))
    return await cache.access(db, row, via="token")


async def tokens(db: Database, tenant: int) -> tuple[Token, ...]:
    return tuple(
        Token(
            id=row["id"],
            name=row["name"],
            member=row["member"],
            member_name=row["member_name"],
            created_at=row["created_at"],
            expires_at=row["expires_at"],
            used_at=row["used_at"],
            revoked_at=row["revoked_at"],
        )
        for row in await stored.tokens(db, tenant)
    )


async def revoke_token(db: Database, tenant: int, *, id: str) -> None:
    if not await stored.revoke_token(db, tenant, id, at=now()):
        raise NotFound(_("这个令牌不存在或已被吊销。"))
