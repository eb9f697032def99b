"""The pages, as the module named "ui": gathers the routes of every file in ui.pages; draws nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from core import Context, Panel, _, hookimpl
from core.i18n import add_catalogue

add_catalogue(Path(__file__).parent / "locale")
PANEL = 6  # alerts shown on the home page


@hookimpl
def register_routes() -> Sequence[Any]:
    """Each file of `ui/pages` lists its own handlers in `routes`."""
    import ui.pages

    found = [import_module(f"ui.pages.{module.name}") for module in iter_modules(ui.pages.__path__)]
    return [route for module in sorted(found, key=lambda page: page.__name__) for route in module.routes]


@hookimpl
async def home_panels(ctx: Context) -> Sequence[Panel] | None:
    """What is wrong today, before anything the modules show; nothing where nothing is wrong."""
    counts = await ctx.alerts.counts()
    if not sum(counts.values()):
        return None
    data = {"counts": counts, "alerts": await ctx.alerts.open(limit=PANEL)}
    return [Panel(_("今天有什么问题"), "alerts/home.html", data, order=0)]
