"""What follows when a module comes in another version: its records are indexed anew, its formulas run again.

The installation remembers how the modules' forms were when it last started. It follows before it serves, so that no
list is sorted by what a column held before, and no value of an old formula is shown as fresh.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core import exact
from core.definitions.publishing import other_formulas, to_rebuild
from core.errors import Invalid
from core.forms import Form, compile_form
from core.people import tenants
from core.records import reindex_all
from core.store import definitions as stored
from core.store import drafts as counted
from core.store import installation

if TYPE_CHECKING:
    from core.context import Context
    from core.platform import Platform

FORMS, MARK = "forms", "forms mark"
_log = logging.getLogger("dougong.definitions")


async def keep_up(platform: Platform) -> None:
    """Bring what is stored of the modules' forms up to how they are now."""
    forms = {name: _bare(body) for name, body in platform.catalogue.forms.items()}
    text = exact.canonical(forms)
    mark = hashlib.sha256(text.encode()).hexdigest()
    if await installation.recall(platform.db, MARK) == mark:
        return
    before = exact.loads(await installation.recall(platform.db, FORMS) or "{}")
    moved = {name: before[name] for name, body in forms.items() if before.get(name, body) != body}
    for tenant in await tenants(platform.db) if moved else ():
        await _follow(platform, await platform.context_for(tenant.id, None, "zh"), moved)
    async with platform.db.write():
        # a module whose folder is gone may come back: what it was like is kept
        await installation.remember(platform.db, FORMS, exact.canonical({**before, **forms}))
        await installation.remember(platform.db, MARK, mark)


def _bare(body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != "x-translations"}


async def _follow(platform: Platform, ctx: Context, moved: Mapping[str, Mapping[str, Any]]) -> None:
    db, tenant = ctx.db, ctx.tenant.id
    overlays = {row["form"]: row for row in await stored.latest(db, tenant)}
    for name, before in moved.items():
        if not await counted.has_records(db, tenant, name):
            continue
        overlay = exact.loads(overlays[name]["body"]) if name in overlays else None
        version = str(overlays[name]["version"]) if name in overlays else "0"
        new = compile_form(name, platform.catalogue.forms[name], overlay, version=version)
        old = _as_it_was(name, before, overlay)
        if old is None or to_rebuild(old, new):
            number = await reindex_all(db, tenant, new)
            _log.info("module form %s has changed: %s records of %s are indexed anew", name, number, ctx.tenant.code)
        if formulas := other_formulas(old, new):
            async with db.write():
                await ctx.records.formulas_changed(name, formulas)


def _as_it_was(name: str, body: Mapping[str, Any], overlay: Mapping[str, Any] | None) -> Form | None:
    """None where this version can make nothing of it any more: then everything is done anew."""
    try:
        return compile_form(name, body, overlay, version="0")
    except (Invalid, KeyError, TypeError, ValueError):
        return None
