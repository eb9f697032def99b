"""From typed text to a value and back: parse_value, format_value, clean; which type does what is in types.py."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core.dates import CHINA
from core.forms.model import Field, Form
from core.forms.types import FIELD_TYPES, is_empty
from core.i18n import language


def parse_value(field: Field, given: Any) -> Any:
    """The value that `given` stands for: text of an HTML form or a cell of a sheet (text, number, date, yes/no).

    None where it is empty. What cannot be read raises ValueParseError and stays with the caller. For a
    reference or a person the text comes back trimmed: who knows the other form turns keys and labels into ids.
    """
    if is_empty(given) or (isinstance(given, str) and not given.strip()):
        return None
    value = FIELD_TYPES[field.type].parse(field, given)
    return None if is_empty(value) else value


def format_value(field: Field, value: Any, *, labels: Mapping[str, str] | None = None, lang: str | None = None) -> str:
    """`value` as people read it; "" where it is empty. A value that no longer fits its field is shown as it is."""
    if is_empty(value):
        return ""
    return FIELD_TYPES[field.type].show(field, value, labels or {}, lang or language.get())


def clean(form: Form, data: Mapping[str, Any]) -> dict[str, Any]:
    """`data` in the one form that is stored: trimmed, codes upper case, numbers exact, empties left out.

    Never refuses: what does not fit stays as it is for check() to name.
    """
    cleaned: dict[str, Any] = {}
    for name, value in data.items():
        field = form.fields.get(name) or form.hidden.get(name)
        if field is not None and value is not None:
            value = FIELD_TYPES[field.type].clean(field, value)
        if not is_empty(value):
            cleaned[name] = value
    return cleaned


def defaults(form: Form, *, now: datetime | None = None, me: str | None = None) -> dict[str, Any]:
    """What a new page begins with. `now` is aware; `me` is the member's id."""
    moment = (now or datetime.now(CHINA)).astimezone(CHINA)
    found = {name: _default(field, moment, me) for name, field in form.fields.items()}
    return clean(form, found)


def _default(field: Field, now: datetime, me: str | None) -> Any:
    if field.type == "date" and field.default == "today":
        return now.date().isoformat()
    if field.type == "datetime" and field.default == "now":
        return now.isoformat(timespec="seconds")
    if field.type == "person" and field.default == "me":
        return me
    return field.default
