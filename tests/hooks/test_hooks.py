"""Each hook: when it is sent, to whom, what its answer does, what its failure does. One test a hook, by name."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from core import Invalid, JobKind, Problem, people
from core.app import create_app
from core.definitions import switch
from core.hooks import ModuleFailed, Modules, find_plugins, for_forms, hookimpl, independent
from core.hooks.spec import STARTUP_HOOKS, TENANT_HOOKS, Specification
from core.platform import load
from core.testing import PASSWORD, new_tenant, platform_at, refreshed, run_jobs, settings_for
from tests.hooks.dummy import FORM, Dummy, write_schemas


@pytest.fixture
def dummy() -> Dummy:
    return Dummy()


@pytest.fixture
async def platform(database_url, tmp_path, dummy):
    async with platform_at(
        database_url, tmp_path, more={"dummy": dummy}, schemas_dir=write_schemas(tmp_path)
    ) as opened:
        yield opened


@pytest.fixture
async def ctx(platform):
    return await new_tenant(platform, "on", modules=("dummy",))


@pytest.fixture
async def other(platform):
    """A tenant with the module off."""
    return await new_tenant(platform, "off", modules=("partners",))


async def make(ctx, name="木斗"):
    return await ctx.records.create(FORM, {"name": name})


async def test_hook_register_routes(database_url, tmp_path, dummy):
    app = create_app(settings_for(database_url, tmp_path, schemas_dir=write_schemas(tmp_path)), more={"dummy": dummy})
    answers = {}

    async def visit() -> None:
        async with app.lifespan():
            platform = app.state.platform
            await new_tenant(platform, "on", modules=("dummy",))
            await new_tenant(platform, "off")
            for code in ("on", "off"):
                token = await people.sign_in(platform.db, f"{code}-admin", password=PASSWORD, address=None, hours=1)
                transport = httpx.ASGITransport(app=app)
                cookies = {app.state.web.session_cookie: token}
                async with httpx.AsyncClient(
                    transport=transport, base_url="http://testserver.local", cookies=cookies
                ) as client:
                    answers[code] = (await client.get("/dummy/ping")).status_code

    await asyncio.create_task(visit())
    assert answers == {"on": 200, "off": 404}


async def test_hook_register_jobs(platform, ctx, other, dummy):
    for tenant in (ctx, other):
        await tenant.jobs.enqueue("dummy.tidy", {"what": "屋架"})
    await run_jobs(platform)
    assert dummy.called("register_jobs") == [("on", {"what": "屋架"})]


def test_a_job_that_does_not_bear_its_modules_name_stops_the_start(database_url, tmp_path, dummy):
    dummy.register_jobs = hookimpl(lambda: [JobKind(name="partners.tidy", title="整理", run=dummy._tidy)])
    modules = load(settings_for(database_url, tmp_path, schemas_dir=write_schemas(tmp_path)), more={"dummy": dummy})[1]
    with pytest.raises(ModuleFailed, match="dummy"):
        modules.jobs()


async def test_hook_record_compute(ctx, dummy):
    record = await make(ctx)
    assert record.data == {"name": "木斗", "length": 2}
    changed = await ctx.records.update(FORM, record.id, {"name": "栌斗拱"}, revision=1)
    assert changed.data["length"] == 3
    await ctx.records.delete(FORM, record.id, revision=2)
    assert len(dummy.called("record_compute")) == 2


async def test_hook_record_validate(ctx, dummy):
    record = await make(ctx)
    assert dummy.called("record_validate")[-1] == ("on", (FORM, None))
    dummy.refused = (Problem("name", "ugly", "名称不好看"),)
    with pytest.raises(Invalid) as refused:
        await ctx.records.update(FORM, record.id, {"name": "丑"}, revision=1)
    assert refused.value.problems[0].code == "ugly"
    assert dummy.called("record_validate")[-1] == ("on", (FORM, "木斗"))
    assert (await ctx.records.get(FORM, record.id)).data["name"] == "木斗"


async def test_hook_record_validate_is_not_sent_while_the_forms_own_checks_find_something(ctx, dummy):
    with pytest.raises(Invalid):
        await ctx.records.create(FORM, {"name": "长" * 41})
    assert dummy.called("record_validate") == []


async def test_hook_record_saved(ctx, dummy):
    record = await make(ctx)
    await ctx.records.delete(FORM, record.id, revision=1)
    await ctx.records.restore(FORM, record.id)
    assert [what for _tenant, what in dummy.called("record_saved")] == [
        ("create", "木斗"), ("delete", "木斗"), ("restore", "木斗"),
    ]  # fmt: skip
    dummy.broken = {"record_saved"}
    with pytest.raises(RuntimeError):
        await make(ctx, "升")
    dummy.broken = set()
    assert [r.data["name"] for r in (await ctx.records.list(FORM)).records] == ["木斗"]


async def test_hook_record_committed(ctx, dummy, caplog):
    dummy.broken = {"record_committed"}
    record = await make(ctx)
    assert (await ctx.records.get(FORM, record.id)).data["name"] == "木斗"
    assert dummy.called("record_committed") == [("on", ("create", "木斗"))]
    assert "record_committed is broken" in caplog.text
    dummy.broken = {"record_saved"}
    with pytest.raises(RuntimeError):
        await make(ctx, "升")
    assert len(dummy.called("record_committed")) == 1


@pytest.mark.parametrize("hook", ["record_panels", "home_panels", "menu_items"])
async def test_hooks_that_show_are_sent_only_where_the_module_is_on(ctx, other, dummy, hook):
    record = await make(ctx)
    dummy.seen.clear()
    values: dict[str, Any] = {"form": ctx.forms.get(FORM), "record": record} if hook == "record_panels" else {}
    assert len(await ctx.hooks.call(hook, ctx=ctx, **values)) == 1
    assert await other.hooks.call(hook, ctx=other, **values) == []
    assert [tenant for tenant, _what in dummy.called(hook)] == ["on"]


async def test_hook_alerts(platform, ctx, other, dummy):
    await make(ctx, "木斗")
    record = await make(ctx, "栌斗拱")
    assert await other.alerts.rules() == {}
    await run_jobs(platform)
    assert [tenant for tenant, _what in dummy.called("measure")] == ["on"]  # one job for both writes
    (alert,) = await ctx.alerts.open("dummy")
    assert (alert.title, alert.record, alert.severity, alert.value) == ("名称太长", record.id, "yellow", 3)
    dummy.broken = {"measure"}
    await make(ctx, "令栱交互")
    await run_jobs(platform)
    assert [one.id for one in await ctx.alerts.open("dummy")] == [alert.id]  # a rule that breaks changes nothing


def test_every_hook_has_its_test():
    hooks = {name for name in vars(Specification) if not name.startswith("_")}
    assert hooks == set(STARTUP_HOOKS) | set(TENANT_HOOKS)
    for name in hooks:
        assert (Specification.__dict__[name].__doc__ or "").strip(), f"{name} does not say when it is sent"
        shown = name in ("record_panels", "home_panels", "menu_items")
        assert shown or f"test_hook_{name}" in globals(), f"{name} has no test_hook_{name}"


async def test_a_tenant_with_the_module_off_is_spared_its_hooks(platform, ctx, other, dummy):
    dummy.seen.clear()
    await other.records.create(
        "partners.company", {"code": "C", "name": "公司", "kind": "supplier", "status": "qualified"}
    )
    assert dummy.seen == []
    await switch(other, "dummy", True)
    on = await refreshed(platform, other)
    dummy.seen.clear()
    await make(on)
    assert {tenant for _hook, tenant, _what in dummy.seen} == {"off"}


async def test_a_module_that_is_gone_leaves_its_data_and_its_tenants_working(database_url, tmp_path, dummy):
    schemas = write_schemas(tmp_path)
    async with platform_at(database_url, tmp_path, more={"dummy": dummy}, schemas_dir=schemas) as platform:
        ctx = await new_tenant(platform, "on", modules=("dummy", "partners"))
        record = await make(ctx)
    async with platform_at(database_url, tmp_path) as platform:
        without = await refreshed(platform, ctx)
        assert "dummy" not in without.enabled
        company = {"code": "C", "name": "公司", "kind": "supplier", "status": "qualified"}
        assert (await without.records.create("partners.company", company)).data["name"] == "公司"
    async with platform_at(database_url, tmp_path, more={"dummy": dummy}, schemas_dir=schemas) as platform:
        assert (await (await refreshed(platform, ctx)).records.get(FORM, record.id)).data == record.data


def plugin(**hooks: Any) -> Any:
    return type("Plugin", (), {name: staticmethod(hookimpl(function)) for name, function in hooks.items()})()


def test_a_hook_of_the_wrong_colour_stops_the_start():
    with pytest.raises(ModuleFailed, match=r"'bad'.*menu_items.*async def"):
        Modules({}, {"bad": plugin(menu_items=lambda ctx: None)})

    async def register_routes():
        return []

    with pytest.raises(ModuleFailed, match=r"'bad'.*register_routes.*plain function"):
        Modules({}, {"bad": plugin(register_routes=register_routes)})


def test_an_unknown_hook_or_argument_stops_the_start():
    async def record_savd(ctx):
        return None

    async def record_saved(ctx, colour):
        return None

    with pytest.raises(ModuleFailed, match="'bad'"):
        Modules({}, {"bad": plugin(record_savd=record_savd)})
    with pytest.raises(ModuleFailed, match="'bad'"):
        Modules({}, {"bad": plugin(record_saved=record_saved)})


def test_a_module_that_cannot_be_imported_stops_the_start_and_is_named(tmp_path, monkeypatch):
    package = tmp_path / "broken_plugins" / "partners"
    package.mkdir(parents=True)
    (tmp_path / "broken_plugins" / "__init__.py").write_text("")
    (package / "__init__.py").write_text("import nothing_of_that_name")
    monkeypatch.syspath_prepend(str(tmp_path))
    catalogue, _modules = load(settings_for("sqlite://", tmp_path))
    with pytest.raises(ModuleFailed, match=r"'partners' cannot be loaded.*nothing_of_that_name"):
        find_plugins(catalogue.manifests, package="broken_plugins")


def test_a_module_file_that_is_wrong_stops_the_start_and_is_named(tmp_path):
    schemas = write_schemas(tmp_path)
    (schemas / "dummy" / "thing.json").write_text(
        json.dumps({"title": "坏", "type": "object", "properties": {"A": {}}})
    )
    with pytest.raises(Exception, match=r"dummy.*thing"):
        load(settings_for("sqlite://", tmp_path, schemas_dir=schemas))


async def test_answers_come_in_the_order_of_names_and_the_rest_is_closed_when_one_fails():
    def says(word):
        async def menu_items(ctx):
            if word == "fail":
                raise RuntimeError(word)
            return word

        return plugin(menu_items=menu_items)

    caller = Modules({}, {"b": says("b"), "a": says("a"), "c": says("c")}).caller(frozenset())
    assert await caller.call("menu_items", ctx=None) == ["a", "b", "c"]
    failing = Modules({}, {"a": says("fail"), "b": says("b")}).caller(frozenset())
    with pytest.raises(RuntimeError):
        await failing.call("menu_items", ctx=None)


async def test_a_hook_for_some_forms_is_not_sent_for_others(ctx):
    @for_forms("a.*")
    async def record_compute(ctx, form, data):
        return {}

    caller = Modules({}, {"m": plugin(record_compute=record_compute)}).caller(frozenset())
    assert caller.has("record_compute", "a.b")
    assert not caller.has("record_compute", "b.a")


class _Judge:
    """Notes how many things are stored when it judges a row."""

    def __init__(self, *, alone: bool) -> None:
        self.stored: list[int] = []
        self.known: list[int] = []

        async def record_validate(ctx, form, data, before):
            await self._judged(ctx)

        mark = independent(FORM) if alone else (lambda function: function)
        self.record_validate = hookimpl(for_forms(FORM)(mark(record_validate)))

    async def _judged(self, ctx):
        if "stored" not in ctx.records.memory:
            ctx.records.memory["stored"] = (await ctx.records.count(FORM)).number
        self.known.append(ctx.records.memory["stored"])
        self.stored.append((await ctx.records.count(FORM)).number)


@pytest.mark.parametrize(("alone", "stored", "known"), [(False, [0, 1, 2], [0, 1, 2]), (True, [0, 0, 0], [0, 0, 0])])
async def test_a_check_that_promises_to_be_independent_is_asked_for_a_whole_set_before_it_is_written(
    database_url, tmp_path, alone, stored, known
):
    judge, rows = _Judge(alone=alone), [{"name": name} for name in "木石瓦"]
    schemas = write_schemas(tmp_path)
    async with platform_at(database_url, tmp_path, more={"dummy": judge}, schemas_dir=schemas) as platform:
        ctx = await new_tenant(platform, "on", modules=("dummy",))
        assert (await ctx.records.bulk(FORM, rows, mode="create")).new == 3
        assert (judge.stored, judge.known) == (stored, known)
        await make(ctx)
        assert judge.known[-1] == 3  # what was remembered in a set is forgotten before the next write
        assert ctx.hooks.row_by_row(FORM) is not alone
        assert not ctx.hooks.row_by_row("partners.company")
