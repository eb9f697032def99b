"""The form designer: list of forms, drafts edited by small typed edits, publishing; rules are in core.definitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from litestar import Response

from core import definitions
from core.context import Context
from core.definitions import Draft, Outcome, WrongProperty, draft_form, pattern_matches, problems_of, wrong_paths
from core.errors import DougongError, Invalid, Problem
from core.forms import FIELD_TYPES, defaults
from core.i18n import _
from core.web import FromPath, FromQuery, Request, get, page, post, redirect
from ui import designing
from ui.widgets import Entry, sections

HOME = "/admin/forms"
# where the cursor goes after an edit
FOCUS = {"add": "title", "copy": "title", "move": "card", "remove": "card", "show": "card", "type": "type"}
SAME_PANEL = ("set", "form", "choices", "columns")  # edits after which the panel shows what it showed before
ICONS = (
    "file", "file-text", "clipboard-list", "clipboard-check", "checklist", "list-check", "table", "report",
    "report-money", "report-analytics", "chart-bar", "calendar-event", "clock", "flag", "target", "bell", "message",
    "messages", "users", "user", "users-group", "id-badge-2", "building", "building-bank", "building-community",
    "building-factory", "home", "school", "stethoscope", "book", "map-pin", "map-2", "road", "route",
    "building-bridge", "crane", "backhoe", "bulldozer", "helmet", "hammer", "tools", "ruler-2", "components", "package",
    "box", "archive", "truck", "car", "tree", "plant", "droplet", "bolt", "flask", "heart-handshake", "phone", "mail",
    "photo", "camera", "coin", "coins", "wallet", "credit-card", "receipt", "file-invoice", "file-dollar", "pig-money",
    "currency-yuan", "calculator", "scale", "gavel", "writing", "shield-check", "lock", "key", "star", "trophy", "news",
    "folder", "folders", "tag", "puzzle", "cube", "sitemap", "list-tree", "versions", "git-branch", "qrcode", "world",
)  # fmt: skip


def _at(form: str, rest: str = "", **query: str) -> str:
    shown = "&".join(f"{name}={quote(value)}" for name, value in query.items() if value)
    return f"{HOME}/{quote(form)}{rest}" + (f"?{shown}" if shown else "")


async def _typed(request: Request) -> dict[str, list[str]]:
    """What was posted: texts by name, several under one name kept in order."""
    found: dict[str, list[str]] = {}
    for name, value in (await request.form()).multi_items():
        if isinstance(value, str):
            found.setdefault(name, []).append(value)
    return found


@get(HOME, permission="admin:forms")
async def forms_page(ctx: Context) -> Response[Any]:
    states = await definitions.overview(ctx)
    groups: dict[str, list[Any]] = {}
    for state in states:
        groups.setdefault(state.form.partition(".")[0], []).append(state)
    titles = {manifest.name: manifest.title(ctx.language) for manifest in ctx.modules}
    return page(ctx, "designer/forms.html", {"groups": groups, "titles": titles}, block="forms")


@get(f"{HOME}/new", permission="admin:forms")
async def new_form_page(ctx: Context) -> Response[Any]:
    return page(ctx, "designer/new.html", {"typed": {}, "problems": {}, "icons": ICONS}, block="body")


@post(f"{HOME}/new", permission="admin:forms")
async def new_form(ctx: Context, request: Request) -> Response[Any]:
    typed = {name: values[-1] for name, values in (await _typed(request)).items()}
    icon = typed.get("icon", "file")
    try:
        name = await definitions.create_form(
            ctx, title=typed.get("title", ""), code=typed.get("code", ""), description=typed.get("description", ""),
            icon=icon if icon in ICONS else "file",
        )  # fmt: skip
    except Invalid as error:
        values = {"typed": typed, "problems": {p.field: p.message for p in error.problems}, "icons": ICONS}
        return page(ctx, "designer/new.html", values, block="body", status=422)
    return redirect(_at(name))


@get(f"{HOME}/{{form:str}}", permission="admin:forms")
async def design_page(ctx: Context, request: Request, form: FromPath[str], field: FromQuery[str] = "") -> Response[Any]:
    """The designer; to htmx only the panel of the chosen field."""
    draft = await definitions.open_draft(ctx, form)
    return page(ctx, "designer/design.html", await _values(ctx, draft, field), block="panel")


async def _values(
    ctx: Context,
    draft: Draft,
    path: str,
    *,
    typed: Mapping[str, Sequence[str]] | None = None,
    refused: Sequence[Problem] = (),
) -> dict[str, Any]:
    """What the designer's page is drawn from."""
    problems = problems_of(ctx, draft)
    compiled = draft_form(draft, lang=ctx.language)
    panel = await designing.panel(ctx, draft, path, problems, typed=typed, refused=refused)
    return {
        "draft": draft, "form": compiled, "panel": panel, "kinds": FIELD_TYPES.values(), "icons": ICONS,
        "sections": lambda: designing.cards(draft, compiled, problems), "problems": problems,
        "message": "", "undoable": False, "focus": "", "fresh": False,
        "edit_url": _at(draft.form, "/edit"), "url": _at(draft.form),
        "may_name": [item for item in compiled.fields.values() if FIELD_TYPES[item.type].may_be_label],
        "wrong_columns": wrong_paths(problems), "findings": definitions.findings_of(draft), "refused": refused,
        "rebuilding": await definitions.progress(ctx, draft.form),
    }  # fmt: skip


@post(f"{HOME}/{{form:str}}/edit", permission="admin:forms")
async def edit_form(ctx: Context, request: Request, form: FromPath[str]) -> Response[Any]:
    """One typed edit; the designer as it is after it. Without scripts the page of the field, if nothing is wrong."""
    typed = await _typed(request)
    op, chosen = typed.get("op", [""])[-1], typed.get("field", [""])[-1]
    try:
        done = await _edited(ctx, form, op, typed)
    except DougongError as error:
        if error.status >= 500:
            raise
        draft = await definitions.open_draft(ctx, form)
        done = Outcome(draft=draft, selected=chosen, problems=(Problem("", error.code, error.message),))
    shown = chosen.rpartition(".")[0] if typed.get("stay") else done.selected  # the panel of the rows stays open
    if request.headers.get("HX-Request") != "true" and not done.problems:
        return redirect(_at(form, field=shown))
    values = await _values(ctx, done.draft, shown, typed=typed, refused=done.problems)
    values |= {"message": await _message(ctx, done, op, chosen), "undoable": op == "remove"}
    values["fresh"] = op not in SAME_PANEL
    values["focus"] = "choice" if typed.get("do") == ["add"] else FOCUS.get(op, "")
    response = page(ctx, "designer/design.html", values, block="designer")
    response.headers["HX-Replace-Url"] = _at(form, field=values["panel"].path)
    return response


async def _edited(ctx: Context, form: str, op: str, typed: Mapping[str, Sequence[str]]) -> Outcome:
    if op not in ("undo", "redo"):
        return await definitions.edit(ctx, form, op, typed)
    draft = await (definitions.undo if op == "undo" else definitions.redo)(ctx, form)
    return Outcome(draft=draft, selected=typed.get("field", [""])[-1])


async def _message(ctx: Context, done: Outcome, op: str, removed: str) -> str:
    """What was done, and of a removed field also how many values will be out of sight."""
    if op != "remove" or not done.message or done.draft.shipped(removed):
        return done.message
    kept = await definitions.hidden_values(ctx, done.draft.form, removed)
    return done.message + (_("。{what}", what=kept) if kept else "")


@get(f"{HOME}/{{form:str}}/pattern", permission="admin:forms")
async def try_pattern(
    ctx: Context, form: FromPath[str], pattern: FromQuery[str] = "", sample: FromQuery[str] = ""
) -> Response[Any]:
    """Whether a sample fits the pattern as it is typed, by the engine that will check records."""
    verdict, wrong = None, ""
    try:
        if pattern and sample:
            verdict = pattern_matches(pattern, sample[:1000])
    except WrongProperty as error:
        wrong = str(error)
    return page(ctx, "designer/pattern.html", {"verdict": verdict, "wrong": wrong}, block="body")


@post(f"{HOME}/{{form:str}}/code", permission="admin:forms")
async def change_code(ctx: Context, request: Request, form: FromPath[str]) -> Response[Any]:
    code = (await _typed(request)).get("code", [""])[-1]
    try:
        return redirect(_at(await definitions.rename_form(ctx, form, code)))
    except Invalid as error:
        draft = await definitions.open_draft(ctx, form)
        refused = [Problem(f"form.{p.field}", p.code, p.message) for p in error.problems]
        return page(ctx, "designer/design.html", await _values(ctx, draft, "", refused=refused), block="designer")


@get(f"{HOME}/{{form:str}}/preview", permission="admin:forms")
async def preview_page(ctx: Context, form: FromPath[str]) -> Response[Any]:
    """The form as people will see it; nothing typed here is kept."""
    draft = await definitions.open_draft(ctx, form)
    compiled = draft_form(draft, lang=ctx.language)
    entry = Entry(data=defaults(compiled, me=ctx.member.id), labels={ctx.member.id: ctx.member.name})
    values = {"draft": draft, "form": compiled, "sections": sections(compiled, entry), "url": _at(form)}
    return page(ctx, "designer/preview.html", values)


@get(f"{HOME}/{{form:str}}/publish", permission="admin:forms")
async def publish_page(ctx: Context, form: FromPath[str]) -> Response[Any]:
    """What publishing would do, in words, before it is done."""
    return await _publish_page(ctx, form)


async def _publish_page(ctx: Context, form: str, *, problem: str = "", note: str = "") -> Response[Any]:
    draft = await definitions.open_draft(ctx, form)
    compiled = draft_form(draft, lang=ctx.language)
    values = {
        "draft": draft, "form": compiled, "preview": await definitions.preview(ctx, form), "url": _at(form),
        "problem": problem, "note": note, "titles": designing.titles(compiled),
    }  # fmt: skip
    return page(ctx, "designer/publish.html", values, block="body", status=409 if problem else 200)


@post(f"{HOME}/{{form:str}}/publish", permission="admin:forms")
async def publish_form(ctx: Context, request: Request, form: FromPath[str]) -> Response[Any]:
    note = (await _typed(request)).get("note", [""])[-1]
    try:
        done = await definitions.publish(ctx, form, note=note)
    except DougongError as error:
        if error.status >= 500:
            raise
        return await _publish_page(ctx, form, problem=error.message, note=note)
    return redirect(_at(form, published=str(done.version)))


@get(f"{HOME}/{{form:str}}/versions", permission="admin:forms")
async def versions_page(ctx: Context, form: FromPath[str]) -> Response[Any]:
    draft = await definitions.open_draft(ctx, form)
    values = {"draft": draft, "versions": await definitions.versions(ctx, form), "url": _at(form)}
    return page(ctx, "designer/versions.html", values)


@get(f"{HOME}/{{form:str}}/versions/{{number:int}}", permission="admin:forms")
async def version_page(ctx: Context, form: FromPath[str], number: FromPath[int]) -> Response[Any]:
    """The form as it was."""
    compiled = await definitions.version(ctx, form, number)
    values = {"form": compiled, "number": number, "sections": sections(compiled, Entry()), "url": _at(form)}
    return page(ctx, "designer/version.html", values)


@post(f"{HOME}/{{form:str}}/versions/{{number:int}}/restore", permission="admin:forms")
async def restore_version(ctx: Context, form: FromPath[str], number: FromPath[int]) -> Response[Any]:
    await definitions.restore_version(ctx, form, number)
    return redirect(_at(form))


@post(f"{HOME}/{{form:str}}/discard", permission="admin:forms")
async def discard_draft(ctx: Context, form: FromPath[str]) -> Response[Any]:
    draft = await definitions.open_draft(ctx, form)
    await definitions.discard_draft(ctx, form)
    return redirect(_at(form) if draft.version or draft.overlay else HOME)


@post(f"{HOME}/{{form:str}}/delete", permission="admin:forms")
async def delete_form(ctx: Context, form: FromPath[str]) -> Response[Any]:
    await definitions.drop_form(ctx, form)
    return redirect(HOME)


@get(f"{HOME}/{{form:str}}/progress", permission="admin:forms")
async def rebuild_progress(ctx: Context, form: FromPath[str]) -> Response[Any]:
    """How far the rebuild is; asks again by itself until it is done."""
    states = [state for state in await definitions.overview(ctx) if state.form == form]
    values = {"rebuilding": states[0].rebuilding if states else None, "form": form, "url": _at(form)}
    return page(ctx, "designer/progress.html", values, block="body")


routes = [
    forms_page, new_form_page, new_form, design_page, edit_form, try_pattern, change_code, preview_page, publish_page,
    publish_form, versions_page, version_page, restore_version, discard_draft, delete_form, rebuild_progress,
]  # fmt: skip
