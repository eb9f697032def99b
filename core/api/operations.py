"""What can be done with one form, as paths of the OpenAPI document: only what the member has a right to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.api.schemas import (
    ETAG,
    IF_MATCH,
    PATH_ID,
    REVISION,
    answer,
    array,
    body,
    failures,
    obj,
    query,
    ref,
)
from core.flow import LONGEST_COMMENT, MOST
from core.forms import way_of
from core.people import rights

if TYPE_CHECKING:
    from core.context import Context
    from core.forms import Form, Step

_FLAG = {"type": "boolean"}


def form_paths(ctx: Context, form: Form) -> dict[str, Any]:
    """The paths of one form."""
    base = f"/api/v1/forms/{form.name}"
    fields = _shown(ctx, form)
    paths: dict[str, dict[str, Any]] = {
        f"{base}/records": {"get": _list(form, fields)},
        f"{base}/records/{{id}}": {"get": _get(form, fields)},
        f"{base}/records/{{id}}/history": {"get": _history(form)},
        f"{base}/totals": {"get": _totals(form)},
    }
    if ctx.can(form.name, "create"):
        paths[f"{base}/records"]["post"] = _create(form)
        paths[f"{base}/records/bulk"] = {"post": _bulk(form)}
    if ctx.can(form.name, "update"):
        paths[f"{base}/records/{{id}}"]["patch"] = _update(form)
    if ctx.can(form.name, "delete"):
        paths[f"{base}/records/{{id}}"]["delete"] = _delete(form)
        paths[f"{base}/records/{{id}}/restore"] = {"post": _restore(form)}
    if ctx.can(form.name, "import"):
        paths[f"{base}/imports"] = {"post": _import(form)}
        paths[f"{base}/imports/{{id}}"] = {"get": _import_state(form)}
    if ctx.can(form.name, "export"):
        paths[f"{base}/export"] = {"get": _export(form, fields)}
    if form.flow and form.flow.field in fields:
        paths[f"{base}/records/{{id}}/steps"] = {"get": _offers(form)}
        for step in form.flow.steps:
            paths[f"{base}/records/{{id}}/steps/{step.code}"] = {"post": _take(form, step)}
            paths[f"{base}/steps/{step.code}"] = {"post": _take_many(form, step)}
    return paths


def _offers(form: Form) -> dict[str, Any]:
    responses = {"200": answer(ref("Offers"), "`reason` says why not now"), **failures()}
    return _operation(form, "steps", "What you may do next", parameters=[PATH_ID], responses=responses)


def _asked(step: Step) -> dict[str, Any]:
    data = {"type": "object", "properties": {name: {} for name in step.required}, "additionalProperties": False}
    return {"data": data, "comment": {"type": "string", "maxLength": LONGEST_COMMENT}}


def _take(form: Form, step: Step) -> dict[str, Any]:
    whole = {"type": "integer", "minimum": 0}
    schema = obj({**_asked(step), "revision": whole}, optional=("data", "comment", "revision"))
    responses = {"200": answer(ref(f"{form.name}.record"), "As it is now", headers=ETAG), **failures(415, 428)}
    return _operation(
        form, f"step_{step.code}", f"{step.title}: {way_of(form.flow, step)}", parameters=[PATH_ID, IF_MATCH],
        requestBody=body(schema), responses={**responses, **_conflict(form)},
    )  # fmt: skip


def _take_many(form: Form, step: Step) -> dict[str, Any]:
    one = obj({"id": {"type": "string"}, "revision": {"type": "integer", "minimum": 0}})
    records = {**array(one), "minItems": 1, "maxItems": MOST}
    schema = obj({"records": records, **_asked(step)}, optional=("data", "comment"))
    responses = {"200": answer(ref("StepsTaken"), "One result for each, in order"), **failures(415)}
    summary = f"{step.title}: many records at once"
    return _operation(
        form, f"step_many_{step.code}", summary, requestBody=body(schema), responses=responses
    )


def _shown(ctx: Context, form: Form) -> list[str]:
    given = rights(ctx.access, form.name, "read")
    return [name for name in form.fields if any(right.shows(name) for right in given)]


def _operation(form: Form, verb: str, summary: str, **more: Any) -> dict[str, Any]:
    return {
        "operationId": f"{verb}_{form.name.replace('.', '_')}",
        "tags": [form.name],
        "summary": summary,
        **more,
    }


def _filters() -> list[dict[str, Any]]:
    where = {"type": "array", "items": {"type": "string", "maxLength": 1000}, "maxItems": 20}
    sort = {"type": "string", "maxLength": 200}
    return [
        query(
            "where",
            where,
            "`field:operator:value`, all must hold; operators eq ne lt le gt ge in contains empty filled",
        ),
        query(
            "filter",
            {"type": "string", "maxLength": 4000},
            "A formula over fields that must be true too: `paid > 0.8 * owed`; 422 says where it is wrong",
        ),
        query("q", {"type": "string", "maxLength": 200}, "Full text"),
        query("sort", sort, "`-amount,date`: fields in order, `-` for descending"),
    ]


def _chosen(name: str, fields: list[str], description: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "array", "items": {"enum": fields}} if fields else {"type": "string"}
    return query(name, schema, description, style="form", explode=False)


def _list(form: Form, fields: list[str]) -> dict[str, Any]:
    parameters = [
        *_filters(),
        query("after", {"type": "string", "maxLength": 2000}, "`next` of the page before"),
        query("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 50}, "Records of a page"),
        query("deleted", _FLAG, "The bin instead of the list"),
        _chosen("fields", fields, "Only these fields in `data`"),
    ]
    responses = {"200": answer(ref(f"{form.name}.page"), "A page"), **failures()}
    return _operation(form, "list", "A page of records", parameters=parameters, responses=responses)


def _get(form: Form, fields: list[str]) -> dict[str, Any]:
    parameters = [PATH_ID, _chosen("fields", fields, "Only these fields in `data`")]
    responses = {"200": answer(ref(f"{form.name}.record"), "The record", headers=ETAG), **failures()}
    return _operation(form, "get", "One record", parameters=parameters, responses=responses)


def _history(form: Form) -> dict[str, Any]:
    responses = {"200": answer(ref("History"), "Newest first"), **failures()}
    return _operation(form, "history", "Who changed what, when", parameters=[PATH_ID], responses=responses)


def _totals(form: Form) -> dict[str, Any]:
    text = {"type": "string", "maxLength": 500}
    functions = [query(f, text, f"Fields to take the {f} of, `a,b`") for f in ("sum", "avg", "min", "max", "count")]
    by = query("by", text, "Fields to group by, `status,date:month` (year, month, day of dates)")
    where, formula, search, _sort = _filters()
    responses = {"200": answer(ref("Totals"), "One line for each group"), **failures()}
    parameters = [where, formula, search, by, *functions]
    return _operation(form, "totals", "Exact totals", parameters=parameters, responses=responses)


def _create(form: Form) -> dict[str, Any]:
    schema = obj({"data": ref(f"{form.name}.create")})
    responses = {"201": answer(ref(f"{form.name}.record"), "Created", headers=ETAG), **failures(409, 415)}
    return _operation(form, "create", "A new record", requestBody=body(schema), responses=responses)


def _conflict(form: Form) -> dict[str, Any]:
    return {"409": answer(ref(f"{form.name}.conflict"), "Changed meanwhile: `current` is the present record")}


def _update(form: Form) -> dict[str, Any]:
    whole = {"type": "integer", "minimum": 0}
    schema = obj({"data": ref(f"{form.name}.update"), "revision": whole}, optional=("revision",))
    responses = {"200": answer(ref(f"{form.name}.record"), "As it is now", headers=ETAG), **failures(415, 428)}
    return _operation(
        form, "update", "Change fields of a record; null empties one", parameters=[PATH_ID, IF_MATCH],
        requestBody=body(schema), responses={**responses, **_conflict(form)},
    )  # fmt: skip


def _delete(form: Form) -> dict[str, Any]:
    responses = {"200": answer(ref("Deleted"), "In the bin"), **failures(428), **_conflict(form)}
    parameters = [PATH_ID, IF_MATCH, REVISION]
    return _operation(form, "delete", "Move a record to the bin", parameters=parameters, responses=responses)


def _restore(form: Form) -> dict[str, Any]:
    responses = {"200": answer(ref(f"{form.name}.record"), "Out of the bin", headers=ETAG), **failures(409)}
    return _operation(form, "restore", "Bring a record back from the bin", parameters=[PATH_ID], responses=responses)


def _bulk(form: Form) -> dict[str, Any]:
    schema = obj(
        {
            "mode": {"enum": ["create", "upsert"]},
            "records": {**array({"type": "object"}), "minItems": 1, "maxItems": 10_000},
            "all_or_nothing": _FLAG,
            "dry_run": _FLAG,
        },
        optional=("mode", "all_or_nothing", "dry_run"),
    )
    responses = {"200": answer(ref("BulkResult"), "One result for each row, in order"), **failures(409, 415)}
    return _operation(
        form, "bulk", "Many records at once; upsert changes what has the same key", requestBody=body(schema),
        responses=responses,
    )  # fmt: skip


def _import(form: Form) -> dict[str, Any]:
    properties = {
        "file": {"type": "string", "contentMediaType": "application/octet-stream"},
        "mode": {"enum": ["upsert", "create"]},
        "dry_run": _FLAG,
        "all_or_nothing": _FLAG,
        "blank": {"enum": ["keep", "clear"]},
        "columns": {"type": "string", "description": 'JSON object: header -> field, "" leaves a column out'},
    }
    schema = {"type": "object", "properties": properties, "required": ["file"]}
    responses = {"202": answer(ref("Import"), "Begun: ask for its state"), **failures(409, 415)}
    return _operation(
        form, "import", "Import a CSV or XLSX file", responses=responses,
        requestBody={"required": True, "content": {"multipart/form-data": {"schema": schema}}},
    )  # fmt: skip


def _import_state(form: Form) -> dict[str, Any]:
    responses = {"200": answer(ref("Import"), "How far it is, and what it found"), **failures()}
    return _operation(form, "import_state", "The state of an import", parameters=[PATH_ID], responses=responses)


def _export(form: Form, fields: list[str]) -> dict[str, Any]:
    kind = query("kind", {"enum": ["csv", "xlsx"], "default": "csv"}, "The kind of file")
    parameters = [*_filters(), kind, _chosen("columns", fields, "Only these columns")]
    responses = {"200": {"description": "The file", "content": {"*/*": {}}}, **failures()}
    return _operation(form, "export", "The list as a file", parameters=parameters, responses=responses)
