"""The pages, as the module named "ui": gathers the routes of every file in ui.pages; draws nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from core import hookimpl
from core.i18n import add_catalogue

add_catalogue(Path(__file__).parent / "locale")


@hookimpl
def register_routes() -> Sequence[Any]:
    """Each file of `ui/pages` lists its own handlers in `routes`."""
    import ui.pages

    found = [import_module(f"ui.pages.{module.name}") for module in iter_modules(ui.pages.__path__)]
    return [route for module in sorted(found, key=lambda page: page.__name__) for route in module.routes]
