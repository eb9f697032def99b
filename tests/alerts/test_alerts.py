"""One live alert per rule and subject, what opens and closes it, and what people do with it; on both engines."""

# ruff: noqa: PT012 - a transaction is a block, and what raises inside it is the point

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import Conflict, Forbidden, Invalid, NotFound, people
from core.alerts import Filter
from core.clock import new_id
from core.definitions import create_form, publish, save_draft, switch
from core.store import alerts as stored
from core.testing import new_member, new_tenant, refreshed, run_jobs

D = Decimal
FORM = "own.task"
TEXT = {"type": "string", "x-type": "text", "maxLength": 40}
DEFINITION = {
    "title": "任务", "type": "object", "required": ["code"], "x-key": ["code"], "x-label": "code", "x-list": ["code"],
    "properties": {
        "code": {**TEXT, "title": "编号"},
        "used": {"type": "number", "x-type": "decimal", "x-decimals": 2, "title": "用量"},
        "due": {"type": "string", "x-type": "date", "title": "期限"},
        "secret": {**TEXT, "title": "密语"},
        "who": {"type": "string", "x-type": "person", "title": "谁管"},
    },
}  # fmt: skip
USED = {
    "title": "用量超限", "form": FORM, "formula": "用量", "direction": "above", "margin": "5",
    "levels": {"yellow": "80", "red": "100"}, "active": True,
}  # fmt: skip


async def designed(platform, ctx):
    name = await create_form(ctx, title="任务", code="task")
    await save_draft(ctx, name, DEFINITION)
    await publish(ctx, name, note="")
    return await refreshed(platform, ctx)


@pytest.fixture
async def ctx(platform):
    return await designed(platform, await new_tenant(platform, "aa"))


async def ruled(platform, ctx, **changes):
    """An own rule in force: the context that knows it, and its code."""
    code = await ctx.alerts.save_rule("", {**USED, **changes})
    return await refreshed(platform, ctx), code


async def put(ctx, code, **data):
    return await ctx.records.create(FORM, {"code": code, **data})


async def change(ctx, record, **data):
    now = await ctx.records.get(FORM, record.id)
    return await ctx.records.update(FORM, record.id, data, revision=now.revision)


async def shown(ctx, **wanted):
    found, _next = await ctx.alerts.page(Filter(**wanted))
    return [(one.subject, one.severity, one.state) for one in found]


async def test_a_write_opens_raises_lowers_and_closes_the_alert_of_its_record(platform, ctx):
    ctx, _code = await ruled(platform, ctx)
    record = await put(ctx, "T1", used=D(85))
    assert await shown(ctx) == []  # the job has not run: nothing is measured in the write itself
    await run_jobs(platform)
    assert await shown(ctx) == [("T1", "yellow", "open")]
    for used, wanted in ((120, "red"), (97, "red"), (94, "yellow"), (76, "yellow")):
        await change(ctx, record, used=D(used))
        await run_jobs(platform)
        assert await shown(ctx) == [("T1", wanted, "open")], used
    await change(ctx, record, used=D(74))
    await run_jobs(platform)
    assert await shown(ctx) == []
    assert await shown(ctx, states=("auto_closed",)) == [("T1", "yellow", "auto_closed")]
    ((closed,), _next) = await ctx.alerts.page(Filter(states=("auto_closed",)))
    _alert, history = await ctx.alerts.get(closed.id)
    assert [event.kind for event in history] == ["auto_closed", "lowered", "raised", "opened"]


async def test_a_write_that_is_undone_leaves_no_job_and_no_alert(platform, ctx):
    ctx, _code = await ruled(platform, ctx)
    with pytest.raises(ZeroDivisionError):
        async with ctx.db.write():
            await put(ctx, "T1", used=D(85))
            raise ZeroDivisionError
    await run_jobs(platform)
    assert await shown(ctx) == []


async def test_a_record_in_the_bin_has_no_alert_and_has_it_again_when_it_is_back(platform, ctx):
    ctx, _code = await ruled(platform, ctx)
    record = await put(ctx, "T1", used=D(85))
    await run_jobs(platform)
    await ctx.records.delete(FORM, record.id, revision=1)
    await run_jobs(platform)
    assert await shown(ctx) == []
    await ctx.records.restore(FORM, record.id)
    await run_jobs(platform)
    assert await shown(ctx) == [("T1", "yellow", "open")]


async def test_bulk_writes_are_measured_too(platform, ctx):
    ctx, _code = await ruled(platform, ctx)
    rows = [{"code": f"T{n}", "used": D(100 + n)} for n in range(30)]
    await ctx.records.bulk(FORM, rows, mode="create")
    await run_jobs(platform)
    assert (await ctx.alerts.counts())["red"] == 30


async def test_a_rule_finds_what_was_there_before_it_and_takes_its_alerts_with_it(platform, ctx):
    await put(ctx, "T1", used=D(85))
    await put(ctx, "T2", used=D(10))
    ctx, code = await ruled(platform, ctx)
    await run_jobs(platform)
    assert await shown(ctx) == [("T1", "yellow", "open")]
    await ctx.alerts.save_rule(code, {**USED, "levels": {"yellow": "5", "red": "100"}})
    ctx = await refreshed(platform, ctx)
    await run_jobs(platform)
    assert sorted(await shown(ctx)) == [("T1", "yellow", "open"), ("T2", "yellow", "open")]
    await ctx.alerts.save_rule(code, {**USED, "active": False})
    ctx = await refreshed(platform, ctx)
    assert await shown(ctx) == []
    await ctx.alerts.save_rule(code, USED)
    ctx = await refreshed(platform, ctx)
    await run_jobs(platform)
    assert await shown(ctx) == [("T1", "yellow", "open")]
    await ctx.alerts.delete_rule(code)
    ctx = await refreshed(platform, ctx)
    assert await shown(ctx) == []
    assert await stored.live(ctx.db, ctx.tenant.id, code) == []


async def test_a_condition_on_dates_is_looked_at_again_when_nothing_was_written(platform, ctx, monkeypatch):
    ctx, _code = await ruled(platform, ctx, title="过期", formula="期限 < TODAY()", levels={}, severity="orange")
    await put(ctx, "T1", due=(date.today() + timedelta(days=2)).isoformat())
    await run_jobs(platform)
    assert await shown(ctx) == []
    from core.alerts import evaluating

    monkeypatch.setattr(evaluating, "now", lambda: f"{date.today() + timedelta(days=4)}T08:00:00.000000Z")
    await ctx.alerts.evaluate()
    assert await shown(ctx) == [("T1", "orange", "open")]


async def test_evaluations_at_once_leave_one_live_alert(platform, ctx):
    ctx, code = await ruled(platform, ctx)
    record = await put(ctx, "T1", used=D(85))
    await asyncio.gather(*(ctx.alerts.evaluate(code) for _number in range(5)),
                         *(ctx.alerts.evaluate_records(FORM, [record.id]) for _number in range(5)))  # fmt: skip
    assert len(await stored.live(ctx.db, ctx.tenant.id, code)) == 1
    (alert,) = (await ctx.alerts.page(Filter()))[0]
    _alert, history = await ctx.alerts.get(alert.id)
    assert [event.kind for event in history] == ["opened"]


steps = st.lists(
    st.one_of(
        st.integers(60, 130).map(lambda value: ("measure", value)),
        st.sampled_from([("acknowledge", 0), ("suppress", 0), ("resolve", 0), ("reopen", 0), ("delete", 0)]),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=steps)
async def test_whatever_happens_a_subject_has_at_most_one_live_alert(platform, ctx, steps):
    """A course of values, of people acting and of deleting; the same evaluation twice changes nothing."""
    ctx = await refreshed(platform, ctx)
    known = list(await ctx.alerts.rules()) or [await ctx.alerts.save_rule("", USED)]
    ctx = await refreshed(platform, ctx)
    record = await put(ctx, new_id(), used=D(0))
    deleted = False
    for what, value in steps:
        if what == "measure" and not deleted:
            await change(ctx, record, used=D(value))
        elif what == "delete":
            now = await ctx.records.get(FORM, record.id, deleted=True)
            if deleted:
                await ctx.records.restore(FORM, record.id)
            else:
                await ctx.records.delete(FORM, record.id, revision=now.revision)
            deleted = not deleted
        elif what != "measure":
            live = await stored.live(ctx.db, ctx.tenant.id, known[0], records=[record.id])
            until = (date.today() + timedelta(days=3)).isoformat()
            for row in live:
                try:
                    await ctx.alerts.act(row["id"], what, note="说明", until=until)
                except Conflict:
                    assert row["state"] != "open" or what == "reopen"
        await ctx.alerts.evaluate_records(FORM, [record.id])
        live = await stored.live(ctx.db, ctx.tenant.id, known[0], records=[record.id])
        assert len(live) <= 1
        assert await ctx.alerts.evaluate_records(FORM, [record.id]) == []
        assert await stored.live(ctx.db, ctx.tenant.id, known[0], records=[record.id]) == live


async def test_people_acknowledge_assign_suppress_and_resolve(platform, ctx):
    ctx, _code = await ruled(platform, ctx)
    record = await put(ctx, "T1", used=D(85))
    await run_jobs(platform)
    (alert,) = (await ctx.alerts.page(Filter()))[0]
    await ctx.alerts.act(alert.id, "acknowledge")
    assert await shown(ctx) == [("T1", "yellow", "acknowledged")]
    with pytest.raises(Conflict):
        await ctx.alerts.act(alert.id, "acknowledge")
    with pytest.raises(Invalid):
        await ctx.alerts.act(alert.id, "resolve", note=" ")
    with pytest.raises(Invalid):
        await ctx.alerts.act(alert.id, "suppress", note="等", until="2020-01-01")
    with pytest.raises(Invalid):
        await ctx.alerts.act(alert.id, "assign", owner="NOBODY")
    await ctx.alerts.act(alert.id, "assign", owner=ctx.member.id, due=date.today().isoformat())
    assert await shown(ctx, mine=True) == [("T1", "yellow", "acknowledged")]
    await ctx.alerts.act(alert.id, "suppress", note="等验收", until=date.today().isoformat())
    assert await shown(ctx) == []
    assert sum((await ctx.alerts.counts()).values()) == 0
    await ctx.alerts.act(alert.id, "reopen")
    await ctx.alerts.act(alert.id, "resolve", note="已核减")
    assert await shown(ctx, states=("resolved",)) == [("T1", "yellow", "resolved")]
    await change(ctx, record, used=D(90))
    await run_jobs(platform)
    assert await shown(ctx) == []  # dealt with, and no worse
    await change(ctx, record, used=D(101))
    await run_jobs(platform)
    assert await shown(ctx) == [("T1", "red", "open")]
    found, history = await ctx.alerts.get(alert.id)
    assert found.note == "已核减"
    assert [event.kind for event in history] == ["resolve", "reopen", "suppress", "assign", "acknowledge", "opened"]


async def test_an_alert_about_what_one_may_not_read_is_not_there_and_not_counted(platform, ctx):
    ctx, _code = await ruled(platform, ctx)
    mine = await new_member(platform, ctx, "mine", roles=())
    rule = {"forms": [FORM], "actions": ["read", "create", "update"], "rows": "own"}
    role = await people.create_role(platform.db, ctx.access, name="自己的", rules=[rule])
    await people.set_roles(platform.db, ctx.access, id=mine.member.id, roles=[role])
    mine, ctx = await refreshed(platform, mine), await refreshed(platform, ctx)
    await put(ctx, "T1", used=D(120))
    await put(mine, "T2", used=D(85))
    await run_jobs(platform)
    assert sorted(await shown(ctx)) == [("T1", "red", "open"), ("T2", "yellow", "open")]
    assert await shown(mine) == [("T2", "yellow", "open")]
    assert await mine.alerts.counts() == {"red": 0, "orange": 0, "yellow": 1, "blue": 0}
    (hidden,) = (await ctx.alerts.page(Filter(severities=("red",))))[0]
    with pytest.raises(NotFound):
        await mine.alerts.get(hidden.id)
    with pytest.raises(NotFound):
        await mine.alerts.act(hidden.id, "acknowledge")
    outsider = await new_member(platform, ctx, "outsider", roles=())
    assert await shown(outsider) == []
    assert sum((await outsider.alerts.counts()).values()) == 0


async def test_an_alert_that_reads_a_hidden_field_would_tell_it_and_is_not_shown(platform, ctx):
    ctx, _code = await ruled(platform, ctx, title="密", formula='密语 = "芝麻"', levels={}, severity="red")
    await put(ctx, "T1", secret="芝麻")
    reader = await new_member(platform, ctx, "reader", roles=())
    rule = {"forms": [FORM], "actions": ["read", "update"], "rows": "all", "except": ["secret"]}
    role = await people.create_role(platform.db, ctx.access, name="看", rules=[rule])
    await people.set_roles(platform.db, ctx.access, id=reader.member.id, roles=[role])
    reader = await refreshed(platform, reader)
    await run_jobs(platform)
    assert await shown(ctx) == [("T1", "red", "open")]
    assert await shown(reader) == []
    assert sum((await reader.alerts.counts()).values()) == 0


async def test_who_may_only_read_sees_the_alert_and_cannot_handle_it(platform, ctx):
    ctx, _code = await ruled(platform, ctx)
    await put(ctx, "T1", used=D(85))
    viewer = await new_member(platform, ctx, "viewer", roles=("viewer",))
    await run_jobs(platform)
    (alert,) = (await viewer.alerts.page(Filter()))[0]
    assert not await viewer.alerts.may_act(alert.id)
    with pytest.raises(Forbidden):
        await viewer.alerts.act(alert.id, "resolve", note="x")
    await ctx.alerts.act(alert.id, "assign", owner=viewer.member.id)
    await viewer.alerts.act(alert.id, "resolve", note="我来处理的")  # an owner may
    assert await shown(viewer) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": " "}, "title"),
        ({"formula": ""}, "formula"),
        ({"formula": "没有的字段 > 1"}, "formula"),
        ({"formula": "编号"}, "formula"),
        ({"formula": "用量 > 5", "severity": ""}, "severity"),
        ({"levels": {}}, "levels"),
        ({"levels": {"yellow": "100", "red": "80"}}, "levels"),
        ({"levels": {"yellow": "80", "red": "100"}, "direction": "below"}, "levels"),
        ({"levels": {"red": "八十"}}, "level_red"),
        ({"levels": {"red": "NaN"}}, "level_red"),
        ({"margin": "-1"}, "margin"),
        ({"due_days": "1.5"}, "due_days"),
        ({"person": "code"}, "person"),
    ],
)
async def test_a_rule_that_cannot_work_is_refused_by_field(ctx, changes, field):
    with pytest.raises(Invalid) as refused:
        await ctx.alerts.save_rule("", {**USED, **changes})
    assert [problem.field for problem in refused.value.problems] == [field]


async def test_only_who_designs_forms_makes_rules(platform, ctx):
    editor = await new_member(platform, ctx, "editor", roles=("editor",))
    with pytest.raises(Forbidden):
        await editor.alerts.save_rule("", USED)
    with pytest.raises(Forbidden):
        await editor.alerts.delete_rule("own.x")


async def test_a_rule_whose_field_is_gone_says_so_and_breaks_nothing(platform, ctx):
    ctx, code = await ruled(platform, ctx)
    left = {name: field for name, field in DEFINITION["properties"].items() if name != "used"}
    await save_draft(ctx, FORM, {**DEFINITION, "properties": left})
    await publish(ctx, FORM, note="")
    ctx = await refreshed(platform, ctx)
    await put(ctx, "T1")
    await run_jobs(platform)
    assert (await ctx.alerts.rule(code)).fault
    assert await ctx.alerts.evaluate() == []


async def test_rules_and_alerts_of_one_tenant_are_nothing_to_another(platform, ctx):
    ctx, code = await ruled(platform, ctx)
    await put(ctx, "T1", used=D(85))
    other = await designed(platform, await new_tenant(platform, "bb"))
    await put(other, "T9", used=D(85))
    await run_jobs(platform)
    assert await other.alerts.rules() == {}
    assert await shown(other) == []
    (alert,) = (await ctx.alerts.page(Filter()))[0]
    for asked in (other.alerts.get(alert.id), other.alerts.act(alert.id, "acknowledge"), other.alerts.rule(code)):
        with pytest.raises(NotFound):
            await asked
    with pytest.raises(NotFound):
        await other.alerts.delete_rule(code)
    with pytest.raises(NotFound):
        await other.alerts.save_rule(code, USED)


async def test_a_long_list_is_read_page_by_page_without_a_gap(platform, ctx):
    ctx, _code = await ruled(platform, ctx)
    await ctx.records.bulk(FORM, [{"code": f"T{n:03}", "used": D(70 + n)} for n in range(60)], mode="create")
    await run_jobs(platform)
    seen, after = [], ""
    while True:
        found, following = await ctx.alerts.page(Filter(), after=after, limit=7)
        seen += [(one.severity, one.subject) for one in found]
        if following is None:
            break
        after = following
    assert len(seen) == len(set(seen)) == 50
    assert [level for level, _subject in seen] == ["red"] * 30 + ["yellow"] * 20
    with pytest.raises(Invalid):
        await ctx.alerts.page(Filter(), after="x")


async def test_a_module_that_is_off_shows_no_alerts(platform):
    ctx = await new_tenant(platform, "cc", modules=("cost_center",))
    account = await ctx.records.create(
        "cost_center.account", {"code": "1", "name": "科目", "kind": "direct", "active": True}
    )
    project = await ctx.records.create("cost_center.project", {"code": "P", "name": "路", "status": "in_progress"})
    entry = {"code": "E", "date": "2026-01-01", "project": project.id, "account": account.id, "source": "expense"}
    await ctx.records.create("cost_center.entry", {**entry, "summary": "零星", "amount_net": D(5)})
    await run_jobs(platform)
    assert [one.title for one in await ctx.alerts.open("cost_center")] == ["没有预算却已发生成本"]
    await switch(ctx, "cost_center", False)
    off = await refreshed(platform, ctx)
    assert await shown(off) == []
    assert sum((await off.alerts.counts()).values()) == 0
