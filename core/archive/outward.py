"""A tenant out of the installation: every row as it is stored, every file, and a manifest with the hash of each."""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import AsyncIterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import exact, people
from core.archive.manifest import ACCOUNTS, FORMAT, NAME, VERIFIED, Manifest, Part, file_name, table_name
from core.clock import now
from core.people.licences import licence_text
from core.records import seal
from core.records.chain import START
from core.store import changes as stored_changes
from core.store import whole as stored

if TYPE_CHECKING:
    from core.store import Database

PIECE = 1024 * 1024
Rows = Sequence[Mapping[str, Any]]


async def export_tenant(db: Database, tenant: int, *, files: Path, to: Path) -> Manifest:
    """Write the tenant with this id whole into the new file `to`; `files` is the folder of uploads.

    All rows are of one moment, also while people write. Nothing is changed but that open history is sealed first.
    """
    found = await people.tenant(db, tenant)
    await seal(db, tenant)
    with zipfile.ZipFile(to, "x", compression=zipfile.ZIP_DEFLATED, compresslevel=4, allowZip64=True) as archive:
        async with stored.snapshot(db):
            tables = {
                table: await _write(archive, table, stored.rows(db, tenant, table)) for table in stored.carried()
            }
            tables[ACCOUNTS] = await _write(archive, ACCOUNTS, _once(await stored.accounts(db, tenant)))
            head = await stored_changes.head(db, tenant)
            wanted = {row["sha256"] async for some in stored.rows(db, tenant, "file") for row in some}
        sizes, missing = await asyncio.to_thread(_copy, archive, files / str(tenant), sorted(wanted))
        manifest = Manifest(
            format=FORMAT,
            made_at=now(),
            migration=stored.newest_migration(),
            tenant={
                "code": found.code, "name": found.name, "settings": exact.dumps(found.settings),
                "licence": licence_text(found.licence),
            },
            tables=tables,
            files=sizes,
            missing=missing,
            history={
                "number": found.history,
                "place": head["place"] if head else 0,
                "link": head["link"] if head else START,
                "verified": VERIFIED,
            },
        )  # fmt: skip
        archive.writestr(NAME, manifest.text())
    return manifest


async def _once(rows: Rows) -> AsyncIterator[Rows]:
    yield rows


async def _write(archive: zipfile.ZipFile, table: str, batches: AsyncIterator[Rows]) -> Part:
    number, digest = 0, sha256()
    with archive.open(table_name(table), "w", force_zip64=True) as out:
        async for rows in batches:
            lines = "".join(exact.dumps(row) + "\n" for row in rows).encode()
            digest.update(lines)
            number += len(rows)
            await asyncio.to_thread(out.write, lines)  # packing is slow, and others want to be answered
    return Part(rows=number, sha256=digest.hexdigest())


def _copy(archive: zipfile.ZipFile, folder: Path, names: Sequence[str]) -> tuple[dict[str, int], tuple[str, ...]]:
    """Uploads as they are: most are packed already."""
    sizes, missing = {}, []
    for name in names:
        path = folder / name
        if not path.is_file():
            missing.append(name)
            continue
        info = zipfile.ZipInfo(file_name(name))
        with path.open("rb") as source, archive.open(info, "w", force_zip64=True) as out:
            while piece := source.read(PIECE):
                out.write(piece)
        sizes[name] = path.stat().st_size
    return sizes, tuple(missing)
