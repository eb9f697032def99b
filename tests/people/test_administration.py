"""What administrators may change, what guards the last of them, and what stays another tenant's."""

from __future__ import annotations

import asyncio

import pytest

from core import people
from core.errors import Conflict, Forbidden, Invalid, NotFound


async def change(town, by, who, **changes):
    tenant = town.a if who.endswith("@a") else town.b
    access, id = await town.access(by), town.members[who]
    now = await people.person(town.db, tenant, id)
    said = {"name": now.name, "roles": now.roles, "department": now.department, "active": now.active} | changes
    await people.change_member(town.db, access, id=id, **said)


async def people_manager(town, login="hr"):
    """Somebody who manages people and nothing else."""
    anna = await town.access("anna@a")
    made = await people.create_role(town.db, anna, name="人事", permissions=["people"])
    await town.join(login, town.a, "viewer")
    await people.set_roles(town.db, anna, id=town.members[f"{login}@a"], roles=[made])
    return made


async def test_the_last_administrator_cannot_give_up_the_role(town):
    roles = await town.roles(town.a)
    with pytest.raises(Conflict, match="没有人能管理人员"):
        await change(town, "anna@a", "anna@a", roles=[roles["viewer"]])
    assert (await town.access("anna@a")).member.permissions


async def test_an_administrator_cannot_lock_himself_out_even_where_there_is_another(town):
    roles = await town.roles(town.a)
    await change(town, "anna@a", "ed@a", roles=[roles["admin"]])
    with pytest.raises(Conflict, match="您自己"):
        await change(town, "anna@a", "anna@a", roles=[roles["viewer"]])
    with pytest.raises(Conflict, match="不能停用自己"):
        await change(town, "anna@a", "anna@a", active=False)
    await change(town, "ed@a", "anna@a", roles=[roles["viewer"]])
    assert not (await town.access("anna@a")).member.permissions


async def test_the_administrators_role_is_fixed(town):
    anna, roles = await town.access("anna@a"), await town.roles(town.a)
    with pytest.raises(Forbidden):
        await people.change_role(town.db, anna, id=roles["admin"], name="x", permissions=(), rules=())
    with pytest.raises(Forbidden):
        await people.delete_role(town.db, anna, id=roles["admin"])


async def test_two_administrators_cannot_remove_each_other_at_once(town):
    roles = await town.roles(town.a)
    await change(town, "anna@a", "ed@a", roles=[roles["admin"]])
    anna, ed = await town.access("anna@a"), await town.access("ed@a")

    def off(by, id):
        said = {"name": "名", "roles": [roles["admin"]], "department": None, "active": False}
        return people.change_member(town.db, by, id=id, **said)

    answers = await asyncio.gather(off(anna, ed.member.id), off(ed, anna.member.id), return_exceptions=True)
    left = [p for p in await people.people(town.db, town.a) if p.active and roles["admin"] in p.roles]
    assert len(left) == 1
    assert sum(isinstance(answer, Conflict) for answer in answers) == 1


async def test_nobody_hands_out_administration_that_he_does_not_hold(town):
    await people_manager(town)
    hr, roles = await town.access("hr@a"), await town.roles(town.a)
    with pytest.raises(Forbidden):
        await change(town, "hr@a", "hr@a", roles=[roles["admin"]])
    with pytest.raises(Forbidden):
        await people.invite(town.db, hr, login="friend", name="朋友", roles=[roles["admin"]], department=None)
    with pytest.raises(Forbidden):
        await people.create_role(town.db, hr, name="全能", permissions=["forms"])
    with pytest.raises(Forbidden):
        await people.change_role(town.db, hr, id=roles["viewer"], name="只读", permissions=["modules"], rules=())


async def test_nobody_takes_over_who_administers_more(town):
    await people_manager(town)
    hr = await town.access("hr@a")
    anna = town.members["anna@a"]
    with pytest.raises(Forbidden):
        await people.reset_password(town.db, hr, id=anna)
    with pytest.raises(Forbidden):
        await people.create_token(town.db, hr, member=anna, name="mine")
    with pytest.raises(Forbidden):
        await change(town, "hr@a", "anna@a", active=False)
    await change(town, "hr@a", "anna@a", name="安娜")


async def test_an_invited_colleague_gets_a_first_password_that_works(town):
    anna, roles = await town.access("anna@a"), await town.roles(town.a)
    member, password = await people.invite(
        town.db, anna, login="Fresh", name="新人", roles=[roles["viewer"]], department=None
    )
    token = await people.sign_in(town.db, "fresh", password=password, address=None, hours=12)
    assert (await town.seen(token)).access.member.id == member
    assert password not in str(await town.db.fetch("SELECT * FROM account"))


async def test_who_has_an_account_elsewhere_is_added_without_a_new_password(town):
    anna = await town.access("anna@a")
    member, password = await people.invite(town.db, anna, login="boss", name="老板", roles=[], department=None)
    assert password is None
    assert (await people.person(town.db, town.a, member)).name == "老板"
    with pytest.raises(Invalid, match="已经是本单位成员"):
        await people.invite(town.db, anna, login="boss", name="老板", roles=[], department=None)


async def test_the_password_of_somebody_who_belongs_elsewhere_too_is_out_of_reach(town):
    anna = await town.access("anna@a")
    with pytest.raises(Forbidden, match="还属于别的单位"):
        await people.reset_password(town.db, anna, id=town.members["both@a"])


async def test_a_reset_password_ends_all_sessions(town):
    token = await town.sign_in("ed")
    anna = await town.access("anna@a")
    password = await people.reset_password(town.db, anna, id=town.members["ed@a"])
    assert await town.seen(token) is None
    assert await people.sign_in(town.db, "ed", password=password, address=None, hours=12)


async def test_people_of_another_tenant_are_not_there(town):
    anna, foreign = await town.access("anna@a"), town.members["boss@b"]
    for attempt in (
        people.person(town.db, town.a, foreign),
        people.reset_password(town.db, anna, id=foreign),
        people.set_roles(town.db, anna, id=foreign, roles=[]),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert foreign not in {p.id for p in await people.people(town.db, town.a)}


async def test_roles_and_departments_of_another_tenant_cannot_be_given(town):
    foreign_role = (await town.roles(town.b))["viewer"]
    foreign_department = await people.create_department(town.db, town.b, name="外部")
    for wrong in ({"roles": [foreign_role]}, {"department": foreign_department}):
        with pytest.raises(Invalid):
            await change(town, "anna@a", "ed@a", **wrong)
    with pytest.raises(NotFound):
        await people.role(town.db, town.a, foreign_role)
    with pytest.raises(NotFound):
        await people.delete_department(town.db, town.a, id=foreign_department)
    with pytest.raises(Invalid):
        await people.create_department(town.db, town.a, name="里面", parent=foreign_department)


async def test_a_role_in_use_cannot_be_deleted(town):
    anna, roles = await town.access("anna@a"), await town.roles(town.a)
    with pytest.raises(Conflict, match="1 人"):
        await people.delete_role(town.db, anna, id=roles["editor"])
    with pytest.raises(NotFound):
        await people.delete_role(town.db, anna, id="NOTHERE")


async def test_rules_that_make_no_sense_are_refused(town):
    anna = await town.access("anna@a")
    wrong = [
        {"forms": [], "actions": ["read"]},
        {"forms": ["*"], "actions": []},
        {"forms": ["*"], "actions": ["fly"]},
        {"forms": ["../x"], "actions": ["read"]},
        {"forms": ["*"], "actions": ["read"], "rows": "some"},
        {"forms": ["*"], "actions": ["read"], "fields": [1]},
        {"forms": ["*"], "actions": ["read"], "sql": "1=1"},
    ]
    with pytest.raises(Invalid) as caught:
        await people.create_role(town.db, anna, name="坏", rules=wrong)
    assert [p.field for p in caught.value.problems] == [f"rules.{place}" for place in range(len(wrong))]


async def test_two_roles_cannot_have_one_name(town):
    anna = await town.access("anna@a")
    with pytest.raises(Invalid, match="已有叫"):
        await people.create_role(town.db, anna, name=" 只读 ")
    await people.create_role(town.db, await town.access("boss@b"), name="审计")
    await people.create_role(town.db, anna, name="审计")


async def test_departments_make_a_tree_and_no_ring(town):
    one = await people.create_department(town.db, town.a, name="一")
    two = await people.create_department(town.db, town.a, name="二", parent=one)
    three = await people.create_department(town.db, town.a, name="三", parent=two)
    listed = await people.departments(town.db, town.a)
    assert [(d.name, d.depth) for d in listed] == [("一", 0), ("二", 1), ("三", 2)]
    with pytest.raises(Invalid, match="自己的下级"):
        await people.change_department(town.db, town.a, id=one, name="一", parent=three)
    with pytest.raises(Conflict, match="下级部门"):
        await people.delete_department(town.db, town.a, id=two)
    with pytest.raises(Invalid, match="已有叫"):
        await people.create_department(town.db, town.a, name="二", parent=one)
    await people.create_department(town.db, town.a, name="二")


async def test_departments_are_not_deeper_than_eight(town):
    parent = None
    for depth in range(8):
        parent = await people.create_department(town.db, town.a, name=f"第{depth}级", parent=parent)
    with pytest.raises(Invalid, match="最多 8 级"):
        await people.create_department(town.db, town.a, name="太深", parent=parent)


async def test_a_department_with_people_stays(town):
    made = await people.create_department(town.db, town.a, name="部")
    await change(town, "anna@a", "ed@a", department=made)
    with pytest.raises(Conflict, match="1 人"):
        await people.delete_department(town.db, town.a, id=made)


async def test_departments_move_among_their_siblings(town):
    ids = [await people.create_department(town.db, town.a, name=name) for name in "甲乙丙"]
    await people.move_department(town.db, town.a, id=ids[2], up=True)
    assert [d.name for d in await people.departments(town.db, town.a)] == ["甲", "丙", "乙"]
    await people.move_department(town.db, town.a, id=ids[0], up=False)
    await people.move_department(town.db, town.a, id=ids[1], up=False)
    assert [d.name for d in await people.departments(town.db, town.a)] == ["丙", "甲", "乙"]


async def test_logins_are_plain_words(town):
    anna = await town.access("anna@a")
    for login in ("", "a", "has space", "x" * 65, "<b>"):
        with pytest.raises(Invalid) as caught:
            await people.invite(town.db, anna, login=login, name="名", roles=[], department=None)
        assert caught.value.problems[0].field == "login"


async def test_codes_of_tenants_are_unique(town):
    with pytest.raises(Conflict):
        await people.create_tenant(town.db, code="aa", name="又一个")
    with pytest.raises(Invalid):
        await people.create_tenant(town.db, code="大", name="x")
    assert [t.code for t in await people.tenants(town.db)] == ["aa", "bb"]
