"""Signing in and out, expiry, switching; over HTTP they are tried in tests/web."""

from __future__ import annotations

import pytest

from core import people
from core.clock import now
from core.errors import Forbidden, Invalid, Unauthorized
from core.people.sessions import hash_token


async def test_a_right_password_opens_the_only_tenant(town):
    signed_in = await town.seen(await town.sign_in("anna"))
    assert signed_in.access.tenant.code == "aa"
    assert signed_in.access.member.id == town.members["anna@a"]
    assert signed_in.access.member.permissions == {"forms", "people", "modules"}
    assert signed_in.memberships == 1


async def test_the_login_may_be_typed_in_any_case_and_width(town):
    assert await town.seen(await town.sign_in(" ＡNna "))


async def test_a_wrong_password_and_an_unknown_login_look_alike(town):
    for login, password in (("anna", "wrong"), ("nobody", "correct horse battery"), ("", "")):
        with pytest.raises(Unauthorized, match="登录名或密码不对"):
            await people.sign_in(town.db, login, password=password, address=None, hours=12)


async def test_a_switched_off_account_cannot_sign_in_and_its_sessions_are_over(town):
    token = await town.sign_in("anna")
    await town.db.execute("UPDATE account SET active = 0 WHERE login = 'anna'")
    assert await town.seen(token) is None
    with pytest.raises(Unauthorized):
        await town.sign_in("anna")


async def test_only_a_hash_of_the_token_is_stored(town):
    token = await town.sign_in("anna")
    rows = await town.db.fetch("SELECT * FROM session")
    assert [row["token_hash"] for row in rows] == [hash_token(token)]
    assert token not in str(rows)
    assert len(token) >= 43


async def test_every_sign_in_makes_a_new_token(town):
    assert await town.sign_in("anna") != await town.sign_in("anna")


async def test_an_unknown_token_is_nobody(town):
    assert await town.seen("ATTACKER") is None


async def test_a_session_ends_at_its_hour(town):
    token = await town.sign_in("anna")
    await town.db.execute("UPDATE session SET expires_at = $1", now())
    assert await town.seen(token) is None
    assert await people.ended_session(town.db, token) == (town.accounts["anna"], town.a)


async def test_a_session_in_use_is_renewed_but_not_written_on_every_request(town):
    token = await town.sign_in("anna")

    async def row():
        return await town.db.fetch_one("SELECT seen_at, expires_at FROM session")

    before = await row()
    await town.seen(token)
    assert await row() == before
    await town.db.execute(
        "UPDATE session SET seen_at = $1, expires_at = $2", "2026-01-01T00:00:00.000000Z", "9999-01-01T00:00:00.000000Z"
    )
    await town.seen(token)
    renewed = await row()
    assert renewed["seen_at"] > before["seen_at"]
    assert renewed["expires_at"] > before["expires_at"]


async def test_even_a_busy_session_ends_two_weeks_after_sign_in(town):
    token = await town.sign_in("anna")
    await town.db.execute(
        "UPDATE session SET created_at = $1, seen_at = $1, expires_at = $2",
        "2026-01-01T00:00:00.000000Z",
        "9999-01-01T00:00:00.000000Z",
    )
    await town.seen(token)
    row = await town.db.fetch_one("SELECT expires_at FROM session")
    assert row["expires_at"] == "2026-01-15T00:00:00.000000Z"
    assert await town.seen(token) is None


async def test_signing_out_ends_the_session(town):
    token = await town.sign_in("anna")
    await people.sign_out(town.db, (await town.seen(token)).session)
    assert await town.seen(token) is None


async def test_who_belongs_to_two_tenants_chooses_one(town):
    signed_in = await town.seen(await town.sign_in("both"))
    assert signed_in.access is None
    assert signed_in.memberships == 2
    assert [t.code for t in await people.tenants_of(town.db, signed_in.account.id)] == ["bb", "aa"]


async def test_a_preferred_tenant_is_opened_only_if_one_belongs_to_it(town):
    assert (await town.seen(await town.sign_in("both", prefer=town.b))).access.tenant.id == town.b
    assert (await town.seen(await town.sign_in("anna", prefer=town.b))).access.tenant.id == town.a


async def test_switching_gives_a_new_token_and_ends_the_old_one(town):
    old = await town.sign_in("both", prefer=town.a)
    new = await people.switch_tenant(town.db, await town.seen(old), tenant=town.b, hours=12)
    assert new != old
    assert await town.seen(old) is None
    assert (await town.seen(new)).access.tenant.id == town.b


async def test_switching_to_a_foreign_tenant_is_refused(town):
    token = await town.sign_in("anna")
    with pytest.raises(Forbidden):
        await people.switch_tenant(town.db, await town.seen(token), tenant=town.b, hours=12)
    assert (await town.seen(token)).access.tenant.id == town.a


async def test_a_member_who_is_switched_off_loses_the_tenant_at_once(town):
    token = await town.sign_in("ed")
    anna = await town.access("anna@a")
    ed = await people.person(town.db, town.a, town.members["ed@a"])
    await people.change_member(town.db, anna, id=ed.id, name=ed.name, roles=ed.roles, department=None, active=False)
    assert (await town.seen(token)).access is None


async def test_a_new_password_ends_every_other_session(town):
    here, there = await town.sign_in("ed"), await town.sign_in("ed")
    signed_in = await town.seen(here)
    await people.change_password(
        town.db,
        signed_in.account.id,
        old="correct horse battery",
        new="another long one",
        keep_session=signed_in.session,
    )
    assert await town.seen(there) is None
    assert await town.seen(here)
    with pytest.raises(Unauthorized):
        await town.sign_in("ed")


async def test_a_password_is_changed_only_by_who_knows_the_old_one(town):
    with pytest.raises(Invalid) as caught:
        await people.change_password(town.db, town.accounts["ed"], old="guess", new="another long one")
    assert [p.field for p in caught.value.problems] == ["old"]


async def test_weak_passwords_are_refused(town):
    for bad in ("short", "12345678", "password", "x" * 129, "aaaaaaaaaa", "newcomer"):
        with pytest.raises(Invalid):
            await people.create_account(town.db, login="newcomer", name="新人", password=bad)


async def test_the_other_sessions_can_be_ended(town):
    here, there = await town.sign_in("ed"), await town.sign_in("ed")
    signed_in = await town.seen(here)
    assert await people.session_count(town.db, signed_in) == 2
    assert await people.end_other_sessions(town.db, signed_in) == 1
    assert await town.seen(there) is None
    assert await town.seen(here)


async def test_old_sessions_are_swept_when_somebody_signs_in(town):
    await town.sign_in("ed")
    await town.db.execute("UPDATE session SET expires_at = '2026-01-01T00:00:00.000000Z'")
    await town.sign_in("anna")
    rows = await town.db.fetch("SELECT account FROM session")
    assert [row["account"] for row in rows] == [town.accounts["anna"]]


async def test_who_asks_is_one_statement(town, monkeypatch):
    token = await town.sign_in("ed")
    await town.seen(token)
    asked = []
    fetch = town.db._fetch

    async def counted(sql, args, **more):
        asked.append(sql)
        return await fetch(sql, args, **more)

    monkeypatch.setattr(town.db, "_fetch", counted)
    assert (await town.seen(token)).access
    assert len(asked) == 1
