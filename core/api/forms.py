"""Handlers that describe: the forms of the tenant, the OpenAPI document, the page that shows it."""

from __future__ import annotations

from typing import Any

from litestar import Response

from core.api.answers import answer
from core.api.docs import guide
from core.api.openapi import document_text, readable
from core.api.requests import parameters
from core.api.shapes import form_shape
from core.context import Context
from core.errors import NotFound
from core.forms import described_schema
from core.i18n import _
from core.web import FromPath, Request, get, page


@get("/api/v1/forms", permission="api")
async def list_forms(ctx: Context, request: Request[Any, Any, Any]) -> Response[bytes]:
    parameters(request, ())
    forms = [form for form in ctx.forms.all() if ctx.can(form.name, "read")]
    return answer({"forms": [form_shape(ctx, form, visible=readable(ctx, form)) for form in forms]})


@get("/api/v1/forms/{form:str}", permission="api")
async def get_form(ctx: Context, request: Request[Any, Any, Any], form: FromPath[str]) -> Response[bytes]:
    parameters(request, ())
    target = ctx.forms.get(form)
    if not ctx.can(form, "read"):
        raise NotFound(_("没有这张表单，或它所在的模块未启用"))
    visible = readable(ctx, target)
    schema = described_schema(target, action="read")
    schema["properties"] = {name: part for name, part in schema["properties"].items() if name in visible}
    return answer({**form_shape(ctx, target, visible=visible), "schema": schema})


@get("/api/openapi.json", permission="api")
async def openapi_json(ctx: Context, request: Request[Any, Any, Any]) -> Response[bytes]:
    parameters(request, ())
    return Response(document_text(ctx), media_type="application/json")


@get("/api/docs", permission="records")
async def docs_page(ctx: Context, request: Request[Any, Any, Any]) -> Any:
    """The same document for people; it loads nothing from outside."""
    wanted = request.query_params.get("form", "")
    return page(ctx, "api/docs.html", guide(ctx, wanted, base=str(request.base_url).rstrip("/")))


routes = [list_forms, get_form, openapi_json, docs_page]
