"""The application: modules, interface, API and web put together into one ASGI callable."""

from __future__ import annotations

import asyncio
import importlib
import logging
import signal
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from litestar import Litestar
from litestar.response import Response

from core import api
from core.hooks import ModuleFailed
from core.platform import Platform, load
from core.settings import Settings
from core.web import assemble, get

if TYPE_CHECKING:
    from core.hooks import Modules

INTERFACE = "ui"  # the package that serves the pages; found by name, so that core does not depend on it
CLOSING = getattr(signal, "SIGUSR1", None)  # Windows has none: open streams there end by themselves, or are cut off
WEB = Path(__file__).parent / "web"


def create_app(settings: Settings | None = None, *, more: Mapping[str, Any] | None = None) -> Litestar:
    """The application for `settings` (else from the environment). Loads every module; opens nothing yet.

    `more`: plugins by name beside those found, for tests.
    """
    settings = settings or Settings.from_environment()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    interface = importlib.import_module(INTERFACE)
    catalogue, modules = load(settings, more={INTERFACE: interface, **(more or {})})
    folders = _folders(modules)
    site = [settings.site_dir] if settings.site_dir else []
    web = assemble(
        settings,
        templates=[*(folder / "templates" for folder in site + list(folders.values())), WEB / "templates"],
        static={"": [folders[INTERFACE] / "static"]}
        | {f"{name}/": [folder / "static"] for name, folder in folders.items() if (folder / "static").is_dir()},
        reload=False,
    )

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        platform = await Platform.open(settings, (catalogue, modules))
        app.state.platform = platform
        await platform.start()
        stop_watching = _watch(platform.house.closing)
        try:
            yield
        finally:
            stop_watching()
            await platform.close()

    return web.dress(Litestar(route_handlers=_routes(modules), lifespan=[lifespan], **web.arguments()))


def _watch(closing: asyncio.Event) -> Callable[[], Any]:
    """Set `closing` at CLOSING, which `dougong serve` sends before it ends; gives what undoes this.

    The server waits for open answers before it closes the application, so that closing alone would come too late.
    """
    loop = asyncio.get_running_loop()
    if CLOSING is None or threading.current_thread() is not threading.main_thread():
        return lambda: None
    loop.add_signal_handler(CLOSING, closing.set)
    return lambda: loop.remove_signal_handler(CLOSING)


def _folders(modules: Modules) -> dict[str, Path]:
    """Where each plugin's templates and static files lie; modules first, the interface last."""
    names = sorted(modules.plugins, key=lambda name: (name == INTERFACE, name))
    files = {name: getattr(modules.plugins[name], "__file__", None) for name in names}
    return {name: Path(file).parent for name, file in files.items() if file}


def _routes(modules: Modules) -> Sequence[Any]:
    """The routes of all; those of a module remember it, so that they are gone where it is off."""
    routes: list[Any] = [health, *api.routes]
    for name, found in modules.routes():
        for route in found:
            if name in modules.manifests:
                _check_place(name, route)
                route.opt["module"] = name
            routes.append(route)
    return routes


def _check_place(name: str, route: Any) -> None:
    for path in route.paths:
        if path != f"/{name}" and not path.startswith(f"/{name}/"):
            raise ModuleFailed(f"module {name!r}: route {path} must lie under /{name}")


@get("/healthz", permission="public")
async def health() -> Response[dict[str, str]]:
    """For load balancers: the process answers. Says nothing about any tenant."""
    return Response({"status": "ok"})
