"""The form: making a record and changing one, with everything that can go wrong on the way and nothing typed lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from litestar import Response
from litestar.datastructures import UploadFile
from markupsafe import Markup

from core.context import Context
from core.errors import Conflict, Forbidden, Invalid
from core.forms import Form, parse_value
from core.i18n import _
from core.people import must_write
from core.records import Outdated, Record
from core.web import FromPath, Request, get, page, post, restored
from ui import conflicts, entry, living, steps
from ui.entry import Reading
from ui.naming import names_of, unseen, writable
from ui.pages.files import keep
from ui.pages.records import sheet, title_of
from ui.toast import gone, said
from ui.values import detail, words
from ui.widgets import Entry, Upload, Widget, sections

FORM_LIMIT = 25 * 1024 * 1024  # a form without JavaScript brings its files along


@get("/forms/{form:str}/new", permission="records")
async def new(ctx: Context, request: Request, form: FromPath[str]) -> Response[Any]:
    """An empty form, with defaults and what the address gives (`?project=ID`, `?copy=ID`)."""
    found = ctx.forms.get(form)
    names = fields_of_form(ctx, found, "create")
    said: dict[str, Any] = {}
    copied = request.query_params.get("copy")
    if copied:
        source = await ctx.records.get(form, copied)
        said |= {name: value for name, value in source.data.items() if name in names and _copies(found, name)}
    said |= _given(found, names, request)
    values = await _filled(ctx, found, await living.begun(ctx, found, said, names=names), names=names)
    return _show(ctx, found, values)


def _copies(form: Form, name: str) -> bool:
    field = form.fields[name]
    return name not in form.key and field.type not in ("file", "photo") and not field.computed


def _given(form: Form, names: Sequence[str], request: Request) -> dict[str, Any]:
    """Values in the address; what does not fit is passed over."""
    found = {}
    for name in names:
        text = request.query_params.get(name)
        if text and form.fields[name].type not in ("rows", "file", "photo", "place", "choices"):
            try:
                found[name] = parse_value(form.fields[name], text)
            except ValueError:
                continue
    return found


@post("/forms/{form:str}/new", permission="records", body_limit=FORM_LIMIT)
async def create(ctx: Context, request: Request, form: FromPath[str]) -> Response[Any]:
    """Save a new record, or show the form again with what is wrong."""
    found = ctx.forms.get(form)
    names = fields_of_form(ctx, found, "create")
    reading, posted = await read_posted(ctx, found, request, names)
    asked = (posted.get("_do") or ["save"])[-1]
    if restored(request) or _added(found, reading, posted):
        return await _again(ctx, found, reading, posted, names=names, judged=False, restored_=restored(request))
    if reading.problems:
        living.out_of_mind(found, reading, await living.tried_out(ctx, found, reading, posted, stored=None))
    if not reading.problems:
        try:
            record = await ctx.records.create(form, entry.mentioned(found, reading, posted))
        except Invalid as error:
            entry.add_problems(reading.problems, error.problems)
        except Conflict as error:
            reading.wrong("", error.message)
        else:
            if asked == "next":
                return gone(f"/forms/{form}/new", _("已保存，可以接着填下一条"))
            return gone(f"/forms/{form}/{record.id}", _("已保存"))
    return await _again(ctx, found, reading, posted, names=names)


@get("/forms/{form:str}/{record:str}/edit", permission="records")
async def edit(ctx: Context, request: Request, form: FromPath[str], record: FromPath[str]) -> Response[Any]:
    """The record in its form."""
    found, stored = ctx.forms.get(form), await ctx.records.get(form, record)
    if found.flow and found.flow.state(found.flow.state_of(stored.data)).read_only is None:
        title = found.flow.state(found.flow.state_of(stored.data)).title
        return gone(f"/forms/{form}/{record}", _("“{state}”时内容不能修改", state=title), bad=True)
    names = fields_of_form(ctx, found, "update", hidden=stored.hidden | steps.kept(found, stored.data))
    values = await _filled(ctx, found, await living.opened(ctx, found, stored, names=names), names=names)
    return _show(ctx, found, values, record=stored, revision=stored.revision)


@post("/forms/{form:str}/{record:str}/edit", permission="records", body_limit=FORM_LIMIT)
async def update(ctx: Context, request: Request, form: FromPath[str], record: FromPath[str]) -> Response[Any]:
    """Save what was changed; where somebody else saved meanwhile, show both versions."""
    found, stored = ctx.forms.get(form), await ctx.records.get(form, record)
    names = fields_of_form(ctx, found, "update", hidden=stored.hidden | steps.kept(found, stored.data))
    reading, posted = await read_posted(ctx, found, request, names)
    revision = entry.whole((posted.get("_revision") or ["0"])[-1])
    if restored(request) or _added(found, reading, posted):
        return await _again(
            ctx, found, reading, posted, names=names, record=stored, revision=revision, judged=False,
            restored_=restored(request),
        )  # fmt: skip
    if reading.problems:
        living.out_of_mind(found, reading, await living.tried_out(ctx, found, reading, posted, stored=stored))
    if not reading.problems:
        try:
            changes = conflicts.changed(found, stored.data, reading.data)
            # from the page that shows both versions: fields where the other one was chosen
            changes = {name: value for name, value in changes.items() if posted.get(f"pick.{name}") != ["theirs"]}
            saved = await ctx.records.update(form, record, changes, revision=revision)
        except Outdated as error:
            return await _both(ctx, found, error.current, reading, revision=revision)
        except Invalid as error:
            entry.add_problems(reading.problems, error.problems)
        except Conflict as error:
            reading.wrong("", error.message)
        else:
            return await _saved(ctx, request, found, saved)
    return await _again(ctx, found, reading, posted, names=names, record=stored, revision=revision)


def _added(form: Form, reading: Reading, posted: Mapping[str, Sequence[str]]) -> bool:
    """Whether the button for one more line was pressed, as it is without JavaScript."""
    name = (posted.get("_add") or [""])[-1]
    if name not in form.fields or form.fields[name].type != "rows":
        return False
    entry.add_blank(reading, name)
    return True


async def _saved(ctx: Context, request: Request, form: Form, record: Record) -> Response[Any]:
    """To the drawer the record's sheet, else its page."""
    if request.headers.get("HX-Request") != "true":
        return gone(f"/forms/{form.name}/{record.id}", _("已保存"))
    response = page(ctx, "records/record.html", await sheet(ctx, form, record), block="sheet")
    return said(response, _("已保存"), saved={"id": record.id, "revision": record.revision})


def fields_of_form(ctx: Context, form: Form, action: str, *, hidden: frozenset[str] = frozenset()) -> list[str]:
    """Fields that the member may fill in this form, and computed ones; Forbidden where he may not do this at all."""
    must_write(ctx.tenant)
    if not ctx.can(form.name, action):  # type: ignore[arg-type]
        words = _("您没有权限新建“{form}”") if action == "create" else _("您没有权限修改“{form}”")
        raise Forbidden(words.format(form=form.title))
    gone_ = hidden | (unseen(ctx, form) if action == "update" else frozenset())
    gone_ |= {form.flow.field} if form.flow else set()  # a state is never typed: its bar shows it
    filled, seen = {field.name for field in writable(ctx, form, action)}, form.fields.keys() - unseen(ctx, form)
    return [
        name
        for name, field in form.fields.items()
        if (name in filled or (field.computed and name in seen)) and name not in gone_
    ]


async def read_posted(
    ctx: Context, form: Form, request: Request, names: Sequence[str]
) -> tuple[Reading, dict[str, list[str]]]:
    """What was posted, with files that came along stored and typed names turned into ids."""
    pairs = (await request.form()).items()
    posted = entry.grouped(pairs)
    for name, uploads in _uploads(pairs).items():
        if name in names and form.fields[name].type in ("file", "photo"):
            posted.setdefault(name, []).extend(one.id for one in await keep(ctx, uploads))
    reading = entry.read(form, posted, names=names)
    labels = await names_of(ctx, form, entry.pointed(form, reading)) if reading.ids else {}
    await entry.resolve(form, reading, ctx.records, labels=labels)
    return reading, posted


def _uploads(pairs: Sequence[tuple[str, Any]]) -> dict[str, list[UploadFile]]:
    found: dict[str, list[UploadFile]] = {}
    for name, value in pairs:
        if isinstance(value, UploadFile) and value.filename:
            found.setdefault(name.removesuffix(entry.UPLOAD), []).append(value)
    return found


async def _filled(ctx: Context, form: Form, filling: Entry, *, names: Sequence[str]) -> dict[str, Any]:
    """The widgets, with names for everything that is pointed to."""
    labels = await names_of(ctx, form, [filling.data])
    uploads = {id: Upload(id, name) for id, name in labels.items()}
    parts = sections(form, replace(filling, labels=labels, uploads=uploads), names=names)
    return {"sections": parts, "summary": _summary(parts, filling.problems)}


def _summary(parts: Any, problems: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """(where to jump, what is wrong) in the page's order; what belongs to no widget comes first."""
    found: list[tuple[str, str]] = []
    told: set[str] = set()
    for widget in (widget for part in parts for widget in part.widgets):
        cells = [(cell, number) for number, row in enumerate(widget.rows) for cell in row]
        for one, number in [(widget, -1), *cells]:
            if one.problems:
                found.append((one.id, _said(widget, one, number)))
                told.add(one.name)
    rest = [("", message) for path, messages in problems.items() if path not in told for message in messages]
    return rest + found


def _said(widget: Widget, one: Widget, number: int) -> str:
    """What is wrong, with the name of the field unless the words have it already."""
    words = _("；").join(one.problems)
    title = widget.field.title
    if number >= 0:
        title = _("{title}第 {n} 行{column}", title=title, n=number + 1, column=one.field.title)
    return words if number < 0 and title in words else _("{title}：{words}", title=title, words=words)


def _show(
    ctx: Context, form: Form, values: Mapping[str, Any], *, record: Record | None = None, **more: Any
) -> Response[Any]:
    draft = f"{ctx.tenant.id}/{ctx.member.id}/{form.name}/{record.id if record else 'new'}"
    title = title_of(form, record, {}) if record else ""
    data = {
        "form": form,
        "record": record,
        "title": title,
        "draft": draft,
        "restored": False,
        "revision": 0,
        "live": ctx.records.worth_trying(form),
        **values,
        **more,
    }
    return page(ctx, "records/form.html", data, block="entry", status=422 if values["summary"] else 200)


async def _again(
    ctx: Context, form: Form, reading: Reading, posted: entry.Posted, *, names: Sequence[str],
    record: Record | None = None, revision: int = 0, judged: bool = True, restored_: bool = False,
) -> Response[Any]:  # fmt: skip
    """The form as it was typed, with what is wrong if it was to be saved."""
    problems = reading.problems if judged else {}
    data = {**(record.data if record else {}), **reading.data}
    data = {name: value for name, value in data.items() if value is not None}
    filling = Entry(data=data, typed=reading.typed, problems=problems)
    filling = await living.again(ctx, form, filling, reading, posted, record)
    values = await _filled(ctx, form, filling, names=names)
    return _show(ctx, form, values, record=record, revision=revision, restored=restored_)


async def _both(ctx: Context, form: Form, current: Record, reading: Reading, *, revision: int) -> Response[Any]:
    """Both versions side by side, field by field; the newest revision is what will be saved onto."""
    changes = await ctx.records.history(form.name, current.id)
    lines = conflicts.compare(form, current, reading.data, changes, revision=revision)
    labels = await names_of(
        ctx, form, [current.data, {k: v for k, v in reading.data.items() if v is not None}], [current.updated_by]
    )
    shown = [
        (
            line,
            *(
                Markup("") if value is None else _words(form, line.field.name, value, labels)
                for value in (line.mine, line.theirs)
            ),
        )
        for line in lines
    ]
    values = {
        "form": form, "record": current, "lines": shown, "title": title_of(form, current, labels),
        "who": labels.get(current.updated_by or "", ""), "hidden": conflicts.as_typed(form, reading, lines),
    }  # fmt: skip
    return page(ctx, "records/conflict.html", values, block="entry", status=409)


def _words(form: Form, name: str, value: Any, labels: Mapping[str, str]) -> Markup:
    field = form.fields[name]
    return Markup("{}").format(words(field, value, labels)) if field.type == "rows" else detail(field, value, labels)


routes = [new, create, edit, update]
