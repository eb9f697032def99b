"""Workbooks as people bring them, and as people should not."""

from __future__ import annotations

import io
from datetime import date, datetime
from decimal import Decimal

import openpyxl
import pytest

from core.errors import DougongError, Invalid, TooLarge
from core.records.transfer.reading import read_table
from core.records.transfer.table import Limits, cell_text, has_lost_digits
from tests.transfer.workbook_files import bomb, lying_bomb, replaced, with_sheet, workbook

OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
HEAD = '<row r="1"><c r="A1" t="str"><v>a</v></c></row>'
SMALL = Limits(unpacked=20 * 1024 * 1024)


async def test_cells_come_back_with_their_kind_and_exactly() -> None:
    book = openpyxl.Workbook()
    book.active.append(["编码", "金额", "日期", "时间", "是否", "长号"])
    row = ["001", 0.1 + 0.2, date(2026, 3, 15), datetime(2026, 3, 15, 8, 30), True]
    book.active.append([*row, 110101199003070000])
    book.create_sheet("说明")
    out = io.BytesIO()
    book.save(out)
    table = await read_table(out.getvalue())
    *cells, long = table.rows[0].cells
    assert cells == ["001", Decimal("0.3"), *row[2:]]
    assert (cell_text(cells[3]), cell_text(cells[1])) == ("2026-03-15 08:30:00", "0.3")
    assert has_lost_digits(long)
    assert (table.kind, table.sheets) == ("xlsx", 2)


async def test_a_name_that_lies_about_the_kind_does_not_matter() -> None:
    assert (await read_table(workbook(["a"], [1]))).kind == "xlsx"
    assert (await read_table(b"a\n1\n")).kind == "csv"


async def test_rows_keep_the_numbers_the_spreadsheet_shows() -> None:
    table = await read_table(workbook([], ["a", "b"], [], [1, 2], [3, 4]))
    assert [row.number for row in table.rows] == [4, 5]


async def test_merged_cells_are_refused_and_named() -> None:
    with pytest.raises(Invalid, match="A1:C1"):
        await read_table(workbook(["x"], ["编码", "名称", "金额"], [1, 2, 3], merge="A1:C1"))


async def test_a_zip_bomb_named_xlsx_is_refused_before_it_is_read() -> None:
    with pytest.raises(TooLarge, match="压缩炸弹"):
        await read_table(bomb(60 * 1024 * 1024), limits=SMALL)
    with pytest.raises(TooLarge, match="压缩炸弹"):
        await read_table(bomb(15 * 1024 * 1024), limits=SMALL)  # below the limit, but a thousand to one


async def test_a_bomb_that_lies_about_its_size_is_refused_too() -> None:
    with pytest.raises(TooLarge):
        await read_table(lying_bomb(60 * 1024 * 1024), limits=SMALL)


async def test_two_far_cells_do_not_make_a_huge_area() -> None:
    xml = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    with pytest.raises(TooLarge):
        await read_table(with_sheet(xml))


async def test_a_formula_gives_the_value_it_was_saved_with() -> None:
    xml = HEAD + '<row r="2"><c r="A2"><f>1+1</f><v>2</v></c></row>'
    assert (await read_table(with_sheet(xml))).rows[0].cells == (Decimal(2),)


async def test_a_formula_without_a_value_is_named() -> None:
    book = openpyxl.Workbook()
    book.active.append(["a"])
    book.active.append(["=1+1"])
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(Invalid, match="A2"):
        await read_table(out.getvalue())


async def test_an_error_value_is_named() -> None:
    xml = HEAD + '<row r="2"><c r="A2" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>'
    with pytest.raises(Invalid, match="A2"):
        await read_table(with_sheet(xml))


async def test_a_password_is_spoken_of_by_name() -> None:
    data = OLD + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(600)
    with pytest.raises(Invalid, match="密码"):
        await read_table(data)


BROKEN = {
    "cut in half": workbook(["a"], [1])[:2000],
    "an ordinary zip": replaced(workbook(["a"]), "xl/workbook.xml", b"")[:-1],
    "no sheet inside": replaced(workbook(["a"]), "xl/workbook.xml", b"<workbook><sheets/></workbook>"),
    "an old .xls that is none": OLD + bytes(2000),
    "a sheet of nonsense": replaced(workbook(["a"]), "xl/worksheets/sheet1.xml", b"<<<>"),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_workbook_is_refused_in_words(name: str) -> None:
    with pytest.raises(DougongError) as caught:
        await read_table(BROKEN[name])
    assert caught.value.status in (413, 422)
    assert len(caught.value.message) > 5


async def test_an_empty_sheet_and_a_bare_header_are_refused() -> None:
    for data in (workbook(), workbook(["a", "b"])):
        with pytest.raises(Invalid):
            await read_table(data)


async def test_too_many_columns_are_too_large() -> None:
    with pytest.raises(TooLarge, match="最多 200 列"):
        await read_table(workbook([f"c{i}" for i in range(201)], [1]))
    with pytest.raises(TooLarge):
        await read_table(workbook(["a"], *[[i] for i in range(20)]), limits=Limits(rows=10))
