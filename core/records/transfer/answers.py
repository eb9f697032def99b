"""The file that goes back to who brought it: the same rows, and beside each what was wrong with it."""

from __future__ import annotations

import asyncio
import codecs
import tempfile
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import Problem
from core.i18n import _
from core.records.transfer.csv_files import write_rows
from core.records.transfer.matching import RESULT_TITLES
from core.records.transfer.table import Cell, Row, Table, cell_text
from core.records.transfer.workbooks import Workbook

if TYPE_CHECKING:
    from core.context import Context
    from core.records.transfer.run import Run

_PIECE = 256 * 1024
_BATCH = 1000
_BOMS = {"utf-8-sig": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}


async def answer_file(
    ctx: Context,
    run: Run,
    table: Table,
    problems: Mapping[int, Sequence[Problem] | str],
    *,
    only: Collection[int] | None = None,
) -> str:
    """The id of the answer, kept as a file of the member who asked.

    `problems`: what is wrong with the row of each number, or words for it. `only`: just the rows of these numbers.
    """
    rows = [row for row in table.rows if only is None or row.number in only]
    name = Path(run.source.name)
    if table.kind == "csv":
        data = await asyncio.to_thread(_csv, table, rows, _words(problems))
        chunks = _pieces(data)
        return await ctx.files.put(f"{name.stem}-{_('导入结果')}.csv", chunks)
    with tempfile.TemporaryDirectory(prefix="dougong-") as folder:
        path = Path(folder) / "answer.xlsx"
        await asyncio.to_thread(_workbook, path, table, rows, _words(problems))
        return await ctx.files.put(f"{name.stem}-{_('导入结果')}.xlsx", _file(path))


def _words(problems: Mapping[int, Sequence[Problem] | str]) -> dict[int, str]:
    return {
        number: some if isinstance(some, str) else _("；").join(p.message for p in some)
        for number, some in problems.items()
    }


def _kept(table: Table) -> tuple[list[int], list[str]]:
    """The columns of the file without an earlier answer's, and the header of the new one."""
    kept = [index for index, title in enumerate(table.header) if title not in RESULT_TITLES]
    return kept, [*(table.header[index] for index in kept), _("导入结果")]


def _cells(row: Row, kept: Sequence[int], words: Mapping[int, str]) -> list[Cell]:
    return [*(row.cells[index] for index in kept), words.get(row.number, "")]


def _csv(table: Table, rows: Sequence[Row], words: Mapping[int, str]) -> bytes:
    kept, header = _kept(table)
    lines = ([cell_text(cell) for cell in _cells(row, kept, words)] for row in rows)
    text = write_rows([header, *lines], delimiter=table.delimiter)
    encoding = "utf-8" if table.encoding == "utf-8-sig" else table.encoding
    return _BOMS.get(table.encoding, b"") + text.encode(encoding)


def _workbook(path: Path, table: Table, rows: Sequence[Row], words: Mapping[int, str]) -> None:
    kept, header = _kept(table)
    book = Workbook(path)
    try:
        book.add_sheet(table.sheet or _("数据"), header, widths=[16] * len(kept) + [48])
        for start in range(0, len(rows), _BATCH):
            batch = [_cells(row, kept, words) for row in rows[start : start + _BATCH]]
            book.add_rows(batch, wrong_column=len(kept))
    finally:
        book.close()


async def _pieces(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), _PIECE):
        yield data[start : start + _PIECE]


async def _file(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece
