"""A module that implements every hook and notes that it was called; its forms are made by `write_schemas`."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

from litestar import Response

from core import AlertRule, Context, JobKind, Measure, MenuItem, Panel, Problem, get, hookimpl
from core.settings import ROOT

FORM = "dummy.thing"
MODULE = {"name": "dummy", "api": 1, "version": "1.0.0", "title": "试验模块", "forms": ["thing"]}
THING = {
    "title": "物件", "type": "object", "x-version": "1", "required": ["name"],
    "x-key": ["name"], "x-list": ["name", "length"],
    "properties": {
        "name": {"type": "string", "x-type": "text", "title": "名称", "maxLength": 40, "x-slot": "t1"},
        "length": {"type": "integer", "x-type": "integer", "title": "字数", "x-slot": "n1"},
    },
}  # fmt: skip


def write_schemas(folder: Path) -> Path:
    """The house's schemas with the dummy module's beside them."""
    schemas = folder / "schemas"
    shutil.copytree(ROOT / "schemas", schemas)
    (schemas / "dummy").mkdir()
    (schemas / "dummy" / "module.json").write_text(json.dumps(MODULE))
    (schemas / "dummy" / "thing.json").write_text(json.dumps(THING))
    return schemas


class Dummy:
    """One per test: `seen` lists (hook, tenant code, what), `broken` hooks raise."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, Any]] = []
        self.broken: set[str] = set()
        self.refused: tuple[Problem, ...] = ()

    def _note(self, hook: str, ctx: Context, what: Any) -> None:
        self.seen.append((hook, ctx.tenant.code, what))
        if hook in self.broken:
            raise RuntimeError(f"{hook} is broken")

    def called(self, hook: str) -> list[tuple[str, Any]]:
        return [(tenant, what) for name, tenant, what in self.seen if name == hook]

    @hookimpl
    def register_routes(self):
        @get("/dummy/ping", permission="signed-in")
        async def ping(ctx: Context) -> Response[dict[str, str]]:
            return Response({"tenant": ctx.tenant.code})

        return [ping]

    @hookimpl
    def register_jobs(self):
        return [JobKind(name="dummy.tidy", title="整理", run=self._tidy)]

    async def _tidy(self, ctx, job):
        self._note("register_jobs", ctx, job.args)

    @hookimpl
    async def record_compute(self, ctx, form, data):
        self._note("record_compute", ctx, form.name)
        return {"length": len(data.get("name", ""))} if form.name == FORM else None

    @hookimpl
    async def record_validate(self, ctx, form, data, before):
        self._note("record_validate", ctx, (form.name, before.data.get("name") if before else None))
        return self.refused

    @hookimpl
    async def record_saved(self, ctx, form, record, change):
        self._note("record_saved", ctx, (change.kind, record.data.get("name")))

    @hookimpl
    async def record_committed(self, ctx, form, record, change):
        self._note("record_committed", ctx, (change.kind, record.data.get("name")))

    @hookimpl
    async def record_panels(self, ctx, form, record):
        self._note("record_panels", ctx, record.id)
        return [Panel("试验", "dummy/none.html", {})]

    @hookimpl
    async def home_panels(self, ctx):
        self._note("home_panels", ctx, None)
        return [Panel("试验", "dummy/none.html", {})]

    @hookimpl
    async def alerts(self, ctx):
        self._note("alerts", ctx, None)
        return [AlertRule(
            code="dummy.long", title="名称太长", metric="字数", unit="字", levels={"yellow": Decimal(3)},
            watches=(FORM,), reads=(FORM,), measure=self._measure,
        )]  # fmt: skip

    async def _measure(self, ctx):
        self._note("measure", ctx, None)
        page = await ctx.records.list(FORM)
        return [Measure(form=FORM, record=one.id, value=Decimal(one.data["length"])) for one in page.records]

    @hookimpl
    async def menu_items(self, ctx):
        self._note("menu_items", ctx, None)
        return [MenuItem("试验页", "/dummy/ping")]
