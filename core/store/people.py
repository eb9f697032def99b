"""SQL about tenants, accounts, members, departments and roles; sessions and tokens are in sessions.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.store.database import Database

Row = Mapping[str, Any]
# How a tenant stands: its licence, and the latest instant that this installation has seen.
STANDING = (
    "t.licence, t.suspended_at, t.suspended_why, t.history, "
    "(SELECT i.value FROM installation i WHERE i.name = 'latest') AS latest"
)
TENANT = f"t.id, t.code, t.name, t.settings, t.definitions_version, t.created_at, {STANDING}"


# Tenants and accounts: tables of the whole installation.


async def insert_tenant(db: Database, *, code: str, name: str, at: str, licence: str) -> int:
    row = await db.fetch_one("SELECT COALESCE(MAX(id), 0) + 1 AS next FROM tenant")
    assert row is not None
    await db.execute(
        "INSERT INTO tenant (id, code, name, settings, definitions_version, created_at, licence) "
        "VALUES ($1, $2, $3, $4, 1, $5, $6)",
        row["next"], code, name, "{}", at, licence,
    )  # fmt: skip
    return int(row["next"])


async def tenant(db: Database, tenant: int) -> Row | None:
    return await db.fetch_one(f"SELECT {TENANT} FROM tenant t WHERE t.id = $1", tenant)


async def tenant_by_code(db: Database, code: str) -> Row | None:
    return await db.fetch_one(f"SELECT {TENANT} FROM tenant t WHERE t.code = $1", code)


async def tenants(db: Database) -> Sequence[Row]:
    return await db.fetch(f"SELECT {TENANT} FROM tenant t ORDER BY t.id")


async def bump_definitions(db: Database, tenant: int) -> None:
    """Also the lock that lets changes of one tenant's people happen one after another."""
    await db.execute("UPDATE tenant SET definitions_version = definitions_version + 1 WHERE id = $1", tenant)


async def insert_account(
    db: Database,
    *,
    id: str,
    login: str,
    name: str,
    password_hash: str,
    language: str,
    operator: int,
    at: str,
) -> None:
    await db.execute(
        "INSERT INTO account (id, login, name, password_hash, language, active, operator, created_at) "
        "VALUES ($1, $2, $3, $4, $5, 1, $6, $7)",
        id, login, name, password_hash, language, operator, at,
    )  # fmt: skip


async def account(db: Database, id: str) -> Row | None:
    return await db.fetch_one("SELECT * FROM account WHERE id = $1", id)


async def account_by_login(db: Database, login: str) -> Row | None:
    return await db.fetch_one("SELECT * FROM account WHERE login = $1", login)


async def set_password(db: Database, account: str, password_hash: str) -> None:
    await db.execute("UPDATE account SET password_hash = $2 WHERE id = $1", account, password_hash)


async def set_language(db: Database, account: str, language: str) -> None:
    await db.execute("UPDATE account SET language = $2 WHERE id = $1", account, language)


async def memberships(db: Database, account: str) -> Sequence[Row]:
    """The tenants where this account is an active member. Global: asked before a tenant is chosen."""
    return await db.fetch_across(
        f"SELECT {TENANT} FROM tenant t JOIN member m ON m.tenant = t.id "
        "WHERE m.account = $1 AND m.active = 1 ORDER BY t.name, t.id",
        account,
    )


async def membership_count(db: Database, account: str) -> int:
    rows = await db.fetch_across(
        "SELECT COUNT(*) AS n FROM tenant t JOIN member m ON m.tenant = t.id WHERE m.account = $1", account
    )
    return int(rows[0]["n"])


# Members.

_MEMBER = (
    "SELECT m.id, m.account, m.name, m.department, m.active, m.created_at, a.login, a.operator "
    "FROM member m JOIN account a ON a.id = m.account "
)


async def insert_member(
    db: Database, tenant: int, *, id: str, account: str, name: str, department: str | None, at: str
) -> None:
    await db.execute(
        "INSERT INTO member (tenant, id, account, name, department, active, created_at) "
        "VALUES ($1, $2, $3, $4, $5, 1, $6)",
        tenant, id, account, name, department, at,
    )  # fmt: skip


async def members(db: Database, tenant: int) -> Sequence[Row]:
    return await db.fetch(_MEMBER + "WHERE m.tenant = $1 ORDER BY m.active DESC, m.name, m.id", tenant)


async def member(db: Database, tenant: int, id: str) -> Row | None:
    return await db.fetch_one(_MEMBER + "WHERE m.tenant = $1 AND m.id = $2", tenant, id)


async def member_of_account(db: Database, tenant: int, account: str) -> Row | None:
    return await db.fetch_one(_MEMBER + "WHERE m.tenant = $1 AND m.account = $2", tenant, account)


async def update_member(
    db: Database, tenant: int, id: str, *, name: str, department: str | None, active: int
) -> int:
    return await db.execute(
        "UPDATE member SET name = $3, department = $4, active = $5 WHERE tenant = $1 AND id = $2",
        tenant, id, name, department, active,
    )  # fmt: skip


# Roles.


async def roles(db: Database, tenant: int) -> Sequence[Row]:
    return await db.fetch(
        "SELECT r.id, r.code, r.name, r.module, r.rules, "
        "(SELECT COUNT(*) FROM member_role x JOIN member m ON m.tenant = x.tenant AND m.id = x.member "
        "WHERE x.tenant = r.tenant AND x.role = r.id AND m.active = 1) AS members "
        "FROM role r WHERE r.tenant = $1 ORDER BY r.id",
        tenant,
    )


async def insert_role(
    db: Database, tenant: int, *, id: str, code: str, name: str, module: str | None, rules: str
) -> None:
    await db.execute(
        "INSERT INTO role (tenant, id, code, name, module, rules) VALUES ($1, $2, $3, $4, $5, $6)",
        tenant, id, code, name, module, rules,
    )  # fmt: skip


async def update_role(db: Database, tenant: int, id: str, *, name: str, rules: str) -> int:
    return await db.execute(
        "UPDATE role SET name = $3, rules = $4 WHERE tenant = $1 AND id = $2", tenant, id, name, rules
    )


async def delete_role(db: Database, tenant: int, id: str) -> None:
    await db.execute("DELETE FROM member_role WHERE tenant = $1 AND role = $2", tenant, id)
    await db.execute("DELETE FROM role WHERE tenant = $1 AND id = $2", tenant, id)


async def roles_of_member(db: Database, tenant: int, member: str) -> Sequence[Row]:
    return await db.fetch(
        "SELECT r.id, r.code, r.name, r.rules FROM member_role x "
        "JOIN role r ON r.tenant = x.tenant AND r.id = x.role "
        "WHERE x.tenant = $1 AND x.member = $2 ORDER BY r.id",
        tenant, member,
    )  # fmt: skip


async def member_roles(db: Database, tenant: int) -> Sequence[Row]:
    """(member, role) of everybody."""
    return await db.fetch(
        "SELECT member, role FROM member_role WHERE tenant = $1 ORDER BY member, role", tenant
    )


async def set_member_roles(db: Database, tenant: int, member: str, roles: Sequence[str]) -> None:
    await db.execute("DELETE FROM member_role WHERE tenant = $1 AND member = $2", tenant, member)
    if roles:
        await db.execute_many(
            "INSERT INTO member_role (tenant, member, role) VALUES ($1, $2, $3)",
            [(tenant, member, role) for role in roles],
        )


async def active_holders(db: Database, tenant: int) -> Sequence[Row]:
    """(member, rules) of every role of every member who can sign in: who administers this tenant?"""
    return await db.fetch(
        "SELECT m.id AS member, r.rules FROM member m JOIN account a ON a.id = m.account "
        "JOIN member_role x ON x.tenant = m.tenant AND x.member = m.id "
        "JOIN role r ON r.tenant = x.tenant AND r.id = x.role "
        "WHERE m.tenant = $1 AND m.active = 1 AND a.active = 1",
        tenant,
    )


# Departments.


async def departments(db: Database, tenant: int) -> Sequence[Row]:
    return await db.fetch(
        "SELECT id, name, parent, position FROM department WHERE tenant = $1 ORDER BY position, id", tenant
    )


async def insert_department(
    db: Database, tenant: int, *, id: str, name: str, parent: str | None, position: int
) -> None:
    await db.execute(
        "INSERT INTO department (tenant, id, name, parent, position) VALUES ($1, $2, $3, $4, $5)",
        tenant, id, name, parent, position,
    )  # fmt: skip


async def update_department(
    db: Database, tenant: int, id: str, *, name: str, parent: str | None, position: int
) -> int:
    return await db.execute(
        "UPDATE department SET name = $3, parent = $4, position = $5 WHERE tenant = $1 AND id = $2",
        tenant, id, name, parent, position,
    )  # fmt: skip


async def delete_department(db: Database, tenant: int, id: str) -> None:
    await db.execute("DELETE FROM department WHERE tenant = $1 AND id = $2", tenant, id)


async def department_members(db: Database, tenant: int, id: str) -> int:
    row = await db.fetch_one(
        "SELECT COUNT(*) AS n FROM member WHERE tenant = $1 AND department = $2", tenant, id
    )
    return int(row["n"]) if row else 0
