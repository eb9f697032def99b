"""The parts of the OpenAPI document that are the same for every form: errors, records' frames, parameters."""

from __future__ import annotations

from typing import Any

ID = {"type": "string", "pattern": "^[0-9A-HJKMNP-TV-Z]{16}$"}
MOMENT = {"type": "string", "format": "date-time"}
_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}


def obj(properties: dict[str, Any], *, optional: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    """An object with exactly these properties, all there but the `optional` ones."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False, **more}


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def maybe(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


_STEP: dict[str, Any] = {
    "code": _TEXT, "title": _TEXT, "from": array(_TEXT), "to": _TEXT, "roles": array(_TEXT),
    "required": array(_TEXT), "comment": {"enum": ["none", "optional", "required"]}, "apart": array(_TEXT),
}  # fmt: skip
SHARED: dict[str, Any] = {
    "Problem": obj(
        {"field": {**_TEXT, "description": "amount, lines.2.price, records.3.amount, or empty for the whole"},
         "code": _TEXT, "message": _TEXT}
    ),
    "Error": obj(
        {"error": {
            "type": "object",
            "properties": {"code": _TEXT, "message": _TEXT, "problems": array(ref("Problem")), "id": _TEXT},
            "required": ["code", "message", "problems"],
        }}
    ),
    "Labels": {"type": "object", "additionalProperties": _TEXT,
               "description": "id -> name of the records, people and files that the answer refers to"},
    "Change": obj(
        {"id": ID, "kind": {"enum": ["create", "update", "delete", "restore"]}, "revision": _COUNT, "at": MOMENT,
         "by": maybe(ID), "source": _TEXT,
         "changes": {"type": "object", "additionalProperties": obj({"before": {}, "after": {}})},
         "step": {"type": ["string", "null"]}, "comment": {"type": ["string", "null"]},
         "sealed": {"type": ["integer", "null"]}}
    ),
    "History": obj({"changes": array(ref("Change"))}),
    "Deleted": obj({"id": ID, "deleted": {"const": True}}),
    "Totals": obj(
        {"totals": array(obj({
            "by": {"type": "object"}, "count": _COUNT,
            **{function: {"type": "object"} for function in ("sum", "avg", "min", "max", "counts")},
        }))}
    ),
    "BulkResult": obj(
        {"new": _COUNT, "changed": _COUNT, "same": _COUNT, "wrong": _COUNT,
         "results": array(obj({
             "status": {"enum": ["new", "changed", "same", "wrong"]}, "id": maybe(ID),
             "problems": array(ref("Problem")),
         }))}
    ),
    "Step": obj(_STEP),
    "Offers": obj({"steps": array(obj({**_STEP, "reason": {"type": ["string", "null"]}}))}),
    "StepsTaken": obj(
        {"done": _COUNT, "results": array(obj({
            "id": _TEXT, "done": {"type": "boolean"}, "problems": array(ref("Problem")),
        }))}
    ),
    "State": obj(
        {"code": _TEXT, "title": _TEXT, "final": {"type": "boolean"}, "locked": {"type": "boolean"},
         "read_only": array(_TEXT), "required": array(_TEXT)}
    ),
    "Flow": obj({"field": _TEXT, "initial": _TEXT, "states": array(ref("State")), "steps": array(ref("Step"))}),
    "Counts": obj(
        {"new": _COUNT, "changed": _COUNT, "same": _COUNT, "wrong": _COUNT,
         "rows": array(obj({"row": _COUNT, "problems": array(ref("Problem"))}))}
    ),
    "Import": obj(
        {"id": ID, "form": _TEXT,
         "state": {"enum": ["uploaded", "checking", "checked", "running", "done", "failed", "interrupted",
                            "undoing", "undone"]},
         "mode": {"enum": ["upsert", "create"]}, "all_or_nothing": {"type": "boolean"},
         "blank": {"enum": ["keep", "clear"]}, "done": _COUNT, "total": _COUNT,
         "columns": array(obj({"header": _TEXT, "field": {"type": ["string", "null"]}})),
         "checked": maybe(ref("Counts")), "written": maybe(ref("Counts")),
         "error": {"type": ["string", "null"]}, "result_file": maybe(ID),
         "created_at": MOMENT, "updated_at": MOMENT}
    ),
    "File": obj({"id": ID, "name": _TEXT, "size": _COUNT, "mime": _TEXT}),
    "Field": {"type": "object", "required": ["name", "title", "type"]},
    "Form": obj(
        {"name": _TEXT, "title": _TEXT, "description": _TEXT, "version": _TEXT, "module": _TEXT,
         "key": array(_TEXT), "label": _TEXT, "list": array(_TEXT), "actions": array(_TEXT),
         "fields": array(ref("Field")), "hidden": array(_TEXT), "flow": maybe(ref("Flow")),
         "schema": {"type": "object"}},
        optional=("schema",),
    ),
    "Forms": obj({"forms": array(ref("Form"))}),
}  # fmt: skip

ERRORS = {
    400: "The request cannot be read",
    401: "No valid token or session",
    403: "Not allowed",
    404: "Not there, or not to be seen",
    409: "Somebody else was first",
    413: "Too large",
    415: "The body's type is not taken here",
    422: "Readable, but wrong: `problems` says where",
    428: "A change without the revision it was made from",
    429: "Too many requests",
}


def failures(*codes: int) -> dict[str, Any]:
    """The refusals an operation may answer with; every one has the same shape."""
    content = {"application/json": {"schema": ref("Error")}}
    wanted = sorted({400, 401, 403, 404, 413, 422, 429, *codes})
    return {str(code): {"description": ERRORS[code], "content": content} for code in wanted}


def answer(schema: dict[str, Any], description: str, *, headers: dict[str, Any] | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"description": description, "content": {"application/json": {"schema": schema}}}
    return found | ({"headers": headers} if headers else {})


def query(name: str, schema: dict[str, Any], description: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description, **more}


def body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


ETAG = {"ETag": {"schema": {"type": "string"}, "description": "The revision, for If-Match"}}
PATH_ID = {"name": "id", "in": "path", "required": True, "schema": ID}
IF_MATCH = {"name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"},
            "description": 'The ETag of the revision that was read, such as "3"'}  # fmt: skip
REVISION = query("revision", {"type": "integer", "minimum": 0}, "The revision that was read, instead of If-Match")
