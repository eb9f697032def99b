"""The one write path: what is stored, what is refused, and how it is said."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core import exact
from core.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from core.records import Outdated, Query, Records, Referred
from tests.records.houses import form_set, house, rule


def faults(error: pytest.ExceptionInfo[Invalid]) -> dict[str, str]:
    return {problem.field: problem.code for problem in error.value.problems}


async def project(records: Records, code: str = "P1", **more):
    return await records.create("own.project", {"code": code, "name": f"项目 {code}", **more})


async def test_what_is_created_can_be_read_back(me):
    made = await project(me, budget=Decimal("12.50"), tags=["road"], urgent=True, site={"address": "解放路 1 号"})
    found = await me.get("own.project", made.id)
    assert found == made
    assert found.data == {
        "code": "P1", "name": "项目 P1", "budget": Decimal("12.50"), "urgent": True, "tags": ["road"],
        "site": {"address": "解放路 1 号"},
    }  # fmt: skip
    assert (found.revision, found.version, found.created_by, found.deleted_at) == (1, "1", me.member_id, None)


async def test_numbers_are_stored_digit_for_digit(me):
    made = await project(me, budget=Decimal("9007199254740.93"), area=Decimal("0.1"))
    row = await me.db.fetch_one("SELECT data FROM record WHERE tenant = $1 AND id = $2", me.tenant, made.id)
    assert '"budget":9007199254740.93' in row["data"]
    assert '"area":0.100' in row["data"]


async def test_another_tenants_record_is_not_there(me, stranger):
    made = await project(me)
    for attempt in (
        stranger.get("own.project", made.id),
        stranger.update("own.project", made.id, {"name": "我的"}, revision=1),
        stranger.delete("own.project", made.id, revision=1),
        stranger.restore("own.project", made.id),
        stranger.history("own.project", made.id),
        stranger.related("own.project", made.id),
        stranger.revert("own.project", made.id, to_revision=1, revision=1),
    ):
        with pytest.raises(NotFound):
            await attempt
    assert (await me.get("own.project", made.id)).revision == 1


async def test_a_record_is_not_found_under_another_form(me):
    made = await project(me)
    with pytest.raises(NotFound):
        await me.get("own.entry", made.id)


async def test_all_that_is_wrong_is_said_at_once(me):
    with pytest.raises(Invalid) as caught:
        await me.create("own.project", {"budget": -1, "parent": "0" * 16, "colour": "red", "floors": "many"})
    assert faults(caught) == {
        "code": "required", "name": "required", "budget": "too_small", "parent": "reference",
        "colour": "unknown", "floors": "type",
    }  # fmt: skip
    assert await me.db.fetch("SELECT id FROM record WHERE tenant = $1", me.tenant) == []


async def test_an_update_changes_only_what_it_names(me):
    made = await project(me, budget=1, note="说明")
    after = await me.update("own.project", made.id, {"budget": Decimal("2.5"), "note": None}, revision=1)
    assert after.data == {"code": "P1", "name": "项目 P1", "budget": Decimal("2.5")}
    assert (after.revision, (await me.get("own.project", made.id)).data) == (2, after.data)


async def test_an_update_that_changes_nothing_writes_nothing(me):
    made = await project(me, budget=1)
    same = await me.update("own.project", made.id, {"budget": Decimal("1.00"), "name": " 项目 P1 "}, revision=1)
    assert same == made
    assert len(await me.history("own.project", made.id)) == 1


async def test_two_people_saving_at_once_are_shown_both_versions(me):
    made = await project(me)
    await me.update("own.project", made.id, {"name": "新名"}, revision=1)
    with pytest.raises(Outdated) as caught:
        await me.update("own.project", made.id, {"note": "旧"}, revision=1)
    assert isinstance(caught.value, Conflict)
    assert (caught.value.current.revision, caught.value.current.data["name"]) == (2, "新名")


async def test_a_key_that_is_taken_is_said_at_its_field(me, stranger):
    await project(me, "P1")
    await project(stranger, "P1")  # another tenant's keys are its own
    with pytest.raises(Invalid) as caught:
        await me.create("own.project", {"code": "P1", "name": "", "budget": -1})
    assert faults(caught) == {"code": "taken", "name": "required", "budget": "too_small"}
    other = await project(me, "P2")
    with pytest.raises(Invalid) as caught:
        await me.update("own.project", other.id, {"code": "P1"}, revision=1)
    assert faults(caught) == {"code": "taken"}


async def test_a_key_taken_in_the_same_instant_is_found_by_the_index(me, monkeypatch):
    await project(me, "P1")

    async def nobody(*args, **kw):
        return {}

    monkeypatch.setattr("core.store.records.by_keys", nobody)
    with pytest.raises(Invalid) as caught:
        await project(me, "P1")
    assert faults(caught) == {"code": "taken"}


async def test_references_must_exist_in_this_tenant_and_be_readable(home, me, stranger):
    foreign, mine = await project(stranger), await project(me)
    with pytest.raises(Invalid) as caught:
        await me.create("own.entry", {"project": foreign.id, "amount": 1})
    assert faults(caught) == {"project": "reference"}
    blind = home.again(me, rule("own.entry"))
    with pytest.raises(Invalid) as unseen:
        await blind.create("own.entry", {"project": mine.id, "amount": 1})
    assert unseen.value.problems == caught.value.problems
    entry = await me.create("own.entry", {"project": mine.id, "amount": 1})
    changed = await blind.update("own.entry", entry.id, {"project": mine.id, "amount": 2}, revision=1)
    assert changed.data["amount"] == 2, "what was referred to before may stay"


async def test_references_in_rows_are_checked_at_their_place(me):
    mine = await project(me)
    with pytest.raises(Invalid) as caught:
        await me.create("own.entry", {
            "project": mine.id, "amount": 1, "lines": [{"target": mine.id}, {"item": "x", "target": "Z" * 16}],
        })  # fmt: skip
    assert faults(caught) == {"lines.1.target": "reference"}


async def test_a_person_must_be_a_member_of_this_tenant(me, stranger):
    with pytest.raises(Invalid) as caught:
        await project(me, manager=stranger.member_id)
    assert faults(caught) == {"manager": "reference"}
    assert (await project(me, manager=me.member_id)).data["manager"] == me.member_id


async def test_values_that_the_form_no_longer_knows_are_kept(home, me):
    made = await project(me, note="旧")
    await _poke(me, made.id, {"code": "P1", "name": "项目 P1", "note": "旧", "gone": {"deep": [1]}})
    after = await me.update("own.project", made.id, {"note": "新"}, revision=1)
    assert "gone" not in after.data
    row = await me.db.fetch_one("SELECT data FROM record WHERE tenant = $1 AND id = $2", me.tenant, made.id)
    assert exact.loads(row["data"])["gone"] == {"deep": [1]}


async def test_a_stored_value_that_no_longer_fits_is_told_to_who_may_mend_it_only(home, me):
    made = await project(me)
    await _poke(me, made.id, {"code": "P1", "name": "项目 P1", "budget": -5})
    with pytest.raises(Invalid) as caught:
        await me.update("own.project", made.id, {"note": "新"}, revision=1)
    assert faults(caught) == {"budget": "too_small"}
    clerk = home.again(me, rule("own.project", fields=["code", "name", "note"]))
    after = await clerk.update("own.project", made.id, {"note": "新"}, revision=1)
    assert after.data == {"code": "P1", "name": "项目 P1", "note": "新"}


async def test_deleting_moves_to_the_bin_and_restoring_brings_back(me):
    made = await project(me, note="说明")
    await me.delete("own.project", made.id, revision=1)
    with pytest.raises(NotFound):
        await me.get("own.project", made.id)
    assert (await me.list("own.project")).records == ()
    (binned,) = (await me.list("own.project", Query(deleted=True))).records
    assert binned.deleted_at
    assert binned.id == made.id
    back = await me.restore("own.project", made.id)
    assert back.data == made.data
    assert back.revision == 3
    assert back.deleted_at is None
    assert [change.kind for change in await me.history("own.project", made.id)] == ["restore", "delete", "create"]


async def test_what_others_refer_to_cannot_be_deleted_unless_they_are_in_the_bin(me):
    target = await project(me)
    entry = await me.create("own.entry", {"project": target.id, "amount": 1, "memo": "水泥"})
    rows = await me.create("own.entry", {
        "project": (await project(me, "P2")).id, "amount": 1, "memo": "沙", "lines": [{"target": target.id}],
    })  # fmt: skip
    with pytest.raises(Referred) as caught:
        await me.delete("own.project", target.id, revision=1)
    assert {option.label for option in caught.value.referrers} == {"水泥", "沙"}
    assert caught.value.number.number == 2
    assert "水泥" in caught.value.message
    await me.delete("own.entry", entry.id, revision=1)
    await me.delete("own.entry", rows.id, revision=1)
    await me.delete("own.project", target.id, revision=1)
    with pytest.raises(Conflict, match="回收站"):
        await me.restore("own.entry", entry.id)


async def test_who_refers_is_not_named_to_those_who_may_not_see_it(home, me):
    target = await project(me)
    await me.create("own.entry", {"project": target.id, "amount": 1, "memo": "秘密"})
    with pytest.raises(Referred) as caught:
        await home.again(me, rule("own.project")).delete("own.project", target.id, revision=1)
    assert caught.value.referrers == ()
    assert "秘密" not in caught.value.message


async def test_a_record_whose_key_was_taken_meanwhile_stays_in_the_bin(me):
    first = await project(me, "P1")
    await me.delete("own.project", first.id, revision=1)
    await project(me, "P1")
    with pytest.raises(Conflict, match="编码"):
        await me.restore("own.project", first.id)


async def test_an_older_state_comes_back_as_a_new_change(me):
    made = await project(me, note="一", budget=1)
    await me.update("own.project", made.id, {"note": "二", "budget": None}, revision=1)
    await me.update("own.project", made.id, {"note": "三", "floors": 3}, revision=2)
    back = await me.revert("own.project", made.id, to_revision=1, revision=3)
    assert (back.data, back.revision) == (made.data, 4)
    middle = await me.revert("own.project", made.id, to_revision=2, revision=4)
    assert middle.data == {"code": "P1", "name": "项目 P1", "note": "二"}


async def test_going_back_leaves_alone_what_one_may_not_write(home, me):
    made = await project(me, note="一", budget=1)
    await me.update("own.project", made.id, {"note": "二", "budget": 2}, revision=1)
    clerk = home.again(me, rule("own.project", fields=["code", "name", "note"]))
    await clerk.revert("own.project", made.id, to_revision=1, revision=2)
    assert (await me.get("own.project", made.id)).data == {**made.data, "budget": 2}


async def test_fields_one_may_not_write_are_refused_and_keep_their_values(home, me):
    made = await project(me, budget=5)
    reader = home.again(me, rule("own.project", "read"), rule("own.project", "update", fields=["name"]))
    with pytest.raises(Invalid) as caught:
        await reader.update("own.project", made.id, {"budget": 6}, revision=1)
    assert faults(caught) == {"budget": "forbidden"}
    after = await reader.update("own.project", made.id, {"budget": 5, "name": "新"}, revision=1)
    assert after.data["budget"] == 5, "sending back what one sees is no offence"


async def test_a_hidden_value_cannot_be_guessed_by_writing_it(home, me):
    made = await project(me, budget=5)
    clerk = home.again(me, rule("own.project", hides=["budget"]))
    said = []
    for guess in (5, 6, -1, "x"):
        with pytest.raises(Invalid) as caught:
            await clerk.update("own.project", made.id, {"budget": guess}, revision=1)
        said.append(caught.value.problems)
    assert len(set(said)) == 1


async def test_rights_to_rows_hold_for_writing(home):
    boss = await home.member(department="D1")
    clerk = await home.member(rule("own.project", rows="own"), department="D1", name="王五")
    theirs, mine = await project(boss, "P1"), await project(clerk, "P2")
    with pytest.raises(NotFound):
        await clerk.update("own.project", theirs.id, {"name": "x"}, revision=1)
    reads_all = home.again(clerk, rule("own.project", "read"), rule("own.project", rows="own"))
    with pytest.raises(Forbidden):
        await reads_all.update("own.project", theirs.id, {"name": "x"}, revision=1)
    assert (await reads_all.update("own.project", mine.id, {"name": "x"}, revision=1)).revision == 2
    with pytest.raises(Forbidden):
        await home.again(clerk, rule("own.project", "read")).create("own.project", {"code": "P3", "name": "x"})


async def test_a_record_belongs_to_the_department_of_who_made_it(home):
    one = await home.member(department="D1")
    made = await project(one)
    assert made.department == "D1"
    same = await home.member(rule("own.project", rows="department"), department="D1", name="同")
    other = await home.member(rule("own.project", rows="department"), department="D2", name="异")
    assert (await same.get("own.project", made.id)).id == made.id
    with pytest.raises(NotFound):
        await other.get("own.project", made.id)


async def test_a_field_left_out_takes_its_default_and_one_emptied_stays_empty(db):
    forms = form_set(thing={
        "title": "物", "properties": {
            "name": {"title": "名称", "x-type": "text"},
            "kind": {"title": "种类", "x-type": "text", "x-default": "普通"},
            "who": {"title": "谁", "x-type": "person", "x-default": "me"}},
        "x-list": ["name"], "x-label": "name"})  # fmt: skip
    me = await (await house(db, "defaults", forms)).member()
    assert (await me.create("own.thing", {"name": "a"})).data == {"name": "a", "kind": "普通", "who": me.member_id}
    assert (await me.create("own.thing", {"name": "a", "kind": None, "who": None})).data == {"name": "a"}


async def test_hooks_compute_object_and_are_told(home, me):
    told = []

    async def compute(*, ctx, form, data):
        return {"floors": len(data.get("name", "")), "note": None} if form.name == "own.project" else None

    async def validate(*, ctx, form, data, before):
        if data.get("name") == "坏":
            return [Problem("name", "bad", "不行")]

    async def saved(*, ctx, form, record, change):
        told.append(("saved", change.kind, dict(record.data), ctx.db.in_transaction))

    async def committed(*, ctx, form, record, change):
        told.append(("committed", change.kind, record.revision, ctx.db.in_transaction))

    home.hooks.set = {
        "record_compute": [compute], "record_validate": [validate],
        "record_saved": [saved], "record_committed": [committed],
    }  # fmt: skip
    made = await project(me, note="会没")
    data = {"code": "P1", "name": "项目 P1", "floors": 5}
    assert made.data == data
    with pytest.raises(Invalid) as caught:
        await me.update("own.project", made.id, {"name": "坏"}, revision=1)
    assert faults(caught) == {"name": "bad"}
    await me.delete("own.project", made.id, revision=1)
    assert told == [
        ("saved", "create", data, True), ("committed", "create", 1, False),
        ("saved", "delete", data, True), ("committed", "delete", 2, False),
    ]  # fmt: skip


async def test_an_error_while_saving_undoes_everything(home, me):
    async def saved(*, ctx, form, record, change):
        if form.name == "own.project":
            await ctx.create("own.entry", {"project": record.id, "amount": 1})
            raise Conflict("不要")

    home.hooks.set = {"record_saved": [saved]}
    with pytest.raises(Conflict, match="不要"):
        await project(me)
    for table in ("record", "change", "record_text"):
        assert await me.db.fetch(f"SELECT 1 FROM {table} WHERE tenant = $1", me.tenant) == []


async def test_what_a_module_says_of_a_hidden_field_is_not_repeated(home, me):
    async def validate(*, ctx, form, data, before):
        return [Problem("budget", "over", f"预算只有 {data['budget']}")]

    made = await project(me, budget=777)
    home.hooks.set = {"record_validate": [validate]}
    clerk = home.again(me, rule("own.project", hides=["budget"]))
    with pytest.raises(Invalid) as caught:
        await clerk.update("own.project", made.id, {"note": "x"}, revision=1)
    assert "777" not in caught.value.message
    assert faults(caught) == {"": "refused"}


async def _poke(records, id, data):
    """Stored data from an older version of the form."""
    text = exact.dumps(data)
    await records.db.execute(
        "UPDATE record SET data = $3 WHERE tenant = $1 AND id = $2", records.tenant, id, text
    )


async def test_computed_values_are_set_by_modules_only(db):
    forms = form_set(thing={
        "title": "物", "properties": {
            "price": {"title": "价", "x-type": "money", "x-decimals": 2},
            "total": {"title": "计", "x-type": "money", "x-decimals": 2, "x-computed": True}},
        "x-list": ["price"], "x-label": "price"})  # fmt: skip
    here = await house(db, "computed", forms)
    me = await here.member()

    async def compute(*, ctx, form, data):
        return {"total": data["price"] * 2} if "price" in data else None

    here.hooks.set = {"record_compute": [compute]}
    made = await me.create("own.thing", {"price": 3, "total": 99})
    assert made.data == {"price": 3, "total": 6}
    assert (await me.update("own.thing", made.id, {"total": 99}, revision=1)).revision == 1
    here.hooks.set = {}
    assert (await me.update("own.thing", made.id, {"price": 4, "total": 1}, revision=1)).data["total"] == 6
    result = await me.bulk("own.thing", [{"price": 1, "total": 5}], mode="create")
    assert (await me.get("own.thing", result.rows[0].id)).data == {"price": 1}
