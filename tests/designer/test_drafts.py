"""Drafts of forms: typed edits, undo, codes from titles, and what is refused beside its property."""

from __future__ import annotations

import pytest

from core import definitions
from core.errors import Forbidden, Invalid, NotFound
from core.testing import new_member
from tests.designer.designing import edit


async def test_a_new_form_gets_a_code_from_its_title_and_is_only_a_draft(two_tenants):
    a, b = two_tenants
    name = await definitions.create_form(a, title="合同登记")
    assert name == "own.hetongdengji"
    assert await definitions.create_form(a, title="合同登记") == "own.hetongdengji_2"
    assert a.forms.find(name) is None
    assert [state.form for state in await definitions.overview(a) if state.kind == "form"] == [name, f"{name}_2"]
    assert not [state for state in await definitions.overview(b) if state.kind == "form"]
    with pytest.raises(NotFound):
        await definitions.open_draft(b, name)


async def test_the_code_of_a_form_may_change_until_it_is_published(two_tenants):
    a, _b = two_tenants
    name = await definitions.create_form(a, title="区县")
    assert await definitions.rename_form(a, name, "district") == "own.district"
    with pytest.raises(Invalid):
        await definitions.rename_form(a, "own.district", "9 district")
    with pytest.raises(NotFound):
        await definitions.open_draft(a, name)


async def test_every_type_of_the_palette_can_be_added_and_all_but_references_published_as_they_are(two_tenants):
    from core.forms import FIELD_TYPES

    a, _b = two_tenants
    name = await definitions.create_form(a, title="全部")
    for type_ in FIELD_TYPES:
        await edit(a, name, "add", type=type_)
    draft = await definitions.open_draft(a, name)
    assert [field["x-type"] for field in draft.definition["properties"].values()] == list(FIELD_TYPES)
    problems = definitions.problems_of(a, draft)
    assert [problem.field for problem in problems] == ["guanlian:ref"]
    assert "选择" in problems[0].message


async def test_the_code_follows_the_title_until_the_designer_sets_it(two_tenants):
    a, _b = two_tenants
    name = await definitions.create_form(a, title="合同")
    done = await edit(a, name, "add", type="money")
    assert done.selected == "jine"
    done = await edit(a, name, "set", field="jine", title="合同金额")
    assert done.selected == "hetongjine"
    done = await edit(a, name, "set", field="jine", title="合同金额（含税）")  # sent before the answer came
    assert done.selected == "hetongjine_hanshui"
    done = await edit(a, name, "set", field="hetongjine_hanshui", code="amount")
    assert done.selected == "amount"
    done = await edit(a, name, "set", field="amount", title="总价")
    assert done.selected == "amount"


async def test_wrong_properties_are_told_beside_them_and_the_rest_is_kept(two_tenants):
    a, _b = two_tenants
    name = await definitions.create_form(a, title="合同")
    await edit(a, name, "add", type="integer", title="户数")
    done = await edit(a, name, "set", field="hushu", minimum="很多", maximum="9", unit="户", code="2x")
    assert {problem.field for problem in done.problems} == {"minimum", "code"}
    field = done.draft.definition["properties"]["hushu"]
    assert (field["maximum"], field["x-unit"]) == (9, "户")
    assert "minimum" not in field
    await edit(a, name, "set", field="hushu", minimum="10")
    draft = await definitions.open_draft(a, name)
    assert [p.field for p in definitions.problems_of(a, draft)] == ["hushu:minimum"]
    await edit(a, name, "add", type="text", title="编号")
    done = await edit(a, name, "set", field="bianhao", pattern="(?=a)")
    assert [problem.field for problem in done.problems] == ["pattern"]


async def test_edits_are_undone_and_redone_and_typing_in_one_property_is_one_step(two_tenants):
    a, _b = two_tenants
    name = await definitions.create_form(a, title="合同")
    await edit(a, name, "add", type="text", title="甲")
    await edit(a, name, "add", type="text", title="乙")
    for typed in ("乙方", "乙方单", "乙方单位"):
        await edit(a, name, "set", field="yi", title=typed)
    await edit(a, name, "move", field="yifangdanwei", by="-1")
    titles = [f["title"] for f in (await definitions.open_draft(a, name)).definition["properties"].values()]
    assert titles == ["乙方单位", "甲"]
    seen = []
    for _step in range(4):
        draft = await definitions.undo(a, name)
        seen.append([field["title"] for field in draft.definition["properties"].values()])
    assert seen == [["甲", "乙方单位"], ["甲", "乙"], ["甲"], []]
    assert not draft.undo
    for _step in range(4):
        draft = await definitions.redo(a, name)
    assert [f["title"] for f in draft.definition["properties"].values()] == ["乙方单位", "甲"]
    assert not draft.redo


async def test_fields_move_between_others_and_join_their_section(two_tenants):
    a, _b = two_tenants
    name = await definitions.create_form(a, title="合同")
    for title in ("甲", "乙", "丙"):
        await edit(a, name, "add", type="text", title=title)
    await edit(a, name, "set", field="yi", section="金额")
    await edit(a, name, "set", field="bing", section="金额")
    done = await edit(a, name, "move", field="jia", before="bing")
    fields = done.draft.definition["properties"]
    assert list(fields) == ["yi", "jia", "bing"]
    assert fields["jia"]["x-section"] == "金额"
    done = await edit(a, name, "section", old="金额", new="价款")
    assert {field["x-section"] for field in done.draft.definition["properties"].values()} == {"价款"}


async def test_choices_keep_their_stored_value_when_renamed_and_many_are_pasted_at_once(two_tenants):
    a, _b = two_tenants
    name = await definitions.create_form(a, title="合同")
    await edit(a, name, "add", type="choice", title="状态")
    values = {"choice_value": ["option1", "option2"], "choice_title": ["草稿", "生效"], "choice_color": ["", "green"]}
    done = await edit(a, name, "choices", field="zhuangtai", **values)
    assert done.draft.definition["properties"]["zhuangtai"]["x-choices"] == [
        {"value": "option1", "title": "草稿"}, {"value": "option2", "title": "生效", "color": "green"},
    ]  # fmt: skip
    done = await edit(a, name, "choices", field="zhuangtai", do="paste", paste="履行中\n生效\n已结清\tdone\n")
    choices = done.draft.definition["properties"]["zhuangtai"]["x-choices"]
    assert [(c["value"], c["title"]) for c in choices[2:]] == [("lvxingzhong", "履行中"), ("done", "已结清")]
    done = await edit(a, name, "choices", field="zhuangtai", do="up:3")
    assert [c["title"] for c in done.draft.definition["properties"]["zhuangtai"]["x-choices"]][2] == "已结清"
    await edit(a, name, "set", field="zhuangtai", default="option1")
    done = await edit(a, name, "choices", field="zhuangtai", do="remove:0")
    assert "x-default" not in done.draft.definition["properties"]["zhuangtai"]
    done = await edit(a, name, "choices", field="zhuangtai", choice_title=["同", "同"], choice_value=["", ""])
    assert done.problems
    assert "重复" in done.problems[0].message


async def test_the_columns_of_rows_are_edited_the_same_way_one_level_down(two_tenants):
    a, _b = two_tenants
    name = await definitions.create_form(a, title="预算")
    await edit(a, name, "add", type="rows", title="明细")
    done = await edit(a, name, "add", type="money", title="金额", within="mingxi")
    assert done.selected == "mingxi.jine"
    await edit(a, name, "set", field="mingxi.jine", required="1", decimals="4")
    done = await edit(a, name, "move", field="mingxi.jine", by="-1")
    items = done.draft.definition["properties"]["mingxi"]["items"]
    assert (list(items["properties"]), items["required"]) == (["jine", "item"], ["jine"])
    await edit(a, name, "remove", field="mingxi.item")
    done = await edit(a, name, "remove", field="mingxi.jine")
    assert done.problems
    assert "至少" in done.problems[0].message
    done = await edit(a, name, "add", type="rows", within="mingxi")
    assert done.problems
    assert definitions.problems_of(a, done.draft) == ()


async def test_a_key_is_required_by_itself(two_tenants):
    a, _b = two_tenants
    name = await definitions.create_form(a, title="区县")
    await edit(a, name, "add", type="text", title="代码")
    done = await edit(a, name, "set", field="daima", key="1", required="0")
    assert done.draft.definition["x-key"] == ["daima"]
    assert done.draft.definition["required"] == ["daima"]
    assert definitions.problems_of(a, done.draft) == ()


async def test_only_who_may_design_forms_sees_or_changes_drafts(platform, two_tenants):
    a, _b = two_tenants
    name = await definitions.create_form(a, title="合同")
    editor = await new_member(platform, a, "a-editor", roles=("editor",))
    with pytest.raises(Forbidden):
        await definitions.open_draft(editor, name)
    with pytest.raises(Forbidden):
        await edit(editor, name, "add", type="text")
    with pytest.raises(Forbidden):
        await definitions.publish(editor, name)
    with pytest.raises(Forbidden):
        await definitions.overview(editor)


async def test_an_edit_nobody_knows_is_refused(two_tenants):
    a, _b = two_tenants
    name = await definitions.create_form(a, title="合同")
    with pytest.raises(Invalid):
        await edit(a, name, "explode")
    with pytest.raises(NotFound):
        await edit(a, name, "set", field="nothing", title="x")
