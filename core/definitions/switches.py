"""Switching modules on and off for one tenant: what a module offers and needs, its roles, its settings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from core import exact, people
from core.definitions.drafts import OWN
from core.definitions.model import ModuleState
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.forms import Form, check, clean, settings_form
from core.i18n import _
from core.store import definitions as stored
from core.store import drafts as kept

if TYPE_CHECKING:
    from core.context import Context
    from core.hooks import Manifest

COUNTED = 10_000


def must_switch(ctx: Context) -> None:
    if not ctx.may("modules"):
        raise Forbidden(_("打开或关闭模块需要“模块”权限，请联系系统管理员"))


async def states(ctx: Context) -> tuple[ModuleState, ...]:
    """Every module that was found, in name order, then those that are gone but have left something behind."""
    must_switch(ctx)
    rows = {row["module"]: row for row in await stored.switches(ctx.db, ctx.tenant.id)}
    codes = {role.code for role in await people.roles(ctx.db, ctx.tenant.id)}
    found = [await _state(ctx, manifest, rows.get(manifest.name), codes) for manifest in ctx.modules]
    return (*found, *await _missing(ctx, rows))


async def state(ctx: Context, module: str) -> ModuleState:
    """One module; NotFound where it is neither installed nor has left anything."""
    for found in await states(ctx):
        if found.name == module:
            return found
    raise NotFound(_("没有模块 {module}", module=module))


async def _state(
    ctx: Context, manifest: Manifest, row: Mapping[str, Any] | None, codes: Collection[str]
) -> ModuleState:
    titles = {other.name: other.title(ctx.language) for other in ctx.modules}
    forms = []
    for short in manifest.forms:
        name = f"{manifest.name}.{short}"
        forms.append(await _form_line(ctx, name))
    return ModuleState(
        name=manifest.name,
        manifest=manifest,
        enabled=manifest.name in ctx.enabled,
        licensed=manifest.name in ctx.licensed,
        forms=tuple(forms),
        pages=ctx.found.pages_of(manifest.name),
        hooks=ctx.found.hooks_of(manifest.name),
        roles=tuple((role["code"], role["title"], role["code"] in codes) for role in manifest.roles),
        needs=tuple((name, titles.get(name, name), name in ctx.enabled) for name in manifest.requires),
        needed_by=tuple(
            (other.name, other.title(ctx.language)) for other in ctx.modules
            if other.name in ctx.enabled and manifest.name in other.requires
        ),
        own_references=_own_references(ctx, manifest.name),
        has_settings=bool(manifest.settings.get("properties")),
        counted_exactly=all(number <= COUNTED for *_rest, number in forms),
        switched_at=row["at"] if row else None,
    )  # fmt: skip


async def _form_line(ctx: Context, name: str) -> tuple[str, str, int, int]:
    base = ctx.catalogue.forms[name]
    words = base.get("x-translations", {}).get(ctx.language, {})
    number = await kept.count_records(ctx.db, ctx.tenant.id, name, bound=COUNTED + 1)
    return name, words.get("title") or base["title"], len(base["properties"]), number


def _own_references(ctx: Context, module: str) -> tuple[str, ...]:
    """Titles of the tenant's own forms that refer to a form of the module."""
    found = []
    for form in ctx.forms.all():
        fields = [item for field in form.fields.values() for item in (field, *field.columns)]
        if form.name.startswith(OWN) and any((item.ref or "").startswith(f"{module}.") for item in fields):
            found.append(form.title)
    return tuple(found)


async def _missing(ctx: Context, rows: Mapping[str, Mapping[str, Any]]) -> list[ModuleState]:
    """Modules whose folder is gone: what they left is counted, so that nobody believes it lost."""
    known = {manifest.name for manifest in ctx.modules}
    left: dict[str, list[tuple[str, str, int, int]]] = {name: [] for name in rows if name not in known}
    for form in await kept.forms_with_records(ctx.db, ctx.tenant.id):
        module = form.partition(".")[0]
        if module not in known and not form.startswith(OWN):
            number = await kept.count_records(ctx.db, ctx.tenant.id, form, bound=COUNTED + 1)
            left.setdefault(module, []).append((form, form, 0, number))
    return [
        ModuleState(
            name=name, manifest=None, enabled=bool(name in rows and rows[name]["enabled"]), forms=tuple(forms),
            counted_exactly=all(number <= COUNTED for *_rest, number in forms),
            switched_at=rows[name]["at"] if name in rows else None,
        )
        for name, forms in sorted(left.items())
    ]  # fmt: skip


async def switch(
    ctx: Context, module: str, on: bool, *, roles: Collection[str] | None = None, together: bool = False
) -> None:
    """Switch a module on or off for the tenant, at once. Data is neither made nor changed.

    Switching on makes the offered `roles` (codes; None: all) that are not there yet. A module that needs others
    is refused while those are off, and one that others need while those are on, unless `together`.
    """
    must_switch(ctx)
    people.must_write(ctx.tenant)
    manifest = next((m for m in ctx.modules if m.name == module), None)
    if manifest is None and on:
        raise NotFound(_("没有安装模块 {module}，无法打开", module=module))
    if manifest is not None and on and module not in ctx.licensed:
        raise Forbidden(_("本单位的授权不含“{title}”，请联系平台运营方", title=manifest.title(ctx.language)))
    if manifest is None:
        if all(row["module"] != module for row in await stored.switches(ctx.db, ctx.tenant.id)):
            raise NotFound(_("没有模块 {module}", module=module))
        others: list[Manifest] = []
    else:
        others = _needed(ctx, manifest) if on else _needing(ctx, manifest)
    if others and not together:
        _refuse(ctx, manifest, others, on)
    async with ctx.db.write():
        await stored.bump(ctx.db, ctx.tenant.id)  # first: whoever switches or publishes follows one another
        for other in others:
            await _switch_one(ctx, other.name, other, on, None)
        await _switch_one(ctx, module, manifest, on, roles)


def switched_together(ctx: Context, module: str, on: bool) -> tuple[Manifest, ...]:
    """The other modules that would have to be switched with `module`; Conflict where one it needs is not installed."""
    must_switch(ctx)
    manifest = next((m for m in ctx.modules if m.name == module), None)
    return () if manifest is None else tuple(_needed(ctx, manifest) if on else _needing(ctx, manifest))


def _refuse(ctx: Context, manifest: Manifest | None, others: list[Manifest], on: bool) -> None:
    names = _("、").join(f"“{other.title(ctx.language)}”" for other in others)
    title = manifest.title(ctx.language) if manifest else ""
    if on:
        raise Conflict(_("“{title}”需要先打开 {names}", title=title, names=names))
    raise Conflict(_("“{title}”正被 {names} 使用，请先关闭它们", title=title, names=names))


async def _switch_one(
    ctx: Context, module: str, manifest: Manifest | None, on: bool, roles: Collection[str] | None
) -> None:
    await stored.set_switch(ctx.db, ctx.tenant.id, module, on, by=ctx.member.id)
    if on and manifest is not None:
        await _make_roles(ctx, manifest, roles)


def _needed(ctx: Context, manifest: Manifest) -> list[Manifest]:
    """Modules that must come on first, those that they need in turn before them."""
    known = {other.name: other for other in ctx.modules}
    found: list[Manifest] = []

    def visit(one: Manifest) -> None:
        for name in one.requires:
            other = known.get(name)
            if other is None:
                text = _("“{title}”需要模块 {name}，而它没有安装", title=one.title(ctx.language), name=name)
                raise Conflict(text)
            if name not in ctx.enabled and other not in found:
                visit(other)
                found.append(other)

    visit(manifest)
    return found


def _needing(ctx: Context, manifest: Manifest) -> list[Manifest]:
    """Modules that are on and need this one, directly or through others; the outermost first."""
    found: list[Manifest] = []

    def visit(name: str) -> None:
        for other in ctx.modules:
            if name in other.requires and other.name in ctx.enabled and other not in found:
                visit(other.name)
                found.append(other)

    visit(manifest.name)
    return found


async def _make_roles(ctx: Context, manifest: Manifest, wanted: Collection[str] | None) -> None:
    """The roles a module offers. One that is there, perhaps changed by the tenant, stays as it is."""
    there = await people.roles(ctx.db, ctx.tenant.id)
    codes, names = {role.code for role in there}, {role.name for role in there}
    for role in manifest.roles:
        if role["code"] in codes or (wanted is not None and role["code"] not in wanted):
            continue
        name = role["title"] if role["title"] not in names else f"{role['title']}（{manifest.title('zh')}）"
        await people.create_role(
            ctx.db, ctx.access, name=name, rules=role.get("rules", ()), permissions=role.get("permissions", ()),
            code=role["code"], module=manifest.name,
        )  # fmt: skip
        codes.add(role["code"])
        names.add(name)


def settings_of(ctx: Context, module: str) -> Form:
    """The settings of a module as a form; NotFound where it is off or has none."""
    must_switch(ctx)
    manifest = next((m for m in ctx.modules if m.name == module and module in ctx.enabled), None)
    form = settings_form(manifest, ctx.language) if manifest else None
    if form is None:
        raise NotFound(_("这个模块没有打开，或没有可以设置的内容"))
    return form


async def change_settings(ctx: Context, module: str, values: Mapping[str, Any]) -> None:
    """Keep the tenant's settings for a module; Invalid names each that is wrong."""
    people.must_write(ctx.tenant)
    form = settings_of(ctx, module)
    tidy = clean(form, values)
    problems = check(form, tidy)
    if problems:
        raise Invalid(problems)
    async with ctx.db.write():
        await stored.bump(ctx.db, ctx.tenant.id)
        await stored.set_settings(ctx.db, ctx.tenant.id, module, exact.loads(exact.dumps(tidy)))
