"""A module that comes in another version: what is stored of its forms is brought up to it before anybody is served."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.people import access_of
from core.platform import Platform, load
from core.records import Condition, Query
from core.store import installation
from core.testing import new_tenant, platform_at, run_jobs, settings_for

FORM = "partners.company"
NAMES = ("乙水务", "甲建设", "丙园林")


@asynccontextmanager
async def upgraded(url: str, folder: Path, **properties: dict[str, Any]) -> AsyncIterator[Platform]:
    """The installation with another version of the module, whose company has these properties changed or added."""
    settings = settings_for(url, folder)
    catalogue, modules = load(settings)
    body = copy.deepcopy(dict(catalogue.forms[FORM]))
    for name, changes in properties.items():
        body["properties"][name] = {**body["properties"].get(name, {}), **changes}
    platform = await Platform.open(settings, (replace(catalogue, forms={**catalogue.forms, FORM: body}), modules))
    try:
        yield platform
    finally:
        await platform.close()


@pytest.fixture
async def ids(database_url: str, tmp_path: Path) -> dict[str, tuple[int, str]]:
    """Two tenants with companies, made before the upgrade: (tenant, member) by code."""
    found = {}
    async with platform_at(database_url, tmp_path) as platform:
        for code in ("aa", "bb"):
            ctx = await new_tenant(platform, code, modules=["partners"])
            common = {"kind": "supplier", "status": "qualified"}
            rows = [
                {**common, "code": f"{code}{n}", "name": name, "founded": f"201{n}-05-01"}
                for n, name in enumerate(NAMES)
            ]
            await ctx.records.bulk(FORM, rows, mode="create", stop_on_error=True)
            found[code] = (ctx.tenant.id, ctx.member.id)
    return found


async def test_a_field_that_got_a_column_is_sorted_by_it_at_once(database_url, tmp_path, ids):
    async with upgraded(database_url, tmp_path, founded={"x-slot": "d4"}) as platform:
        for tenant, member in ids.values():
            ctx = await platform.context(await access_of(platform.db, tenant, member))
            asked = Query(where=(Condition("founded", "ge", "2011-01-01"),), sort=(("founded", True),))
            page = await ctx.records.list(FORM, asked)
            assert [record.data["founded"] for record in page.records] == ["2012-05-01", "2011-05-01"]


async def test_a_new_formula_is_marked_until_it_has_run(database_url, tmp_path, ids):
    initials = {"title": "简写", "x-type": "text", "x-formula": "LEFT(name, 1)"}
    async with upgraded(database_url, tmp_path, initials=initials) as platform:
        tenant, member = ids["aa"]
        ctx = await platform.context(await access_of(platform.db, tenant, member))
        page = await ctx.records.list(FORM)
        assert all(record.overdue == {"initials"} for record in page.records)
        await run_jobs(platform)
        page = await ctx.records.list(FORM)
        assert not any(record.overdue for record in page.records)
        assert sorted(record.data["initials"] for record in page.records) == ["丙", "乙", "甲"]


async def test_what_has_not_changed_is_left_alone(database_url, tmp_path, ids, monkeypatch):
    async def never(*_):
        raise AssertionError

    monkeypatch.setattr("core.definitions.upgrading.reindex_all", never)
    async with platform_at(database_url, tmp_path) as platform:
        before = await installation.recall(platform.db, "forms")
    async with upgraded(database_url, tmp_path, founded={"x-help": "营业执照上的日期"}) as platform:
        assert await installation.recall(platform.db, "forms") != before
