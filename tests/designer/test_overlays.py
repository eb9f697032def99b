"""A tenant's changes to a module's form: its own fields, tightened properties, and what a newer module does to them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core import definitions, people
from core.errors import Conflict, Invalid, NotFound
from core.platform import Platform
from core.testing import new_tenant, platform_at, refreshed
from tests.designer.designing import edit

FORM: dict[str, Any] = {
    "title": "设备", "type": "object", "x-version": "1", "required": ["code"], "x-key": ["code"], "x-label": "code",
    "x-list": ["code", "name"],
    "properties": {
        "code": {"title": "编号", "x-type": "text", "x-slot": "t1"},
        "name": {"title": "名称", "x-type": "text", "x-slot": "t2"},
        "power": {"title": "功率", "x-type": "integer", "maximum": 100},
        "notes": {"title": "备注", "x-type": "longtext"},
    },
}  # fmt: skip


def write_module(folder: Path, form: dict[str, Any], *, version: str = "1.0.0") -> Path:
    """schemas/devices with one form, in `folder`; the folder of modules."""
    module = folder / "schemas" / "devices"
    module.mkdir(parents=True, exist_ok=True)
    about = {"name": "devices", "api": 1, "version": version, "title": "设备", "forms": ["device"]}
    (module / "module.json").write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")
    (module / "device.json").write_text(json.dumps(form, ensure_ascii=False), encoding="utf-8")
    words = {"module": {"title": "Devices"}, "forms": {"device": {"title": "Device", "fields": {}}}}
    words["forms"]["device"]["fields"] = {name: {"title": name} for name in form["properties"]}
    (module / "en.json").write_text(json.dumps(words), encoding="utf-8")
    return folder / "schemas"


def module(folder: Path, **changes: Any) -> Path:
    return write_module(folder, {**FORM, **changes})


async def again(platform: Platform, ctx: Any) -> Any:
    return await platform.context(await people.access_of(platform.db, ctx.tenant.id, ctx.member.id))


async def test_own_fields_in_a_modules_form_are_there_for_one_tenant_only(database_url, tmp_path):
    async with platform_at(database_url, tmp_path, schemas_dir=module(tmp_path)) as platform:
        a = await new_tenant(platform, "aa", modules=("devices",))
        b = await new_tenant(platform, "bb", modules=("devices",))
        done = await edit(a, "devices.device", "add", type="date", title="年检日期", after="name")
        assert done.selected == "x_nianjianriqi"
        await edit(a, "devices.device", "set", field="name", title="设备名称", required="1")
        await edit(a, "devices.device", "remove", field="notes")
        preview = await definitions.preview(a, "devices.device")
        assert any("年检日期" in change for change in preview.changes)
        published = await definitions.publish(a, "devices.device")
        assert published.form.fields["x_nianjianriqi"].slot == "d6"  # from the top down: the module counts up
        a, b = await refreshed(platform, a), await refreshed(platform, b)
        form = a.forms.get("devices.device")
        assert list(form.fields) == ["code", "name", "x_nianjianriqi", "power"]
        assert form.fields["x_nianjianriqi"].owner == "tenant"
        assert form.fields["name"].required
        assert list(b.forms.get("devices.device").fields) == ["code", "name", "power", "notes"]
        record = await a.records.create("devices.device", {"code": "1", "name": "塔吊", "x_nianjianriqi": "2026-03-01"})
        assert record.data["x_nianjianriqi"] == "2026-03-01"
        with pytest.raises(Invalid):
            await b.records.create("devices.device", {"code": "1", "x_nianjianriqi": "2026-03-01"})
        state = next(s for s in await definitions.overview(a) if s.form == "devices.device")
        assert (state.version, state.added, state.changed, state.draft) == (1, 1, 3, False)


async def test_what_the_module_demands_is_tightened_never_loosened(database_url, tmp_path):
    async with platform_at(database_url, tmp_path, schemas_dir=module(tmp_path)) as platform:
        a = await new_tenant(platform, "aa", modules=("devices",))
        name = "devices.device"
        done = await edit(a, name, "remove", field="code")
        assert done.problems
        assert "隐藏" in done.problems[0].message
        done = await edit(a, name, "set", field="power", maximum="500")
        assert [problem.field for problem in done.problems] == ["maximum"]
        assert done.draft.definition["properties"]["power"]["maximum"] == 100
        done = await edit(a, name, "set", field="power", maximum="50", unit="千瓦", code="watts")
        assert not done.problems
        assert done.draft.definition["properties"]["power"] == {"title": "功率", "x-type": "integer", "maximum": 50}
        assert (await edit(a, name, "type", field="power", type="text")).problems
        assert (await edit(a, name, "form", title="机器")).problems
        assert not (await edit(a, name, "remove", field="notes")).problems
        done = await edit(a, name, "show", field="notes")
        assert done.draft.hidden == frozenset()
        done = await edit(a, name, "move", field="power", before="name")
        assert list(done.draft.definition["properties"]) == ["code", "power", "name", "notes"]
        done = await edit(a, name, "move", field="power", after="name")
        assert not any(item["op"] == "order" for item in done.draft.document["items"])
        with pytest.raises(Conflict):
            await definitions.drop_form(a, name)


async def test_edits_of_an_overlay_can_be_undone_to_nothing(database_url, tmp_path):
    async with platform_at(database_url, tmp_path, schemas_dir=module(tmp_path)) as platform:
        a = await new_tenant(platform, "aa", modules=("devices",))
        await edit(a, "devices.device", "add", type="text", title="产权单位")
        await edit(a, "devices.device", "set", field="x_chanquandanwei", title="产权")
        draft = await definitions.undo(a, "devices.device")
        assert "x_chanquandanwei" in draft.definition["properties"]
        draft = await definitions.undo(a, "devices.device")
        assert list(draft.definition["properties"]) == list(FORM["properties"])
        with pytest.raises(Conflict):
            await definitions.publish(a, "devices.device")
        await definitions.discard_draft(a, "devices.device")
        assert not (await definitions.open_draft(a, "devices.device")).stored


async def test_after_an_upgrade_the_designer_says_where_module_and_tenant_meet(database_url, tmp_path):
    name = "devices.device"
    async with platform_at(database_url, tmp_path, schemas_dir=module(tmp_path)) as platform:
        a = await new_tenant(platform, "aa", modules=("devices",))
        await edit(a, name, "add", type="text", title="产权单位")
        await edit(a, name, "set", field="name", title="设备名称")
        await edit(a, name, "set", field="power", title="额定功率")
        await edit(a, name, "set", field="notes", title="说明")
        await definitions.publish(a, name)
    fields = {k: v for k, v in FORM["properties"].items() if k != "notes"}
    fields["power"] = {**fields["power"], "title": "功率（千瓦）"}
    fields["maker"] = {"title": "厂家", "x-type": "text", "x-slot": "t10"}
    folder = module(tmp_path, **{"properties": fields, "x-version": "2"})
    async with platform_at(database_url, tmp_path, schemas_dir=folder) as platform:
        a = await again(platform, a)
        form = a.forms.get(name)
        assert form.fields["x_chanquandanwei"].title == "产权单位"  # the tenant's field is kept,
        assert form.fields["x_chanquandanwei"].slot is None  # its slot is the module's now
        assert form.fields["power"].title == "额定功率"  # the tenant's words win until it says otherwise
        draft = await definitions.open_draft(a, name)
        said = definitions.findings_of(draft)
        assert any("功率（千瓦）" in words for words in said)
        assert any("notes" in words for words in said)
        assert next(s for s in await definitions.overview(a) if s.form == name).findings == len(said)
        done = await edit(a, name, "set", field="name", title="机具名称")
        assert any("notes" in words for words in definitions.findings_of(done.draft))  # it stays until it is accepted
        done = await edit(a, name, "accept")
        assert not [words for words in definitions.findings_of(done.draft) if "功率" in words or "notes" in words]
        await definitions.publish(a, name)
        a = await refreshed(platform, a)
        assert a.forms.get(name).fields["x_chanquandanwei"].slot == "t9"
        assert definitions.findings_of(await definitions.open_draft(a, name)) == ()


async def test_a_form_of_a_missing_module_cannot_be_designed_and_breaks_nothing(database_url, tmp_path):
    name = "devices.device"
    async with platform_at(database_url, tmp_path, schemas_dir=module(tmp_path)) as platform:
        a = await new_tenant(platform, "aa", modules=("devices",))
        b = await new_tenant(platform, "bb", modules=("devices",))
        await edit(a, name, "add", type="text", title="产权单位")
        await definitions.publish(a, name)
        await edit(a, name, "add", type="text", title="使用单位")
        a = await refreshed(platform, a)
        record = await a.records.create(name, {"code": "1", "x_chanquandanwei": "市建工"})
    empty = tmp_path / "empty"
    empty.mkdir()
    async with platform_at(database_url, tmp_path, schemas_dir=empty) as platform:
        a, b = await again(platform, a), await again(platform, b)
        assert a.forms.all() == ()
        with pytest.raises(NotFound):
            await definitions.open_draft(a, name)
        assert await definitions.overview(a) == ()
        missing = {state.name: state for state in await definitions.states(a)}["devices"]
        assert (missing.manifest, missing.enabled, missing.records) == (None, True, 1)
        assert {state.name: state for state in await definitions.states(b)}["devices"].records == 0
        with pytest.raises(NotFound):
            await definitions.switch(a, "devices", True)
        mine = await definitions.create_form(a, title="台账")
        await edit(a, mine, "add", type="text", title="名称")
        await definitions.publish(a, mine)
        a = await refreshed(platform, a)
        await a.records.create(mine, {"mingcheng": "一切照旧"})
        await definitions.switch(a, "devices", False)
    async with platform_at(database_url, tmp_path, schemas_dir=module(tmp_path)) as platform:
        a = await again(platform, a)
        assert a.forms.find(name) is None  # it was switched off meanwhile
        await definitions.switch(a, "devices", True)
        a = await refreshed(platform, a)
        assert (await a.records.get(name, record.id)).data["x_chanquandanwei"] == "市建工"
        assert "x_shiyongdanwei" in (await definitions.open_draft(a, name)).definition["properties"]
