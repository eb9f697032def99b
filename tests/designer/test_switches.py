"""Switching modules on and off: at once, for one tenant, with what is needed and offered; data stays as it is."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from core import definitions, exact, people
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.records import Query
from core.store import records as stored
from core.testing import new_member, new_tenant, platform_at, refreshed
from tests.designer.test_overlays import write_module

PROJECT = {"code": "P1", "name": "老旧小区改造", "status": "preparing"}


async def hash_of(ctx, form):
    """Of all that is stored of a form, as the store keeps it."""
    rows = await stored.after(ctx.db, ctx.tenant.id, form, id="", limit=1000)
    assert rows
    return hashlib.sha256(exact.canonical([dict(row) for row in rows]).encode()).hexdigest()


async def test_switching_shows_at_once_in_menu_forms_hooks_and_for_one_tenant_only(platform, two_tenants):
    a, b = two_tenants
    await definitions.switch(b, "cost_center", True)
    await definitions.switch(a, "cost_center", True)
    a, b = await refreshed(platform, a), await refreshed(platform, b)
    assert a.forms.find("cost_center.project")
    assert any(group.module == "cost_center" for group in a.menu)
    assert await a.hooks.call("menu_items", ctx=a)
    await definitions.switch(a, "cost_center", False)
    a, b = await refreshed(platform, a), await refreshed(platform, b)
    assert a.enabled == frozenset()
    assert a.forms.find("cost_center.project") is None
    assert not any(group.module == "cost_center" for group in a.menu)
    assert await a.hooks.call("menu_items", ctx=a) == []
    with pytest.raises(NotFound):
        await a.records.list("cost_center.project", Query())
    assert b.forms.find("cost_center.project")
    assert await b.hooks.call("menu_items", ctx=b)


async def test_data_is_the_same_after_off_and_on(platform, two_tenants):
    a, b = two_tenants
    for ctx in two_tenants:
        await definitions.switch(ctx, "cost_center", True)
    a, b = await refreshed(platform, a), await refreshed(platform, b)
    record = await a.records.create("cost_center.project", PROJECT)
    await b.records.create("cost_center.project", PROJECT)
    before = await hash_of(a, "cost_center.project"), await hash_of(b, "cost_center.project")
    await definitions.switch(a, "cost_center", False)
    state = await definitions.state(await refreshed(platform, a), "cost_center")
    assert (state.enabled, state.records) == (False, 1)
    await definitions.switch(a, "cost_center", True)
    a = await refreshed(platform, a)
    assert (await hash_of(a, "cost_center.project"), await hash_of(b, "cost_center.project")) == before
    assert (await a.records.get("cost_center.project", record.id)).data["name"] == "老旧小区改造"


async def test_roles_are_offered_made_once_and_kept_as_the_tenant_changed_them(platform, two_tenants):
    a, b = two_tenants
    offered = (await definitions.state(a, "cost_center")).roles
    codes = ("cost_engineer", "cost_approver", "cost_viewer")
    assert [(code, there) for code, _title, there in offered] == [(code, False) for code in codes]
    await definitions.switch(a, "cost_center", True, roles=["cost_engineer"])
    roles = {role.code: role for role in await people.roles(a.db, a.tenant.id)}
    assert "cost_viewer" not in roles
    made = roles["cost_engineer"]
    assert made.module == "cost_center"
    await people.change_role(a.db, a.access, id=made.id, name="成本员", permissions=(), rules=made.rules[:1])
    await definitions.switch(a, "cost_center", False)
    await definitions.switch(await refreshed(platform, a), "cost_center", True)
    roles = {role.code: role for role in await people.roles(a.db, a.tenant.id)}
    assert roles["cost_engineer"].name == "成本员"
    assert "cost_viewer" in roles
    assert "cost_engineer" not in {role.code for role in await people.roles(b.db, b.tenant.id)}


async def test_only_who_may_switch_modules_switches(platform, two_tenants):
    a, _b = two_tenants
    editor = await new_member(platform, a, "a-editor", roles=("editor",))
    for call in (definitions.switch(editor, "cost_center", True), definitions.states(editor)):
        with pytest.raises(Forbidden):
            await call
    with pytest.raises(NotFound):
        await definitions.switch(a, "nothing", True)
    with pytest.raises(NotFound):
        await definitions.state(a, "nothing")


def two_modules(folder: Path) -> Path:
    """`repairs` needs `devices`."""
    form = {"title": "设备", "type": "object", "properties": {"name": {"title": "名称", "x-type": "text"}}}
    schemas = write_module(folder, form)
    module = schemas / "repairs"
    module.mkdir(exist_ok=True)
    repair = {"title": "维修", "type": "object", "properties": {
        "device": {"title": "设备", "x-type": "reference", "x-ref": "devices.device"},
    }}  # fmt: skip
    about = {"name": "repairs", "api": 1, "version": "1.0.0", "title": "维修", "forms": ["repair"]}
    about["requires"] = ["devices"]
    titles = {"title": "Repair", "fields": {"device": {"title": "Device"}}}
    words = {"module": {"title": "Repairs"}, "forms": {"repair": titles}}
    for name, body in (("module", about), ("repair", repair), ("en", words)):
        (module / f"{name}.json").write_text(json.dumps(body, ensure_ascii=False), encoding="utf-8")
    return schemas


async def test_what_a_module_needs_comes_with_it_or_it_is_refused(database_url, tmp_path):
    async with platform_at(database_url, tmp_path, schemas_dir=two_modules(tmp_path)) as platform:
        a = await new_tenant(platform, "aa")
        state = await definitions.state(a, "repairs")
        assert state.needs == (("devices", "设备", False),)
        with pytest.raises(Conflict) as refused:
            await definitions.switch(a, "repairs", True)
        assert "设备" in refused.value.message
        await definitions.switch(a, "repairs", True, together=True)
        a = await refreshed(platform, a)
        assert a.enabled == {"devices", "repairs"}
        assert (await definitions.state(a, "devices")).needed_by == (("repairs", "维修"),)
        with pytest.raises(Conflict) as refused:
            await definitions.switch(a, "devices", False)
        assert "维修" in refused.value.message
        await definitions.switch(a, "devices", False, together=True)
        assert (await refreshed(platform, a)).enabled == frozenset()


async def test_settings_of_a_module_are_checked_and_belong_to_one_tenant(platform, two_tenants):
    a, b = two_tenants
    with pytest.raises(NotFound):
        definitions.settings_of(a, "cost_center")
    for ctx in two_tenants:
        await definitions.switch(ctx, "cost_center", True)
    a, b = await refreshed(platform, a), await refreshed(platform, b)
    chosen = dict(a.settings("cost_center"))
    with pytest.raises(Invalid) as refused:
        await definitions.change_settings(a, "cost_center", {**chosen, "basis": "half"})
    assert [problem.field for problem in refused.value.problems] == ["basis"]
    await definitions.change_settings(a, "cost_center", {**chosen, "basis": "gross"})
    a, b = await refreshed(platform, a), await refreshed(platform, b)
    assert (a.settings("cost_center")["basis"], b.settings("cost_center")["basis"]) == ("gross", "net")
    await definitions.switch(a, "cost_center", False)
    await definitions.switch(a, "cost_center", True)
    assert (await refreshed(platform, a)).settings("cost_center")["basis"] == "gross"
