"""Writing a backup while the installation serves: rows as of one instant, then the files they name."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from core import exact
from core.backups.format import MANIFEST, PIECE, VERSION
from core.clock import now
from core.store.snapshots import Rows, snapshot

if TYPE_CHECKING:
    from core.store import Database

Tell = Callable[[str], None]


@dataclass(slots=True)
class Backup:
    """What was written: rows by table, and the files that rows name but the folder has not."""

    rows: dict[str, int] = field(default_factory=dict)
    files: int = 0
    missing: list[str] = field(default_factory=list)


async def back_up(db: Database, *, files: Path, to: Path, tell: Tell = lambda text: None) -> Backup:
    """Write everything to the file `to`, which appears when it is whole. `tell` is told how far it is."""
    part = to.with_name(f"{to.name}.part")
    part.touch(mode=0o600)  # what is in it is everybody's
    try:
        with tarfile.open(part, "w:gz", compresslevel=1) as archive:
            done = await _write(db, archive, files, tell)
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(to)
    finally:
        part.unlink(missing_ok=True)
    return done


async def _write(db: Database, archive: tarfile.TarFile, files: Path, tell: Tell) -> Backup:
    done, tables, named = Backup(), {}, []
    async with snapshot(db) as seen:
        head = {"version": VERSION, "at": now(), "engine": seen.kind, "migrations": seen.migrations}
        for table in seen.tables:
            tell(table.name)
            with tempfile.TemporaryFile() as spool:
                rows = seen.rows(table)
                number, sha256 = await _spool(rows, spool)
                _add(archive, f"tables/{table.name}.jsonl", spool)
                if table.name == "file":
                    named = _named(spool, table.columns)
            done.rows[table.name] = number
            tables[table.name] = {"columns": table.columns, "rows": number, "sha256": sha256}
    kept = {}
    for tenant, sha256 in named:
        tell(f"files {len(kept)}/{len(named)}")
        name = f"{tenant}/{sha256}"
        try:
            with (files / name).open("rb") as source:  # complete and never changed: its name is its hash
                _add(archive, f"files/{name}", source)
            kept[name] = sha256
        except FileNotFoundError:
            done.missing.append(name)
    done.files = len(kept)
    manifest = {**head, "tables": tables, "files": sorted(kept), "missing": done.missing}
    _add(archive, MANIFEST, io.BytesIO(exact.dumps(manifest).encode()))
    return done


async def _spool(rows: AsyncIterator[Rows], spool: IO[bytes]) -> tuple[int, str]:
    """Number and hash of the rows, written to `spool`: an entry's size must be known before it is written."""
    number, digest = 0, hashlib.sha256()
    async for some in rows:
        text = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in some).encode()
        spool.write(text)
        digest.update(text)
        number += len(some)
    return number, digest.hexdigest()


def _named(spool: IO[bytes], columns: tuple[str, ...]) -> list[tuple[int, str]]:
    """(tenant, hash) of every file that a row names, each once."""
    tenant, sha256 = columns.index("tenant"), columns.index("sha256")
    spool.seek(0)
    rows: Any = (json.loads(line) for line in spool)
    return sorted({(row[tenant], row[sha256]) for row in rows})


def _add(archive: tarfile.TarFile, name: str, source: IO[bytes]) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = source.seek(0, os.SEEK_END), 0o600
    source.seek(0)
    archive.addfile(entry, io.BufferedReader(source, PIECE) if isinstance(source, io.RawIOBase) else source)
