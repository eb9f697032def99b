"""One record: its page, its history, the bin, going back to an older state, and the cell that is edited in the list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from litestar import Response
from markupsafe import Markup

from core.context import Context
from core.errors import Conflict, Invalid, NotFound
from core.forms import Field, Form, Standing
from core.i18n import _
from core.records import Outdated, Query, Record
from core.web import FromPath, Request, get, page, post, render
from ui import entry, steps, thread
from ui.board import SIMPLE, cells_of, columns_of, rows_of
from ui.listing import listing
from ui.naming import allowed, names_of, unseen, writable
from ui.toast import gone, said
from ui.values import detail, painter, when
from ui.widgets import Entry, widget

SHORT_HISTORY = 8  # steps shown beside the record; the rest on a page of its own
LONG = frozenset(("longtext", "rows", "file", "photo"))


@dataclass(frozen=True, slots=True)
class Fact:
    """One field of the record as the page shows it."""

    field: Field
    markup: Markup
    rows: tuple[tuple[Markup, ...], ...] = ()
    long: bool = False
    locked: bool = False
    overdue: bool = False


def facts(
    form: Form, record: Record, labels: Any, *, standings: Mapping[str, Standing]
) -> list[tuple[str, list[Fact]]]:
    """The fields in the form's order, under their headings; without those that a condition takes away."""
    found: dict[str, list[Fact]] = {}
    for name, field in form.fields.items():
        value = record.data.get(name)
        if value is None and name in standings and not standings[name].visible:
            continue
        rows: tuple[tuple[Markup, ...], ...] = ()
        if field.type == "rows" and value is not None:
            lines = entry.values_of(value)
            rows = tuple(tuple(_cell(column, line, labels) for column in field.columns) for line in lines)
        markup = Markup("") if value is None or rows else detail(field, value, labels)
        fact = Fact(field, markup, rows, field.type in LONG, name in record.hidden, name in record.overdue)
        found.setdefault(field.section, []).append(fact)
    return list(found.items())


def _cell(column: Field, line: Any, labels: Any) -> Markup:
    return detail(column, line[column.name], labels) if line.get(column.name) is not None else Markup("")


def title_of(form: Form, record: Record, labels: Any) -> str:
    """What the record is called at the head of its page."""
    field = form.fields.get(form.label) or next(iter(form.fields.values()), None)
    value = record.data.get(field.name) if field else None
    if field is None or value is None or field.name in record.hidden:
        return _("（未命名）")
    return Markup(painter(field, labels)(value)).striptags()


def subtitle_of(form: Form, record: Record, labels: Any) -> str:
    """The business key, where the title does not already say it."""
    parts = [form.fields[name] for name in form.key if name in form.fields and name != form.label]
    texts = [
        Markup(painter(field, labels)(record.data[field.name])).striptags()
        for field in parts
        if field.name in record.data
    ]
    return " · ".join(texts)


@get("/forms/{form:str}/{record:str}", permission="records")
async def record_page(ctx: Context, request: Request, form: FromPath[str], record: FromPath[str]) -> Response[Any]:
    """The record with its history and what refers to it; to htmx the sheet for the drawer."""
    found = ctx.forms.get(form)
    stored = await ctx.records.get(form, record, deleted=True)
    return page(ctx, "records/record.html", await sheet(ctx, found, stored), block="sheet")


async def sheet(ctx: Context, form: Form, record: Record) -> dict[str, Any]:
    """Everything that the page of one record shows."""
    changes = await ctx.records.history(form.name, record.id)
    shown = changes[:SHORT_HISTORY]
    people = [record.created_by, record.updated_by, *(change.by for change in shown)]
    labels = await names_of(ctx, form, [record.data, *thread.data_of(shown)], people)
    panels = await ctx.hooks.call("record_panels", ctx=ctx, form=form, record=record)
    return {
        "form": form, "record": record, "labels": labels, "may": allowed(ctx, form),
        "title": title_of(form, record, labels), "subtitle": subtitle_of(form, record, labels),
        "sections": facts(form, record, labels, standings=await ctx.records.standings(form.name, record.id)),
        "more_history": len(changes) > SHORT_HISTORY,
        "steps": thread.steps(form, shown, labels, current=record.revision),
        "related": await _related(ctx, form, record), "when": when, "who": thread.who(record.created_by, labels),
        "panels": drawn(panels, ctx), "bar": await steps.bar(ctx, form, record, changes),
    }  # fmt: skip


def drawn(found: Any, ctx: Context) -> list[tuple[str, Markup]]:
    """Titles and markup of the panels that modules hand over, in their order."""
    panels = sorted((panel for some in found for panel in some or ()), key=lambda panel: panel.order)
    return [(panel.title, Markup(render([panel.template], panel.data, ctx=ctx))) for panel in panels]


async def _related(ctx: Context, form: Form, record: Record) -> list[dict[str, Any]]:
    """Records that refer to this one, a few of each kind as a small list."""
    found = []
    for one in await ctx.records.related(form.name, record.id):
        other = ctx.forms.get(one.form)
        state = listing(other, [("where", f"{one.field}:eq:{record.id}")])
        names = [name for name in state.shown(unseen(ctx, other)) if name != one.field][:5]
        small = listing(other, [("columns", ",".join(names))])
        columns = columns_of(small, hidden=frozenset(), sortable=lambda name: False, editable=frozenset())
        create = f"/forms/{other.name}/new?{one.field}={record.id}" if ctx.can(other.name, "create") else ""
        rows = rows_of(other, columns, one.page, selectable=False)
        found.append({
            "form": other, "field": other.fields[one.field], "count": one.count, "url": state.url(),
            "columns": columns, "rows": rows, "create": create, "some": bool(one.page.records),
        })  # fmt: skip
    return found


@get("/forms/{form:str}/{record:str}/history", permission="records")
async def history(ctx: Context, request: Request, form: FromPath[str], record: FromPath[str]) -> Response[Any]:
    """The whole history on its own page."""
    found = ctx.forms.get(form)
    stored = await ctx.records.get(form, record, deleted=True)
    changes = await ctx.records.history(form, record)
    labels = await names_of(ctx, found, [stored.data, *thread.data_of(changes)], [change.by for change in changes])
    values = {
        "form": found, "record": stored, "may": allowed(ctx, found), "when": when,
        "title": title_of(found, stored, labels),
        "steps": thread.steps(found, changes, labels, current=stored.revision),
    }  # fmt: skip
    return page(ctx, "records/history.html", values, block="steps_of_record")


async def _revision(request: Request) -> int:
    return entry.whole((await request.form()).get("_revision"))


@post("/forms/{form:str}/{record:str}/delete", permission="records")
async def delete(ctx: Context, request: Request, form: FromPath[str], record: FromPath[str]) -> Response[Any]:
    """Into the bin."""
    try:
        await ctx.records.delete(form, record, revision=await _revision(request))
    except (Conflict, Invalid) as error:
        return gone(f"/forms/{form}/{record}", error.message, bad=True)
    return gone(f"/forms/{form}", _("已移到回收站"), undo=f"/forms/{form}/{record}/restore")


@post("/forms/{form:str}/{record:str}/restore", permission="records")
async def restore(ctx: Context, request: Request, form: FromPath[str], record: FromPath[str]) -> Response[Any]:
    """Out of the bin again."""
    try:
        await ctx.records.restore(form, record)
    except (Conflict, Invalid) as error:
        return gone(f"/forms/{form}/bin", error.message, bad=True)
    return gone(f"/forms/{form}/{record}", _("已恢复"))


@post("/forms/{form:str}/{record:str}/revert", permission="records")
async def revert(ctx: Context, request: Request, form: FromPath[str], record: FromPath[str]) -> Response[Any]:
    """Back to how it was after an older change, as a new change."""
    to = entry.whole((await request.form()).get("to"))
    if not to:
        raise NotFound(_("没有这个历史版本"))
    try:
        await ctx.records.revert(form, record, to_revision=to, revision=await _revision(request))
    except (Conflict, Invalid) as error:
        return gone(f"/forms/{form}/{record}", error.message, bad=True)
    return gone(f"/forms/{form}/{record}", _("已恢复到第 {n} 版", n=to))


@get("/forms/{form:str}/bin", permission="records")
async def bin_page(ctx: Context, request: Request, form: FromPath[str]) -> Response[Any]:
    """What was deleted, newest first, with a way back."""
    found = ctx.forms.get(form)
    after = request.query_params.get("after") or None
    deleted = await ctx.records.list(form, Query(deleted=True, after=after, limit=50))
    columns = columns_of(listing(found, []), hidden=unseen(ctx, found), sortable=lambda n: False, editable=frozenset())
    draw = cells_of(found, columns[:5], deleted.labels)
    values = {
        "form": found, "columns": columns[:5], "when": when,
        "more": f"/forms/{form}/bin?after={deleted.next}" if deleted.next else "",
        "lines": [(one, Markup(draw(one)), thread.who(one.updated_by, deleted.labels)) for one in deleted.records],
    }  # fmt: skip
    return page(ctx, "records/bin.html", values)


@get("/forms/{form:str}/{record:str}/cell/{field:str}", permission="records")
async def cell(
    ctx: Context, request: Request, form: FromPath[str], record: FromPath[str], field: FromPath[str]
) -> Response[Any]:
    """The widget of one field, to be put into its cell of the list."""
    found, stored = ctx.forms.get(form), await ctx.records.get(form, record)
    item = _editable(ctx, found, field)
    labels = await ctx.records.labels(form, [stored])
    filled = Entry(data=stored.data, labels=labels)
    values = {"form": found, "record": stored, "widget": widget(found, item, filled), "revision": stored.revision}
    return page(ctx, "records/cell.html", values)


def _editable(ctx: Context, form: Form, name: str) -> Field:
    """A field simple enough for a cell that the member may write; NotFound else."""
    for field in writable(ctx, form, "update"):
        if field.name == name and field.type in SIMPLE:
            return field
    raise NotFound(_("这一项不能在列表里修改，请打开后编辑。"))


@post("/forms/{form:str}/{record:str}/cell/{field:str}", permission="records")
async def save_cell(
    ctx: Context, request: Request, form: FromPath[str], record: FromPath[str], field: FromPath[str]
) -> Response[Any]:
    """Save one field; the answer is the inside of its cell, or the widget again with what is wrong."""
    found = ctx.forms.get(form)
    item = _editable(ctx, found, field)
    posted = entry.grouped((await request.form()).items())
    reading = entry.read(found, posted, names=[field])
    labels = await names_of(ctx, found, [{field: id} for id in reading.ids]) if reading.ids else {}
    await entry.resolve(found, reading, ctx.records, labels=labels)
    revision = entry.whole((posted.get("_revision") or ["0"])[-1])
    if not reading.problems:
        try:
            saved = await ctx.records.update(form, record, reading.data, revision=revision)
        except Outdated as error:
            entry.add_problems(reading.problems, [])
            reading.wrong(field, error.message)
            revision = error.current.revision
        except Invalid as error:
            for problem in error.problems:
                reading.wrong(field, problem.message)
        else:
            names = await ctx.records.labels(form, [saved])
            value = saved.data.get(field)
            inside = Markup("") if value is None else Markup(painter(item, names)(value))
            values = {"inside": inside, "record": saved}
            return said(
                page(ctx, "records/cell_done.html", values),
                _("已保存"),
                saved={"id": record, "revision": saved.revision},
            )
    filled = entry.filled(reading, Entry(labels=labels))
    values = {"form": found, "record": {"id": record}, "widget": widget(found, item, filled), "revision": revision}
    return page(ctx, "records/cell.html", values, status=422)


routes = [record_page, history, delete, restore, revert, bin_page, cell, save_cell]
