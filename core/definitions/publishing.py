"""From draft to form in force: what would change, publishing a version, versions gone by, deleting a form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from core import exact, people
from core.definitions import overlays
from core.definitions.drafts import OWN, may_change, must_design, open_draft, save_draft
from core.definitions.fitness import BOUND, fitness, values_of
from core.definitions.model import Draft, Fitness, Preview, Published, Version
from core.definitions.places import placed
from core.definitions.rebuild import enqueue_rebuild, stored_form
from core.errors import Conflict, Invalid, NotFound, Problem
from core.forms import (
    Form,
    assign_slots,
    changed_slots,
    check_definition,
    compile_form,
    diff_definitions,
    plan_of,
    source_of,
    sources,
)
from core.i18n import _
from core.people import rights
from core.people.model import matches
from core.records import Condition, Query, reindex_all
from core.store import UniqueViolation
from core.store import definitions as stored
from core.store import drafts as kept
from core.store import records as rows

if TYPE_CHECKING:
    from core.context import Context

LONGEST_NOTE = 200
AT_ONCE = 2_000  # records that are rebuilt within the publish itself
QUICK_BOUND = 10_000  # records looked at while somebody waits for an edit


def draft_form(draft: Draft, *, lang: str = "zh") -> Form:
    """The form that a draft would be; never fails, however unfinished the draft is."""
    if draft.overlay:
        form = compile_form(draft.form, draft.base or {}, draft.document, version="0", lang=lang)
    else:
        form = compile_form(draft.form, {"properties": {}, **draft.document}, version="0", lang=lang)
    return draft.forms.including(form) if draft.forms is not None else form


def published_form(draft: Draft, *, lang: str = "zh") -> Form | None:
    """The form in force that a draft would replace; None before the first publish."""
    if draft.published is None:
        return None
    return compile_form(draft.form, draft.published, version=str(draft.version), lang=lang)


def problems_of(ctx: Context, draft: Draft) -> tuple[Problem, ...]:
    """Why a draft cannot be published yet, each as "path:property"; () where it can."""
    definition = {key: value for key, value in draft.definition.items() if key != "x-translations"}
    known = set(ctx.forms.names())
    found = check_definition({"properties": {}, **definition}, name=draft.form, known_forms=known, forms=ctx.forms)
    return placed(found or list(_out_of_sight(ctx, draft)), definition)


def _out_of_sight(ctx: Context, draft: Draft) -> Iterator[Problem]:
    """Formulas that read elsewhere what their designer may not see: nobody brings into a form what is kept from him."""
    form = draft_form(draft)
    before = published_form(draft)
    for step in plan_of(form).steps:
        old = {**before.fields, **before.hidden}.get(step.field.name) if before else None
        if step.formula is None or (old and old.formula == step.field.formula):
            continue
        for source, field in sources(form, step.formula):
            if source != draft.form and not any(right.shows(field) for right in rights(ctx.access, source, "read")):
                message = _("公式取了您无权查看的内容，请让有权限的同事来设计")
                yield Problem(f"properties.{step.field.name}.x-formula", "forbidden", message)
                break


async def preview(ctx: Context, form: str, *, bound: int = BOUND) -> Preview:
    """What publishing the draft would change, in words, and what it means for the records that are stored."""
    draft = await open_draft(ctx, form)
    problems = problems_of(ctx, draft)
    old = await _in_force(ctx, draft)
    if problems:
        return Preview(changes=(), problems=problems, fitness=Fitness(), findings=findings_of(draft), first=old is None)
    new = draft_form(draft, lang=ctx.language)
    fit = await fitness(ctx.db, ctx.access, old, new, bound=bound)
    gone = set(old.fields) - set(new.fields) if old else set()
    views = await _views_using(ctx, old, gone) if old and gone else ()
    return Preview(
        changes=(*_changes(draft, old, new), *await _stranded(ctx, old, new)), problems=(), fitness=fit,
        views=views, findings=findings_of(draft),
        first=old is None, roles=await _roles_with(ctx, form) if old is None else (),
    )  # fmt: skip


async def _in_force(ctx: Context, draft: Draft) -> Form | None:
    """What records are read with now. A module's form is in force without an overlay too."""
    if draft.overlay:
        version = await stored.versions(ctx.db, ctx.tenant.id, draft.form)
        overlay = exact.loads(version[0]["body"]) if version else None
        return compile_form(draft.form, draft.base or {}, overlay, version="0", lang=ctx.language)
    return published_form(draft, lang=ctx.language)


def _changes(draft: Draft, old: Form | None, new: Form) -> tuple[str, ...]:
    said = diff_definitions(old, new)
    if said or old is None or not draft.stored:
        return tuple(said)
    if draft.overlay:
        before = (draft.in_force or overlays.EMPTY)["items"]
        return (_("确认模块升级后的改动"),) if draft.document["items"] != before else ()
    return (_("修改图标、选项颜色等不影响数据的设置"),) if draft.document != draft.in_force else ()


async def _stranded(ctx: Context, old: Form | None, new: Form) -> tuple[str, ...]:
    """How many records stand in a state that the new version no longer has: they stay there, and no step leads on."""
    flow = old.flow if old else None
    if old is None or flow is None or new.flow is None or not ctx.can(old.name, "read"):
        return ()
    gone = [state for code, state in flow.states.items() if code not in new.flow.states]
    found = []
    for state in gone if flow.field == new.flow.field else ():
        query = Query(where=(Condition(flow.field, "eq", state.code),))
        number = await ctx.records.count(old.name, query, bound=BOUND)
        words = {"state": state.title, "n": f"{number.number}{'' if number.exact else '+'}"}
        found.append(_("删去状态“{state}”：现有 {n} 条停在那里，之后没有步骤可办，可先办理到别的状态", **words))
    return tuple(found)


async def _roles_with(ctx: Context, form: str) -> tuple[str, ...]:
    """Names of the roles that a new form falls to by their patterns; others must be granted it."""
    roles = await people.roles(ctx.db, ctx.tenant.id)
    return tuple(r.name for r in roles if any(matches(p, form) for rule in r.rules for p in rule["forms"]))


def findings_of(draft: Draft) -> tuple[str, ...]:
    """Where a newer module and the tenant's overlay meet, in words; () for the tenant's own forms."""
    if not draft.overlay or draft.base is None:
        return ()
    return tuple(finding.message for finding in overlays.findings(draft.base, draft.document))


async def _views_using(ctx: Context, form: Form, names: set[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Saved views whose query mentions a removed field. Rather one too many than one too few: it is only told."""
    found = []
    for view in await kept.views_of(ctx.db, ctx.tenant.id, form.name):
        words = _words_in(exact.loads(view["query"]))
        used = tuple(form.fields[name].title for name in form.fields if name in names and name in words)
        if used:
            found.append((view["name"], used))
    return tuple(found)


def _words_in(query: Any) -> set[str]:
    """Every word that could be a field in a saved query, whatever its shape: "amount:ge:100" speaks of amount."""
    if isinstance(query, Mapping):
        return {word for pair in query.items() for part in pair for word in _words_in(part)}
    if isinstance(query, list | tuple):
        return {word for part in query for word in _words_in(part)}
    if isinstance(query, str):
        return set(re.findall(r"[a-z][a-z0-9_]*", query))
    return set()


async def hidden_values(ctx: Context, form: str, path: str) -> str:
    """What becomes of the values of a field that was just removed, in words; "" where there are none."""
    draft = await open_draft(ctx, form)
    if not draft.fixed(path):
        return ""
    number, all_seen = await values_of(ctx.db, ctx.tenant.id, form, path, bound=QUICK_BOUND)
    if not number:
        return ""
    if all_seen:
        return _("发布后，已填的 {n} 个值保留但不再显示", n=number)
    return _("发布后，已填的值（超过 {n} 个）保留但不再显示", n=number)


async def publish(ctx: Context, form: str, *, note: str = "") -> Published:
    """Put the draft in force as a new version. Invalid names what is wrong, Conflict what somebody did meanwhile.

    Records are not touched: those that no longer fit stay readable as they are and must be put right when they
    are next changed. Lists read slowly, through JSON, where a slot is still being rebuilt.
    """
    may_change(ctx)
    draft = await open_draft(ctx, form)
    _refuse(ctx, draft)
    old = await _in_force(ctx, draft)
    new = draft_form(draft, lang=ctx.language)
    if not _changes(draft, old, new):
        raise Conflict(_("没有要发布的修改"))
    if old is not None and new.key and new.key != old.key:
        await _refuse_same_keys(ctx, old, new)
    async with ctx.db.write():
        await stored.bump(ctx.db, ctx.tenant.id)  # first, so that two who publish follow one another
        return await _publish(ctx, draft, old, note=" ".join(note.split())[:LONGEST_NOTE])


def _refuse(ctx: Context, draft: Draft) -> None:
    if not draft.stored:
        raise Conflict(_("没有要发布的修改"))
    problems = problems_of(ctx, draft)
    if problems:
        raise Invalid(problems, _("还有 {n} 处要改正，才能发布", n=len(problems)))


async def _refuse_same_keys(ctx: Context, old: Form, new: Form) -> None:
    fit = await fitness(ctx.db, ctx.access, old, new, bound=10**9)
    if fit.same_key:
        examples = _("、").join(fit.same_key_samples) or "—"
        text = _("有 {n} 条数据的唯一标识会与别的重复，请先改正，例如：{examples}", n=fit.same_key, examples=examples)
        raise Invalid([Problem(":key", "taken", text)])


async def _publish(ctx: Context, draft: Draft, old: Form | None, *, note: str) -> Published:
    tenant, form = ctx.tenant.id, draft.form
    versions = await stored.versions(ctx.db, tenant, form)
    latest = versions[0] if versions else None
    row = await kept.fetch(ctx.db, tenant, form, lock=True)
    if row is None or row["updated_at"] != draft.updated_at or (latest["version"] if latest else 0) != draft.version:
        raise Conflict(_("刚才有人修改或发布了这张表单，请重新查看后再发布"))
    body = _with_slots(draft, exact.loads(latest["body"]) if latest else None)
    number = draft.version + 1
    base = draft.base if draft.overlay else None
    new = compile_form(form, base or body, body if base else None, version=str(number))
    pending = await _pending(ctx, old, new, latest)
    if pending and await kept.count_records(ctx.db, tenant, form, bound=AT_ONCE + 1) <= AT_ONCE:
        await reindex_all(ctx.db, tenant, new)
        pending = frozenset()
    try:
        await stored.insert_version(
            ctx.db, tenant, form=form, version=number, kind=draft.kind, body=exact.dumps(body), note=note,
            by=ctx.member.id, pending=pending,
        )  # fmt: skip
    except UniqueViolation:
        raise Conflict(_("刚才有人修改或发布了这张表单，请重新查看后再发布")) from None
    await kept.drop(ctx.db, tenant, form)
    moved = other_formulas(old, new)
    if moved and await kept.has_records(ctx.db, tenant, form):
        await ctx.records.formulas_changed(form, moved)
    if pending:
        await enqueue_rebuild(ctx, form)
    return Published(form=new, version=number, rebuilding=pending)


def other_formulas(old: Form | None, new: Form) -> frozenset[str]:
    """The fields that stored records do not yet have as their new formulas say."""
    found = set()
    before = {**old.fields, **old.hidden} if old else {}
    for name, field in {**new.fields, **new.hidden}.items():
        was = before.get(name)
        columns = {column.name: column.formula for column in was.columns} if was else {}
        if any(column.formula and columns.get(column.name) != column.formula for column in field.columns):
            found.add(name)
        if field.formula and (was is None or was.formula != field.formula or was.decimals != field.decimals):
            found.add(name)
    return frozenset(found)


def _with_slots(draft: Draft, latest: Mapping[str, Any] | None) -> dict[str, Any]:
    if draft.overlay and draft.base is not None:  # who publishes has seen what the newer module changed
        seen = overlays.derive(draft.base, draft.definition, draft.hidden, previous=draft.document, accept=True)
        return assign_slots(seen, draft.base, previous=latest)
    return assign_slots({"type": "object", **draft.document}, latest)


KEY, SEARCH = "key", "search"  # stand beside slots among what is being rebuilt


async def _pending(
    ctx: Context, old: Form | None, new: Form, latest: Mapping[str, Any] | None
) -> frozenset[str]:
    """What must be rebuilt: slots that hold something else now, and what an earlier publish left unfinished."""
    if old is None or not await kept.has_records(ctx.db, ctx.tenant.id, new.name):
        return frozenset()
    unfinished = set(exact.loads(latest["pending"] or "[]")) if latest else set()
    changed = to_rebuild(old, new)
    in_use = {item.slot for item in (*new.fields.values(), *new.hidden.values()) if item.slot} | {KEY, SEARCH}
    return frozenset((changed | unfinished) & in_use)


def to_rebuild(old: Form, new: Form) -> frozenset[str]:
    """What is derived from the records of a form and is another in `new`: slots, KEY and SEARCH."""
    changed = changed_slots(old, new) | ({KEY} if old.key != new.key else set())
    return changed | ({SEARCH} if _searched(old) - _searched(new) else set())


def _searched(form: Form) -> set[tuple[str, str]]:
    """What full-text search finds records by: once some of it is gone, it must no longer find them by that."""
    fields = [(name, item) for name, item in form.fields.items()]
    fields += [(f"{name}.{column.name}", column) for name, item in fields for column in item.columns]
    return {(path, "") for path, _item in fields} | {(p, c.title) for p, item in fields for c in item.choices}


async def versions(ctx: Context, form: str) -> tuple[Version, ...]:
    """Every published version, newest first."""
    must_design(ctx)
    found = await stored.versions(ctx.db, ctx.tenant.id, form)
    writers = [row["published_by"] for row in found if row["published_by"]]
    names = await rows.member_names(ctx.db, ctx.tenant.id, writers)
    forms = [stored_form(ctx.catalogue, row, lang=ctx.language) for row in found]
    made = []
    for place, row in enumerate(found):
        new, old = forms[place], forms[place + 1] if place + 1 < len(found) else _shipped(ctx, form)
        changes = tuple(diff_definitions(old, new)) if new is not None else ()
        by = names.get(row["published_by"], "") if row["published_by"] else ""
        common = {"kind": row["kind"], "note": row["note"] or "", "at": row["published_at"]}
        made.append(Version(number=row["version"], by=by or _("系统"), changes=changes, **common))
    return tuple(made)


def _shipped(ctx: Context, form: str) -> Form | None:
    base = ctx.catalogue.forms.get(form)
    return compile_form(form, base, version="0", lang=ctx.language) if base is not None else None


async def version(ctx: Context, form: str, number: int) -> Form:
    """The form as it was in one version."""
    must_design(ctx)
    row = await stored.fetch(ctx.db, ctx.tenant.id, form, version=number)
    found = stored_form(ctx.catalogue, row, lang=ctx.language) if row else None
    if found is None:
        raise NotFound(_("没有第 {n} 版", n=number))
    return found


async def restore_version(ctx: Context, form: str, number: int) -> Draft:
    """Take an old version as the draft; nothing changes for users until it is published."""
    may_change(ctx)
    row = await stored.fetch(ctx.db, ctx.tenant.id, form, version=number)
    if row is None:
        raise NotFound(_("没有第 {n} 版", n=number))
    return await save_draft(ctx, form, exact.loads(row["body"]))


async def drop_form(ctx: Context, form: str) -> None:
    """Delete a form of the tenant's own that holds no record; for others there is hiding it from the menu."""
    may_change(ctx)
    if not form.startswith(OWN):
        raise Conflict(_("模块的表单不能删除；可以在“模块”里关闭整个模块"))
    async with ctx.db.write():
        await stored.bump(ctx.db, ctx.tenant.id)
        if await kept.has_records(ctx.db, ctx.tenant.id, form):
            raise Conflict(_("表单里还有数据（含回收站），不能删除；可以在表单设置里关闭“在菜单中显示”"))
        users = [other.title for other in ctx.forms.all() if other.name != form and _points_at(other, form)]
        if users:
            raise Conflict(_("这些表单还引用着它：{names}。请先改掉引用再删除", names=_("、").join(users)))
        await kept.drop(ctx.db, ctx.tenant.id, form)
        await kept.drop_definitions(ctx.db, ctx.tenant.id, form)


def _points_at(form: Form, target: str) -> bool:
    """Whether the form refers to `target`, or totals its records."""
    items = [*form.fields.values(), *form.hidden.values()]
    gathers = any(source_of(what.owner)[0] == target for what in plan_of(form).gathers)
    return gathers or any(item.ref == target for field in items for item in (field, *field.columns))
