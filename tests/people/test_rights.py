"""Roles to rights: union, patterns, what is kept in memory and when it is forgotten."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import people
from core.people import ACTIONS, ROWS, Right, Rule, Rules, explain, rights


async def role(town, *rules, name="试用", permissions=()):
    anna = await town.access("anna@a")
    return await people.create_role(town.db, anna, name=name, rules=rules, permissions=permissions)


async def test_built_in_roles_allow_what_their_names_say(town):
    admin, editor, viewer = [await town.access(f"{who}@a") for who in ("anna", "ed", "vera")]
    assert rights(admin, "any.form", "delete") == rights(editor, "any.form", "import") == (Right("all"),)
    assert rights(viewer, "any.form", "read") == (Right("all"),)
    assert rights(viewer, "any.form", "update") == ()
    assert admin.member.permissions == {"forms", "people", "modules"}
    assert editor.member.permissions == viewer.member.permissions == frozenset()


async def test_rights_of_several_roles_are_united(town):
    own = await role(town, {"forms": ["a.*"], "actions": ["read", "update"], "rows": "own"}, name="一")
    some = await role(town, {"forms": ["a.x"], "actions": ["read"], "rows": "all", "fields": ["code"]}, name="二")
    anna = await town.access("anna@a")
    await people.set_roles(town.db, anna, id=town.members["vera@a"], roles=[own, some])
    vera = await town.access("vera@a")
    assert set(rights(vera, "a.x", "read")) == {Right("own"), Right("all", frozenset({"code"}))}
    assert rights(vera, "a.y", "read") == (Right("own"),)
    assert rights(vera, "a.x", "update") == (Right("own"),)
    assert rights(vera, "b.x", "read") == ()


async def test_a_right_can_be_explained_by_its_role(town):
    await role(town, {"forms": ["*"], "actions": ["read"]}, name="甲角色")
    vera = await town.access("vera@a")
    assert [(rule.role_name, right.rows) for rule, right in explain(vera, "a.x", "read")] == [("只读", "all")]


async def test_what_a_role_excepts_is_hidden(town):
    made = await role(town, {"forms": ["a.x"], "actions": ["read"], "rows": "all", "except": ["price"]})
    anna = await town.access("anna@a")
    await people.set_roles(town.db, anna, id=town.members["vera@a"], roles=[made])
    (right,) = rights(await town.access("vera@a"), "a.x", "read")
    assert not right.shows("price")
    assert right.shows("code")


async def test_a_department_means_it_and_all_below(town):
    top = await people.create_department(town.db, town.a, name="工程部")
    below = await people.create_department(town.db, town.a, name="一队", parent=top)
    deepest = await people.create_department(town.db, town.a, name="一班", parent=below)
    other = await people.create_department(town.db, town.a, name="财务部")
    await town.join("dora", town.a, "viewer", department=below)
    dora = await town.access("dora@a")
    assert dora.member.department == below
    assert dora.member.departments == {below, deepest}
    assert other not in dora.member.departments


async def test_a_changed_role_counts_at_the_next_request(town):
    token = await town.sign_in("vera")
    assert rights((await town.seen(token)).access, "a.x", "update") == ()
    anna = await town.access("anna@a")
    viewer = (await town.roles(town.a))["viewer"]
    everything = {"forms": ["*"], "actions": ["read", "update"], "rows": "all"}
    await people.change_role(town.db, anna, id=viewer, name="只读", permissions=(), rules=[everything])
    assert rights((await town.seen(token)).access, "a.x", "update") == (Right("all"),)


async def test_a_moved_department_counts_at_the_next_request(town):
    one = await people.create_department(town.db, town.a, name="一部")
    two = await people.create_department(town.db, town.a, name="二部")
    await town.join("dora", town.a, "viewer", department=one)
    token = await town.sign_in("dora")
    assert (await town.seen(token)).access.member.departments == {one}
    await people.change_department(town.db, town.a, id=two, name="二部", parent=one)
    assert (await town.seen(token)).access.member.departments == {one, two}


async def test_rules_are_read_once_and_kept(town):
    token = await town.sign_in("ed")
    assert (await town.seen(token)).access.rules is (await town.seen(token)).access.rules


async def test_every_change_of_people_moves_the_version_of_definitions(town):
    anna = await town.access("anna@a")

    async def version():
        return (await people.tenant(town.db, town.a)).definitions_version

    roles = await town.roles(town.a)
    seen = [await version()]
    made = await people.create_role(town.db, anna, name="新角色")
    seen.append(await version())
    await people.change_role(town.db, anna, id=made, name="改名", permissions=(), rules=())
    seen.append(await version())
    await people.delete_role(town.db, anna, id=made)
    seen.append(await version())
    await people.set_roles(town.db, anna, id=town.members["ed@a"], roles=[roles["viewer"]])
    seen.append(await version())
    department = await people.create_department(town.db, town.a, name="部门")
    seen.append(await version())
    await people.delete_department(town.db, town.a, id=department)
    seen.append(await version())
    await people.invite(town.db, anna, login="fresh", name="新人", roles=[], department=None)
    seen.append(await version())
    assert seen == sorted(set(seen))
    assert (await people.tenant(town.db, town.b)).definitions_version < seen[0] + 10


async def test_the_same_member_in_two_tenants_has_each_tenants_rights(town):
    in_a = (await town.seen(await town.sign_in("both", prefer=town.a))).access
    in_b = (await town.seen(await town.sign_in("both", prefer=town.b))).access
    assert rights(in_a, "a.x", "update") == ()
    assert rights(in_b, "a.x", "update") == (Right("all"),)
    assert in_a.member.id != in_b.member.id


def test_the_system_may_do_everything_as_nobody():
    tenant = people.Tenant(id=1, code="aa", name="甲", definitions_version=1)
    access = people.system_access(tenant)
    assert rights(access, "any.form", "delete") == (Right("all"),)
    assert access.member.id == ""
    assert access.via == "system"


NAMES = st.frozensets(st.sampled_from("abcd"), max_size=4)
RULE = st.builds(
    lambda forms, actions, rows, fields, hides: Rule(
        role="r", role_name="r", forms=tuple(forms), actions=tuple(actions), rows=rows, fields=fields, hides=hides
    ),
    st.lists(st.sampled_from(["*", "m.*", "m.x", "n.x"]), min_size=1, max_size=2),
    st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=3),
    st.sampled_from(ROWS),
    st.none() | NAMES,
    NAMES,
)


@pytest.mark.parametrize("form", ["m.x", "m.y", "n.x"])
@given(rules=st.lists(RULE, max_size=6))
def test_leaving_out_included_rights_changes_nothing(form, rules):
    """For any row and field: shown by the shortened union exactly if some rule shows it."""
    for action in ACTIONS:
        kept = Rules(tuple(rules)).rights(form, action)
        for mine in (True, False):
            for ours in (True, False):
                for name in "abcd":

                    def shown(rows, fields, hides, mine=mine, ours=ours, name=name):
                        row = rows == "all" or (rows == "own" and mine) or (rows == "department" and ours)
                        return row and (fields is None or name in fields) and name not in hides

                    expected = any(shown(r.rows, r.fields, r.hides) for r in rules if r.covers(form, action))
                    assert any(shown(r.rows, r.fields, r.hides) for r in kept) == expected
