"""Spreadsheet workbooks: read in a process of their own, written row by row; no forms, no rights."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import xlsxwriter

from core.errors import DougongError, TooLarge
from core.i18n import _
from core.records.transfer.problems import unreadable
from core.records.transfer.table import LIMITS, MANY_DIGITS, Cell, Limits, Row, Sheet, Table, cell_text

_PROCESS = Path(__file__).with_name("workbook_process.py")
_AT_ONCE = 2  # readers running together: each may take the memory that LIMITS allows
_readers = asyncio.Semaphore(_AT_ONCE)
FIRST_YEAR = 1900  # date cells up to this year count from a wrong day
ROWS_PER_SHEET = 1_048_575  # what a sheet holds below its header


async def read_sheet(data: bytes) -> Sheet:
    """The first visible sheet as it is laid out, merged cells and all: for modules that read layouts of their own.

    `Invalid` or `TooLarge` in words where the file is no workbook, or too much.
    """
    if not data.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        raise unreadable("not_workbook", _("这不是 Excel 表格。请用 Excel 另存为 .xlsx。"))
    if len(data) > LIMITS.size:
        raise TooLarge(_("文件超过 {size} MB。", size=LIMITS.size // 1024 // 1024))
    answer = await _answered(data, replace(LIMITS, merged=True))
    rows = tuple(Row(number, tuple(_cell(cell) for cell in cells)) for number, cells in answer["rows"])
    return Sheet(rows, tuple(tuple(area) for area in answer["merged"]))  # type: ignore[misc]


async def _answered(data: bytes, limits: Limits) -> dict[str, Any]:
    with tempfile.NamedTemporaryFile(suffix=".workbook") as file:
        file.write(data)
        file.flush()
        async with _readers:
            answer = await _run(file.name, limits)
    if "refused" in answer:
        raise _refusal(answer["refused"], answer["values"], limits)
    return answer


async def read_workbook(data: bytes, *, limits: Limits = LIMITS) -> Table:
    """The first visible sheet of an .xlsx or .xls, or `Invalid` / `TooLarge` with a sentence."""
    answer = await _answered(data, limits)
    rows = answer["rows"]
    if not rows:
        raise unreadable("empty", _("工作表“{sheet}”里没有内容。", sheet=answer["sheet"]))
    table = [Row(number, tuple(_cell(cell) for cell in cells)) for number, cells in rows]
    header = tuple(str(cell).strip() for cell in table[0].cells)
    width = max((index + 1 for row in table for index, cell in enumerate(row.cells) if cell != ""), default=0)
    return Table(
        kind=answer["kind"],
        header=header[:width],
        rows=tuple(Row(row.number, row.cells[:width]) for row in table[1:]),
        sheet=answer["sheet"],
        sheets=answer["sheets"],
    )


async def _run(path: str, limits: Limits) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", str(_PROCESS), path, msgspec.json.encode(asdict(limits)).decode(),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(limits.seconds):
            out, _err = await process.communicate()
    except TimeoutError:
        raise TooLarge(_("文件太复杂，读了 {seconds} 秒还没有读完。请分成几个文件。", seconds=limits.seconds)) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise unreadable("damaged", _("文件打不开：它可能已损坏，或者展开后太大。请用 Excel 另存一份再试。"))
    answer: dict[str, Any] = msgspec.msgpack.decode(out)
    return answer


def _cell(cell: Any) -> Cell:
    if not isinstance(cell, list):
        return cell  # type: ignore[no-any-return]
    kind, text = cell
    if kind == "n":
        return Decimal(text)
    return datetime.fromisoformat(text) if kind == "dt" else date.fromisoformat(text)


def _refusal(code: str, values: dict[str, Any], limits: Limits) -> DougongError:
    if code in ("bomb", "rows", "columns", "cells"):
        return TooLarge(_size_sentence(code, values, limits))
    sentences = {
        "password": _("文件有密码。请在 Excel 里去掉密码后再导入。"),
        "damaged": _("文件打不开：它可能已损坏，或者展开后太大。请用 Excel 另存一份再试。"),
        "not_workbook": _("这是一个压缩包，不是 Excel 表格。请用 Excel 另存为 .xlsx。"),
        "no_sheet": _("文件里没有可见的工作表。"),
    }
    if code in sentences:
        return unreadable(code, sentences[code])
    named = {"number": values["number"], "cells": "、".join(values["cells"])}
    counted = {
        "merged": _("有 {number} 处合并的单元格：{cells}。请取消合并，每列一个标题，每格一个值。", **named),
        "formulas": _("有 {number} 个公式没有存下结果：{cells}。请用 Excel 打开并保存一次。", **named),
        "error_cells": _("有 {number} 个单元格是错误值（如 #N/A）：{cells}。请先改正。", **named),
    }
    return unreadable(code, counted[code])


def _size_sentence(code: str, values: dict[str, Any], limits: Limits) -> str:
    if code == "rows":
        return _("文件超过 {rows} 行，请分成几个文件导入。", rows=limits.rows)
    if code == "columns":
        return _("文件有 {columns} 列，最多 {limit} 列。", columns=values["columns"], limit=limits.columns)
    if code == "cells":
        return _("文件的单元格太多，最多 {limit} 个。请分成几个文件导入。", limit=limits.cells)
    return _("文件展开后超过 {size} MB，可能是压缩炸弹，没有打开它。", size=limits.unpacked // 1024 // 1024)


class Workbook:
    """An .xlsx being written: text stays text, numbers and dates are real cells, nothing is a formula.

    Rows go to disk as they come, so memory does not grow with them. Calls block: run them in a thread.
    """

    def __init__(self, path: Path) -> None:
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        self._book = xlsxwriter.Workbook(str(path), options)
        self._head = self._book.add_format(
            {"bold": True, "bg_color": "#F2F3F5", "text_wrap": True, "valign": "vcenter"}
        )
        self._text = self._book.add_format({"num_format": "@"})
        self._wrong = self._book.add_format({"num_format": "@", "font_color": "#CB2634", "text_wrap": True})
        self._date = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._moment = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._numbers: dict[int, Any] = {}
        self._sheet: Any = None
        self._next = 0

    def add_sheet(self, title: str, header: Sequence[str], *, widths: Sequence[int] = ()) -> None:
        self._sheet = self._book.add_worksheet(title)
        for index, width in enumerate(widths):
            self._sheet.set_column(index, index, width)
        for index, text in enumerate(header):
            self._sheet.write_string(0, index, text, self._head)
        self._sheet.freeze_panes(1, 0)
        self._next = 1

    def add_rows(self, rows: Sequence[Sequence[Cell | None]], *, wrong_column: int | None = None) -> None:
        for row in rows:
            for index, cell in enumerate(row):
                self._write(index, cell, index == wrong_column)
            self._next += 1

    def add_choices(self, column: int, choices: Sequence[str]) -> None:
        """Offer `choices` in a drop-down below the header; a list of over 255 characters has no room."""
        if choices and len(",".join(choices)) <= 255 and not any("," in choice for choice in choices):
            rule = {"validate": "list", "source": list(choices), "error_type": "warning"}
            self._sheet.data_validation(1, column, 10_000, column, rule)

    def text_column(self, column: int, width: int) -> None:
        """Keep what is typed below as text, so that long codes and leading zeros stay."""
        self._sheet.set_column(column, column, width, self._text)

    def close(self) -> None:
        self._book.close()

    def _write(self, index: int, cell: Cell | None, wrong: bool) -> None:
        at = (self._next, index)
        if cell is None or cell == "":
            return
        if isinstance(cell, bool):
            self._sheet.write_boolean(*at, cell)
        elif isinstance(cell, Decimal) and abs(cell) < MANY_DIGITS and len(cell.as_tuple().digits) <= 15:
            self._sheet.write_number(*at, cell, self._number_format(cell))
        elif isinstance(cell, Decimal):
            # More digits than a number cell keeps.
            self._sheet.write_string(*at, format(cell, "f"), self._text)
        elif isinstance(cell, date) and cell.year > FIRST_YEAR:
            self._sheet.write_datetime(*at, cell, self._moment if isinstance(cell, datetime) else self._date)
        elif isinstance(cell, date):
            self._sheet.write_string(*at, cell_text(cell), self._text)
        else:
            self._sheet.write_string(*at, str(cell), self._wrong if wrong else self._text)

    def _number_format(self, cell: Decimal) -> Any:
        exponent = cell.as_tuple().exponent
        places = -exponent if isinstance(exponent, int) and exponent < 0 else 0
        if places not in self._numbers:
            pattern = "0." + "0" * places if places else "0"
            self._numbers[places] = self._book.add_format({"num_format": pattern})
        return self._numbers[places]
