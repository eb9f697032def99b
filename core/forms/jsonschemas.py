"""Plain JSON Schema: of a form's records, and how both libraries are run; nothing is ever fetched."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal, NoReturn

import jsonschema_rs
import referencing
import referencing.exceptions
from jsonschema import Draft202012Validator, FormatChecker

from core import exact
from core.forms.identity import FORMATS
from core.forms.model import Field, Form
from core.forms.types import FIELD_TYPES

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dt\d\d:\d\d:\d\d(\.\d+)?(z|[+-](?:[01]\d|2[0-3]):[0-5]\d)", re.I | re.A)
PATTERN_BYTES = 1_000_000  # of a compiled pattern: a{1000}{1000} is refused instead of filling the memory


def json_schema(form: Form, *, action: Literal["create", "update", "read"] = "create") -> dict[str, Any]:
    """The record of `form` as plain JSON Schema 2020-12.

    create: a whole record. update: any of its fields, null empties one. read: any of them, as rights show them.
    """
    fields = {**form.fields, **form.hidden} if action == "create" else form.fields
    properties = {name: field_schema(field) for name, field in fields.items()}
    if action == "update":
        optional = {name for name, field in fields.items() if not field.always_required}
        properties = {name: _or_null(s) if name in optional else s for name, s in properties.items()}
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    if action == "create":
        schema["required"] = [name for name, field in fields.items() if field.always_required]
    return schema


def described_schema(form: Form, *, action: Literal["create", "update", "read"]) -> dict[str, Any]:
    """json_schema with titles and help for people who read the API's description."""
    schema = json_schema(form, action=action)
    for name, part in schema["properties"].items():
        field = form.fields.get(name) or form.hidden[name]
        if field.computed and name in schema.get("required", ()):
            schema["required"].remove(name)
        if field.type == "rows":
            given = [column.name for column in field.columns if column.required and not column.computed]
            part["items"] = {**part["items"], "required": given}
        part.update({"title": field.title, **({"description": field.help} if field.help else {})})
    return {"title": form.title, **({"description": form.description} if form.description else {}), **schema}


def field_schema(field: Field) -> dict[str, Any]:
    """A value of `field`. A computed one is read-only to whoever sends records; the check after computing sees it."""
    schema = FIELD_TYPES[field.type].schema(field)
    return {**schema, "readOnly": True} if field.computed else schema


def _or_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    widened = {**schema, "type": [schema["type"], "null"]}
    if "enum" in widened:
        widened["enum"] = [*widened["enum"], None]
    return widened


def refuse(uri: str) -> NoReturn:
    """What answers every request for another document: schemas never leave the house."""
    raise LookupError(f"{uri}: a schema may only refer to itself")


def compile_schema(schema: Any, *, retriever: Callable[[str], Any] = refuse) -> jsonschema_rs.Draft202012Validator:
    """The validator of records: formats asserted, patterns in linear time, no document fetched.

    ValueError where the schema is wrong, a pattern needs look-around or back-references, or it refers away.
    """
    try:
        return jsonschema_rs.Draft202012Validator(
            schema,
            formats=FORMATS,
            validate_formats=True,
            retriever=retriever,
            pattern_options=jsonschema_rs.RegexOptions(size_limit=PATTERN_BYTES),
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
        raise ValueError(str(error)) from error


def reference_validator(
    schema: Any, *, retriever: Callable[[str], Any] = refuse, cls: Any = Draft202012Validator
) -> Any:
    """The same through `jsonschema`, the reference: for definitions at load and publish, and for agreement tests."""
    return cls(schema, format_checker=_formats(), registry=referencing.Registry(retrieve=_retrieve(retriever)))


def _retrieve(retriever: Callable[[str], Any]) -> Callable[[str], referencing.Resource[Any]]:
    def retrieve(uri: str) -> referencing.Resource[Any]:
        try:
            return referencing.Resource.from_contents(
                retriever(uri), default_specification=referencing.jsonschema.DRAFT202012
            )
        except LookupError as error:
            raise referencing.exceptions.NoSuchResource(ref=uri) from error

    return retrieve


def _formats() -> FormatChecker:
    checker = FormatChecker(formats=("date", "ipv4", "ipv6", "email", "regex"))
    for name, holds in {**FORMATS, "date-time": _is_moment}.items():
        checker.checks(name)(lambda value, holds=holds: not isinstance(value, str) or holds(value))
    return checker


def _is_moment(text: str) -> bool:
    """RFC 3339, for which the library wants another package. A leap second is the last of a day in UTC."""
    if not _MOMENT.fullmatch(text):
        return False
    leap = text[17:19] == "60"
    try:
        moment = datetime.fromisoformat((text[:17] + "59" + text[19:] if leap else text).upper())
    except ValueError:
        return False
    return not leap or moment.astimezone(UTC).strftime("%H:%M") == "23:59"


@lru_cache(maxsize=1024)
def _compiled(text: str) -> jsonschema_rs.Draft202012Validator:
    return compile_schema(exact.loads(text))


def compiled(schema: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """compile_schema, once per content: tenants and languages with the same form share one validator."""
    return _compiled(exact.canonical(schema))


def pattern_fault(pattern: str) -> str | None:
    """Why `pattern` cannot be used: "linear" (wrong or needs look-around), "large"; None where it can."""
    try:
        compile_schema({"type": "string", "pattern": pattern})
    except ValueError as error:
        return "large" if "size limit" in str(error) else "linear"
    return None
