"""Commands that look after an installation: migrate, check, verify, reindex, bench."""

from __future__ import annotations

import argparse
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from core import exact
from core.cli.running import chosen, command, progress, with_platform
from core.errors import NotFound
from core.settings import ROOT, Settings

if TYPE_CHECKING:
    from core.people import Tenant
    from core.platform import Platform

ALL_TENANTS = "code of one tenant; all of them without it"


def add(commands: Any) -> None:
    migrate = command(
        commands, "migrate", "bring the database up to date",
        details="`serve` does it by itself; several processes may do it at once.",
        examples="  dougong migrate\n  DATABASE_URL=postgres://dougong:secret@db/dougong dougong migrate",
    )  # fmt: skip
    migrate.set_defaults(run=_migrate)
    check = command(
        commands, "check", "check every form and module, and what tenants have stored",
        details="Names the file, or the tenant and form, and what is wrong with it. Without a database: --files.",
        examples="  dougong check\n  dougong check --tenant linxi\n  DOUGONG_SCHEMAS=/srv/forms dougong check --files",
    )  # fmt: skip
    check.add_argument("--tenant", help=ALL_TENANTS)
    check.add_argument("--files", action="store_true", help="only the files of modules: opens no database")
    check.set_defaults(run=_check)
    verify = command(
        commands, "verify", "look for edited, removed or reordered history",
        details="Exit code 1 where something is found.",
        examples="  dougong verify\n  dougong verify --tenant linxi",
    )  # fmt: skip
    verify.add_argument("--tenant", help=ALL_TENANTS)
    verify.set_defaults(run=_verify)
    reindex = command(
        commands, "reindex", "rebuild search and sorting from the records themselves",
        details="Records stay as they are; may run while others work.",
        examples="  dougong reindex\n  dougong reindex --tenant linxi",
    )  # fmt: skip
    reindex.add_argument("--tenant", help=ALL_TENANTS)
    reindex.set_defaults(run=_reindex)
    bench = command(
        commands, "bench", "measure the speed of this machine; needs a clone with its tests",
        details="What follows is passed on to `python -m tests.bench`.",
        examples="  dougong bench --help\n  dougong bench",
    )  # fmt: skip
    bench.add_argument("arguments", nargs=argparse.REMAINDER, help="options of the benchmark")
    bench.set_defaults(run=_bench)


def _migrate(options: argparse.Namespace) -> int:
    async def work(platform: Platform) -> int:
        print("The database is up to date.")
        return 0

    return with_platform(work)


def _check(options: argparse.Namespace) -> int:
    """Loading is the check of the files: what is wrong stops it, named."""
    from core.platform import load

    catalogue, _modules = load(Settings.from_environment())
    print(f"{len(catalogue.manifests)} modules and {len(catalogue.forms)} forms are right.")
    return 0 if options.files else with_platform(lambda platform: _check_stored(platform, options.tenant))


async def _check_stored(platform: Platform, code: str | None) -> int:
    wrong = 0
    for tenant in await chosen(platform, code):
        found = await _faults(platform, tenant)
        wrong += len(found)
        for fault in found:
            print(f"{tenant.code}: {fault}")
        if not found:
            print(f"{tenant.code}: right")
    return 1 if wrong else 0


async def _faults(platform: Platform, tenant: Tenant) -> list[str]:
    """What is wrong with a tenant's published forms, with the modules that are here."""
    from core.store import definitions as stored

    rows = await stored.latest(platform.db, tenant.id)
    known = {row["form"] for row in rows} | platform.catalogue.forms.keys()
    return [
        f"{row['form']} version {row['version']}: {words}"
        for row in rows
        for words in _wrong(platform.catalogue.forms.get(row["form"]), row, known)
    ]


def _wrong(base: Any, row: Any, known: set[str]) -> list[str]:
    from core.forms import apply_overlay, check_definition

    body = exact.loads(row["body"])
    if row["kind"] == "overlay":
        if base is None:
            return ["its module is not here"]
        body = apply_overlay(base, body)
    if isinstance(body, dict):
        body = {key: value for key, value in body.items() if key != "x-translations"}
    return [f"{one.field}: {one.message}" for one in check_definition(body, name=row["form"], known_forms=known)]


def _verify(options: argparse.Namespace) -> int:
    from core.records import seal, verify

    async def work(platform: Platform) -> int:
        wrong = 0
        for tenant in await chosen(platform, options.tenant):
            await seal(platform.db, tenant.id)
            findings = await verify(platform.db, tenant.id)
            wrong += len(findings)
            said = f"{len(findings)} findings, the first: {findings[0]}" if findings else "intact"
            print(f"{tenant.code}: {said}", flush=True)
        return 1 if wrong else 0

    return with_platform(work)


def _reindex(options: argparse.Namespace) -> int:
    async def work(platform: Platform) -> int:
        for tenant in await chosen(platform, options.tenant):
            await rebuild(platform, tenant)
        return 0

    return with_platform(work)


async def rebuild(platform: Platform, tenant: Tenant) -> None:
    from core.definitions import rebuild_all

    total: dict[str, int] = {}
    async for form, done in rebuild_all(platform, tenant.id):
        total[form] = done
        progress(f"{tenant.code}: {form} {done:,}")
    progress("")
    print(f"{tenant.code}: {sum(total.values()):,} records of {len(total)} forms are indexed anew")


def _bench(options: argparse.Namespace) -> int:
    if not (ROOT / "tests" / "bench").is_dir():
        raise NotFound(f"{ROOT / 'tests' / 'bench'} is not here: the benchmark comes with a clone of the repository")
    return subprocess.run([sys.executable, "-m", "tests.bench", *options.arguments], cwd=ROOT, check=False).returncode
