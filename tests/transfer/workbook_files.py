"""Workbooks made for the tests: good ones, and those that a careless or hostile person would bring."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Sequence
from typing import Any

import xlsxwriter


def workbook(*rows: Sequence[Any], merge: str = "", sheet: str = "数据") -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        page = book.add_worksheet(sheet)
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)
        if merge:
            page.merge_range(merge, "合并")
    return out.getvalue()


def replaced(data: bytes, name: str, content: bytes) -> bytes:
    """The workbook with one of its parts exchanged."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, content if entry.filename == name else old.read(entry))
    return out.getvalue()


def with_sheet(xml: str) -> bytes:
    """A workbook whose only sheet has `xml` as its rows."""
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    page = f'<?xml version="1.0"?><worksheet xmlns="{space}"><sheetData>{xml}</sheetData></worksheet>'
    return replaced(workbook(["a"]), "xl/worksheets/sheet1.xml", page.encode())


def bomb(size: int) -> bytes:
    """A workbook that unpacks to `size` bytes of blanks."""
    return replaced(workbook(["a"]), "xl/worksheets/sheet1.xml", b" " * size)


def lying_bomb(size: int) -> bytes:
    """The same bomb, but the package declares that its sheet is tiny."""
    data = bytearray(bomb(size))
    declared, tiny = struct.pack("<I", size), struct.pack("<I", 100)
    return bytes(data.replace(declared, tiny))
