"""The list of a form: rows, filters, columns, totals, counts, and what is done to many rows at once."""

from __future__ import annotations

from typing import Any

from litestar import Response

from core.context import Context
from core.errors import DougongError, Invalid
from core.forms import Form, ValueParseError
from core.i18n import _
from core.records import Aggregate, Condition, Query, sortable
from core.records.params import ME, split_list
from core.web import FromPath, Request, get, page, post, redirect, safe_path
from ui.board import columns_of, rows_of
from ui.entry import whole
from ui.listing import OPERATORS, Listing, all_columns, chips, fold, kind_of, listing, operators, spans, today
from ui.naming import allowed, names_in, unseen, writable
from ui.pages.formulas import in_titles
from ui.pages.views import view_tabs
from ui.steps import usable
from ui.toast import gone
from ui.values import NUMBERS, SYSTEM, field_of

ROWS = 50


def _pairs(request: Request) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in request.query_params.items()]


@get("/forms/{form:str}", permission="records")
async def list_page(ctx: Context, request: Request, form: FromPath[str]) -> Response[Any]:
    """Rows under the filters of the address; to htmx the list alone, or only the next rows."""
    found = ctx.forms.get(form)
    pairs = _pairs(request)
    state = listing(found, pairs)
    given = _grouped(pairs)
    if "field" in given:
        try:
            state = fold(state, given)
        except ValueParseError as error:
            return await _panel(ctx, request, state, given, problem=error.message)
        if request.headers.get("HX-Request") != "true":
            return redirect(state.url())
    tabs, current = await view_tabs(ctx, state)
    if [name for name, _value in pairs] == ["view"] and current is not None:
        return redirect(current.url)
    after = given.get("after", [""])[0] or None
    values = await _rows(ctx, state, after=after)
    if after:
        return page(ctx, "records/list.html", values, block="rows")
    values |= await _around(ctx, state, values) | {"views": tabs, "current": current}
    response = page(ctx, "records/list.html", values, block="results")
    if request.headers.get("HX-Request") == "true":
        typing = request.headers.get("HX-Source", "").endswith("#q")
        response.headers["HX-Replace-Url" if typing else "HX-Push-Url"] = state.url()
    return response


async def _rows(ctx: Context, state: Listing, *, after: str | None) -> dict[str, Any]:
    """The page of records as markup; what cannot be asked becomes words instead of rows."""
    form, hidden = state.form, unseen(ctx, state.form)
    editable = {field.name for field in writable(ctx, form, "update")}
    columns = columns_of(
        state, hidden=hidden, sortable=lambda name: sortable(form, name), editable=frozenset(editable - hidden)
    )
    values: dict[str, Any] = {
        "form": form,
        "state": state,
        "columns": columns,
        "may": allowed(ctx, form),
        "problem": "",
        "steps": usable(ctx, form),
        "board": form.flow is not None and form.flow.field not in hidden,
    }
    values["selectable"] = values["may"].delete or bool(values["steps"])
    try:
        query = state.query(me=ctx.member.id, after=after, limit=ROWS)
        found = await ctx.records.list(form.name, query, labelled={column.field.name for column in columns})
    except Invalid as error:
        return values | {"problem": error.message, "page": None, "query": Query(), "rows": "", "more": ""}
    rows = rows_of(form, columns, found, selectable=values["selectable"])
    more = _with_after(state, found.next) if found.next else ""
    return values | {"page": found, "query": query, "rows": rows, "more": more}


def _with_after(state: Listing, cursor: str) -> str:
    url = state.url(open="", totals=False)
    return f"{url}{'&' if '?' in url else '?'}after={cursor}"


async def _around(ctx: Context, state: Listing, values: dict[str, Any]) -> dict[str, Any]:
    """Everything of the list but its rows."""
    form, found = state.form, values["page"]
    asked = state.where or state.formula or state.q
    shown, hidden = {column.field.name for column in values["columns"]}, unseen(ctx, form)
    conditions: tuple[Condition, ...] = values["query"].where
    labels = await names_in(ctx, form, conditions) if conditions else {}
    fields = all_columns(form, hidden)
    ordered = [column.field for column in values["columns"]] + [field for field in fields if field.name not in shown]
    return {
        "chips": chips(state, labels),
        "formula_words": in_titles(form, state.formula, fields=[one.name for one in fields]) if state.formula else "",
        "filterable": fields,
        "choices": [(field, field.name in shown) for field in ordered],
        "sums": any(column.numeric for column in values["columns"]),
        "bare": found is not None and not (found.records or asked or values["query"].after),
        "count": len(found.records) if found is not None and found.next is None else None,
    }


@get("/forms/{form:str}/filter", permission="records")
async def filter_panel(ctx: Context, request: Request, form: FromPath[str]) -> Response[Any]:
    """Sorting and filtering by one field: a part for the menu, a page without JavaScript."""
    pairs = _pairs(request)
    return await _panel(ctx, request, listing(ctx.forms.get(form), pairs), _grouped(pairs))


def _grouped(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


async def _panel(
    ctx: Context, request: Request, state: Listing, given: dict[str, list[str]], *, problem: str = ""
) -> Response[Any]:
    form = state.form
    name = given.get("field", [""])[0]
    field = field_of(form, name)
    if field is None or name in unseen(ctx, form):
        return redirect(state.url())
    at = given.get("at", [""])[0]
    values: dict[str, Any] = _present(state, at)
    names = operators(field)
    op = given.get("op", [""])[0] or values.pop("op", "") or names[0]
    columns = state.shown(unseen(ctx, form))
    order = sortable(form, name) and "head" in given
    picked = [Condition(name, "eq", id) for id in values["v"] if id != ME] if kind_of(field) == "pick" else []
    data = {
        "form": form, "state": state, "field": field, "at": at, "op": op, "kind": kind_of(field), "problem": problem,
        "operators": [(one, _(OPERATORS[one])) for one in names], "spans": spans(today()),
        "sort_up": state.url(sort=(name,)) if order else "",
        "sort_down": state.url(sort=("-" + name,)) if order else "",
        "hide": state.url(columns=tuple(c for c in columns if c != name)) if order and len(columns) > 1 else "",
        "clear": state.url(where=_kept(state, at)) if at else "",
        "options_url": f"{state.path}/options/{name}", "me": ME if field.type == "person" else "",
        "labels": await names_in(ctx, form, picked) if picked else {},
    }  # fmt: skip
    response = page(ctx, "records/filter.html", values | data, block="panel", status=422 if problem else 200)
    if problem:
        response.headers["HX-Retarget"] = "#" + ("column-menu" if "head" in given else "filter-panel")
        response.headers["HX-Reswap"] = "innerHTML"
    return response


def _places(at: str) -> list[int]:
    return [place for text in at.split(",") if (place := whole(text, -1)) >= 0]


def _kept(state: Listing, at: str) -> tuple[str, ...]:
    gone_ = set(_places(at))
    return tuple(text for place, text in enumerate(state.where) if place not in gone_)


def _present(state: Listing, at: str) -> dict[str, Any]:
    """What the filter at these places says now, for the controls that change it."""
    found = [state.where[place].split(":", 2) for place in _places(at) if place < len(state.where)]
    found = [parts for parts in found if len(parts) == 3]
    if not found:
        return {"v": [], "v2": ""}
    op, value = found[0][1], found[0][2]
    if op == "eq" and "-" in value and len(value) == 10 and len(found) == 1:
        return {"op": "between", "v": [value], "v2": value}
    if op in ("ge", "gt", "le", "lt"):
        low = next((v for _f, o, v in found if o in ("ge", "gt")), "")
        high = next((v for _f, o, v in found if o in ("le", "lt")), "")
        return {"op": "between", "v": [low[:10] if "T" in low else low], "v2": high[:10] if "T" in high else high}
    several = op in ("in", "eq")
    return {"op": "" if several else op, "v": split_list(value) if op == "in" else [value], "v2": ""}


@get("/forms/{form:str}/count", permission="records")
async def count(ctx: Context, request: Request, form: FromPath[str]) -> Response[str]:
    """How many there are: up to a bound, beyond it only when asked."""
    state = listing(ctx.forms.get(form), _pairs(request))
    exact = request.query_params.get("exact") == "1"
    found = await ctx.records.count(form, state.query(me=ctx.member.id), bound=None if exact else 1000)
    url = state.url("/count")
    values = {"count": found, "url": f"{url}{'&' if '?' in url else '?'}exact=1"}
    return page(ctx, "records/count.html", values)


@get("/forms/{form:str}/totals", permission="records")
async def totals(ctx: Context, request: Request, form: FromPath[str]) -> Response[str]:
    """The sums of the number columns over everything that the filters find."""
    state = listing(ctx.forms.get(form), _pairs(request))
    columns = columns_of(state, hidden=unseen(ctx, state.form), sortable=lambda name: False, editable=frozenset())
    sums = [Aggregate(c.field.name, "sum", c.field.name) for c in columns if c.field.type in NUMBERS]
    line = (await ctx.records.totals(form, state.query(me=ctx.member.id), sums))[0] if sums else {}
    return page(ctx, "records/totals.html", {"columns": columns, "line": line})


@post("/forms/{form:str}/delete", permission="records")
async def delete_many(ctx: Context, request: Request, form: FromPath[str]) -> Response[Any]:
    """Move the selected rows to the bin; what cannot be moved stays and is named."""
    posted = await request.form()
    done, refused = 0, []
    for chosen in posted.getall("id", []):
        id, _colon, revision = str(chosen).partition(":")
        try:
            await ctx.records.delete(form, id, revision=whole(revision))
            done += 1
        except DougongError as error:
            refused.append(error.message)
    to = safe_path(str(posted.get("to", "")), otherwise=f"/forms/{form}")
    if refused:
        words = _("已删除 {n} 条，{m} 条没有删除：{why}", n=done, m=len(refused), why=refused[0])
        return gone(to, words, bad=True)
    return gone(to, _("已将 {n} 条移到回收站", n=done))


@get("/forms/{form:str}/options/{field:str}", permission="records")
async def options(ctx: Context, request: Request, form: FromPath[str], field: FromPath[str]) -> Response[str]:
    """What a reference or person picker offers for the text typed so far."""
    text = request.query_params.get("q", "").strip()
    found = ctx.forms.get(form)
    if field in SYSTEM:
        field = _person_field(found)
    options = await ctx.records.options(form, field, text, limit=20) if field else []
    target = _target(found, field)
    create = f"/forms/{target.ref}/new" if target and target.ref and ctx.can(target.ref, "create") else ""
    title = ctx.forms.get(target.ref).title if create and target else ""
    return page(ctx, "records/options.html", {"options": options, "create": create, "title": title})


def _person_field(form: Form) -> str:
    return next((field.name for field in form.fields.values() if field.type == "person"), "")


def _target(form: Form, path: str) -> Any:
    name, _dot, column = path.partition(".")
    field = form.fields.get(name)
    return next((one for one in field.columns if one.name == column), None) if field and column else field


@get("/forms/{form:str}/{record:str}/row", permission="records")
async def row(ctx: Context, request: Request, form: FromPath[str], record: FromPath[str]) -> Response[str]:
    """One row again, after it was changed beside the list."""
    state = listing(ctx.forms.get(form), _pairs(request))
    columns = columns_of(state, hidden=unseen(ctx, state.form), sortable=lambda name: False, editable=frozenset())
    found = await ctx.records.list(form, Query(where=(Condition("_id", "eq", record),), limit=1))
    selectable = ctx.can(form, "delete") or bool(usable(ctx, state.form))
    rows = rows_of(state.form, columns, found, selectable=selectable)
    return Response(str(rows), media_type="text/html")


routes = [list_page, filter_panel, count, totals, delete_many, options, row]
