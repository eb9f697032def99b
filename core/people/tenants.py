"""Tenants: opened by the platform's operator, each with its built-in roles."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from core.clock import now
from core.errors import Conflict, Invalid, NotFound, Problem
from core.i18n import _
from core.people.licences import licence_text, new_trial, tenant_of
from core.people.model import Licence, Tenant
from core.people.roles import create_built_in
from core.store import UniqueViolation
from core.store import people as stored

if TYPE_CHECKING:
    from core.store import Database

_CODE = re.compile(r"[a-z][a-z0-9-]{1,31}")


async def create_tenant(db: Database, *, code: str, name: str, licence: Licence | None = None) -> int:
    """The id of a new tenant, with its built-in roles and nobody in it yet; on trial unless a licence is given."""
    name, code = " ".join(name.split()), checked_code(code)
    if not name or len(name) > 64:
        raise Invalid([Problem("name", "required", _("请填写单位名称，最多 64 个字。"))])
    try:
        async with db.write():
            text = licence_text(licence or new_trial())
            id = await stored.insert_tenant(db, code=code, name=name, at=now(), licence=text)
            await create_built_in(db, id)
    except UniqueViolation:
        raise Conflict(_("代号“{code}”已被使用。", code=code)) from None
    return id


def checked_code(code: str) -> str:
    if not _CODE.fullmatch(code):
        message = _("代号为 2 至 32 位小写字母、数字或“-”，以字母开头。")
        raise Invalid([Problem("code", "pattern", message)])
    return code


async def tenant(db: Database, id: int) -> Tenant:
    row = await stored.tenant(db, id)
    if row is None:
        raise NotFound(_("没有这个单位。"))
    return tenant_of(row)


async def tenant_by_code(db: Database, code: str) -> Tenant | None:
    row = await stored.tenant_by_code(db, code)
    return tenant_of(row) if row else None


async def tenants(db: Database) -> tuple[Tenant, ...]:
    return tuple(tenant_of(row) for row in await stored.tenants(db))
