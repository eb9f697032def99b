"""Exports: what a list looks like as a file, what comes back from it, what must not get out."""

from __future__ import annotations

import io
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import openpyxl
import pytest

from core.errors import Forbidden, Invalid
from core.people import create_role
from core.records import Condition, Query
from core.records.transfer import export, export_columns, template
from core.testing import new_member, refreshed
from tests.transfer.files_kit import brought, checked, csv_rows, imported, joined
from tests.transfer.region_forms import AREA, WORKS, with_form, with_regions

if TYPE_CHECKING:
    from core.context import Context
    from core.platform import Platform

Two = tuple["Context", "Context"]
AREAS = "code,name,cityCode\n110101,东城区,1101\n110102,西城区,1101\n110105,朝阳区,1101\n"
EVERYTHING = {
    "code": "0012",
    "name": "=HYPERLINK(1)",
    "amount": Decimal("-1234.50"),
    "begun": "2026-03-05",
    "checked": "2026-03-05T00:30:00Z",
    "closed": False,
    "kind": "earth",
    "tags": ["hot", "night"],
    "phone": "13800138000",
    "place": {"address": "人民路 1 号", "lat": Decimal("31.298"), "lng": Decimal("120.585")},
    "note": "第一行\n第二行",
    "lines": [{"item": "土", "price": Decimal("1.10")}],
}


async def csv_of(
    ctx: Context, form: str, query: Query | None = None, names: list[str] | None = None
) -> list[list[str]]:
    return csv_rows(await joined(await export(ctx, form, query or Query(), kind="csv", names=names)))


async def test_an_export_has_the_lists_filter_order_and_columns(platform: Platform, two_tenants: Two) -> None:
    ctx = await with_form(platform, two_tenants[0], "area", AREA)
    await imported(ctx, "own.area", AREAS)
    query = Query(where=(Condition("code", "ne", "110102"),), sort=(("code", True),), limit=1)
    assert await csv_of(ctx, "own.area", query, ["name", "code"]) == [
        ["名称", "编码"],
        ["朝阳区", "110105"],
        ["东城区", "110101"],
    ]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_an_export_brought_back_changes_nothing(platform: Platform, two_tenants: Two, kind: str) -> None:
    ctx = await with_form(platform, two_tenants[0], "works", WORKS)
    first = await ctx.records.create("own.works", {**EVERYTHING, "keeper": ctx.member.id})
    await ctx.records.create("own.works", {"code": "'2", "name": "'", "parent": first.id, "note": "@x"})
    data = await joined(await export(ctx, "own.works", Query(), kind=kind))
    run = await checked(ctx, await brought(ctx, "own.works", data, name=f"x.{kind}"))
    assert run.checked.rows == ()
    assert (run.checked.same, run.checked.total) == (2, 2)


async def test_a_csv_runs_no_formula(platform: Platform, two_tenants: Two) -> None:
    ctx = await with_form(platform, two_tenants[0], "works", WORKS)
    await ctx.records.create("own.works", {**EVERYTHING, "note": "+1+cmd|x"})
    head, row = await csv_of(ctx, "own.works")
    cells = dict(zip(head, row, strict=True))
    assert (cells["名称"], cells["说明"], cells["金额"]) == ("'=HYPERLINK(1)", "'+1+cmd|x", "-1234.50")
    assert (cells["核对时间"], cells["类别"], cells["标签"], cells["已关闭"]) == (
        "2026-03-05 08:30:00",
        "土方",
        "重点、夜间",
        "否",
    )


async def test_a_workbook_has_real_numbers_and_days_and_no_formula(platform: Platform, two_tenants: Two) -> None:
    ctx = await with_form(platform, two_tenants[0], "works", WORKS)
    await ctx.records.create("own.works", EVERYTHING)
    data = await joined(await export(ctx, "own.works", Query(), kind="xlsx"))
    head, row = list(openpyxl.load_workbook(io.BytesIO(data)).active.iter_rows())
    cells = {title.value: cell for title, cell in zip(head, row, strict=True)}
    assert (cells["金额"].value, cells["金额"].number_format) == (-1234.5, "0.00")
    assert cells["开工日期"].value == datetime(2026, 3, 5)
    assert cells["核对时间"].value == datetime(2026, 3, 5, 8, 30)
    assert (cells["编码"].value, cells["电话"].value) == ("0012", "13800138000")
    assert (cells["名称"].value, cells["名称"].data_type) == ("=HYPERLINK(1)", "s")


async def test_a_reference_is_exported_by_label_and_by_key(platform: Platform, two_tenants: Two) -> None:
    ctx = await with_regions(platform, two_tenants[0])
    await imported(ctx, "own.area", AREAS)
    await imported(ctx, "own.street", "编码,名称,所属区县\n1,甲,110101\n")
    assert await csv_of(ctx, "own.street", names=["code", "area_code"]) == [
        ["编码", "所属区县", "所属区县.编码"],
        ["1", "东城区", "110101"],
    ]


async def test_only_what_may_be_exported_gets_out(platform: Platform, two_tenants: Two) -> None:
    admin = await with_form(platform, two_tenants[0], "area", AREA)
    await imported(admin, "own.area", AREAS)
    rules = [
        {"forms": ["own.area"], "actions": ["read", "create"]},
        {"forms": ["own.area"], "actions": ["export"], "rows": "own", "except": ["city_code"]},
    ]
    await create_role(admin.db, admin.access, code="some", name="部分", rules=rules)
    partly = await new_member(platform, await refreshed(platform, admin), "partly", roles=("some",))
    await partly.records.create("own.area", {"code": "9", "name": "自己的", "city_code": "99"})
    assert await csv_of(partly, "own.area") == [["编码", "名称", "省级编码"], ["9", "自己的", ""]]
    with pytest.raises(Invalid):
        export_columns(partly, partly.forms.get("own.area"), ["city_code"])
    rules = [{"forms": ["own.area"], "actions": ["read"]}]
    await create_role(admin.db, admin.access, code="reader", name="只看", rules=rules)
    viewer = await new_member(platform, await refreshed(platform, admin), "reader", roles=("reader",))
    with pytest.raises(Forbidden):
        await csv_of(viewer, "own.area")


async def test_an_export_holds_nothing_of_another_tenant(platform: Platform, two_tenants: Two) -> None:
    a, b = [await with_regions(platform, ctx) for ctx in two_tenants]
    await imported(a, "own.area", AREAS)
    await imported(b, "own.area", "编码,名称\n1,乙方\n")
    assert [row[0] for row in (await csv_of(b, "own.area"))[1:]] == ["1"]


async def test_many_pages_become_one_file(platform: Platform, two_tenants: Two) -> None:
    ctx = await with_form(platform, two_tenants[0], "area", AREA)
    rows = [{"code": f"{n:05}", "name": f"第{n}区"} for n in range(1203)]
    await ctx.records.bulk("own.area", rows, mode="create")
    got = await csv_of(ctx, "own.area", Query(sort=(("code", False),)), ["code"])
    assert [row[0] for row in got[1:]] == [row["code"] for row in rows]


async def test_a_template_is_understood_by_the_import(platform: Platform, two_tenants: Two) -> None:
    ctx = await with_form(platform, two_tenants[0], "works", WORKS)
    book = openpyxl.load_workbook(io.BytesIO(await template(ctx, "own.works", kind="xlsx")))
    assert [sheet.title for sheet in book] == ["工程量", "填写说明"]
    assert book["工程量"]["A1"].value == "编码*"
    book["工程量"].append(["1", "甲"])
    out = io.BytesIO()
    book.save(out)
    run = await checked(ctx, await brought(ctx, "own.works", out.getvalue(), name="x.xlsx"))
    assert (run.checked.new, run.checked.wrong) == (1, 0)
    assert all(column.sure and column.field for column in run.columns)
    notes = {row[0].value: row[4].value for row in book["填写说明"].iter_rows(min_row=2)}
    assert notes["类别"] == "土方、道路"
    assert (await template(ctx, "own.works", kind="csv")).decode("utf-8-sig").startswith("编码*,名称*,")
