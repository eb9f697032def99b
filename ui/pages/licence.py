"""The tenant's own licence, for its administrators: what it allows, how long, who has a seat, what the operator did."""

from __future__ import annotations

from typing import Any

from litestar import Response

from core import people
from core.context import Context
from core.web import get, page
from ui import licensing

ACTS = 30


@get("/admin/licence", permission="admin:modules")
async def licence_page(ctx: Context) -> Response[Any]:
    titles = {manifest.name: manifest.title(ctx.language) for manifest in ctx.modules}
    acts = await people.acts(ctx.db, about=ctx.tenant.id, limit=ACTS)
    values = {
        "licence": ctx.tenant.licence,
        "standing": ctx.standing,
        "edition": licensing.edition(ctx.tenant.licence),
        "state": licensing.state(ctx.tenant, ctx.standing),
        "ends": licensing.ends(ctx.tenant.licence, ctx.standing),
        "used": await people.seats_used(ctx.db, ctx.tenant.id),
        "modules": [(title, name in ctx.licensed, name in ctx.enabled) for name, title in titles.items()],
        "acts": [(act, licensing.told(act, titles)) for act in acts],
    }
    return page(ctx, "licence/licence.html", values)


routes = [licence_page]
