"""Records made where no server was: under an id chosen there, so that what is sent twice is there once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.errors import Conflict, Invalid, Problem
from core.forms import ID
from core.i18n import _
from core.people import rights
from core.records import writing
from core.records.sight import reaching, shown
from core.store import records as stored

if TYPE_CHECKING:
    from core.forms.model import Form
    from core.records.model import Record
    from core.records.records import Records


async def create(records: Records, name: str, data: Mapping[str, Any], *, source: str, id: str) -> Record:
    """A new record under `id`, or what this member has made under it before."""
    async with records.db.write():
        there = await arrived(records, records.forms.get(name), id)
        return there or await writing.create(records, name, data, source=source, id=id)


async def arrived(records: Records, form: Form, id: str) -> Record | None:
    """The record that this member made under an id of his own choosing, in the bin too; Conflict: it is another's."""
    if not re.fullmatch(ID, id):
        raise Invalid([Problem("", "id", _("编号的格式不对，请重新填写这一条"))])
    row = await stored.fetch(records.db, records.tenant, id)
    if row is None:
        return None
    if row["form"] != form.name or row["created_by"] != records.member_id:
        raise Conflict(_("这个编号已经用在别的内容上，请重新填写这一条"))
    seen = reaching(rights(records.access, form.name, "read"), records.access, form, row)
    return writing.record_of(form, row, visible=shown(seen, form.fields))
