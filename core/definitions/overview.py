"""The list of a tenant's forms as its designer sees it: own and of modules, drafts, counts, what is being rebuilt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core import exact
from core.definitions import overlays
from core.definitions.drafts import OWN, must_design
from core.definitions.model import FormState
from core.definitions.rebuild import progress
from core.forms import merge
from core.store import definitions as stored
from core.store import drafts as kept

if TYPE_CHECKING:
    from core.context import Context

COUNTED = 10_000  # beyond, a list says "more than"


async def overview(ctx: Context) -> tuple[FormState, ...]:
    """The tenant's own forms by title, then those of modules that are on, in menu order."""
    must_design(ctx)
    tenant = ctx.tenant.id
    published = {row["form"]: row for row in await stored.latest(ctx.db, tenant)}
    drafts = {row["form"]: row for row in await kept.every(ctx.db, tenant)}
    own = {name for name in (*published, *drafts) if name.startswith(OWN)}
    states = [await _own(ctx, name, published.get(name), drafts.get(name)) for name in own]
    states.sort(key=lambda state: (state.title, state.form))
    for module in ctx.modules:
        for short in module.forms if module.name in ctx.enabled else ():
            name = f"{module.name}.{short}"
            states.append(await _shipped(ctx, name, published.get(name), drafts.get(name)))
    return tuple(states)


async def _counted(ctx: Context, form: str) -> dict[str, Any]:
    number = await kept.count_records(ctx.db, ctx.tenant.id, form, bound=COUNTED + 1)
    return {"records": min(number, COUNTED), "records_exact": number <= COUNTED}


async def _rebuilding(ctx: Context, row: Mapping[str, Any] | None) -> int | None:
    if row is None or (row["pending"] or "[]") == "[]":
        return None
    return await progress(ctx, row["form"]) or 0


async def _own(
    ctx: Context, name: str, row: Mapping[str, Any] | None, draft: Mapping[str, Any] | None
) -> FormState:
    body = exact.loads(draft["body"])["document"] if draft else exact.loads(row["body"]) if row else {}
    changed_at = draft["updated_at"] if draft else row["published_at"] if row else None
    return FormState(
        form=name, kind="form", title=body.get("title", name), icon=body.get("x-icon", "file"),
        version=row["version"] if row else 0, fields=len(body.get("properties", {})), draft=draft is not None,
        menu=body.get("x-menu", True), changed_at=changed_at, rebuilding=await _rebuilding(ctx, row),
        **(await _counted(ctx, name) if row else {}),
    )  # fmt: skip


async def _shipped(
    ctx: Context, name: str, row: Mapping[str, Any] | None, draft: Mapping[str, Any] | None
) -> FormState:
    base = ctx.catalogue.forms[name]
    overlay = exact.loads(draft["body"])["document"] if draft else exact.loads(row["body"]) if row else overlays.EMPTY
    merged, form = merge(base, overlay), ctx.forms.find(name)
    others = [item for item in overlay.get("items", ()) if item.get("op") != "add"]
    changed_at = draft["updated_at"] if draft else row["published_at"] if row else None
    return FormState(
        form=name, kind="overlay", title=form.title if form else base.get("title", name),
        icon=base.get("x-icon", "file"), version=row["version"] if row else 0,
        fields=len(merged.definition["properties"]) - len(merged.hidden), draft=draft is not None,
        changed_at=changed_at, rebuilding=await _rebuilding(ctx, row), added=len(merged.added), changed=len(others),
        findings=len(overlays.findings(base, overlay)), **await _counted(ctx, name),
    )  # fmt: skip
