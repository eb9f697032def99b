"""The OpenAPI 3.1 document of one tenant as one member may use it, made from the forms themselves."""

from __future__ import annotations

import copy
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from core import exact
from core.api.operations import form_paths
from core.api.schemas import ID, SHARED, answer, array, failures, maybe, obj, ref
from core.forms import described_schema
from core.people import rights

if TYPE_CHECKING:
    from core.context import Context
    from core.forms import Form

KEPT = 64  # documents that stay in memory
_documents: OrderedDict[tuple[Any, ...], bytes] = OrderedDict()


def document_text(ctx: Context) -> bytes:
    """The document as JSON; made once for each member, language and version of the tenant's definitions."""
    key = (ctx.tenant.id, ctx.tenant.definitions_version, ctx.member.id, ctx.language)
    if key not in _documents:
        _documents[key] = exact.dumps(document(ctx)).encode()
        while len(_documents) > KEPT:
            _documents.popitem(last=False)
    _documents.move_to_end(key)
    return _documents[key]


def document(ctx: Context) -> dict[str, Any]:
    """The document as a value. It names only forms, fields and actions that the member has."""
    forms = [form for form in ctx.forms.all() if ctx.can(form.name, "read")]
    schemas: dict[str, Any] = copy.deepcopy(SHARED)
    paths: dict[str, Any] = _general_paths()
    for form in forms:
        schemas.update(_form_schemas(ctx, form))
        paths.update(form_paths(ctx, form))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{ctx.tenant.name} · Dougong API",
            "version": str(ctx.tenant.definitions_version),
            "description": _INTRODUCTION,
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "tags": [{"name": form.name, "description": form.title} for form in forms]
        + [{"name": "general", "description": "Forms and files"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": _TOKEN},
        },
    }


_INTRODUCTION = """Every form of your organisation, as your rights show it.

Numbers are exact JSON numbers: parse them as decimals. An empty field is absent from `data`; a field you may not
see is absent and named in `hidden`. To change or delete, send the revision you have read (`If-Match` or
`revision`); if somebody was faster the answer is 409 with the present record in `current`. Unknown query
parameters and unknown fields are refused. Every refusal has the shape of `Error`."""


_TOKEN = {"type": "http", "scheme": "bearer", "description": "An API token (dg_…)"}


def readable(ctx: Context, form: Form) -> list[str]:
    """The fields that some right shows the member."""
    given = rights(ctx.access, form.name, "read")
    return [name for name in form.fields if any(right.shows(name) for right in given)]


def _writable(ctx: Context, form: Form, action: Any) -> set[str]:
    given = rights(ctx.access, form.name, action)
    return {name for name in form.fields if any(right.shows(name) for right in given)}


def _form_schemas(ctx: Context, form: Form) -> dict[str, Any]:
    """Schemas of one form: its record, a new one, changes, a page of them."""
    read = _only(described_schema(form, action="read"), set(readable(ctx, form)))
    found = {
        f"{form.name}.data": read,
        f"{form.name}.record": _record_schema(form),
        f"{form.name}.page": obj(
            {
                "records": array(ref(f"{form.name}.record")),
                "next": {"type": ["string", "null"]},
                "labels": ref("Labels"),
            }
        ),
        f"{form.name}.conflict": _conflict_schema(form),
    }
    for action in ("create", "update"):
        if ctx.can(form.name, action):
            schema = described_schema(form, action=action)
            found[f"{form.name}.{action}"] = _only(schema, _writable(ctx, form, action))
    return found


def _only(schema: dict[str, Any], names: set[str]) -> dict[str, Any]:
    """The schema of these fields alone."""
    properties = {name: part for name, part in schema["properties"].items() if name in names}
    required = [name for name in schema.get("required", ()) if name in names]
    return {**{key: schema[key] for key in schema if key != "required"}, "properties": properties} | (
        {"required": required} if required else {}
    )


def _record_schema(form: Form) -> dict[str, Any]:
    text, person = {"type": "string"}, maybe(ID)
    moment = {"type": "string", "format": "date-time"}
    return obj(
        {
            "id": ID,
            "form": {"const": form.name},
            "version": text,
            "revision": {"type": "integer", "minimum": 0},
            "data": ref(f"{form.name}.data"),
            "hidden": {"type": "array", "items": text, "description": "Fields that exist but that you may not see"},
            "overdue": {"type": "array", "items": text,
                        "description": "Computed fields whose values wait to be worked out again"},
            "created_at": moment,
            "created_by": person,
            "updated_at": moment,
            "updated_by": person,
            "department": maybe(ID),
            "deleted_at": maybe(moment),
        },
        title=form.title,
    )


def _conflict_schema(form: Form) -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "type": "object",
        "properties": {
            "error": {
                "type": "object",
                "properties": {
                    "code": text,
                    "message": text,
                    "problems": array(ref("Problem")),
                    "current": ref(f"{form.name}.record"),
                },
                "required": ["code", "message", "problems"],
            }
        },
        "required": ["error"],
    }


def _general_paths() -> dict[str, Any]:
    file_id = {"name": "id", "in": "path", "required": True, "schema": ID}
    name = {"name": "form", "in": "path", "required": True, "schema": {"type": "string"}}
    file = {"type": "string", "contentMediaType": "application/octet-stream"}
    upload = {"type": "object", "properties": {"file": file}, "required": ["file"]}
    return {
        "/api/v1/forms": {
            "get": {
                "operationId": "list_forms",
                "tags": ["general"],
                "summary": "The forms you may read, with their fields",
                "responses": {"200": answer(ref("Forms"), "The forms"), **failures()},
            }
        },
        "/api/v1/forms/{form}": {
            "get": {
                "operationId": "get_form",
                "tags": ["general"],
                "summary": "One form with the JSON Schema of its records",
                "parameters": [name],
                "responses": {"200": answer(ref("Form"), "The form"), **failures()},
            }
        },
        "/api/v1/files": {
            "post": {
                "operationId": "upload_file",
                "tags": ["general"],
                "summary": "Upload a file, to be named in a file field afterwards",
                "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": upload}}},
                "responses": {"201": answer(ref("File"), "The file"), **failures(415)},
            }
        },
        "/api/v1/files/{id}": {
            "get": {
                "operationId": "download_file",
                "tags": ["general"],
                "summary": "The bytes of a file",
                "parameters": [file_id],
                "responses": {
                    "200": {"description": "The bytes", "content": {"*/*": {}}},
                    **failures(),
                },
            }
        },
    }
