"""Formulas that read other forms: what is refused at publish, and how what is stored catches up."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from core import definitions
from core.errors import Conflict, Invalid
from core.records import Query, recomputing
from core.testing import new_member, refreshed
from tests.designer.designing import edit, published

PROJECT = {
    "title": "工程", "type": "object", "required": ["name"], "x-label": "name",
    "properties": {
        "name": {"title": "名称", "x-type": "text"},
        "phone": {"title": "电话", "x-type": "phone", "x-pii": True},
        "limit": {"title": "限额", "x-type": "money"},
    },
}  # fmt: skip
BILL = {
    "title": "账单", "type": "object", "required": ["code"], "x-label": "code",
    "properties": {
        "code": {"title": "编号", "x-type": "text"},
        "project": {"title": "所属工程", "x-type": "reference", "x-ref": "own.works"},
        "amount": {"title": "金额", "x-type": "money"},
        "called": {"title": "工程名", "x-type": "text"},
    },
}  # fmt: skip


@pytest.fixture
async def books(platform, two_tenants):
    ctx = two_tenants[0]
    ctx, _name = await published(platform, ctx, "works", PROJECT)
    ctx, _name = await published(platform, ctx, "bill", BILL)
    return ctx


async def with_formula(platform, ctx, form, field, formula):
    done = await edit(ctx, form, "set", field=field, formula=formula)
    assert not done.problems, done.problems
    await definitions.publish(ctx, form)
    return await refreshed(platform, ctx)


async def fill(ctx, number=3):
    works = await ctx.records.create("own.works", {"name": "一号", "limit": D(100)})
    rows = [{"code": str(n), "project": works.id, "amount": D(n)} for n in range(number)]
    await ctx.records.bulk("own.bill", rows, mode="create")
    return works


async def bills(ctx):
    return (await ctx.records.list("own.bill", Query(limit=500))).records


async def test_a_published_formula_reaches_what_is_stored_by_a_job_and_nothing_old_is_shown_as_new(platform, books):
    await fill(books)
    ctx = await with_formula(platform, books, "own.bill", "called", "所属工程.名称")
    assert [one.overdue for one in await bills(ctx)] == [frozenset({"called"})] * 3
    assert (await ctx.jobs.newest("core.formulas", "own.bill")).state == "waiting"
    await platform.worker.drain()
    found = await bills(ctx)
    assert [one.overdue for one in found] == [frozenset()] * 3
    assert {one.data["called"] for one in found} == {"一号"}
    done = await ctx.jobs.newest("core.formulas", "own.bill")
    assert (done.state, done.done, done.total) == ("done", 3, 3)


async def test_a_change_that_moves_too_many_is_marked_and_followed_by_a_job(platform, books, monkeypatch):
    monkeypatch.setattr(recomputing, "AT_ONCE", 5)
    works = await fill(books, 12)
    ctx = await with_formula(platform, books, "own.bill", "called", "所属工程.名称")
    await platform.worker.drain()
    now = await ctx.records.get("own.works", works.id)
    await ctx.records.update("own.works", works.id, {"name": "二号"}, revision=now.revision)
    found = await bills(ctx)
    assert {one.data["called"] for one in found if not one.overdue} <= {"二号"}
    assert any(one.overdue for one in found)
    await platform.worker.drain()
    assert {(one.data["called"], one.overdue) for one in await bills(ctx)} == {("二号", frozenset())}


async def test_totals_typed_in_titles_are_kept_in_codes_and_shown_with_an_example(platform, books):
    works = await fill(books)
    done = await edit(books, "own.works", "set", field="limit", formula="SUM(账单.金额)")
    assert done.draft.definition["properties"]["limit"]["x-formula"] == "SUM([own.bill.project].amount)"
    form = definitions.draft_form(done.draft)
    assert definitions.shown_formula(form, "limit") == "SUM(账单.金额)"
    assert "账单.金额 = 100" in definitions.formula_example(form, "limit")
    await definitions.publish(books, "own.works")
    await platform.worker.drain()
    ctx = await refreshed(platform, books)
    assert (await ctx.records.get("own.works", works.id)).data["limit"] == D(3)


async def test_a_circle_across_forms_is_refused_and_named(platform, books):
    ctx = await with_formula(platform, books, "own.bill", "called", "所属工程.名称")
    done = await edit(ctx, "own.works", "set", field="name", formula='IF(COUNT(账单.工程名) > 1, "多", "少")')
    assert not done.problems
    with pytest.raises(Invalid) as refused:
        await definitions.publish(ctx, "own.works")
    [problem] = refused.value.problems
    assert (problem.field, problem.code) == ("name:formula", "circle")
    assert "“工程.名称” → “账单.工程名” → “工程.名称”" in problem.message


async def test_a_form_that_would_read_itself_through_others_of_its_kind_is_a_circle(platform, books):
    tree = {
        "title": "节点", "type": "object", "properties": {
            "up": {"title": "上级", "x-type": "reference", "x-ref": "own.node"},
            "own": {"title": "自身", "x-type": "money"},
            "all": {"title": "合计", "x-type": "money", "x-formula": "own + SUM([own.node.up].all)"},
        }}  # fmt: skip
    name = await definitions.create_form(books, title="节点", code="node")
    await definitions.save_draft(books, name, tree)
    assert [(p.field, p.code) for p in (await definitions.preview(books, name)).problems] == [("all:formula", "circle")]


async def test_what_others_read_cannot_be_taken_away(platform, books):
    ctx = await with_formula(platform, books, "own.bill", "called", "所属工程.名称")
    await edit(ctx, "own.works", "remove", field="name")
    found = (await definitions.preview(ctx, "own.works")).problems
    assert any("“账单”的公式就不能用了" in problem.message for problem in found)
    await definitions.discard_draft(ctx, "own.works")
    ctx = await with_formula(platform, ctx, "own.works", "limit", "SUM(账单.金额)")
    with pytest.raises(Conflict):
        await definitions.drop_form(ctx, "own.bill")


async def test_personal_data_stays_marked_where_it_is_copied_to(books):
    await edit(books, "own.bill", "set", field="called", formula="所属工程.电话")
    [problem] = (await definitions.preview(books, "own.bill")).problems
    assert (problem.field, problem.code) == ("called:formula", "pii")
    await edit(books, "own.bill", "set", field="called", pii="1")
    assert not (await definitions.preview(books, "own.bill")).problems


async def test_nobody_brings_into_a_form_what_is_kept_from_him(platform, books):
    from core import people

    rules = [
        {"forms": ["own.bill"], "actions": ["read", "create", "update"], "rows": "all"},
        {"forms": ["own.works"], "actions": ["read"], "rows": "all", "except": ["limit"]},
    ]
    role = await people.create_role(platform.db, books.access, name="设计", rules=rules, permissions=["forms"])
    codes = {one.id: one.code for one in await people.roles(platform.db, books.tenant.id)}
    designer = await new_member(platform, books, "designer", roles=(codes[role],))
    await edit(designer, "own.bill", "set", field="amount", formula="所属工程.限额")
    [problem] = (await definitions.preview(designer, "own.bill")).problems
    assert (problem.field, problem.code) == ("amount:formula", "forbidden")


async def test_a_choice_held_against_a_title_is_told_what_to_write(books):
    name = await definitions.create_form(books, title="票", code="ticket")
    await definitions.save_draft(books, name, {"title": "票", "properties": {
        "state": {"title": "状态", "x-type": "choice", "x-choices": [{"value": "new", "title": "待办"}]},
        "note": {"title": "说明", "x-type": "text"}}})
    wrong = await edit(books, name, "set", field="note", visible_when='状态 = "待办"')
    assert '"new"（待办）' in wrong.problems[0].message
    assert not (await edit(books, name, "set", field="note", visible_when='状态 = "new"')).problems


async def test_conditions_and_defaults_are_typed_in_titles_and_follow_a_new_code(books):
    name = await definitions.create_form(books, title="单", code="slip")
    await definitions.save_draft(books, name, {"title": "单", "properties": {
        "kind": {"title": "种类", "x-type": "text"}, "sum": {"title": "金额", "x-type": "money"}}})
    done = await edit(books, name, "set", field="sum", visible_when='种类 = "甲"', keep_hidden="1")
    done = await edit(books, name, "set", field="sum", required_when="TRUE", default_formula="LEN(种类) * 2")
    found = done.draft.definition["properties"]["sum"]
    assert found["x-when"] == {"visible": 'kind = "甲"', "hidden": "keep", "required": "TRUE"}
    assert found["x-default"] == {"formula": "LEN(kind) * 2"}
    done = await edit(books, name, "set", field="kind", code="sort")
    assert done.draft.definition["properties"]["sum"]["x-when"]["visible"] == 'sort = "甲"'
    assert definitions.shown_formula(definitions.draft_form(done.draft), "sum", "visible_when") == '种类 = "甲"'
    wrong = await edit(books, name, "set", field="sum", readonly_when="金额 + 1")
    assert [p.field for p in wrong.problems] == ["readonly_when"]
    done = await edit(books, name, "set", field="sum", visible_when="", required_when="", default="3")
    assert "x-when" not in done.draft.definition["properties"]["sum"]
    assert done.draft.definition["properties"]["sum"]["x-default"] == 3
