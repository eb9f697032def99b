"""Members: accounts inside a tenant; inviting, changing, switching off; the last administrator stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.clock import new_id, now
from core.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from core.i18n import _
from core.people.accounts import account_by_login, checked_login, checked_name, insert_account, set_password
from core.people.licences import must_write, must_write_in, take_seat
from core.people.model import Access, Role
from core.people.passwords import hash_password, new_password
from core.people.roles import check_administered, check_reach, may_grant, roles
from core.store import UniqueViolation
from core.store import people as stored

if TYPE_CHECKING:
    from core.store import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A member as the administrator sees him. `name` is the tenant's own name for the person."""

    id: str
    account: str
    login: str
    name: str
    department: str | None
    active: bool
    created_at: str
    roles: tuple[str, ...] = ()


async def people(db: Database, tenant: int) -> tuple[Person, ...]:
    """Everybody of the tenant, those switched off last."""
    held: dict[str, list[str]] = {}
    for row in await stored.member_roles(db, tenant):
        held.setdefault(row["member"], []).append(row["role"])
    return tuple(_person(row, held.get(row["id"], ())) for row in await stored.members(db, tenant))


async def person(db: Database, tenant: int, id: str) -> Person:
    row = await stored.member(db, tenant, id)
    if row is None:
        raise NotFound(_("没有这个人，或他不在本单位。"))
    return _person(row, [r["id"] for r in await stored.roles_of_member(db, tenant, id)])


async def add_member(
    db: Database,
    tenant: int,
    *,
    account: str,
    roles: Sequence[str] = ("viewer",),
    department: str | None = None,
    name: str | None = None,
) -> str:
    """Put an account into a tenant, with roles named by their codes. For set-up: asks nobody's rights.

    `name` is what the tenant calls the person; else the account's own name.
    """
    known = {row["code"]: row["id"] for row in await stored.roles(db, tenant)}
    if unknown := [code for code in roles if code not in known]:
        raise NotFound(_("没有角色“{names}”。", names="、".join(unknown)))
    row = await stored.account(db, account)
    if row is None:
        raise NotFound(_("账号不存在。"))
    ids = [known[code] for code in roles]
    return await _add(db, tenant, account=account, name=name or row["name"], roles=ids, department=department)


async def invite(
    db: Database, access: Access, *, login: str, name: str, roles: Sequence[str], department: str | None
) -> tuple[str, str | None]:
    """(member, first password) of a new person; no password where the login had an account already."""
    login, name = checked_login(login), checked_name(name)
    tenant = access.tenant.id
    must_write(access.tenant)
    await _check_choice(db, access, roles=roles, department=department)
    known = await account_by_login(db, login)
    if known and await stored.member_of_account(db, tenant, known.id):
        raise Invalid([Problem("login", "taken", _("“{login}”已经是本单位成员。", login=login))])
    account = known.id if known else None
    password = None if known else new_password()
    hashed = await hash_password(password) if password else ""
    async with db.write():
        if account is None:
            language = access.language
            account = await insert_account(db, login=login, name=name, password_hash=hashed, language=language)
        member = await _add(db, tenant, account=account, name=name, roles=roles, department=department)
    return member, password


async def change_member(
    db: Database,
    access: Access,
    *,
    id: str,
    name: str,
    roles: Sequence[str],
    department: str | None,
    active: bool,
) -> None:
    """Replace what the tenant says about a member."""
    name, tenant = checked_name(name), access.tenant.id
    if id == access.member.id and not active:
        raise Conflict(_("不能停用自己。请由另一位管理员来做。"))
    async with db.write():
        await stored.bump_definitions(db, tenant)
        before = await person(db, tenant, id)
        if active and not before.active:
            await take_seat(db, tenant)
        elif active or not before.active:  # switching off frees a seat, and is possible whatever has ended
            await must_write_in(db, tenant)
        await _check_choice(db, access, roles=roles, department=department, held=before.roles)
        if before.active and not active:
            await check_reach(db, access, id)
        await stored.update_member(db, tenant, id, name=name, department=department, active=int(active))
        await stored.set_member_roles(db, tenant, id, list(dict.fromkeys(roles)))
        await check_administered(db, access)


async def set_roles(db: Database, access: Access, *, id: str, roles: Sequence[str]) -> None:
    """Replace only the roles (ids) of a member."""
    now = await person(db, access.tenant.id, id)
    await change_member(db, access, id=id, name=now.name, roles=roles, department=now.department, active=now.active)


async def reset_password(db: Database, access: Access, *, id: str) -> str:
    """A new first password for somebody who forgot his; all his sessions end.

    Only for accounts that are this tenant's alone: who belongs to others too would be taken over there.
    """
    tenant = access.tenant.id
    before = await person(db, tenant, id)
    await check_reach(db, access, id)
    if id == access.member.id:
        raise Conflict(_("请在“我的账号”里修改自己的密码。"))
    row = await stored.member(db, tenant, id)
    if row is None or row["operator"] or await stored.membership_count(db, before.account) > 1:
        raise Forbidden(_("这个账号还属于别的单位，只能由本人或平台运营人员修改密码。"))
    password = new_password()
    await set_password(db, before.account, password=password)
    return password


async def _add(
    db: Database, tenant: int, *, account: str, name: str, roles: Sequence[str], department: str | None
) -> str:
    id = new_id()
    try:
        async with db.write():
            await stored.bump_definitions(db, tenant)
            await take_seat(db, tenant)
            await stored.insert_member(
                db, tenant, id=id, account=account, name=checked_name(name), department=department, at=now()
            )
            await stored.set_member_roles(db, tenant, id, list(dict.fromkeys(roles)))
    except UniqueViolation:
        raise Conflict(_("这个账号已经是本单位成员。")) from None
    return id


async def _check_choice(
    db: Database, access: Access, *, roles: Sequence[str], department: str | None, held: Sequence[str] = ()
) -> None:
    """Roles and department must be this tenant's, and what is given or taken must be one's own to give."""
    known = await _roles_by_id(db, access)
    if set(roles) - known.keys():
        raise Invalid([Problem("roles", "reference", _("角色不存在或已被删除。"))])
    if department is not None and not any(
        row["id"] == department for row in await stored.departments(db, access.tenant.id)
    ):
        raise Invalid([Problem("department", "reference", _("部门不存在或已被删除。"))])
    for moved in set(roles) ^ set(held):
        if moved in known:
            may_grant(access, known[moved].permissions)


async def _roles_by_id(db: Database, access: Access) -> dict[str, Role]:
    return {role.id: role for role in await roles(db, access.tenant.id)}


def _person(row: Mapping[str, Any], roles: Sequence[str]) -> Person:
    return Person(
        id=row["id"],
        account=row["account"],
        login=row["login"],
        name=row["name"],
        department=row["department"],
        active=bool(row["active"]),
        created_at=row["created_at"],
        roles=tuple(roles),
    )
