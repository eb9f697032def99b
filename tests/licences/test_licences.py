"""What a licence allows, when it ends, how many people it seats, and a clock that is set back; on both engines."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from core import JobKind, definitions, hookimpl, people
from core.errors import Forbidden, Invalid, NotFound, ReadOnly, Suspended
from core.people import Account, Licence, licences
from core.platform import Platform
from core.records import Query
from core.testing import new_member, new_tenant, platform_at, refreshed, run_jobs
from tests.licences.conftest import enter

COMPANY = {"code": "C1", "name": "甲公司", "kind": "supplier", "status": "qualified"}


async def give(platform, operator, ctx, licence: Licence, *, vendor_key: str = ""):
    """The tenant with another licence: its administrator's context."""
    await people.set_licence(platform.db, operator, ctx.tenant.id, licence, vendor_key=vendor_key)
    return await refreshed(platform, ctx)


async def test_a_new_tenant_is_on_trial_which_runs_from_its_first_use(platform: Platform, fake_clock) -> None:
    ctx = await new_tenant(platform, "aa")
    fake_clock.forward(days=100)
    ctx = await refreshed(platform, ctx)
    assert (ctx.standing.state, ctx.standing.days_left) == ("open", None)
    await enter(platform, "aa-admin")
    ctx = await refreshed(platform, ctx)
    assert (ctx.standing.state, ctx.standing.days_left) == ("open", people.TRIAL_DAYS)
    began = ctx.tenant.licence.started_at
    fake_clock.forward(days=3)
    await enter(platform, "aa-admin")
    ctx = await refreshed(platform, ctx)
    assert ctx.tenant.licence.started_at == began
    assert ctx.standing.days_left == people.TRIAL_DAYS - 3


async def test_after_the_trial_everything_is_read_only_and_nothing_is_lost(platform: Platform, fake_clock) -> None:
    ctx = await new_tenant(platform, "aa", modules=("partners",))
    other = await new_tenant(platform, "bb", modules=("partners",))
    record = await ctx.records.create("partners.company", COMPANY)
    await enter(platform, "aa-admin")
    fake_clock.forward(days=people.TRIAL_DAYS, seconds=-1)
    ctx = await refreshed(platform, ctx)
    assert ctx.standing.soon
    await ctx.records.update("partners.company", record.id, {"name": "乙公司"}, revision=1)
    fake_clock.forward(seconds=2)
    ctx = await refreshed(platform, ctx)
    with pytest.raises(ReadOnly, match="试用已于"):
        await ctx.records.update("partners.company", record.id, {"name": "丙公司"}, revision=2)
    assert (await ctx.records.get("partners.company", record.id)).data["name"] == "乙公司"
    assert len((await ctx.records.list("partners.company", Query(), action="export")).records) == 1
    await enter(platform, "aa-admin")
    other = await refreshed(platform, other)
    await other.records.create("partners.company", COMPANY)


def writing_calls(ctx, id: str):
    """Every public way of `ctx.records` that writes."""
    records, form = ctx.records, "partners.company"
    return [
        records.create(form, COMPANY | {"code": "C2"}),
        records.update(form, id, {"name": "x"}, revision=1),
        records.delete(form, id, revision=1),
        records.restore(form, id),
        records.revert(form, id, to_revision=1, revision=1),
        records.bulk(form, [COMPANY | {"code": "C3"}], mode="create"),
    ]


async def test_every_way_of_writing_records_is_refused(platform, fake_clock) -> None:
    ctx = await new_tenant(platform, "aa", modules=("partners",))
    record = await ctx.records.create("partners.company", COMPANY)
    await enter(platform, "aa-admin")
    fake_clock.forward(days=16)
    ctx = await refreshed(platform, ctx)
    for call in writing_calls(ctx, record.id):
        with pytest.raises(ReadOnly):
            await call
    assert (await ctx.records.get("partners.company", record.id)).revision == 1


async def test_definitions_people_and_switches_are_read_only_too_but_a_member_can_be_switched_off(
    platform: Platform, fake_clock
) -> None:
    ctx = await new_tenant(platform, "aa", modules=("partners",))
    viewer = await new_member(platform, ctx, "vera", roles=("viewer",))
    token = await people.create_token(platform.db, ctx.access, member=ctx.member.id, name="t", days=30)
    await enter(platform, "aa-admin")
    fake_clock.forward(days=16)
    ctx = await refreshed(platform, ctx)
    db, tenant = platform.db, ctx.tenant.id
    for call in (
        definitions.create_form(ctx, title="新表单"),
        definitions.switch(ctx, "partners", False),
        people.invite(db, ctx.access, login="new", name="新人", roles=[], department=None),
        people.create_department(db, tenant, name="部门"),
        people.create_role(db, ctx.access, name="角色"),
        people.create_token(db, ctx.access, member=ctx.member.id, name="t2", days=30),
        ctx.views.save("partners.company", "视图", {}),
    ):
        with pytest.raises(ReadOnly):
            await call
    said = {"name": "vera", "roles": [], "department": None}
    with pytest.raises(ReadOnly):
        await people.change_member(db, ctx.access, id=viewer.member.id, active=True, **said)
    await people.change_member(db, ctx.access, id=viewer.member.id, active=False, **said)
    assert (await people.person(db, tenant, viewer.member.id)).active is False
    await people.revoke_token(db, tenant, id=(await people.tokens(db, tenant))[0].id)
    assert token.startswith("dg_")


async def test_a_clock_set_back_is_noticed_and_lengthens_no_trial(platform: Platform, fake_clock) -> None:
    ctx = await new_tenant(platform, "aa", modules=("partners",))
    await enter(platform, "aa-admin")
    fake_clock.forward(days=14)
    await people.note_time(platform.db)
    ctx = await refreshed(platform, ctx)
    assert (ctx.standing.days_left, ctx.standing.clock_back) == (1, False)
    fake_clock.back(days=10)
    await people.note_time(platform.db)
    ctx = await refreshed(platform, ctx)
    assert (ctx.standing.state, ctx.standing.days_left, ctx.standing.clock_back) == ("open", 1, True)
    fake_clock.forward(days=12)
    await people.note_time(platform.db)
    fake_clock.back(days=12)
    ctx = await refreshed(platform, ctx)
    assert (ctx.standing.state, ctx.standing.why) == ("read-only", "trial")


async def test_a_clock_that_ran_ahead_by_mistake_can_be_taken_for_right_again(
    platform: Platform, operator: Account, fake_clock
) -> None:
    ctx = await new_tenant(platform, "aa")
    await enter(platform, "aa-admin")
    fake_clock.forward(days=4000)
    await people.note_time(platform.db)
    fake_clock.back(days=4000)
    assert (await refreshed(platform, ctx)).standing.state == "read-only"
    with pytest.raises(Forbidden):
        await people.accept_clock(platform.db, replace(operator, operator=False), vendor_key="")
    await people.accept_clock(platform.db, operator, vendor_key="")
    assert (await refreshed(platform, ctx)).standing.state == "open"
    assert (await people.acts(platform.db))[0].act == "clock"


async def test_a_licence_with_a_last_day_ends_with_that_day_in_china(platform, operator, fake_clock) -> None:
    ctx = await new_tenant(platform, "aa", modules=("partners",))
    day = fake_clock.moment.astimezone(people.licences.clock.CHINA).date().isoformat()
    ctx = await give(platform, operator, ctx, Licence(valid_to=day))
    assert (ctx.standing.state, ctx.standing.days_left) == ("open", 1)
    fake_clock.forward(days=1)
    ctx = await refreshed(platform, ctx)
    with pytest.raises(ReadOnly, match=f"授权已于 {day} 到期"):
        await ctx.records.create("partners.company", COMPANY)
    ctx = await give(platform, operator, ctx, Licence())
    await ctx.records.create("partners.company", COMPANY)


async def test_seats_are_counted_when_somebody_is_switched_on_not_when_he_signs_in(platform, operator) -> None:
    ctx = await new_tenant(platform, "aa")
    other = await new_tenant(platform, "bb")
    vera = await new_member(platform, ctx, "vera", roles=("viewer",))
    ctx = await give(platform, operator, ctx, Licence(seats=2))
    db = platform.db
    with pytest.raises(Invalid, match="2 个席位都已占用（在用 2 人）"):
        await people.invite(db, ctx.access, login="third", name="三", roles=[], department=None)
    await new_member(platform, other, "elsewhere", roles=("viewer",))
    said = {"name": "vera", "roles": [], "department": None}
    await people.change_member(db, ctx.access, id=vera.member.id, active=False, **said)
    third, _password = await people.invite(db, ctx.access, login="third", name="三", roles=[], department=None)
    with pytest.raises(Invalid, match="席位"):
        await people.change_member(db, ctx.access, id=vera.member.id, active=True, **said)
    ctx = await give(platform, operator, ctx, Licence(seats=1))
    assert await enter(platform, "aa-admin"), "fewer seats than people: who sits stays"
    await people.change_member(db, ctx.access, id=third, active=True, **said | {"name": "三改"})
    assert await people.seats_used(db, ctx.tenant.id) == 2


async def test_two_who_invite_at_once_cannot_both_take_the_last_seat(platform, operator) -> None:
    ctx = await new_tenant(platform, "aa")
    ctx = await give(platform, operator, ctx, Licence(seats=2))

    async def invite(login: str) -> bool:
        try:
            await people.invite(platform.db, ctx.access, login=login, name=login, roles=[], department=None)
        except Invalid:
            return False
        return True

    assert sorted(await asyncio.gather(*(invite(f"new-{n}") for n in range(4)))) == [False, False, False, True]
    assert await people.seats_used(platform.db, ctx.tenant.id) == 2


async def test_modules_outside_an_enterprise_licence_are_off_and_come_back_with_their_data(platform, operator) -> None:
    ctx = await new_tenant(platform, "aa", modules=("partners", "cost_center"))
    record = await ctx.records.create("partners.company", COMPANY)
    ctx = await give(platform, operator, ctx, Licence(edition="enterprise", modules=frozenset({"cost_center"})))
    assert "partners" not in ctx.enabled
    assert "partners.company" not in ctx.forms
    with pytest.raises(Forbidden, match="授权不含"):
        await definitions.switch(ctx, "partners", True)
    state = await definitions.state(ctx, "partners")
    assert (state.enabled, state.licensed) == (False, False)
    everything = frozenset({"cost_center", "partners"})
    ctx = await give(platform, operator, ctx, Licence(edition="enterprise", modules=everything))
    assert (await ctx.records.get("partners.company", record.id)).data["name"] == "甲公司"


def test_a_module_whose_need_is_not_licensed_is_off_too() -> None:
    requires = {"a": (), "b": ("a",), "c": ("b",), "d": ()}
    found = people.allowed_modules(Licence(edition="enterprise", modules=frozenset("bcd")), requires)
    assert found == {"d"}
    assert people.allowed_modules(Licence(), requires) == set(requires)


async def test_a_suspended_tenant_can_be_neither_written_nor_entered_and_the_other_goes_on(platform, operator) -> None:
    ctx = await new_tenant(platform, "aa", modules=("partners",))
    other = await new_tenant(platform, "bb", modules=("partners",))
    await people.suspend(platform.db, operator, ctx.tenant.id, why="欠费")
    ctx = await refreshed(platform, ctx)
    with pytest.raises(Suspended, match="原因：欠费"):
        await ctx.records.create("partners.company", COMPANY)
    with pytest.raises(Suspended):
        people.must_enter(ctx.tenant)
    await (await refreshed(platform, other)).records.create("partners.company", COMPANY)
    await people.resume(platform.db, operator, ctx.tenant.id)
    await (await refreshed(platform, ctx)).records.create("partners.company", COMPANY)
    assert [act.act for act in await people.acts(platform.db, about=ctx.tenant.id)] == ["resumed", "suspended"]
    assert await people.acts(platform.db, about=other.tenant.id) == ()


async def test_jobs_of_a_suspended_tenant_wait_until_it_is_resumed(database_url, tmp_path, operator, platform) -> None:
    ran = []

    async def run(ctx, job) -> None:
        ran.append(ctx.tenant.code)

    kinds = SimpleNamespace(register_jobs=hookimpl(lambda: [JobKind(name="check.ran", title="检查", run=run)]))
    async with platform_at(database_url, tmp_path, more={"check": kinds}) as second:
        stopped, other = await new_tenant(second, "aa"), await new_tenant(second, "bb")
        for ctx in (stopped, other):
            await ctx.jobs.enqueue("check.ran", {})
        await people.suspend(second.db, operator, stopped.tenant.id, why="")
        await run_jobs(second)
        assert ran == ["bb"]
        await people.resume(second.db, operator, stopped.tenant.id)
        await run_jobs(second)
        assert ran == ["bb", "aa"]


async def test_only_an_operator_operates(platform, operator) -> None:
    ctx = await new_tenant(platform, "aa")
    nobody = await people.account_by_login(platform.db, "aa-admin")
    db, id = platform.db, ctx.tenant.id
    for call in (
        people.open_tenant(db, nobody, code="cc", name="丙", login="cc"),
        people.set_licence(db, nobody, id, Licence(), vendor_key=""),
        people.set_signed_licence(db, nobody, id, "", vendor_key=""),
        people.suspend(db, nobody, id, why=""),
        people.resume(db, nobody, id),
    ):
        with pytest.raises(Forbidden):
            await call
    assert await people.acts(db) == ()


async def test_what_the_operator_types_is_checked(platform) -> None:
    requires = {"a": (), "b": ("a",)}
    with pytest.raises(Invalid) as wrong:
        people.checked_licence(
            "gold", seats=0, modules=["b", "x"], valid_to="2027-13-01", days=0, requires=requires
        )
    assert {problem.field for problem in wrong.value.problems} == {"edition", "seats", "valid_to", "days"}
    with pytest.raises(Invalid) as wrong:
        people.checked_licence("enterprise", seats=5, modules=["b", "x"], valid_to=None, days=None, requires=requires)
    assert [problem.code for problem in wrong.value.problems] == ["requires", "choice"]
    found = people.checked_licence(
        "enterprise", seats=5, modules=["a", "b"], valid_to=None, days=None, requires=requires
    )
    assert found == Licence(edition="enterprise", seats=5, modules=frozenset("ab"))


ABOUT = {"number": "L-1", "tenant": "aa", "edition": "professional", "seats": 3, "modules": None, "valid_to": None}


async def test_with_a_vendors_key_only_what_he_signed_counts(platform, operator) -> None:
    private, public = people.new_key()
    ctx = await new_tenant(platform, "aa")
    db, id = platform.db, ctx.tenant.id
    text = people.issue(ABOUT, private)
    for wrong, code in (
        (text.replace('"seats":3', '"seats":300'), "altered"),
        (people.issue(ABOUT, people.new_key()[0]), "altered"),
        (people.issue(ABOUT | {"tenant": "bb"}, private), "elsewhere"),
        ("not a licence", "file"),
        ('{"licence": [], "signature": "x"}', "file"),
        ("[" * 10_000, "file"),
    ):
        with pytest.raises(Invalid) as refused:
            await people.set_signed_licence(db, operator, id, wrong, vendor_key=public)
        assert refused.value.problems[0].code == code
    with pytest.raises(people.members.Conflict, match="厂商"):
        await people.set_licence(db, operator, id, Licence(), vendor_key=public)
    await people.set_signed_licence(db, operator, id, text, vendor_key=public)
    ctx = await refreshed(platform, ctx)
    assert (ctx.tenant.licence.seats, ctx.tenant.licence.number) == (3, "L-1")


async def test_a_licence_changed_behind_the_platforms_back_does_not_count_after_the_next_start(
    platform: Platform, operator: Account, database_url: str, tmp_path: Path
) -> None:
    private, public = people.new_key()
    ctx = await new_tenant(platform, "aa", modules=("partners",))
    by_hand = await new_tenant(platform, "bb")
    trial = await new_tenant(platform, "cc")
    db = platform.db
    await people.set_licence(db, operator, by_hand.tenant.id, Licence(), vendor_key="")
    await people.set_signed_licence(db, operator, ctx.tenant.id, people.issue(ABOUT, private), vendor_key=public)
    cheated = replace((await refreshed(platform, ctx)).tenant.licence, seats=300)
    await db.execute("UPDATE tenant SET licence = $2 WHERE id = $1", ctx.tenant.id, licences.licence_text(cheated))
    async with platform_at(database_url, tmp_path, vendor_key=public) as second:
        await people.review(second.db, second.settings.vendor_key)
        found = {t.code: t.licence.refused for t in await people.tenants(second.db)}
        assert found == {"aa": "altered", "bb": "unsigned", "cc": ""}
        with pytest.raises(ReadOnly, match="厂商"):
            await (await refreshed(second, ctx)).records.create("partners.company", COMPANY)
        assert (await refreshed(second, trial)).standing.state == "open"
    await people.review(db, "")
    assert (await refreshed(platform, by_hand)).standing.state == "open"


async def test_use_is_counted_by_day_and_tenant(platform, fake_clock) -> None:
    ctx = await new_tenant(platform, "aa", modules=("partners",))
    other = await new_tenant(platform, "bb")
    record = await ctx.records.create("partners.company", COMPANY)
    await ctx.records.update("partners.company", record.id, {"name": "乙"}, revision=1)
    await people.count_all(platform.db)
    (day,) = await people.usage(platform.db, ctx.tenant.id)
    assert (day.members, day.records, day.changes, day.files) == (1, 1, 2, 0)
    (others,) = await people.usage(platform.db, other.tenant.id)
    assert (others.members, others.records, others.changes) == (1, 0, 0)
    fake_clock.forward(days=1)
    await people.count_all(platform.db)
    await people.count_all(platform.db)
    days = await people.usage(platform.db, ctx.tenant.id)
    assert [(one.records, one.changes) for one in days] == [(1, 2), (1, 0)]
    assert days[0].day < days[1].day


async def test_operators_are_made_and_unmade_and_it_is_logged(platform, operator) -> None:
    db = platform.db
    password = await people.add_operator(db, people.SHELL, login="Night", name="夜班")
    token = await people.sign_in(db, "night", password=password, address=None, hours=1)
    cache = people.AccessCache()
    assert (await people.session_of(db, token, hours=1, cache=cache)).account.operator
    ctx = await new_tenant(platform, "aa")
    assert await people.add_operator(db, operator, login="aa-admin", name="x") is None
    nobody = replace(operator, operator=False)
    with pytest.raises(Forbidden):
        await people.add_operator(db, nobody, login="thief", name="x")
    assert [one.login for one in await people.operators(db)] == ["aa-admin", "night", "ops"]
    await people.remove_operator(db, operator, login="night")
    assert not (await people.session_of(db, token, hours=1, cache=cache)).account.operator
    with pytest.raises(NotFound):
        await people.remove_operator(db, operator, login="night")
    assert [act.act for act in await people.acts(db)] == ["no operator", "operator", "operator"]
    assert ctx.tenant.code == "aa"
