"""Taking a step: the dialog that asks what it needs, and the same step of many selected rows."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from litestar import Response

from core.context import Context
from core.errors import Conflict, DougongError, Forbidden, Invalid, NotFound
from core.flow import LONGEST_COMMENT
from core.forms import Form, Step
from core.i18n import _
from core.records import Condition, Query, Record
from core.web import FromPath, Request, get, page, post, safe_path
from ui import entry, steps
from ui.naming import names_of, unseen
from ui.pages.records import title_of
from ui.toast import gone
from ui.widgets import Entry

COMMENT = "_comment"


def _step_of(form: Form, code: str) -> Step:
    found = form.flow.step(code) if form.flow else None
    if found is None:
        raise NotFound(_("没有这个步骤，可能刚被改掉"))
    return found


def _back(request: Request, otherwise: str) -> str:
    """Where the step was begun: said in the address, else the page that htmx stands on."""
    try:
        current = urlsplit(request.headers.get("HX-Current-URL", ""))
    except ValueError:
        return otherwise
    here = f"{current.path}?{current.query}" if current.query else current.path
    return safe_path(request.query_params.get("to") or here, otherwise=otherwise)


@get("/forms/{form:str}/{record:str}/steps/{step:str}", permission="records")
async def ask(
    ctx: Context, request: Request, form: FromPath[str], record: FromPath[str], step: FromPath[str]
) -> Response[Any]:
    """What the step needs, in a dialog; a page of its own without scripts."""
    found, stored = ctx.forms.get(form), await ctx.records.get(form, record)
    taken = _step_of(found, step)
    offer = next((one for one in await ctx.flow.offers(form, stored) if one.step.code == step), None)
    if offer is None:
        raise Forbidden(_("现在不能办理“{step}”：状态已变，或不由您办理", step=taken.title))
    labels = await ctx.records.labels(form, [stored])
    filled = Entry(data=stored.data, labels=labels)
    to = _back(request, f"/forms/{form}/{record}")
    against = [offer.reason] if offer.reason else []
    return _dialog(ctx, found, stored, taken, filled, to=to, labels=labels, general=against)


def _dialog(
    ctx: Context, form: Form, record: Record, step: Step, filled: Entry, *, to: str, labels: Any,
    comment: str = "", general: list[str], status: int = 200,
) -> Response[Any]:  # fmt: skip
    assert form.flow is not None
    values = {
        "form": form, "record": record, "step": step, "to": to, "comment": comment, "most": LONGEST_COMMENT,
        "title": title_of(form, record, labels), "now": form.flow.state(form.flow.state_of(record.data)),
        "target": form.flow.state(step.target), "general": general,
        "widgets": steps.asked(form, step, filled, form.fields.keys() - record.hidden),
        "comment_problem": "；".join(filled.problems.get(COMMENT, ())),
    }  # fmt: skip
    return page(ctx, "records/step.html", values, block="asking", status=status)


@post("/forms/{form:str}/{record:str}/steps/{step:str}", permission="records")
async def take(
    ctx: Context, request: Request, form: FromPath[str], record: FromPath[str], step: FromPath[str]
) -> Response[Any]:
    """Take the step, or ask again with what is wrong."""
    found, stored = ctx.forms.get(form), await ctx.records.get(form, record)
    taken = _step_of(found, step)
    posted = entry.grouped((await request.form()).items())
    comment = (posted.get(COMMENT) or [""])[-1]
    to = safe_path((posted.get("to") or [""])[-1], otherwise=f"/forms/{form}/{record}")
    reading = entry.read(found, posted, names=taken.required)
    labels = await names_of(ctx, found, [stored.data, *entry.pointed(found, reading)])
    await entry.resolve(found, reading, ctx.records, labels=labels)
    if not reading.problems:
        revision = entry.whole((posted.get("_revision") or ["0"])[-1])
        try:
            await ctx.flow.take(form, record, step, revision=revision, data=reading.data, comment=comment)
        except Invalid as error:
            entry.add_problems(reading.problems, error.problems)
        except (Conflict, Forbidden) as error:
            return gone(to, error.message, bad=True)
        else:
            return gone(to, _("已办理“{step}”", step=taken.title))
    known = {*taken.required, COMMENT}
    others = [words for name, words in reading.problems.items() if name.partition(".")[0] not in known]
    general = [message for words in others for message in words]
    filled = entry.filled(reading, Entry(data=stored.data, labels=labels))
    return _dialog(
        ctx, found, stored, taken, filled, to=to, labels=labels, comment=comment, general=general, status=422
    )


@post("/forms/{form:str}/steps/{step:str}", permission="records")
async def take_many(ctx: Context, request: Request, form: FromPath[str], step: FromPath[str]) -> Response[Any]:
    """The step of all selected rows: first what it needs and how many can take it, then each by itself."""
    found = ctx.forms.get(form)
    taken = _step_of(found, step)
    posted = await request.form()
    to = safe_path(str(posted.get("to", "")), otherwise=f"/forms/{form}")
    chosen = dict(str(one).partition(":")[::2] for one in posted.getall("id", []))
    ready = await _ready(ctx, found, taken, list(chosen))
    wanted = [(id, entry.whole(chosen[id])) for id in ready]
    values: dict[str, Any] = {
        "form": found, "step": taken, "to": to, "ids": [f"{id}:{chosen[id]}" for id in ready], "most": LONGEST_COMMENT,
        "others": len(chosen) - len(ready), "comment": "", "comment_problem": "", "general": [],
    }  # fmt: skip
    if "_sure" not in posted:
        values["widgets"] = _blank(ctx, found, taken, Entry())
        return page(ctx, "records/step_many.html", values)
    texts = entry.grouped(posted.items())
    comment = (texts.get(COMMENT) or [""])[-1]
    reading = entry.read(found, texts, names=taken.required)
    labels = await names_of(ctx, found, entry.pointed(found, reading)) if reading.ids else {}
    await entry.resolve(found, reading, ctx.records, labels=labels)
    if taken.comment == "required" and not comment.strip():
        reading.wrong(COMMENT, _("请填写办理意见"))
    if reading.problems:
        filled = entry.filled(reading, Entry(labels=labels))
        wrong = "；".join(reading.problems.get(COMMENT, ()))
        values |= {"widgets": _blank(ctx, found, taken, filled), "comment": comment, "comment_problem": wrong}
        return page(ctx, "records/step_many.html", values, status=422)
    results = await ctx.flow.take_many(form, wanted, step, data=reading.data, comment=comment)
    return _told(taken, [one.error for one in results], to)


def _blank(ctx: Context, form: Form, step: Step, filled: Entry) -> Any:
    return steps.asked(form, step, filled, form.fields.keys() - unseen(ctx, form))


async def _ready(ctx: Context, form: Form, step: Step, ids: list[str]) -> list[str]:
    """Those of the selected records that stand where the step begins, in the order of the selection."""
    assert form.flow is not None
    found = {}
    for start in range(0, len(ids), 200):
        query = Query(where=(Condition("_id", "in", tuple(ids[start : start + 200])),), limit=200)
        found |= {one.id: one for one in (await ctx.records.list(form.name, query)).records}
    return [id for id in ids if id in found and form.flow.state_of(found[id].data) in step.sources]


def _told(step: Step, errors: list[DougongError | None], to: str) -> Response[Any]:
    refused = [one for one in errors if one is not None]
    done = len(errors) - len(refused)
    if not refused:
        return gone(to, _("已办理“{step}”，共 {n} 条", step=step.title, n=done))
    why = refused[0].problems[0].message if isinstance(refused[0], Invalid) else refused[0].message
    words = _("已办理 {n} 条，{m} 条没有办理：{why}", n=done, m=len(refused), why=why)
    return gone(to, words, bad=True)


routes = [ask, take, take_many]
