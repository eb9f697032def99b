"""Handlers for the steps of records: which may be taken, taking one, taking the same one of many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar import Response

from core.api.answers import answer, conflict_answer, record_answer
from core.api.records import BASE, data_of, limit_of
from core.api.requests import json_body, only, parameters, revision
from core.api.shapes import problems_shape, step_shape
from core.context import Context
from core.errors import Invalid, Problem
from core.i18n import _
from core.records import Outdated
from core.web import FromPath, Request, get, post

if TYPE_CHECKING:
    from core.errors import DougongError


@get(f"{BASE}/records/{{id:str}}/steps", permission="api")
async def get_steps(
    ctx: Context, request: Request[Any, Any, Any], form: FromPath[str], id: FromPath[str]
) -> Response[bytes]:
    """What this member may do next; `reason` says why not now."""
    parameters(request, ())
    record = await ctx.records.get(form, id)
    offers = await ctx.flow.offers(form, record)
    return answer({"steps": [{**step_shape(one.step), "reason": one.reason or None} for one in offers]})


@post(f"{BASE}/records/{{id:str}}/steps/{{step:str}}", permission="api", status_code=200)
async def take_step(
    ctx: Context, request: Request[Any, Any, Any], form: FromPath[str], id: FromPath[str], step: FromPath[str]
) -> Response[bytes]:
    parameters(request, ())
    body = await json_body(request, limit=limit_of(request))
    only(body.keys(), ("data", "comment", "revision"), what=_("请求"))
    read = revision(request, body.get("revision"))
    given = data_of(body) if "data" in body else {}
    try:
        record = await ctx.flow.take(
            form, id, step, revision=read, data=given, comment=_comment(body), source="api"
        )
    except Outdated as error:
        return conflict_answer(error)
    return record_answer(record)


def _comment(body: dict[str, Any]) -> str:
    comment = body.get("comment", "")
    if not isinstance(comment, str):
        raise Invalid([Problem("comment", "type", _("comment 应是文字。"))])
    return comment


@post(f"{BASE}/steps/{{step:str}}", permission="api", status_code=200)
async def take_steps(
    ctx: Context, request: Request[Any, Any, Any], form: FromPath[str], step: FromPath[str]
) -> Response[bytes]:
    """The same step of many records, each a write of its own; the answer has one result for each, in order."""
    parameters(request, ())
    body = await json_body(request, limit=limit_of(request))
    only(body.keys(), ("records", "data", "comment"), what=_("请求"))
    given = data_of(body) if "data" in body else {}
    taken = await ctx.flow.take_many(
        form, _wanted(body.get("records")), step, data=given, comment=_comment(body), source="api"
    )
    results = [{"id": one.id, "done": one.error is None, "problems": _problems(one.error)} for one in taken]
    return answer({"done": sum(one.error is None for one in taken), "results": results})


def _problems(error: DougongError | None) -> list[dict[str, str]]:
    if error is None:
        return []
    return problems_shape(error.problems if isinstance(error, Invalid) else [Problem("", error.code, error.message)])


def _wanted(given: Any) -> list[tuple[str, int]]:
    fits = isinstance(given, list) and all(
        isinstance(one, dict)
        and isinstance(one.get("id"), str)
        and type(one.get("revision")) is int
        and 0 <= one["revision"] < 10**15
        for one in given
    )
    if not fits or not given:
        message = _("records 应是一个数组，每一项有 id 和 revision。")
        raise Invalid([Problem("records", "type", message)])
    for one in given:
        only(one.keys(), ("id", "revision"), what=_("请求"))
    return [(one["id"], one["revision"]) for one in given]


routes = [get_steps, take_step, take_steps]
