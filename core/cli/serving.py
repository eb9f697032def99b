"""The command that serves pages and the API: serve."""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import socket
import sys
from contextlib import suppress
from typing import Any

from core.cli.running import command
from core.errors import Invalid, Problem
from core.settings import Settings


def add(commands: Any) -> None:
    serve = command(
        commands, "serve", "serve pages and the API",
        details="Brings the database up to date first. Stops on Ctrl+C, after the requests under way.",
        examples="  dougong serve --demo\n  dougong serve --host 0.0.0.0 --port 80\n"
        "  DATABASE_URL=postgres://dougong:secret@db/dougong dougong serve --workers 4",
    )  # fmt: skip
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    serve.add_argument("--port", type=int, default=8000, help="port to listen on (default %(default)s)")
    serve.add_argument(
        "--workers", type=int, default=1,
        help="server processes (default %(default)s); several need PostgreSQL, and each opens DOUGONG_POOL_SIZE "
        "connections",
    )  # fmt: skip
    serve.add_argument("--demo", action="store_true", help="make two demo tenants first, if there is no tenant yet")
    serve.set_defaults(run=_serve)


def _serve(options: argparse.Namespace) -> int:
    from granian import Granian  # here, so that other commands do not load a server

    from core.app import CLOSING

    class _Server(Granian):
        """Tells its workers first: they wait for open answers, and a stream of events never ends by itself."""

        def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:
            for child in multiprocessing.active_children() if CLOSING is not None else ():
                with suppress(ProcessLookupError):
                    os.kill(child.pid or 0, CLOSING)
            super().signal_handler_interrupt(*args, **kwargs)

    settings = Settings.from_environment()
    if options.workers < 1:
        raise Invalid([Problem("workers", "range", "--workers: at least one process serves")])
    if options.workers > 1 and settings.database_url.startswith("sqlite:"):
        words = "several server processes need PostgreSQL: SQLite is written by one. See DATABASE_URL in dougong --help"
        raise Invalid([Problem("workers", "engine", words)])
    _check_free(options.host, options.port)
    asyncio.run(_prepare(settings, demo=options.demo, at=f"http://{options.host}:{options.port}"))
    # the parent's migrations are done: workers only open the database
    server = _Server(
        "core.app:create_app",
        factory=True,
        address=options.host,
        port=options.port,
        interface="asgi",
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        workers=options.workers,
        workers_kill_timeout=5,
        websockets=False,
        log_level="warning",
    )
    server.serve()
    return 0


def _check_free(host: str, port: int) -> None:
    """The server itself would share the port with another one, and requests would go to either."""
    try:
        family, kind, _protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise SystemExit(
            f"dougong: cannot listen on {host}:{port}: {error.strerror or error}. Is it running already? "
            "Choose another with --port (make serve PORT=9000)."
        ) from None


async def _prepare(settings: Settings, *, demo: bool, at: str) -> None:
    from core.demo import LOGINS, PASSWORD, TENANTS, make_demo
    from core.platform import Platform

    platform = await Platform.open(settings)
    try:
        if demo:
            print(
                "Preparing the demo …" if not await _has_tenants(platform) else "The data of last time is kept.",
                flush=True,
            )
            await make_demo(platform)
    finally:
        await platform.close()
    print(f"\n  Dougong 斗拱   {at}\n", flush=True)
    if demo:
        names = dict(TENANTS)
        for who in LOGINS:
            place = " / ".join(names[t] for t in who.tenants) or f"{at}/operator"
            print(f"    {who.login:<8} {PASSWORD}   {who.name} · {place}", flush=True)
        print("\n  Ctrl+C stops it.\n", flush=True)


async def _has_tenants(platform) -> bool:
    from core import people

    return bool(await people.tenants(platform.db))
