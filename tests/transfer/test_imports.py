"""Imports from the file to the records: what would happen, what happened, what goes back."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import TYPE_CHECKING

import openpyxl
import pytest

from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.people import create_role
from core.records import Condition, Query
from core.records.transfer import Options, check_run, get_run, recent_runs
from core.testing import new_member, refreshed
from tests.transfer.files_kit import brought, checked, committed, csv_rows, imported
from tests.transfer.region_forms import AREA, WORKS, with_form, with_regions
from tests.transfer.workbook_files import workbook

if TYPE_CHECKING:
    from core.context import Context
    from core.platform import Platform

Two = tuple["Context", "Context"]
AREAS = "code,name,cityCode,provinceCode\n110101,东城区,1101,11\n110102,西城区,1101,11\n"


async def names(ctx: Context, form: str) -> dict[str, str]:
    page = await ctx.records.list(form, Query(limit=1000))
    return {record.data["code"]: record.data["name"] for record in page.records}


async def test_a_check_says_what_would_happen_and_writes_nothing(platform: Platform, two_tenants: Two) -> None:
    ctx = await with_form(platform, two_tenants[0], "area", AREA)
    await imported(ctx, "own.area", AREAS)
    data = "编码,名称\n110101,东城\n110102,西城区\n110105,朝阳区\n,无编码\n110106," + "长" * 61 + "\n"
    run = await checked(ctx, await brought(ctx, "own.area", data))
    found = run.checked
    assert found is not None
    assert (found.new, found.changed, found.same, found.wrong) == (1, 1, 1, 2)
    assert [row.number for row in found.rows] == [5, 6]
    assert all(problem.message for row in found.rows for problem in row.problems)
    assert await names(ctx, "own.area") == {"110101": "东城区", "110102": "西城区"}


async def test_a_commit_writes_what_is_right_and_gives_the_rest_back(platform: Platform, two_tenants: Two) -> None:
    ctx = await with_form(platform, two_tenants[0], "area", AREA)
    data = "编码;名称;备注\n110101;东城区;x\n;无编码;=1+1\n".encode("gb18030")
    run = await imported(ctx, "own.area", data, name="区县.csv")
    assert (run.state, run.written.new, run.written.wrong) == ("done", 1, 1)
    assert await names(ctx, "own.area") == {"110101": "东城区"}
    answer = await ctx.files.read(run.result_file)
    head, *rows = [line.split(";") for line in answer.decode("gb18030").splitlines()]
    assert head == ["编码", "名称", "备注", "导入结果"]
    assert (rows[0][3], rows[1][2]) == ("", "'=1+1")
    assert "编码" in rows[1][3]


async def test_the_answer_can_be_mended_and_brought_again(platform: Platform, two_tenants: Two) -> None:
    ctx = await with_form(platform, two_tenants[0], "area", AREA)
    run = await imported(ctx, "own.area", "编码,名称\n1,一\n,二\n")
    answer = (await ctx.files.read(run.result_file)).decode()
    mended = "\n".join("2" + line if line.startswith(",") else line for line in answer.splitlines())
    again = await brought(ctx, "own.area", mended)
    assert [(column.header, column.field) for column in again.columns][-1] == ("导入结果", "")
    again = await committed(ctx, await checked(ctx, again))
    assert (again.written.new, again.written.same, again.written.wrong) == (1, 1, 0)


async def test_a_workbook_comes_back_as_a_workbook(platform: Platform, two_tenants: Two) -> None:
    ctx = await with_form(platform, two_tenants[0], "area", AREA)
    run = await imported(ctx, "own.area", workbook(["编码", "名称"], [110101, "东城区"], ["", "@x"]), name="a.xlsx")
    assert await names(ctx, "own.area") == {"110101": "东城区"}
    sheet = openpyxl.load_workbook(io.BytesIO(await ctx.files.read(run.result_file))).active
    assert [cell.value for cell in sheet[1]] == ["编码", "名称", "导入结果"]
    assert sheet["A2"].value == 110101
    assert (sheet["B3"].value, sheet["B3"].data_type) == ("@x", "s")
    assert "编码" in sheet["C3"].value


async def test_all_or_nothing_writes_nothing_when_one_row_is_wrong(platform: Platform, two_tenants: Two) -> None:
    ctx = await with_form(platform, two_tenants[0], "area", AREA)
    run = await imported(ctx, "own.area", "编码,名称\n1,一\n,二\n", whole=True)
    assert run.state == "failed"
    assert "1 行有错" in run.error
    assert run.written is None
    assert run.result_file
    assert await names(ctx, "own.area") == {}
    good = await imported(ctx, "own.area", "编码,名称\n1,一\n2,二\n", whole=True)
    assert (good.state, good.written.new) == ("done", 2)


async def test_one_key_twice_in_a_file_is_wrong_the_second_time(platform: Platform, two_tenants: Two) -> None:
    ctx = await with_form(platform, two_tenants[0], "area", AREA)
    run = await imported(ctx, "own.area", "编码,名称\n1,一\n1,另一\n")
    assert (run.written.new, run.written.wrong) == (1, 1)
    assert "第 2 行" in run.written.rows[0].problems[0].message


async def test_references_are_found_by_key_by_label_and_by_id(platform: Platform, two_tenants: Two) -> None:
    ctx = await with_regions(platform, two_tenants[0])
    await imported(ctx, "own.area", AREAS)
    area = (await ctx.records.list("own.area", Query(where=(Condition("code", "eq", "110101"),)))).records[0]
    rows = ["1,甲街道,110101", "2,乙街道,西城区", f"3,丙街道,{area.id}", "4,丁街道,没有的区"]
    run = await imported(ctx, "own.street", "编码,名称,所属区县\n" + "\n".join(rows))
    assert (run.written.new, run.written.wrong) == (3, 1)
    assert "没有的区" in run.written.rows[0].problems[0].message
    page = await ctx.records.list("own.street", Query(sort=(("code", False),)))
    assert [page.labels[r.data["area_code"]] for r in page.records] == ["东城区", "西城区", "东城区"]


async def test_a_label_that_two_records_share_is_not_guessed(platform: Platform, two_tenants: Two) -> None:
    ctx = await with_regions(platform, two_tenants[0])
    await imported(ctx, "own.area", "编码,名称\n1,朝阳区\n2,朝阳区\n")
    run = await imported(ctx, "own.street", "编码,名称,所属区县\n9,街,朝阳区\n")
    assert "不止一个" in run.written.rows[0].problems[0].message


async def test_rows_may_refer_to_rows_of_the_same_file(platform: Platform, two_tenants: Two) -> None:
    ctx = await with_form(platform, two_tenants[0], "works", WORKS)
    data = "编码,名称,上级\n1.1.1,c,1.1\n1.1,b,1\n1,a,\n2.1,e,2\n2,,\n"
    run = await checked(ctx, await brought(ctx, "own.works", data))
    assert (run.checked.new, run.checked.wrong) == (3, 2)
    run = await committed(ctx, run)
    assert (run.written.new, run.written.wrong) == (3, 2)
    page = await ctx.records.list("own.works", Query(sort=(("code", False),)))
    assert [page.labels.get(r.data.get("parent")) for r in page.records] == [None, "a", "b"]
    again = await checked(ctx, await brought(ctx, "own.works", data))
    assert (again.checked.same, again.checked.wrong) == (3, 2)


async def test_cells_become_values_of_their_fields(platform: Platform, two_tenants: Two) -> None:
    ctx = await with_form(platform, two_tenants[0], "works", WORKS)
    head = ["编码", "名称", "金额（元）", "开工日期", "核对时间", "已关闭", "类别", "标签", "经办人", "地点"]
    row = [
        "w1",
        "挖土",
        "1,234.50",
        "2026年3月5日",
        "2026-03-05 08:30",
        "是",
        "土方",
        "重点、夜间",
        ctx.member.login,
        "人民路 1 号",
    ]
    run = await imported(ctx, "own.works", workbook(head, row), name="a.xlsx")
    assert run.written.new == 1, run.written.rows
    data = (await ctx.records.list("own.works")).records[0].data
    assert data["amount"] == Decimal("1234.50")
    assert (data["begun"], data["checked"], data["closed"]) == ("2026-03-05", "2026-03-05T00:30:00Z", True)
    assert (data["kind"], data["tags"], data["keeper"]) == ("earth", ["hot", "night"], ctx.member.id)


async def test_an_empty_cell_keeps_or_clears_as_chosen(platform: Platform, two_tenants: Two) -> None:
    ctx = await with_form(platform, two_tenants[0], "area", AREA)
    await imported(ctx, "own.area", AREAS)
    kept = await imported(ctx, "own.area", "code,cityCode\n110101,\n")
    assert kept.written.same == 1
    cleared = await imported(ctx, "own.area", "code,cityCode\n110101,\n", blank="clear")
    assert cleared.written.changed == 1


async def test_columns_can_be_chosen_changed_and_left_out(platform: Platform, two_tenants: Two) -> None:
    ctx = await with_form(platform, two_tenants[0], "area", AREA)
    run = await brought(ctx, "own.area", "代号,名称,城市编码\n1,一,11\n")
    with pytest.raises(Invalid):
        await check_run(ctx, run, fields={}, options=Options())
    run = await checked(ctx, run, fields={"代号": "code", "城市编码": ""})
    run = await committed(ctx, run)
    assert (await ctx.records.list("own.area")).records[0].data == {"code": "1", "name": "一"}


async def test_a_run_is_there_only_for_who_brought_it(platform: Platform, two_tenants: Two) -> None:
    a = await with_form(platform, two_tenants[0], "area", AREA)
    b = await with_form(platform, two_tenants[1], "area", AREA)
    colleague = await new_member(platform, a, "colleague", roles=("admin",))
    run = await brought(a, "own.area", AREAS)
    for other in (b, colleague):
        with pytest.raises(NotFound):
            await get_run(other, run.id, form="own.area")
        assert await recent_runs(other, "own.area") == []
    with pytest.raises(NotFound):
        await get_run(a, run.id, form="own.other")
    assert [one.id for one in await recent_runs(a, "own.area")] == [run.id]


async def test_an_import_neither_sees_nor_refers_to_another_tenants_records(
    platform: Platform, two_tenants: Two
) -> None:
    a, b = [await with_regions(platform, ctx) for ctx in two_tenants]
    await imported(a, "own.area", AREAS)
    secret = (await a.records.list("own.area")).records[0]
    run = await imported(b, "own.street", f"编码,名称,所属区县\n1,x,110101\n2,y,东城区\n3,z,{secret.id}\n")
    assert (run.written.new, run.written.wrong) == (0, 3)
    run = await imported(b, "own.area", AREAS)
    assert (run.written.new, run.written.same) == (2, 0)
    assert await names(a, "own.area") == await names(b, "own.area")


async def test_who_may_not_import_or_not_change_is_refused(platform: Platform, two_tenants: Two) -> None:
    admin = await with_form(platform, two_tenants[0], "area", AREA)
    await imported(admin, "own.area", AREAS)
    viewer = await new_member(platform, admin, "viewer", roles=("viewer",))
    with pytest.raises(Forbidden):
        await brought(viewer, "own.area", AREAS)
    rules = [{"forms": ["own.area"], "actions": ["read", "create", "import"]}]
    await create_role(admin.db, admin.access, code="adder", name="录入员", rules=rules)
    adder = await new_member(platform, await refreshed(platform, admin), "adder", roles=("adder",))
    run = await imported(adder, "own.area", "编码,名称\n110101,改名\n3,新的\n")
    assert (run.written.new, run.written.changed, run.written.wrong) == (1, 0, 1)
    assert (await names(admin, "own.area"))["110101"] == "东城区"


async def test_a_field_one_may_not_write_is_not_written(platform: Platform, two_tenants: Two) -> None:
    admin = await with_form(platform, two_tenants[0], "area", AREA)
    await imported(admin, "own.area", AREAS)
    actions = ["read", "create", "update", "import"]
    rules = [{"forms": ["own.area"], "actions": actions, "except": ["city_code"]}]
    await create_role(admin.db, admin.access, code="partly", name="部分", rules=rules)
    partly = await new_member(platform, await refreshed(platform, admin), "partly", roles=("partly",))
    run = await imported(partly, "own.area", "编码,城市编码\n110101,9999\n")
    assert run.written.wrong == 1
    record = (await admin.records.list("own.area", Query(where=(Condition("code", "eq", "110101"),)))).records[0]
    assert record.data["city_code"] == "1101"


async def test_a_run_is_committed_once_and_only_after_its_check(platform: Platform, two_tenants: Two) -> None:
    ctx = await with_form(platform, two_tenants[0], "area", AREA)
    run = await brought(ctx, "own.area", AREAS)
    with pytest.raises(Conflict):
        await committed(ctx, run)
    run = await committed(ctx, await checked(ctx, run))
    with pytest.raises(Conflict):
        await committed(ctx, run)


async def test_what_was_wrong_is_said_in_the_members_language(platform: Platform, two_tenants: Two) -> None:
    ctx = await with_form(platform, two_tenants[0], "area", AREA)
    run = await imported(ctx, "own.area", "编码,名称\n1,一\n1,二\n")
    rows = csv_rows(await ctx.files.read(run.result_file), encoding="utf-8")
    assert rows[2][2] == "编码与第 2 行相同"
