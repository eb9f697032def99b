"""Two tenants with people in them, made without HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from argon2 import PasswordHasher

from core import people
from core.people import Access, AccessCache, SignedIn, passwords
from core.people.accounts import insert_account
from core.store import Database

PASSWORD = "correct horse battery"


@dataclass
class Town:
    """Tenant a: anna (admin), ed (editor), vera (viewer), both (viewer). Tenant b: boss (admin), both (editor)."""

    db: Database
    a: int = 0
    b: int = 0
    members: dict[str, str] = field(default_factory=dict)  # "ed@a" -> member id
    accounts: dict[str, str] = field(default_factory=dict)
    cache: AccessCache = field(default_factory=AccessCache)

    async def access(self, who: str) -> Access:
        return await people.access_of(self.db, self.a if who.endswith("@a") else self.b, self.members[who])

    async def sign_in(self, login: str, **options) -> str:
        return await people.sign_in(self.db, login, password=PASSWORD, address="10.0.0.1", hours=12, **options)

    async def seen(self, token: str) -> SignedIn | None:
        return await people.session_of(self.db, token, hours=12, cache=self.cache)

    async def roles(self, tenant: int) -> dict[str, str]:
        return {role.code: role.id for role in await people.roles(self.db, tenant)}

    async def join(self, login: str, tenant: int, *roles: str, department: str | None = None) -> str:
        if login not in self.accounts:
            self.accounts[login] = await insert_account(
                self.db, login=login, name=f"{login}的名字", password_hash=self.hashed, language="zh"
            )
        place = "a" if tenant == self.a else "b"
        self.members[f"{login}@{place}"] = await people.add_member(
            self.db, tenant, account=self.accounts[login], roles=roles, department=department
        )
        return self.members[f"{login}@{place}"]

    hashed: str = ""


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch) -> None:
    """The same algorithm with little work: what is tested here is not how slow it is."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords._nobody.cache_clear()


@pytest.fixture
async def town(db: Database) -> Town:
    made = Town(db, hashed=await passwords.hash_password(PASSWORD))
    made.a = await people.create_tenant(db, code="aa", name="甲单位")
    made.b = await people.create_tenant(db, code="bb", name="乙单位")
    await made.join("anna", made.a, "admin")
    await made.join("ed", made.a, "editor")
    await made.join("vera", made.a, "viewer")
    await made.join("boss", made.b, "admin")
    await made.join("both", made.a, "viewer")
    await made.join("both", made.b, "editor")
    return made
