"""Publishing: versions, what is said before, slots rebuilt behind, records left as they are, tenants apart."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core import definitions
from core.definitions import publishing
from core.errors import Conflict, Invalid, NotFound
from core.people import create_role
from core.records import Condition, Query
from core.store import definitions as stored
from core.testing import new_member, refreshed, run_jobs
from tests.designer.designing import DISTRICT, ROWS, edit, filled, published


async def test_a_published_form_is_there_at_once_for_its_tenant_and_nowhere_for_another(platform, two_tenants):
    a, b = two_tenants
    before = a.tenant.definitions_version
    a, name = await published(platform, a)
    b = await refreshed(platform, b)
    assert a.tenant.definitions_version > before
    assert a.forms.get(name).title == "区县"
    assert any(item.url == f"/forms/{name}" for group in a.menu for item in group.items)
    await a.records.create(name, ROWS[0])
    assert b.forms.find(name) is None
    assert not any(item.url == f"/forms/{name}" for group in b.menu for item in group.items)
    with pytest.raises(NotFound):
        await b.records.list(name, Query())
    with pytest.raises(NotFound):
        await definitions.version(b, name, 1)
    with pytest.raises(NotFound):
        await definitions.preview(b, name)
    assert await definitions.versions(b, name) == ()


async def test_a_new_form_falls_to_roles_for_all_forms_and_to_no_other(platform, two_tenants):
    a, _b = two_tenants
    rules = [{"forms": ["cost_center.*"], "actions": ["read"]}]
    await create_role(a.db, a.access, name="只看成本", rules=rules, code="x")
    name = await definitions.create_form(a, title="区县", code="district")
    await definitions.save_draft(a, name, DISTRICT)
    preview = await definitions.preview(a, name)
    assert preview.ready
    assert preview.first
    assert set(preview.roles) == {"系统管理员", "业务人员", "只读"}
    await definitions.publish(a, name)
    editor = await new_member(platform, a, "a-editor", roles=("editor",))
    other = await new_member(platform, a, "a-other", roles=("x",))
    assert editor.can(name, "create")
    assert not other.can(name, "read")


async def test_each_publish_is_a_version_with_who_when_and_why_in_words(platform, two_tenants):
    a, _b = two_tenants
    a, name = await published(platform, a)
    await edit(a, name, "set", field="area", title="面积（核定）", required="1")
    await definitions.publish(a, name, note="按国土数据")
    versions = await definitions.versions(a, name)
    assert [(v.number, v.note, v.by) for v in versions] == [(2, "按国土数据", a.member.name), (1, "", a.member.name)]
    assert any("面积（核定）" in change for change in versions[0].changes)
    assert (await definitions.version(a, name, 1)).fields["area"].title == "面积"
    with pytest.raises(NotFound):
        await definitions.version(a, name, 3)
    await definitions.restore_version(a, name, 1)
    done = await definitions.publish(a, name, note="退回第一版")
    assert done.version == 3
    assert done.form.fields["area"].title == "面积"


async def test_nothing_to_publish_is_refused_and_what_is_wrong_is_named(platform, two_tenants):
    a, _b = two_tenants
    name = await definitions.create_form(a, title="空表")
    with pytest.raises(Invalid) as refused:
        await definitions.publish(a, name)
    assert refused.value.problems[0].field == ":fields"
    assert "添加" in refused.value.problems[0].message
    a, name = await published(platform, a)
    with pytest.raises(Conflict):
        await definitions.publish(a, name)
    await edit(a, name, "add", type="reference", title="上级")
    with pytest.raises(Invalid) as refused:
        await definitions.publish(a, name)
    assert [problem.field for problem in refused.value.problems] == ["shangji:ref"]
    await edit(a, name, "set", field="shangji", ref="own.nowhere")
    preview = await definitions.preview(a, name)
    assert not preview.ready
    assert [problem.field for problem in preview.problems] == ["shangji:ref"]
    await edit(a, name, "set", field="shangji", ref=name)
    assert (await definitions.preview(a, name)).ready


async def test_a_reference_cannot_point_at_a_form_of_another_tenant(platform, two_tenants):
    a, b = two_tenants
    a, name = await published(platform, a)
    mine = await definitions.create_form(b, title="街道")
    await edit(b, mine, "add", type="reference", title="区县")
    await edit(b, mine, "set", field="quxian", ref=name)
    problems = definitions.problems_of(b, await definitions.open_draft(b, mine))
    assert [problem.field for problem in problems] == ["quxian:ref"]


async def test_before_publishing_it_says_which_records_would_no_longer_fit_and_why(platform, two_tenants):
    a, _b = two_tenants
    a, name, ids = await filled(platform, a)
    await edit(a, name, "set", field="area", required="1", maximum="45")
    preview = await definitions.preview(a, name)
    assert preview.changes
    assert (preview.fitness.checked, preview.fitness.unfit, preview.fitness.complete) == (3, 2, True)
    assert [unfit.label for unfit in preview.fitness.samples] == ["西城区", "井陉县"]
    assert all("面积" in unfit.reasons[0] for unfit in preview.fitness.samples)
    assert dict(preview.fitness.by_field) == {"面积": 2}
    assert not (await definitions.preview(a, name, bound=1)).fitness.complete
    await definitions.publish(a, name)
    a = await refreshed(platform, a)
    record = await a.records.get(name, ids[1])
    assert record.data["area"] == Decimal(50)
    await edit(a, name, "set", field="area", maximum="44")
    again = (await definitions.preview(a, name)).fitness
    assert (again.unfit, again.unfit_already) == (0, 2)


async def test_values_of_a_removed_field_stay_and_come_back_with_it(platform, two_tenants):
    a, _b = two_tenants
    a, name, ids = await filled(platform, a)
    await a.views.save(name, "大区", {"where": ["area:ge:45"], "sort": ["name"]})
    await edit(a, name, "remove", field="area")
    assert "2" in await definitions.hidden_values(a, name, "area")
    preview = await definitions.preview(a, name)
    assert preview.fitness.hidden_values == (("面积", 2),)
    assert preview.views == (("大区", ("面积",)),)
    assert preview.fitness.unfit == 0
    await definitions.publish(a, name)
    a = await refreshed(platform, a)
    record = await a.records.get(name, ids[0])
    assert "area" not in record.data
    record = await a.records.update(name, ids[0], {"name": "东城"}, revision=record.revision)
    await definitions.restore_version(a, name, 1)
    await definitions.publish(a, name)
    a = await refreshed(platform, a)
    assert (await a.records.get(name, ids[0])).data["area"] == Decimal(41)


async def test_a_code_once_published_stays_and_types_change_only_among_their_kind(platform, two_tenants):
    a, _b = two_tenants
    a, name, _ids = await filled(platform, a)
    done = await edit(a, name, "set", field="area", code="size", title="幅员")
    assert (done.selected, list(done.draft.definition["properties"])) == ("area", ["code", "name", "kind", "area"])
    done = await edit(a, name, "type", field="area", type="date")
    assert done.problems
    done = await edit(a, name, "type", field="area", type="integer")
    assert not done.problems
    done = await edit(a, name, "add", type="date")
    assert not (await edit(a, name, "type", field=done.selected, type="rows")).problems


async def test_a_key_that_would_repeat_is_refused_with_examples(platform, two_tenants):
    a, _b = two_tenants
    a, name, _ids = await filled(platform, a)
    await edit(a, name, "set", field="code", key="0")
    await edit(a, name, "set", field="kind", key="1")
    preview = await definitions.preview(a, name)
    assert (preview.fitness.same_key, preview.fitness.same_key_samples, preview.ready) == (1, ("西城区",), False)
    with pytest.raises(Invalid) as refused:
        await definitions.publish(a, name)
    assert "西城区" in refused.value.message


async def test_a_new_key_is_in_force_for_records_that_were_there(platform, two_tenants):
    a, _b = two_tenants
    a, name, _ids = await filled(platform, a)
    await edit(a, name, "set", field="code", key="0")
    await edit(a, name, "set", field="name", key="1")
    await definitions.publish(a, name)
    a = await refreshed(platform, a)
    with pytest.raises((Conflict, Invalid)):
        await a.records.create(name, {"code": "9", "name": "东城区"})


async def test_few_records_are_put_in_order_within_the_publish(platform, two_tenants):
    a, _b = two_tenants
    a, name, _ids = await filled(platform, a)
    await edit(a, name, "set", field="area", decimals="4")
    done = await definitions.publish(a, name)
    assert done.rebuilding == frozenset()
    a = await refreshed(platform, a)
    found = await a.records.list(name, Query(where=(Condition("area", "ge", Decimal(45)),)))
    assert [record.data["name"] for record in found.records] == ["西城区"]


async def test_many_records_are_rebuilt_behind_and_lists_are_right_meanwhile(platform, two_tenants, monkeypatch):
    a, b = two_tenants
    monkeypatch.setattr(publishing, "AT_ONCE", 0)
    a, name, _ids = await filled(platform, a)
    await edit(a, name, "set", field="area", decimals="4")
    done = await definitions.publish(a, name)
    assert done.rebuilding == {done.form.fields["area"].slot}
    a = await refreshed(platform, a)
    assert a.forms.get(name).slot_of("area") is None
    big = Query(where=(Condition("area", "ge", Decimal(45)),), sort=(("area", True),))
    assert [record.data["name"] for record in (await a.records.list(name, big)).records] == ["西城区"]
    await a.records.create(name, {"code": "3", "name": "新区", "area": Decimal("99.5")})
    assert [row["form"] for row in await stored.pending_anywhere(a.db)] == [name]
    state = next(one for one in await definitions.overview(a) if one.form == name)
    assert state.rebuilding == 0
    assert not [one for one in await definitions.overview(b) if one.kind == "form"]

    assert await run_jobs(platform) == 1
    a = await refreshed(platform, a)
    assert await stored.pending_anywhere(a.db) == []
    assert a.forms.get(name).slot_of("area") is not None
    assert [r.data["name"] for r in (await a.records.list(name, big)).records] == ["新区", "西城区"]


async def test_a_rebuild_gives_way_to_a_newer_version(platform, two_tenants, monkeypatch):
    a, _b = two_tenants
    monkeypatch.setattr(publishing, "AT_ONCE", 0)
    a, name, _ids = await filled(platform, a)
    await edit(a, name, "set", field="area", decimals="4")
    first = await definitions.publish(a, name)
    await edit(a, name, "set", field="name", title="区县名称")
    second = await definitions.publish(a, name)
    assert second.rebuilding == first.rebuilding  # what was not done is still to be done
    assert await definitions.rebuild(a.db, a.tenant.id, first.form) is False
    assert await definitions.rebuild(a.db, a.tenant.id, second.form) is True


async def test_who_publishes_an_outdated_draft_is_told(platform, two_tenants):
    a, _b = two_tenants
    a, name = await published(platform, a)
    await edit(a, name, "set", field="name", title="区县名称")
    seen = await definitions.open_draft(a, name)
    await edit(a, name, "set", field="code", title="区县代码")
    with pytest.raises(Conflict):
        async with a.db.write():
            await publishing._publish(a, seen, None, note="")


async def test_a_form_is_deleted_only_while_it_is_empty_and_nobody_points_at_it(platform, two_tenants):
    a, b = two_tenants
    a, name, ids = await filled(platform, a)
    with pytest.raises(Conflict):
        await definitions.drop_form(a, name)
    fields = {"name": {"title": "名称", "x-type": "text"}, "district": {"title": "区县", "x-type": "reference"}}
    fields["district"]["x-ref"] = name
    street = {"title": "街道", "properties": fields}
    a, street_name = await published(platform, a, "street", street)
    with pytest.raises(Conflict):
        await definitions.drop_form(a, "cost_center.project")
    await definitions.drop_form(b, street_name)  # nothing of that name there: nothing happens here
    assert (await refreshed(platform, a)).forms.find(street_name)
    await definitions.drop_form(a, street_name)
    a = await refreshed(platform, a)
    assert a.forms.find(street_name) is None
    for id in ids:
        await a.records.delete(name, id, revision=(await a.records.get(name, id)).revision)
    with pytest.raises(Conflict):  # the bin counts
        await definitions.drop_form(a, name)


async def test_a_form_can_leave_the_menu_and_stay_in_use(platform, two_tenants):
    a, _b = two_tenants
    a, name, ids = await filled(platform, a)
    await edit(a, name, "form", menu="0")
    await definitions.publish(a, name)
    a = await refreshed(platform, a)
    assert not any(item.url == f"/forms/{name}" for group in a.menu for item in group.items)
    assert (await a.records.get(name, ids[0])).data["name"] == "东城区"
