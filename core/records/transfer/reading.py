"""From the bytes of a file to its table: told apart by content, never by name; no forms, no rights."""

from __future__ import annotations

import asyncio
import re

from core.errors import Invalid, Problem, TooLarge
from core.i18n import _
from core.records.transfer.csv_files import header_problems, read_csv
from core.records.transfer.problems import unreadable
from core.records.transfer.table import LIMITS, Limits, Table, column_letter
from core.records.transfer.workbooks import read_workbook

_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # .xls, and any workbook under a password
_WEB = re.compile(rb"\s*(<!doctype|<html|<table|<meta|<\?xml)", re.IGNORECASE)


async def read_table(data: bytes, *, limits: Limits = LIMITS) -> Table:
    """The table in a CSV, .xlsx or .xls file; `Invalid` or `TooLarge` says in words why not."""
    if len(data) > limits.size:
        raise TooLarge(_("文件超过 {size} MB。", size=limits.size // 1024 // 1024))
    if data.startswith((b"PK", _COMPOUND)):
        table = await read_workbook(data, limits=limits)
    elif _WEB.match(data.removeprefix(b"\xef\xbb\xbf")[:200]):
        words = _("这是网页，不是表格（有的系统把网页存成 .xls）。请用 Excel 打开，另存为 .xlsx。")
        raise unreadable("web_page", words)
    else:
        table = await asyncio.to_thread(read_csv, data, limits=limits)
    return _checked(table)


def _checked(table: Table) -> Table:
    """A table whose header names every column once. Columns without a title and content are left out."""
    bare = [index for index, title in enumerate(table.header) if not title]
    filled = {index for index in bare if any(row.cells[index] != "" for row in table.rows)}
    if problems := header_problems(table.header):
        raise Invalid(problems)
    if filled:
        raise Invalid(_untitled(filled))
    if not table.rows:
        raise unreadable("no_rows", _("文件只有标题，没有数据。"))
    return table


def _untitled(columns: set[int]) -> list[Problem]:
    letters = "、".join(column_letter(index) for index in sorted(columns)[:5])
    words = _("{columns} 列有内容但没有标题。请在第一行写上标题。", columns=letters)
    return [Problem("file", "no_header", words)]
