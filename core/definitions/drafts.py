"""Drafts of forms: opening, editing, undoing and dropping them; what an edit does is in actions.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from core import exact
from core.clock import now
from core.definitions import actions, overlays, steps
from core.definitions.codes import CODE, code_from, free_code
from core.definitions.model import Draft, Outcome
from core.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from core.i18n import _
from core.people import must_write
from core.store import definitions as stored
from core.store import drafts as kept

if TYPE_CHECKING:
    from core.context import Context

OWN = "own."
MOST_STEPS = 100  # that may be undone
ONE_STEP = 3  # seconds within which typing in one property counts as one step


def may_change(ctx: Context) -> None:
    """Before any change of what is defined: the right to it, and a licence that has not ended."""
    must_design(ctx)
    must_write(ctx.tenant)


def must_design(ctx: Context) -> None:
    if not ctx.may("forms"):
        raise Forbidden(_("设计表单需要“表单设计”权限，请联系系统管理员"))


async def open_draft(ctx: Context, form: str) -> Draft:
    """The draft of a form; where nothing is being changed, one that equals what is published."""
    must_design(ctx)
    return await _open(ctx, form)


async def _open(ctx: Context, form: str, *, lock: bool = False) -> Draft:
    shipped = None if form.startswith(OWN) else ctx.catalogue.forms.get(form)
    if shipped is None and not form.startswith(OWN):
        raise NotFound(_("没有表单 {form}；它的模块可能已经移除", form=form))
    rows = await stored.versions(ctx.db, ctx.tenant.id, form)
    row = await kept.fetch(ctx.db, ctx.tenant.id, form, lock=lock)
    if shipped is None and row is None and not rows:
        raise NotFound(_("没有表单 {form}", form=form))
    published = exact.loads(rows[0]["body"]) if rows else None
    body = exact.loads(row["body"]) if row else {}
    document = body.get("document", published)
    common: dict[str, Any] = {
        "form": form,
        "version": row["base_version"] if row else (rows[0]["version"] if rows else 0),
        "stored": row is not None,
        "updated_at": row["updated_at"] if row else None,
        "updated_by": row["updated_by"] if row else None,
        "undo": tuple(body.get("undo", ())),
        "redo": tuple(body.get("redo", ())),
        "in_force": published,
        "renamed": body.get("renamed", {}),
        "forms": ctx.forms,
    }
    if shipped is None:
        return Draft(
            kind="form", definition=document, document=document, base=published, published=published, **common
        )
    document = document or overlays.EMPTY
    definition, hidden = overlays.working(shipped, document)
    now_seen, _hidden = overlays.working(shipped, published or overlays.EMPTY)
    return Draft(
        kind="overlay", definition=definition, document=document, hidden=hidden, base=shipped, published=now_seen,
        **common,
    )  # fmt: skip


async def edit(ctx: Context, form: str, op: str, values: Mapping[str, Sequence[str]]) -> Outcome:
    """Make one typed edit and keep the draft. What cannot be taken comes back as problems, beside their property."""
    may_change(ctx)
    async with ctx.db.write():
        draft = await _open(ctx, form, lock=True)
        typed = actions.Typed(_renamed(draft, values))
        change = actions.perform(draft, op, typed)
        after = await _keep(ctx, draft, change, _step_name(op, typed, change))
    return Outcome(draft=after, selected=change.selected, problems=change.problems, message=change.message)


def _renamed(draft: Draft, values: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
    """The values with paths as they are now: a code may have changed between typing and sending."""

    def current(path: str) -> str:
        for _hop in range(10):
            path = draft.renamed.get(path, path)
        return path

    names = [name for name in ("field", "after", "before") if values.get(name)]
    return {**values, **{name: [current(path) for path in values[name]] for name in names}}


def _step_name(op: str, typed: actions.Typed, change: actions.Change) -> str:
    """What typing goes on with the same step while it bears the same name; "" for what is a step of its own."""
    return f"set {typed.one('field')} {' '.join(change.touched)}" if op == "set" else "form" if op == "form" else ""


async def _keep(ctx: Context, draft: Draft, change: actions.Change, step: str) -> Draft:
    """Store what an edit made of the draft, with the way back; nothing where it changed nothing."""
    document: Mapping[str, Any] = change.definition
    if draft.overlay and draft.base is not None:
        document = overlays.derive(
            draft.base, change.definition, change.hidden, previous=draft.document, accept=change.accept
        )
    back = steps.difference(document, draft.document)
    if not back:
        return draft
    undo = [*draft.undo, {"step": step, "at": now(), "patch": back}]
    if step and len(undo) > 1 and _same_step(undo[-2], undo[-1]):
        first = steps.apply(draft.document, undo[-2]["patch"])
        undo[-2:] = [{"step": step, "at": now(), "patch": steps.difference(document, first)}]
    renamed = dict(draft.renamed)
    old, new = step.split(" ")[1] if step.startswith("set ") else "", change.selected
    renamed.pop(new, None)
    if old and new and old != new:
        renamed[old] = new
        undo[-1]["step"] = step.replace(f" {old} ", f" {new} ", 1)
    return await _save(ctx, draft, document, undo=undo[-MOST_STEPS:], redo=[], renamed=renamed)


def _same_step(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> bool:
    seconds = datetime.fromisoformat(later["at"]) - datetime.fromisoformat(earlier["at"])
    return earlier["step"] == later["step"] and seconds.total_seconds() < ONE_STEP


async def _save(
    ctx: Context, draft: Draft, document: Mapping[str, Any], *, undo: list[Any], redo: list[Any],
    renamed: Mapping[str, str] | None = None,
) -> Draft:  # fmt: skip
    body = {"document": document, "undo": undo, "redo": redo, "renamed": dict(renamed or {})}
    await kept.save(
        ctx.db, ctx.tenant.id, draft.form, kind=draft.kind, body=exact.dumps(body), base_version=draft.version,
        by=ctx.member.id,
    )  # fmt: skip
    return await _open(ctx, draft.form)


async def undo(ctx: Context, form: str) -> Draft:
    """Take the last edit back."""
    return await _step(ctx, form, back=True)


async def redo(ctx: Context, form: str) -> Draft:
    """Make the edit again that was taken back last."""
    return await _step(ctx, form, back=False)


async def _step(ctx: Context, form: str, *, back: bool) -> Draft:
    may_change(ctx)
    async with ctx.db.write():
        draft = await _open(ctx, form, lock=True)
        taken, other = (list(draft.undo), list(draft.redo)) if back else (list(draft.redo), list(draft.undo))
        if not taken:
            return draft
        before = draft.document
        document = steps.apply(before, taken.pop()["patch"])
        other.append({"step": "", "at": now(), "patch": steps.difference(document, before)})
        undo_steps, redo_steps = (taken, other) if back else (other, taken)
        return await _save(ctx, draft, document, undo=undo_steps, redo=redo_steps)


async def save_draft(ctx: Context, form: str, definition: Mapping[str, Any]) -> Draft:
    """Put a whole definition (of a module's form: a whole overlay) in the place of the draft; it can be undone."""
    may_change(ctx)
    async with ctx.db.write():
        draft = await _open(ctx, form, lock=True)
        back = steps.difference(definition, draft.document)
        steps_before = [*draft.undo, {"step": "", "at": now(), "patch": back}] if back else list(draft.undo)
        return await _save(ctx, draft, definition, undo=steps_before[-MOST_STEPS:], redo=[])


async def discard_draft(ctx: Context, form: str) -> None:
    """Drop what was changed since the last publish; a form never published disappears."""
    may_change(ctx)
    async with ctx.db.write():
        await kept.drop(ctx.db, ctx.tenant.id, form)


async def create_form(ctx: Context, *, title: str, code: str = "", description: str = "", icon: str = "file") -> str:
    """A new form of the tenant's own, empty, as a draft; its name. The code is made from the title if none is given."""
    may_change(ctx)
    title, code = " ".join(title.split()), code.strip().removeprefix(OWN)
    problems = []
    if not title or len(title) > 60:
        problems.append(Problem("title", "required", _("请填写表单名称，最多 {n} 个字", n=60)))
    if code and not CODE.fullmatch(code):
        problems.append(Problem("code", "wrong", _("代码以小写字母开头，只含小写字母、数字和下划线，最多 40 个")))
    if problems:
        raise Invalid(problems)
    async with ctx.db.write():
        taken = await _own_codes(ctx)
        if code and code in taken:
            raise Invalid([Problem("code", "taken", _("代码 {code} 已被另一张表单使用", code=code))])
        name = OWN + (code or free_code(code_from(title, fallback="form"), taken))
        about = {"title": title, "description": description.strip(), "type": "object", "x-icon": icon}
        body = {"document": {**{key: text for key, text in about.items() if text}, "properties": {}}}
        await kept.save(
            ctx.db, ctx.tenant.id, name, kind="form", body=exact.dumps(body), base_version=0, by=ctx.member.id
        )
    return name


async def _own_codes(ctx: Context) -> set[str]:
    rows = [*await stored.latest(ctx.db, ctx.tenant.id), *await kept.every(ctx.db, ctx.tenant.id)]
    return {row["form"].removeprefix(OWN) for row in rows if row["form"].startswith(OWN)}


async def rename_form(ctx: Context, form: str, code: str) -> str:
    """Give a form that was never published another code; its new name."""
    may_change(ctx)
    code = code.strip().removeprefix(OWN)
    if not CODE.fullmatch(code):
        raise Invalid([Problem("code", "wrong", _("代码以小写字母开头，只含小写字母、数字和下划线，最多 40 个"))])
    async with ctx.db.write():
        draft = await _open(ctx, form, lock=True)
        if draft.overlay or draft.version:
            raise Conflict(_("表单发布后代码不能再改：菜单、接口和其他表单的引用都指向它"))
        if OWN + code == form:
            return form
        if code in await _own_codes(ctx):
            raise Invalid([Problem("code", "taken", _("代码 {code} 已被另一张表单使用", code=code))])
        row = await kept.fetch(ctx.db, ctx.tenant.id, form)
        await kept.drop(ctx.db, ctx.tenant.id, form)
        await kept.save(
            ctx.db, ctx.tenant.id, OWN + code, kind="form", body=row["body"] if row else "{}", base_version=0,
            by=ctx.member.id,
        )  # fmt: skip
    return OWN + code
