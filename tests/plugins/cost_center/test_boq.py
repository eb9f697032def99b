"""Bills of quantities in the layouts people have: header rows, merged cells, pages, subtotals; shown, then imported."""

from __future__ import annotations

import io
from decimal import Decimal

import openpyxl
import pytest

from core import Invalid, read_sheet
from plugins.cost_center import bills, boq
from plugins.cost_center.rules import BOQ

D = Decimal
HEAD = ["序号", "项目编码", "项目名称", "项目特征描述", "计量单位", "工程量", "金额（元）", None, None]
BELOW = [None, None, None, None, None, None, "综合单价", "合价", "其中：暂估价"]


def workbook(*rows, merged=()):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for area in merged:
        book.active.merge_cells(area)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def usual():
    """A page title, a header of two rows with merged cells, two sections, page sums, the header again, a total."""
    return workbook(
        ["分部分项工程和单价措施项目清单与计价表"], ["工程名称：春晖里改造", None, None, None, "标段：一"], HEAD, BELOW,
        [None, None, "土石方工程"],
        [1, "010101001001", "平整场地", "1.土壤类别：三类土", "m2", 120.5, 4.2, 506.1],
        [None, None, None, "2.弃土运距：5km"],
        [2, 10101002001, "挖一般土方", None, "m3", "1,200", "32.50", 39000, 100],
        [None, None, "本页小计", None, None, None, None, 39506.1],
        HEAD, BELOW,
        [None, None, "砌筑工程"],
        [3, "010401003001", "实心砖墙", "MU10", "m3", 15, 480, 7000],
        [None, None, "安全文明施工费", None, "项", 1, 2000, 2000],
        [None, None, "合计", None, None, None, None, 50000],
        merged=("A1:I1", "G3:I3", "A3:A4", "C3:C4", "D3:D4", "E3:E4", "F3:F4", "G10:I10"),
    )  # fmt: skip


async def bill_of(content):
    sheet = await read_sheet(content)
    return boq.read([(row.number, row.cells) for row in sheet.rows], sheet.merged)


async def test_the_usual_layout_is_read_whole():
    bill = await bill_of(usual())
    found = [tuple(one.values[name] for name in ("code", "name", "section", "amount")) for one in bill.items]
    assert found == [
        ("010101001001", "平整场地", "土石方工程", D("506.10")),
        ("010101002001", "挖一般土方", "土石方工程", D("39000.00")),  # a number had lost its leading zero
        ("010401003001", "实心砖墙", "砌筑工程", D("7200.00")),
        ("W0004", "安全文明施工费", "砌筑工程", D("2000.00")),
    ]
    assert bill.items[0].values["features"] == "1.土壤类别：三类土\n2.弃土运距：5km"
    assert bill.items[1].values["provisional"] == 100
    assert [one.code for one in bill.left_out] == ["sum", "header", "header", "sum"]
    # 15 · 480 is not 7,000, and all items are 48,706.10, not 50,000
    assert [(one.code, one.row) for one in bill.notices] == [("product", 13), ("sum", 15)]
    assert bill.total == D("48706.10")


async def test_a_flat_list_without_merged_cells_is_read_too():
    bill = await bill_of(workbook(["编码", "名称", "单位", "数量", "单价"], ["A-1", "围挡", "m", 10, 25]))
    (one,) = bill.items
    assert (one.values["quantity"], one.values["price"], one.values["amount"]) == (10, 25, 250)
    assert [notice.code for notice in bill.notices] == ["code"]


async def test_a_code_that_comes_twice_is_told_with_both_rows():
    rows = [["010101001001", "平整场地", "m2", 1, 1]] * 2
    bill = await bill_of(workbook(["项目编码", "项目名称", "计量单位", "工程量", "综合单价"], *rows))
    assert [(one.row, one.detail) for one in boq.doubled(bill)] == [(3, "010101001001（2）")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (workbook(["姓名", "电话"], ["张", 1]), "no_header"),
        (workbook(["项目名称", "单位", "工程量"]), "empty"),
        (b"just text", "not_workbook"),
    ],
)
async def test_what_is_no_bill_is_refused_in_words(content, code):
    with pytest.raises(Invalid) as refused:
        await bills.read(content)
    assert [problem.code for problem in refused.value.problems] == [code]


async def test_a_bill_comes_in_once_and_is_changed_by_coming_again(house):
    project = await house.project()
    await bills.write(house.ctx, project, usual())
    await bills.write(house.ctx, project, usual())
    found = (await house.ctx.records.list(BOQ)).records
    assert len(found) == 4
    assert sum(one.data["amount"] for one in found) == D("48706.10")
    assert {one.revision for one in found} == {1}


async def test_a_quantity_measured_beyond_the_bill_says_by_how_much(house):
    project = await house.project()
    made = await house.make(
        "boq", project=project, code="010101001001", name="土方", quantity=D(100), price=D("1.005"), measured=D(118)
    )
    assert (made.data["deviation"], made.data["amount"]) == (18, D("100.50"))
