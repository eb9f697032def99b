"""Handlers for the records of a form: list, one, create, change, delete, restore, history, totals, bulk."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from litestar import Response

from core.api.answers import answer, conflict_answer, record_answer
from core.api.requests import choice, flag, json_body, names_in, only, parameters, revision
from core.api.shapes import change_shape, page_shape, problems_shape
from core.context import Context
from core.errors import Invalid, Problem
from core.i18n import _
from core.records import Aggregate, Outdated, Query, parse_query
from core.web import FromPath, Request, delete, get, patch, post

if TYPE_CHECKING:
    from core.forms import Form

BASE = "/api/v1/forms/{form:str}"
FILTERS = ("where", "filter", "q", "sort")
FUNCTIONS = ("sum", "avg", "min", "max", "count")
MOST = 10_000  # records in one bulk request
BULK_BODY = 20 * 1024 * 1024


@get(f"{BASE}/records", permission="api")
async def list_records(ctx: Context, request: Request[Any, Any, Any], form: FromPath[str]) -> Response[bytes]:
    given = parameters(request, (*FILTERS, "after", "limit", "deleted", "fields"))
    target = ctx.forms.get(form)
    fields = _fields(target, given.get("fields"))
    page = await ctx.records.list(form, query_of(ctx, request, target))
    return answer(page_shape(page, fields=fields))


def query_of(ctx: Context, request: Request[Any, Any, Any], form: Form) -> Query:
    """What the address asks for, as a list in the browser has it."""
    query = parse_query(form, request.query_params, me=ctx.member.id)
    return replace(query, deleted=flag(request.query_params.get("deleted"), "deleted"))


def _fields(form: Form, text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    fields = names_in(text)
    only(fields, form.fields.keys(), what=f"“{form.title}”")
    return fields


@get(f"{BASE}/records/{{id:str}}", permission="api")
async def get_record(
    ctx: Context, request: Request[Any, Any, Any], form: FromPath[str], id: FromPath[str]
) -> Response[bytes]:
    given = parameters(request, ("fields",))
    fields = _fields(ctx.forms.get(form), given.get("fields"))
    return record_answer(await ctx.records.get(form, id), fields=fields)


@get(f"{BASE}/records/{{id:str}}/history", permission="api")
async def get_history(
    ctx: Context, request: Request[Any, Any, Any], form: FromPath[str], id: FromPath[str]
) -> Response[bytes]:
    parameters(request, ())
    changes = await ctx.records.history(form, id)
    return answer({"changes": [change_shape(change) for change in changes]})


@post(f"{BASE}/records", permission="api", status_code=201)
async def create_record(ctx: Context, request: Request[Any, Any, Any], form: FromPath[str]) -> Response[bytes]:
    parameters(request, ())
    body = await json_body(request, limit=limit_of(request))
    only(body.keys(), ("data",), what=_("请求"))
    record = await ctx.records.create(form, data_of(body), source="api")
    return record_answer(record, status=201)


def limit_of(request: Request[Any, Any, Any]) -> int:
    return int(request.app.state.web.settings.max_body)


def data_of(body: dict[str, Any]) -> dict[str, Any]:
    data = body.get("data")
    if not isinstance(data, dict):
        raise Invalid([Problem("data", "type", _("data 应是一个对象：字段名和值。"))])
    return data


@patch(f"{BASE}/records/{{id:str}}", permission="api")
async def update_record(
    ctx: Context, request: Request[Any, Any, Any], form: FromPath[str], id: FromPath[str]
) -> Response[bytes]:
    parameters(request, ())
    body = await json_body(request, limit=limit_of(request))
    only(body.keys(), ("data", "revision"), what=_("请求"))
    read = revision(request, body.get("revision"))
    try:
        record = await ctx.records.update(form, id, data_of(body), revision=read, source="api")
    except Outdated as error:
        return conflict_answer(error)
    return record_answer(record)


@delete(f"{BASE}/records/{{id:str}}", permission="api")
async def delete_record(
    ctx: Context, request: Request[Any, Any, Any], form: FromPath[str], id: FromPath[str]
) -> Response[bytes]:
    given = parameters(request, ("revision",))
    try:
        await ctx.records.delete(form, id, revision=revision(request, given.get("revision")), source="api")
    except Outdated as error:
        return conflict_answer(error)
    return answer({"id": id, "deleted": True})


@post(f"{BASE}/records/{{id:str}}/restore", permission="api")
async def restore_record(
    ctx: Context, request: Request[Any, Any, Any], form: FromPath[str], id: FromPath[str]
) -> Response[bytes]:
    parameters(request, ())
    return record_answer(await ctx.records.restore(form, id, source="api"))


@get(f"{BASE}/totals", permission="api")
async def get_totals(ctx: Context, request: Request[Any, Any, Any], form: FromPath[str]) -> Response[bytes]:
    """`?sum=amount&by=account,date:month`: one line for each group, with what was asked for and the count."""
    given = parameters(request, ("where", "filter", "q", "by", *FUNCTIONS))
    aggregates = [Aggregate("count", "count")]
    for function in FUNCTIONS:
        for field in dict.fromkeys(names_in(given.get(function))):
            aggregates.append(Aggregate(f"{function}:{field}", function, field))  # type: ignore[arg-type]
    by = tuple(dict.fromkeys(names_in(given.get("by"))))
    query = query_of(ctx, request, ctx.forms.get(form))
    lines = await ctx.records.totals(form, query, aggregates, by=by)
    return answer({"totals": [_line(line, by) for line in lines]})


def _line(line: dict[str, Any], by: tuple[str, ...]) -> dict[str, Any]:
    shape: dict[str, Any] = {"by": {name: line[name] for name in by}, "count": line["count"]}
    for function in FUNCTIONS:
        start = f"{function}:"
        found = {name.removeprefix(start): value for name, value in line.items() if name.startswith(start)}
        shape["counts" if function == "count" else function] = found
    return shape


@post(f"{BASE}/records/bulk", permission="api", body_limit=BULK_BODY)
async def bulk_records(ctx: Context, request: Request[Any, Any, Any], form: FromPath[str]) -> Response[bytes]:
    """Many records through the one write path; the answer has one result for each, in order."""
    parameters(request, ())
    body = await json_body(request, limit=BULK_BODY)
    only(body.keys(), ("mode", "records", "all_or_nothing", "dry_run"), what=_("请求"))
    target = ctx.forms.get(form)
    mode = choice(body.get("mode"), "mode", allowed=("create", "upsert"), default="upsert" if target.key else "create")
    whole = flag(body.get("all_or_nothing"), "all_or_nothing")
    result = await ctx.records.bulk(
        form,
        _rows(body.get("records")),
        mode=mode,  # type: ignore[arg-type]
        source="api",
        dry_run=flag(body.get("dry_run"), "dry_run"),
        stop_on_error=whole,
    )
    if whole and result.wrong:
        problems = [
            Problem(f"records.{number}.{problem.field}".rstrip("."), problem.code, problem.message)
            for number, row in enumerate(result.rows)
            for problem in row.problems
        ]
        raise Invalid(problems, _("{number} 条有错，什么都没有写入。", number=result.wrong))
    results = [{"status": row.status, "id": row.id, "problems": problems_shape(row.problems)} for row in result.rows]
    counts = {status: getattr(result, status) for status in ("new", "changed", "same", "wrong")}
    return answer({**counts, "results": results})


def _rows(records: Any) -> list[dict[str, Any]]:
    if not isinstance(records, list) or not records or not all(isinstance(row, dict) for row in records):
        raise Invalid([Problem("records", "type", _("records 应是一个数组，每一项是一个对象。"))])
    if len(records) > MOST:
        raise Invalid([Problem("records", "too_many", _("一次最多 {number} 条。", number=MOST))])
    return records


routes = [
    list_records, get_record, get_history, create_record, update_record, delete_record, restore_record,
    get_totals, bulk_records,
]  # fmt: skip
