"""API tokens."""

from __future__ import annotations

import pytest

from core import people
from core.clock import now
from core.errors import Invalid, NotFound
from core.people import Right, rights


async def made(town, who="ed@a", **options):
    anna = await town.access("anna@a")
    return await people.create_token(town.db, anna, member=town.members[who], name="财务", **options)


async def seen(town, token):
    return await people.token_access(town.db, token, cache=town.cache)


async def test_a_token_acts_as_its_member(town):
    access = await seen(town, await made(town))
    assert access.member.id == town.members["ed@a"]
    assert access.tenant.id == town.a
    assert access.via == "token"
    assert rights(access, "a.x", "create") == (Right("all"),)


async def test_only_a_hash_of_an_api_token_is_stored(town):
    token = await made(town)
    assert token.startswith("dg_")
    rows = await town.db.fetch("SELECT * FROM api_token WHERE tenant = $1", town.a)
    assert token not in str(rows)
    assert token.rpartition("_")[2] not in str(rows)


async def test_a_revoked_token_is_nobody(town):
    token = await made(town)
    (listed,) = await people.tokens(town.db, town.a)
    await people.revoke_token(town.db, town.a, id=listed.id)
    assert await seen(town, token) is None
    with pytest.raises(NotFound):
        await people.revoke_token(town.db, town.a, id=listed.id)
    assert [t.state for t in await people.tokens(town.db, town.a)] == ["revoked"]


async def test_an_expired_token_is_nobody(town):
    token = await made(town, days=1)
    await town.db.execute("UPDATE api_token SET expires_at = $2 WHERE tenant = $1", town.a, now())
    assert await seen(town, token) is None
    assert [t.state for t in await people.tokens(town.db, town.a)] == ["expired"]


async def test_a_token_ends_with_its_member(town):
    token = await made(town)
    anna, ed = await town.access("anna@a"), town.members["ed@a"]
    await people.change_member(town.db, anna, id=ed, name="艾德", roles=[], department=None, active=False)
    assert await seen(town, token) is None


async def test_anything_else_is_nobody(town):
    await made(town)
    tail = "a" * 43
    for token in ("", "dg_", "dg_1_short", f"dg_x_{tail}", f"dg_1_{tail}", f"dg_99_{tail}"):
        assert await seen(town, token) is None


async def test_a_token_with_another_tenants_number_is_nobody(town):
    token = await made(town)
    assert await seen(town, token.replace(f"dg_{town.a}_", f"dg_{town.b}_")) is None


async def test_its_last_use_is_noted_at_most_once_a_minute(town):
    token = await made(town)

    async def used():
        return (await people.tokens(town.db, town.a))[0].used_at

    assert await used() is None
    await seen(town, token)
    first = await used()
    await seen(town, token)
    assert await used() == first
    await town.db.execute("UPDATE api_token SET used_at = '2026-01-01T00:00:00.000000Z' WHERE tenant = $1", town.a)
    await seen(town, token)
    assert await used() > first


async def test_tokens_of_another_tenant_are_not_listed_nor_revoked(town):
    await made(town)
    (listed,) = await people.tokens(town.db, town.a)
    assert await people.tokens(town.db, town.b) == ()
    with pytest.raises(NotFound):
        await people.revoke_token(town.db, town.b, id=listed.id)


async def test_a_token_needs_a_name_a_member_and_an_end(town):
    anna = await town.access("anna@a")
    with pytest.raises(Invalid) as caught:
        await people.create_token(town.db, anna, member=town.members["boss@b"], name=" ", days=0)
    assert {p.field for p in caught.value.problems} == {"name", "member", "days"}
