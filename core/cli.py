"""The command `dougong`: what an operator does from a shell; pages and the API are elsewhere."""

from __future__ import annotations

import argparse
import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable

from core.errors import DougongError
from core.settings import Settings

HELP = """examples:
  dougong serve --demo            serve on http://127.0.0.1:8000 with two demo tenants
  dougong tenant linxi "Linxi works office" --admin wang --name "Wang Zhiqiang"
                                  open a tenant; prints its administrator's first password
  dougong migrate                 bring the database up to date and stop
  dougong check                   read every form and module; say what is wrong with which file
  dougong verify                  look for edited, removed or reordered history, in every tenant
  dougong reindex                 rebuild search and sorting from the records themselves

The database is DATABASE_URL (sqlite:///path or postgres://user:password@host/name), else SQLite in ./var."""


def main(arguments: list[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    try:
        sys.exit(options.run(options) or 0)
    except DougongError as error:
        sys.exit(f"dougong: {error.message}")
    except KeyboardInterrupt:
        sys.exit(130)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dougong", description="Dougong 斗拱", epilog=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    serve = commands.add_parser("serve", help="serve pages and the API")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    serve.add_argument("--port", type=int, default=8000, help="port to listen on (default %(default)s)")
    serve.add_argument("--demo", action="store_true", help="make two demo tenants first, if there is no tenant yet")
    serve.set_defaults(run=_serve)
    tenant = commands.add_parser("tenant", help="open a tenant with its administrator")
    tenant.add_argument("code", help="short name: small letters, digits, hyphens")
    tenant.add_argument("title", help="the tenant's name, as everybody sees it")
    tenant.add_argument("--admin", required=True, metavar="LOGIN", help="log-in of its administrator, new or known")
    tenant.add_argument("--name", help="the administrator's name (default: the log-in)")
    tenant.set_defaults(run=_tenant)
    for name, work, text in (
        ("migrate", _migrate, "bring the database up to date"),
        ("check", _check, "check every form and module"),
        ("verify", _verify, "check the history of every tenant"),
        ("reindex", _reindex, "rebuild search and sorting"),
    ):
        command = commands.add_parser(name, help=text)
        command.set_defaults(run=work)
        if name in ("verify", "reindex"):
            command.add_argument("--tenant", help="code of one tenant; all of them without it")
    return parser


def _serve(options: argparse.Namespace) -> int:
    from granian import Granian  # here, so that other commands do not load a server

    settings = Settings.from_environment()
    _check_free(options.host, options.port)
    asyncio.run(_prepare(settings, demo=options.demo, at=f"http://{options.host}:{options.port}"))
    # the parent's migrations are done: workers only open the database
    server = Granian(
        "core.app:create_app",
        factory=True,
        address=options.host,
        port=options.port,
        interface="asgi",
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        workers=1,
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
            print(
                f"    {who.login:<8} {PASSWORD}   {who.name} · {' / '.join(names[t] for t in who.tenants)}", flush=True
            )
        print("\n  Ctrl+C stops it.\n", flush=True)


async def _has_tenants(platform) -> bool:
    from core import people

    return bool(await people.tenants(platform.db))


def _tenant(options: argparse.Namespace) -> int:
    from core import people

    async def work(platform, tenants) -> int:
        db = platform.db
        async with db.write():
            id = await people.create_tenant(db, code=options.code, name=options.title)
            access = people.system_access(await people.tenant(db, id))
            role = next(role.id for role in await people.roles(db, id) if role.code == "admin")
            name = options.name or options.admin
            _member, password = await people.invite(
                db, access, login=options.admin, name=name, roles=[role], department=None
            )
        print(f"Tenant {options.code} is open. Its administrator signs in as {options.admin}", end="")
        print(f", first password {password}" if password else " with the password of that account")
        return 0

    return _with_platform(work, None)


def _migrate(options: argparse.Namespace) -> int:
    async def work(platform, tenants) -> int:
        print("The database is up to date.")
        return 0

    return _with_platform(work, None)


def _check(options: argparse.Namespace) -> int:
    """Loading is the check: what is wrong stops it, named."""
    from core.forms import load_modules
    from core.hooks import Modules, find_plugins

    catalogue = load_modules([Settings.from_environment().schemas_dir])
    Modules(catalogue.manifests, find_plugins(catalogue.manifests))
    print(f"{len(catalogue.manifests)} modules and {len(catalogue.forms)} forms are right.")
    return 0


def _verify(options: argparse.Namespace) -> int:
    from core.records import seal, verify

    async def work(platform, tenants) -> int:
        await seal(platform.db)
        wrong = 0
        for tenant in tenants:
            findings = await verify(platform.db, tenant.id)
            wrong += len(findings)
            print(
                f"{tenant.code}: " + (f"{len(findings)} findings, the first: {findings[0]}" if findings else "intact")
            )
        return 1 if wrong else 0

    return _with_platform(work, options.tenant)


def _reindex(options: argparse.Namespace) -> int:
    from core.definitions import rebuild_all

    async def work(platform, tenants) -> int:
        for tenant in tenants:
            async for form, done in rebuild_all(platform, tenant.id):
                print(f"\r{tenant.code}: {form} {done}", end="", flush=True)
            print(f"\r{tenant.code}: done" + " " * 40)
        return 0

    return _with_platform(work, options.tenant)


def _with_platform(work: Callable[..., Awaitable[int]], tenant: str | None) -> int:
    from core import people
    from core.platform import Platform

    async def run() -> int:
        platform = await Platform.open(Settings.from_environment())
        try:
            tenants = await people.tenants(platform.db)
            chosen = [t for t in tenants if tenant in (None, t.code)]
            if tenant and not chosen:
                raise SystemExit(f"dougong: there is no tenant {tenant!r}; known: {', '.join(t.code for t in tenants)}")
            return await work(platform, chosen)
        finally:
            await platform.close()

    return asyncio.run(run())
