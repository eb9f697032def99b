"""States and steps designed without code: begun, named, led, taken away, and what publishing says of it."""

from __future__ import annotations

import re

import pytest

from core import definitions
from core.errors import Invalid
from core.forms import compile_form
from core.testing import new_tenant, refreshed
from tests.designer.designing import DISTRICT, edit, filled, published

CONTRACT = "cost_center.contract"


async def flow(ctx, name, do, **values):
    return await edit(ctx, name, "flow", do=do, **values)


async def states_of(ctx, name):
    draft = await definitions.open_draft(ctx, name)
    return compile_form(name, draft.definition, version="0").flow


async def test_a_form_gets_a_state_field_with_states_and_steps_to_begin_with(platform, two_tenants):
    ctx, name, _ids = await filled(platform, two_tenants[0])
    await flow(ctx, name, "begin", holder="")
    begun = await states_of(ctx, name)
    assert [state.title for state in begun.states.values()] == ["待处理", "处理中", "已完成"]
    assert [(step.sources, step.target) for step in begun.steps] == [(("todo",), "doing"), (("doing",), "done")]
    preview = await definitions.preview(ctx, name)
    assert any("启用状态：待处理、处理中、已完成" in line for line in preview.changes)
    await definitions.publish(ctx, name)
    ctx = await refreshed(platform, ctx)
    made = await ctx.records.create(name, {"code": "9", "name": "新区"})
    assert made.data["state"] == "todo"


async def test_a_choice_that_is_there_becomes_the_state_and_stored_values_stay(platform, two_tenants):
    ctx, name, ids = await filled(platform, two_tenants[0])
    await flow(ctx, name, "begin", holder="kind")
    await definitions.publish(ctx, name)
    ctx = await refreshed(platform, ctx)
    county = await ctx.records.get(name, ids[2])
    assert (county.data["kind"], ctx.forms.get(name).flow.initial) == ("county", "city")
    with pytest.raises(Invalid):
        await ctx.records.update(name, ids[2], {"kind": "city"}, revision=1)


async def test_states_are_named_locked_added_and_taken_away_with_their_steps(platform, two_tenants):
    ctx, name, _ids = await filled(platform, two_tenants[0])
    await flow(ctx, name, "begin", holder="kind")
    rows = {"choice_value": ["city", "county"], "choice_title": ["在办", "办结"], "choice_color": ["blue", "green"]}
    locks = {"lock.city": "some", "read_only.city": ["code"], "required.city": ["area"], "lock.county": "all"}
    await flow(ctx, name, "states:add", **rows, **locks, initial="city", final="county", new_state="作废")
    now = await states_of(ctx, name)
    assert [state.title for state in now.states.values()] == ["在办", "办结", "作废"]
    assert (now.state("city").read_only, now.state("city").required) == ({"code"}, {"area"})
    assert (now.state("county").read_only, now.state("county").final) == (None, True)
    rows = {"choice_value": list(now.states), "choice_title": ["在办", "办结", "作废"], "choice_color": ["", "", ""]}
    await flow(ctx, name, "states:remove:1", **rows, initial="city")
    left = await states_of(ctx, name)
    assert ("county" in left.states, left.steps) == (False, ())


async def test_a_step_is_added_led_and_conditioned_in_the_words_of_the_form(platform, two_tenants):
    ctx, name, _ids = await filled(platform, two_tenants[0])
    await flow(ctx, name, "begin", holder="kind")
    await flow(ctx, name, "add", title="退回", **{"from": ["county"]}, to="city")
    back = (await states_of(ctx, name)).steps[-1]
    assert (back.title, back.sources, back.target) == ("退回", ("county",), "city")
    typed = {"from": ["county"], "to": "city", "when": "面积 > 10", "message": "面积太小", "comment": "required"}
    more = {"role": ["admin", "editor"], "required": ["name"], "apart": ["to_county"]}
    await flow(ctx, name, "step", step=back.code, title="打回", **typed, **more)
    step = (await states_of(ctx, name)).step(back.code)
    assert (step.title, step.when, step.message, step.comment) == ("打回", "area > 10", "面积太小", "required")
    assert (step.roles, step.required, step.apart) == (("admin", "editor"), ("name",), ("to_county",))
    wrong = await flow(ctx, name, "step", step=back.code, title="打回", **{**typed, "when": "面机 > 10"})
    assert "第 1 行" in wrong.problems[0].message
    await flow(ctx, name, "up:" + back.code)
    assert [one.code for one in (await states_of(ctx, name)).steps] == [back.code, "to_county"]
    await flow(ctx, name, "remove:to_county")
    assert (await states_of(ctx, name)).steps[0].apart == ()


async def test_a_field_renamed_or_removed_is_followed_by_the_flow(platform, two_tenants):
    ctx, name = two_tenants[0], "own.district"
    name = await definitions.create_form(ctx, title="区县", code="district")
    await definitions.save_draft(ctx, name, DISTRICT)
    await flow(ctx, name, "begin", holder="kind")
    typed = {"from": ["city"], "to": "county", "when": "area > 1", "message": "", "comment": "none"}
    await flow(ctx, name, "step", step="to_county", title="转", **typed, required=["area", "name"])
    await edit(ctx, name, "set", field="area", title="面积", code="size")
    step = (await states_of(ctx, name)).steps[0]
    assert (step.when, step.required) == ("size > 1", ("name", "size"))
    await edit(ctx, name, "remove", field="name")
    assert (await states_of(ctx, name)).steps[0].required == ("size",)
    await edit(ctx, name, "remove", field="kind")
    assert await states_of(ctx, name) is None


async def test_publishing_says_how_many_stand_in_a_state_that_goes(platform, two_tenants):
    ctx, name, _ids = await filled(platform, two_tenants[0])
    await flow(ctx, name, "begin", holder="kind")
    await definitions.publish(ctx, name)
    ctx = await refreshed(platform, ctx)
    rows = {"choice_value": ["city", "county"], "choice_title": ["市辖区", "县"], "choice_color": ["", ""]}
    await flow(ctx, name, "states:remove:0", **rows, initial="city")
    said = " ".join((await definitions.preview(ctx, name)).changes)
    assert "删去状态“市辖区”：现有 2 条停在那里" in said


async def test_a_tenant_sets_roles_of_a_modules_step_and_nothing_looser(platform):
    ctx = await new_tenant(platform, "cc", modules=("cost_center",))
    await flow(ctx, CONTRACT, "step", step="approve", title="批准生效", comment="required", role=["admin"],
               required=["sign_date"], apart=["submit"])  # fmt: skip
    draft = await definitions.open_draft(ctx, CONTRACT)
    assert {(i["op"], i["code"], i["property"]) for i in draft.document["items"]} == {
        ("step", "approve", "roles"), ("step", "approve", "comment"),
    }  # fmt: skip
    loose = await flow(ctx, CONTRACT, "step", step="approve", title="批准生效", comment="none", role=["admin"])
    assert "更严" in loose.problems[0].message
    for do in ("add", "remove:approve", "end"):
        assert (await flow(ctx, CONTRACT, do, title="试")).problems
    await definitions.publish(ctx, CONTRACT)
    ctx = await refreshed(platform, ctx)
    assert ctx.forms.get(CONTRACT).flow.step("approve").roles == ("admin",)


async def test_the_page_draws_the_flow_and_saves_without_scripts(app, client):
    from core import people
    from core.testing import PASSWORD

    platform = app.state.platform
    _ctx, name = await published(platform, await new_tenant(platform, "dd"))
    session = await people.sign_in(platform.db, "dd-admin", password=PASSWORD, address=None, hours=1)
    client.cookies.set(app.state.web.session_cookie, session)
    headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
    path = f"/admin/forms/{name}/flow"
    empty = await client.get(path, headers=headers)
    assert "还没有启用状态" in empty.text
    csrf = re.search(r'name="_csrf" value="([^"]+)"', empty.text)[1]
    sent = {"_csrf": csrf, "op": "flow", "do": "begin", "holder": "kind"}
    assert (await client.post(path, data=sent, headers=headers)).status_code == 303
    shown = (await client.get(path, headers=headers)).text
    assert "<svg" in shown
    assert "市辖区 → 县" in re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", shown))
    wrong = {"_csrf": csrf, "op": "flow", "do": "add", "title": "没有起点", "to": "city"}
    refused = await client.post(path, data=wrong, headers=headers)
    assert (refused.status_code, "请选择步骤从哪些状态开始" in refused.text) == (422, True)
