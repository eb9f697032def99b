"""Formulas that choose records, while they are typed: what is wrong with one, or in words what it finds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from litestar.response import Response

from core.context import Context
from core.errors import DougongError
from core.forms import Form, filter_scope, said, typed_filter
from core.formulas import to_titles
from core.i18n import _
from core.records import Query
from core.web import FromPath, Request, get, page
from ui.naming import unseen

BOUND = 1000  # records counted


def in_titles(form: Form, text: str, *, fields: Iterable[str] | None = None) -> str:
    """A formula with the titles of its fields, as one reads it."""
    return to_titles(text, filter_scope(form, fields))


def _typed(request: Request) -> str:
    """What was typed: a list's `filter`, or a role's `when:<form>`."""
    pairs = request.query_params.multi_items()
    return next((value for name, value in pairs if name == "filter" or name.startswith("when:")), "").strip()


@get("/forms/{form:str}/formula", permission="records")
async def filter_formula(ctx: Context, request: Request, form: FromPath[str]) -> Response[Any]:
    """What a list's formula finds, over the fields that the reader sees."""
    target = ctx.forms.get(form)
    return await _told(ctx, target, _typed(request), fields=set(target.fields) - unseen(ctx, target))


@get("/admin/roles/condition/{form:str}", permission="admin:people")
async def role_condition(ctx: Context, request: Request, form: FromPath[str]) -> Response[Any]:
    """What a role's condition leaves, over all fields of the form."""
    return await _told(ctx, ctx.forms.get(form), _typed(request), fields=None)


async def _told(ctx: Context, form: Form, text: str, *, fields: set[str] | None) -> Response[Any]:
    values: dict[str, Any] = {"faults": [], "words": "", "found": ""}
    if text:
        codes, faults = typed_filter(form, text, fields)
        values["faults"] = [(said("", fault).message, fault.suggestion) for fault in faults]
        if not faults:
            values |= {"words": in_titles(form, codes, fields=fields), "found": await _found(ctx, form, codes)}
    return page(ctx, "records/formula.html", values, block="told")


async def _found(ctx: Context, form: Form, codes: str) -> str:
    """How many records fit now, of those that who asks may see."""
    try:
        count = await ctx.records.count(form.name, Query(formula=codes), bound=BOUND)
    except DougongError:  # nothing of the form may be seen by who writes the rule
        return ""
    return _("现在有 {n} 条符合", n=count.number) if count.exact else _("现在有 {n} 条以上符合", n=count.number)


routes = [filter_formula, role_condition]
