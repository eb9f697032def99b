"""A list as a file: which columns it has and what stands in each cell; CSV and workbook alike."""

from __future__ import annotations

import asyncio
import codecs
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from core import exact
from core.dates import CHINA
from core.errors import Forbidden, Invalid, Problem, TooLarge
from core.forms import format_value
from core.i18n import _, language
from core.people import people, rights
from core.records.model import LOCKED, SYSTEM_FIELDS, Condition, Page, Query, Record
from core.records.queries import title_of
from core.records.transfer.csv_files import write_rows
from core.records.transfer.lookups import key_field, key_titles
from core.records.transfer.matching import BY_KEY
from core.records.transfer.table import Cell, cell_text
from core.records.transfer.workbooks import ROWS_PER_SHEET, Workbook

if TYPE_CHECKING:
    from core.context import Context
    from core.forms import Field, Form

PAGE = 500
_LONGEST = 32_700  # characters that a cell of a workbook holds
_PIECE = 256 * 1024
_AT_ONCE = 2  # workbooks written at the same time: each keeps a core busy
_writers = asyncio.Semaphore(_AT_ONCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportColumn:
    """One column. `by_key`: of a reference, the other record's key beside its label."""

    title: str
    name: str
    field: Field | None = None  # None: one of SYSTEM_FIELDS
    by_key: bool = False


def export_columns(ctx: Context, form: Form, names: Sequence[str] | None = None) -> list[ExportColumn]:
    """The chosen columns, or every field the member may export.

    The rule for references: the label under the field's title; if the other form has a key of its own, also
    that key, under "title.key title". An import reads the key column and leaves the other out, so an export
    comes back as the same rows.
    """
    if not ctx.can(form.name, "export"):
        raise Forbidden(_("您没有导出“{title}”的权限。", title=form.title))
    visible = [name for name in form.fields if _shown(ctx, form, name)]
    chosen = visible if names is None else [name for name in names if name in visible or name in SYSTEM_FIELDS]
    if not chosen:
        raise Invalid([Problem("columns", "no_column", _("请选择要导出的列。"))])
    keys = key_titles(ctx, form)
    columns = []
    for name in chosen:
        columns.append(ExportColumn(title=title_of(form, name), name=name, field=form.fields.get(name)))
        if name in keys:
            title = f"{form.fields[name].title}{BY_KEY}{keys[name]}"
            columns.append(ExportColumn(title=title, name=name, field=form.fields[name], by_key=True))
    return columns


def _shown(ctx: Context, form: Form, name: str) -> bool:
    return all(any(r.shows(name) for r in rights(ctx.access, form.name, action)) for action in ("read", "export"))


class _Cells:
    """Turns records into rows of cells; remembers the keys of what they refer to."""

    def __init__(self, ctx: Context, columns: Sequence[ExportColumn]) -> None:
        self._ctx, self._columns = ctx, columns
        self._keys: dict[str, str] = {}
        self._logins: dict[str, str] | None = None  # members who share their name

    async def rows(self, page: Page) -> list[list[Cell | None]]:
        await self._learn(page.records)
        return [[self._cell(column, record, page.labels) for column in self._columns] for record in page.records]

    async def _learn(self, records: Sequence[Record]) -> None:
        if self._logins is None and any(c.field and c.field.type == "person" for c in self._columns):
            self._logins = await _shared_names(self._ctx)
        for column in self._columns:
            if column.by_key and column.field is not None:
                wanted = {record.data.get(column.name) for record in records} - {None} - self._keys.keys()
                await self._learn_keys(column.field, sorted(wanted))

    async def _learn_keys(self, field: Field, ids: Sequence[str]) -> None:
        target = self._ctx.forms.get(field.ref or "")
        key = key_field(target) or ""
        for start in range(0, len(ids), PAGE):
            query = Query(where=(Condition("_id", "in", tuple(ids[start : start + PAGE])),), limit=PAGE)
            page = await self._ctx.records.list(target.name, query)
            for record in page.records:
                self._keys[record.id] = format_value(target.fields[key], record.data.get(key))

    def _cell(self, column: ExportColumn, record: Record, labels: Mapping[str, str]) -> Cell | None:
        if column.field is None:
            return _system_cell(record, column.name, labels)
        value = record.data.get(column.name)
        if value is None:
            return None
        if column.by_key:
            return self._keys.get(value)
        if column.field.type == "person" and self._logins and value in self._logins:
            return self._logins[value]
        if column.field.type in ("reference", "person") and labels.get(value) == LOCKED:
            return None
        return _cell(column.field, value, labels)


async def _shared_names(ctx: Context) -> dict[str, str]:
    members = await people(ctx.db, ctx.tenant.id)
    names = [member.name for member in members]
    return {member.id: member.login for member in members if names.count(member.name) > 1}


def _system_cell(record: Record, name: str, labels: Mapping[str, str]) -> Cell | None:
    value = getattr(record, name[1:])
    if value is None or name == "_id":
        return value
    if name.endswith("_at"):
        return _moment(value)
    return labels.get(value, "")


def _cell(field: Field, value: Any, labels: Mapping[str, str]) -> Cell:
    """A number or day as itself, everything else in the words that an import reads."""
    if field.numeric and isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value)
    if field.type == "date" and isinstance(value, str):
        return _day(value)
    if field.type == "datetime" and isinstance(value, str):
        return _moment(value)
    text = exact.dumps(value) if field.type == "rows" else format_value(field, value, labels=labels)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _day(text: str) -> Cell:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text  # stored under an older form: shown as it is


def _moment(text: str) -> Cell:
    try:
        return datetime.fromisoformat(text).astimezone(CHINA).replace(tzinfo=None, microsecond=0)
    except ValueError:
        return text


Told = Callable[[int], Awaitable[None]]  # called with the number of rows so far, after each page


async def _pages(ctx: Context, form: str, query: Query, told: Told | None) -> AsyncIterator[Page]:
    query, number = replace(query, limit=PAGE, after=None), 0
    while True:
        page = await ctx.records.list(form, query, action="export")
        yield page
        number += len(page.records)
        if told is not None:
            await told(number)
        if page.next is None:
            return
        query = replace(query, after=page.next)


async def export_csv(
    ctx: Context, form_name: str, query: Query, *, columns: Sequence[ExportColumn], told: Told | None = None
) -> AsyncIterator[bytes]:
    """The list as CSV, page by page: UTF-8 with a mark, so that Excel shows Chinese, every cell guarded.

    The first page is read before this returns: what is wrong with the query is said before anything is sent.
    """
    pages = _pages(ctx, form_name, query, told)
    first = await anext(pages)
    return _csv(ctx, pages, first, columns)


async def _csv(
    ctx: Context, pages: AsyncIterator[Page], first: Page, columns: Sequence[ExportColumn]
) -> AsyncIterator[bytes]:
    language.set(ctx.language)  # the answer is sent outside the request's own task
    cells = _Cells(ctx, columns)
    yield codecs.BOM_UTF8 + write_rows([[column.title for column in columns]]).encode()
    yield _csv_lines(await cells.rows(first))
    async for page in pages:
        yield _csv_lines(await cells.rows(page))


def _csv_lines(rows: Sequence[Sequence[Cell | None]]) -> bytes:
    return write_rows([["" if cell is None else cell_text(cell) for cell in row] for row in rows]).encode()


async def export_workbook(
    ctx: Context, form_name: str, query: Query, *, columns: Sequence[ExportColumn], told: Told | None = None
) -> AsyncIterator[bytes]:
    """The list as .xlsx: written to a file of its own first, then sent in pieces."""
    form = ctx.forms.get(form_name)
    folder = tempfile.TemporaryDirectory(prefix="dougong-")
    try:
        path = Path(folder.name) / "export.xlsx"
        async with _writers:
            await _write(ctx, form, query, path=path, columns=columns, told=told)
    except BaseException:
        folder.cleanup()
        raise
    return _sent(folder, path)


async def _write(
    ctx: Context, form: Form, query: Query, *, path: Path, columns: Sequence[ExportColumn], told: Told | None
) -> None:
    book, cells, number = Workbook(path), _Cells(ctx, columns), 0
    try:
        book.add_sheet(sheet_title(form.title), [c.title for c in columns], widths=[_width(c) for c in columns])
        async for page in _pages(ctx, form.name, query, told):
            number += len(page.records)
            if number > ROWS_PER_SHEET:
                raise TooLarge(_("超过 {rows} 行，一张工作表放不下。请先筛选，或导出 CSV。", rows=ROWS_PER_SHEET))
            rows = await cells.rows(page)
            await asyncio.to_thread(book.add_rows, rows)
    finally:
        await asyncio.to_thread(book.close)


async def _sent(folder: tempfile.TemporaryDirectory[str], path: Path) -> AsyncIterator[bytes]:
    try:
        with path.open("rb") as file:
            while piece := await asyncio.to_thread(file.read, _PIECE):
                yield piece
    finally:
        folder.cleanup()


def _width(column: ExportColumn) -> int:
    wide = column.field is not None and column.field.type in ("longtext", "place", "rows")
    return 40 if wide else 18


def sheet_title(title: str) -> str:
    """A title that a sheet may bear: without []:*?/\\ and not over 31 characters."""
    return "".join(" " if letter in "[]:*?/\\'" else letter for letter in title)[:31].strip() or _("数据")


Kind = Literal["csv", "xlsx"]
MIME = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


async def export(
    ctx: Context, form_name: str, query: Query, *, kind: Kind, names: Sequence[str] | None = None,
    told: Told | None = None,
) -> AsyncIterator[bytes]:
    """The list of `form_name` that `query` describes, as the member may export it."""
    columns = export_columns(ctx, ctx.forms.get(form_name), names)
    make = export_csv if kind == "csv" else export_workbook
    return await make(ctx, form_name, query, columns=columns, told=told)
