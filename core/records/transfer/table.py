"""What a file holds once read: a header and numbered rows of cells; not how it is read or matched."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

Kind = Literal["csv", "xlsx", "xls"]
Cell = str | bool | Decimal | date | datetime  # an empty cell is ""

MANY_DIGITS = Decimal(10) ** 15  # a spreadsheet keeps fifteen digits of a number: beyond, they are lost


@dataclass(frozen=True, slots=True)
class Row:
    """`number` is the row's place in the file as a spreadsheet shows it: the header is usually 1."""

    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Every row has exactly as many cells as `header`, or more where the file's row was too long."""

    kind: Kind
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    encoding: str = "utf-8"  # csv: as found, so that the answer can go back the same way
    delimiter: str = ","
    sheet: str = ""  # xlsx, xls: the sheet that was read
    sheets: int = 1  # how many the workbook has


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet as it was laid out: rows that are not empty, and merged areas as (row, column, last row, last column).

    Rows are numbered from 1 as a spreadsheet does, columns from 0.
    """

    rows: tuple[Row, ...]
    merged: tuple[tuple[int, int, int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of a file is looked at before it is refused."""

    size: int = 20 * 1024 * 1024
    rows: int = 200_000
    columns: int = 200
    cells: int = 2_000_000
    unpacked: int = 200 * 1024 * 1024
    ratio: int = 200  # unpacked : packed, asked only of what is large enough to hurt
    seconds: int = 60
    memory: int = 1536 * 1024 * 1024
    merged: bool = False  # whether merged cells are read; the first cell of each has its value, the others are empty


LIMITS = Limits()


def column_letter(index: int) -> str:
    """`0` -> `A`, `26` -> `AA`."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def cell_text(cell: Cell) -> str:
    """The cell as one would type it: numbers without exponent, dates as `2026-03-15`."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, Decimal):
        return format(cell, "f")
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d %H:%M:%S")
    return cell.isoformat()


def has_lost_digits(cell: Cell) -> bool:
    """Whether a spreadsheet kept a long code as a number and so rounded its last digits away."""
    return isinstance(cell, Decimal) and abs(cell) >= MANY_DIGITS
