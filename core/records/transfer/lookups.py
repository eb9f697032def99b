"""From what a cell calls a thing to its id: other records by key, label or id, people by login or name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from core.errors import NotFound
from core.forms import FIELD_TYPES, ValueParseError, parse_value
from core.forms.texts import ID
from core.i18n import _
from core.people import people
from core.records.model import Condition, Query

if TYPE_CHECKING:
    from core.context import Context
    from core.forms import Field, Form

_BATCH = 200
_ID = re.compile(ID)


class Lookup:
    """What the texts of one reference or person field mean, asked for in batches and remembered.

    Everything goes through ctx.records: a text finds only what the member may read in his own tenant, and
    what he may not read is not told from what is not there.
    """

    def __init__(self, ctx: Context, field: Field, *, by_key: bool = False) -> None:
        self._ctx, self._field, self._by_key = ctx, field, by_key
        self._found: dict[str, tuple[str, ...]] = {}  # text -> ids; more than one: the text is ambiguous
        self._people_read = False

    async def learn(self, texts: Iterable[str]) -> None:
        """Ask for every text not known yet."""
        if self._field.type == "person":
            await self._learn_people()
            return
        await self._learn_records([text for text in dict.fromkeys(texts) if text not in self._found])

    def forget_missing(self) -> None:
        """Ask again for what was not found: rows written meanwhile may be meant."""
        self._found = {text: ids for text, ids in self._found.items() if ids}

    def id_of(self, text: str) -> str:
        """The id, or ValueParseError that says why there is none."""
        ids = self._found.get(text, ())
        if len(ids) == 1:
            return ids[0]
        title = self._field.title
        if ids:
            words = _("“{title}”：叫“{given}”的不止一个，请改用编码", title=title, given=text)
            raise ValueParseError("ambiguous", words)
        raise ValueParseError("reference", _("“{title}”：找不到“{given}”", title=title, given=text))

    async def _learn_people(self) -> None:
        if self._people_read:
            return
        self._people_read = True
        found: dict[str, list[str]] = {}
        members = [one for one in await people(self._ctx.db, self._ctx.tenant.id) if one.active]
        for one in members:
            found.setdefault(one.name, []).append(one.id)
            found.setdefault(one.id, []).append(one.id)
        for one in members:
            found[one.login] = [one.id]  # a login is one person, whoever else has it for a name
        self._found = {text: tuple(dict.fromkeys(ids)) for text, ids in found.items()}

    async def _learn_records(self, texts: Sequence[str]) -> None:
        self._found.update(dict.fromkeys(texts, ()))
        try:
            target = self._ctx.forms.get(self._field.ref or "")
        except NotFound:
            return  # its module is off
        if not self._ctx.can(target.name, "read"):
            return
        names = [key_field(target)] if self._by_key else [key_field(target), label_field(target), "_id"]
        missing = list(texts)
        for name in filter(None, names):
            await self._learn_by(target, name, texts=missing)
            missing = [text for text in missing if not self._found[text]]

    async def _learn_by(self, target: Form, name: str, *, texts: Sequence[str]) -> None:
        values = _values(target, name, texts)
        wanted = list(values)
        for start in range(0, len(wanted), _BATCH):
            some = tuple(wanted[start : start + _BATCH])
            query = Query(where=(Condition(name, "in", some),), limit=_BATCH)
            while True:
                page = await self._ctx.records.list(target.name, query)
                for record in page.records:
                    value = record.id if name == "_id" else record.data.get(name)
                    for text in values.get(value, ()):
                        self._found[text] = (*self._found[text], record.id)
                if page.next is None:
                    break
                query = Query(where=query.where, limit=_BATCH, after=page.next)


def _values(target: Form, name: str, texts: Sequence[str]) -> dict[Any, list[str]]:
    """The typed values that `texts` stand for, with the texts that stand for each."""
    values: dict[Any, list[str]] = {}
    for text in texts:
        if name == "_id":
            value = text if _ID.match(text) else None
        else:
            try:
                value = parse_value(target.fields[name], text)
            except ValueParseError:
                value = None
        if value is not None:
            values.setdefault(value, []).append(text)
    return values


def _in_a_cell(form: Form, name: str) -> bool:
    """Whether the field's value can stand in a cell for its record."""
    kind = FIELD_TYPES[form.fields[name].type]
    return kind.may_be_label and kind.name not in ("reference", "person")


def key_field(form: Form) -> str | None:
    """The one field that is the form's business key and that a cell can hold; None for joint keys."""
    if len(form.key) == 1 and form.key[0] in form.fields and _in_a_cell(form, form.key[0]):
        return form.key[0]
    return None


def label_field(form: Form) -> str | None:
    """The field that names the form's records, where a cell can hold it."""
    if form.label in form.fields and form.label != key_field(form) and _in_a_cell(form, form.label):
        return form.label
    return None


def key_titles(ctx: Context, form: Form) -> dict[str, str]:
    """For each reference field whose other form has a key apart from its label: the title of that key.

    Such a reference is exported in two columns, its label and its key, and read again by the key.
    """
    titles = {}
    for name, field in form.fields.items():
        if field.type != "reference" or not field.ref or not ctx.can(field.ref, "read"):
            continue
        try:
            target = ctx.forms.get(field.ref)
        except NotFound:
            continue
        key = key_field(target)
        if key and key != target.label:
            titles[name] = target.fields[key].title
    return titles
