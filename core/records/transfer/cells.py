"""From rows of cells to the data of records: values, references, what is wrong with each row; nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from core.errors import Problem
from core.forms import ValueParseError, parse_value
from core.i18n import _
from core.records.transfer.lookups import Lookup, key_field
from core.records.transfer.table import Cell, cell_text, has_lost_digits

if TYPE_CHECKING:
    from core.context import Context
    from core.forms import Field, Form
    from core.records.transfer.matching import Column
    from core.records.transfer.table import Row, Table

Blank = Literal["keep", "clear"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRow:
    """One row as data. `waits_for` names the reference fields that mean a row of this same file not yet stored."""

    number: int
    data: Mapping[str, Any]
    problems: tuple[Problem, ...] = ()
    waits_for: Mapping[str, str] | None = None  # field -> the key it names


class RowReader:
    """Reads the rows of one table as records of one form, chunk by chunk."""

    def __init__(self, ctx: Context, form: Form, table: Table, *, columns: Sequence[Column], blank: Blank) -> None:
        self._form, self._blank = form, blank
        self._places = [
            (index, form.fields[column.field], column) for index, column in enumerate(columns) if column.field
        ]
        self._lookups = {
            column.field: Lookup(ctx, field, by_key=column.by_key)
            for _index, field, column in self._places
            if field.type in ("reference", "person")
        }
        self._width = len(table.header)
        self._inside = [name for name in self._lookups if form.fields[name].ref == form.name and key_field(form)]
        self.numbers = self._numbers_by_key(table) if self._inside else {}

    def levels(self, rows: Sequence[Row]) -> list[list[Row]]:
        """The rows cut so that what a row refers to inside the file comes in a list before; else one list."""
        if not self._inside:
            return [list(rows)]
        by_number = {row.number: row for row in rows}
        depths: dict[int, int] = {}
        cut: dict[int, list[Row]] = {}
        for row in rows:
            cut.setdefault(self._depth(row, by_number, depths), []).append(row)
        return [cut[depth] for depth in sorted(cut)]

    def _depth(self, row: Row, by_number: Mapping[int, Row], depths: dict[int, int]) -> int:
        """How many rows of the file stand above this one; a circle counts from where it was entered."""
        path: list[int] = []
        number: int | None = row.number
        while number is not None and number not in depths and number not in path:
            path.append(number)
            above = self._above(by_number[number])
            number = above if above in by_number else None
        base = depths.get(number, -1) if number is not None else -1
        for step, one in enumerate(reversed(path), 1):
            depths[one] = base + step
        return depths[row.number]

    def _above(self, row: Row) -> int | None:
        for index, field, _column in self._places:
            if field.name in self._inside:
                number = self.numbers.get(_key_text(row.cells[index]))
                if number is not None and number != row.number:
                    return number
        return None

    def _numbers_by_key(self, table: Table) -> dict[str, int]:
        key = key_field(self._form)
        place = next((index for index, field, _column in self._places if field.name == key), None)
        if place is None:
            return {}
        return {_key_text(row.cells[place]): row.number for row in table.rows if row.cells[place] != ""}

    async def read(self, rows: Sequence[Row]) -> list[ReadRow]:
        """The rows as data, each with what is wrong with it."""
        for index, field, _column in self._places:
            lookup = self._lookups.get(field.name)
            if lookup is not None:
                lookup.forget_missing()
                await lookup.learn(text for row in rows if (text := _key_text(row.cells[index])))
        return [self._read(row) for row in rows]

    def _read(self, row: Row) -> ReadRow:
        data: dict[str, Any] = {}
        problems: list[Problem] = []
        waits: dict[str, str] = {}
        if extra := [cell for cell in row.cells[self._width :] if cell != ""]:
            words = _("这一行比标题多 {number} 格，可能是格内的逗号没有加引号", number=len(extra))
            problems.append(Problem("", "too_wide", words))
        for index, field, _column in self._places:
            cell = row.cells[index]
            if cell == "":
                if self._blank == "clear":
                    data[field.name] = None
                continue
            try:
                value = self._value(field, cell)
            except ValueParseError as error:
                text = _key_text(cell)
                if field.name in self._inside and error.code == "reference" and text in self.numbers:
                    waits[field.name] = text
                    continue
                problems.append(Problem(field.name, error.code, error.message))
            else:
                if value is not None or self._blank == "clear":
                    data[field.name] = value
        return ReadRow(number=row.number, data=data, problems=tuple(problems), waits_for=waits or None)

    def _value(self, field: Field, cell: Cell) -> Any:
        lookup = self._lookups.get(field.name)
        if lookup is None:
            return parse_value(field, _given(field, cell))
        text = _key_text(cell)
        return lookup.id_of(text) if text else None


def _given(field: Field, cell: Cell) -> Any:
    """What parse_value reads best: it knows number cells that are dates, and codes that lost their last digits."""
    if isinstance(cell, Decimal):
        wants_float = field.type in ("date", "datetime") or (has_lost_digits(cell) and not field.numeric)
        return float(cell) if wants_float else cell_text(cell)
    return cell


def _key_text(cell: Cell) -> str:
    return cell_text(cell).strip()
