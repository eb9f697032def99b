"""Commands that keep everything safe: backup, restore."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import Any

from core.cli.running import command, progress
from core.cli.upkeep import rebuild
from core.errors import Conflict, NotFound
from core.settings import Settings


def add(commands: Any) -> None:
    backup = command(
        commands, "backup", "write everything to one file, while the installation serves",
        details="Rows as of one instant, the uploaded files they name, and a manifest of hashes. The file holds "
        "everybody's data: keep it as safe as the database. The installation's secret is not in it: keep "
        "DOUGONG_SECRET, or the file `secret` in DOUGONG_DATA, elsewhere.",
        examples="  dougong backup /safe/2026-11-25.tar.gz",
    )  # fmt: skip
    backup.add_argument("file", type=Path, help="where to; must not be there yet")
    backup.set_defaults(run=_backup)
    restore = command(
        commands, "restore", "put a backup into an empty installation",
        details="Every hash is compared first; then all of it is put in or nothing. The database may be of the other "
        "engine: this is the way from SQLite to PostgreSQL.",
        examples="  DOUGONG_DATA=/srv/new dougong restore /safe/2026-11-25.tar.gz\n"
        "  dougong restore /safe/2026-11-25.tar.gz --check",
    )  # fmt: skip
    restore.add_argument("file", type=Path)
    restore.add_argument("--check", action="store_true", help="only compare the hashes: nothing is changed")
    restore.set_defaults(run=_restore)


def _backup(options: argparse.Namespace) -> int:
    from core.backups import back_up
    from core.store import open_database

    if options.file.exists():
        raise Conflict(f"{options.file} is there already: choose another name")
    settings = Settings.from_environment()

    async def run() -> int:
        db = await open_database(settings.database_url, pool_size=1)
        try:
            done = await back_up(db, files=settings.data_dir / "files", to=options.file, tell=progress)
        finally:
            await db.close()
        progress("")
        size = options.file.stat().st_size
        print(f"{options.file}: {sum(done.rows.values()):,} rows, {done.files:,} files, {size:,} bytes")
        for name in done.missing:
            print(f"missing: the file {name} is named in the database and not in {settings.data_dir / 'files'}")
        return 1 if done.missing else 0

    return asyncio.run(run())


def _restore(options: argparse.Namespace) -> int:
    from core.backups import check, restore
    from core.platform import Platform
    from core.store import open_database

    if not options.file.is_file():
        raise NotFound(f"there is no file {options.file}")
    if options.check:
        found = check(options.file, tell=progress)
        progress("")
        print(f"{options.file} is whole: made {found.at}, {found.number:,} rows, {len(found.files):,} files")
        return 0
    settings = Settings.from_environment()

    async def run() -> int:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        db = await open_database(settings.database_url, pool_size=1)
        try:
            found = await restore(db, files=settings.data_dir / "files", source=options.file, tell=progress)
        finally:
            await db.close()
        progress("")
        platform = await Platform.open(settings)
        try:
            if found.to_rebuild(db.kind):
                for tenant in await _tenants(platform):
                    await rebuild(platform, tenant)
        finally:
            await platform.close()
        print(f"Restored: the installation of {found.at}, {found.number:,} rows, {len(found.files):,} files.")
        print("`dougong verify` proves that its history is whole.")
        return 0

    return asyncio.run(run())


async def _tenants(platform: Any) -> Any:
    from core import people

    return await people.tenants(platform.db)
