"""The empty file to fill in: a header that the import knows, and a sheet that explains each column."""

from __future__ import annotations

import asyncio
import codecs
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import NotFound
from core.forms import FIELD_TYPES
from core.i18n import _
from core.people import rights
from core.records.transfer.csv_files import write_rows
from core.records.transfer.exporting import Kind, sheet_title
from core.records.transfer.matching import importable
from core.records.transfer.runs import importing
from core.records.transfer.workbooks import Workbook

if TYPE_CHECKING:
    from core.context import Context
    from core.forms import Field, Form

_TEXTS = ("text", "longtext", "phone", "idcard", "uscc", "reference", "person", "choice")


async def template(ctx: Context, form_name: str, *, kind: Kind) -> bytes:
    """An empty table of the fields that the member may fill."""
    form = importing(ctx, form_name)
    fillable = {name: field for name, field in importable(form).items() if not field.computed}
    fields = [field for name, field in fillable.items() if _fillable(ctx, form, name)]
    if kind == "csv":
        return codecs.BOM_UTF8 + write_rows([[_title(field) for field in fields]]).encode()
    notes = [[field.title, _("是") if field.required else "", *_notes(ctx, field)] for field in fields]
    return await asyncio.to_thread(_workbook, form, fields, notes)


def _fillable(ctx: Context, form: Form, name: str) -> bool:
    given = (*rights(ctx.access, form.name, "create"), *rights(ctx.access, form.name, "update"))
    return any(right.shows(name) for right in given)


def _title(field: Field) -> str:
    return f"{field.title}*" if field.required else field.title


def _notes(ctx: Context, field: Field) -> list[str]:
    """Kind, explanation and what may be chosen."""
    allowed = _("、").join(choice.title for choice in field.choices)
    if field.type == "reference":
        allowed = _("填“{title}”的编码或名称", title=_form_title(ctx, field))
    elif field.type == "person":
        allowed = _("填姓名；有重名时填登录名")
    elif field.numeric and field.unit:
        allowed = _("单位：{unit}", unit=field.unit)
    return [_(FIELD_TYPES[field.type].title), field.help, allowed]


def _form_title(ctx: Context, field: Field) -> str:
    try:
        return ctx.forms.get(field.ref or "").title
    except NotFound:
        return field.ref or ""


def _workbook(form: Form, fields: list[Field], notes: list[list[str]]) -> bytes:
    with tempfile.TemporaryDirectory(prefix="dougong-") as folder:
        path = Path(folder) / "template.xlsx"
        book = Workbook(path)
        book.add_sheet(sheet_title(form.title), [_title(field) for field in fields], widths=[18] * len(fields))
        for index, field in enumerate(fields):
            if field.type in _TEXTS:
                book.text_column(index, 18)
            book.add_choices(index, [choice.title for choice in field.choices] if field.type == "choice" else [])
            if field.type == "boolean":
                book.add_choices(index, [_("是"), _("否")])
        head = [_("列"), _("必填"), _("类型"), _("说明"), _("可以填")]
        book.add_sheet(_("填写说明"), head, widths=[20, 8, 14, 40, 60])
        book.add_rows(notes)
        book.close()
        return path.read_bytes()
