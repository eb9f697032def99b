"""Restoring a backup into an empty installation: the whole file is checked first, then all of it is put in."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from core.backups.format import FILE, MANIFEST, PIECE, TABLE, VERSION
from core.errors import Invalid, Problem
from core.i18n import _
from core.store.snapshots import DERIVED, ROWS, loading

if TYPE_CHECKING:
    from core.store import Database

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup holds, as its manifest says and its bytes have shown."""

    at: str
    engine: str
    migrations: tuple[int, ...]
    tables: dict[str, Any]
    files: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def number(self) -> int:
        """How many rows there are."""
        return sum(table["rows"] for table in self.tables.values())

    def to_rebuild(self, kind: str) -> bool:
        """Whether search texts must be made anew: they were of another engine."""
        return self.engine != kind


async def restore(db: Database, *, files: Path, source: Path, tell: Tell = lambda text: None) -> Contents:
    """Put a backup into an empty installation. Nothing is changed before every hash is found right."""
    contents = check(source, tell)
    with tarfile.open(source, "r:gz") as archive:
        async with loading(db, contents.migrations) as loader:
            for entry in archive:
                data = archive.extractfile(entry)
                assert data is not None, "checked above"
                if table := TABLE.fullmatch(entry.name):
                    if table[1] not in DERIVED or not contents.to_rebuild(db.kind):
                        tell(table[1])
                        columns = contents.tables[table[1]]["columns"]
                        for some in _rows(data):
                            await loader.put(table[1], columns, some)
                elif file := FILE.fullmatch(entry.name):
                    tell(entry.name)
                    _keep(data, files / file[1], file[2])
    return contents


def check(source: Path, tell: Tell = lambda text: None) -> Contents:
    """Read the whole file and compare it with its manifest; Invalid says what is not as it was written."""
    try:
        with tarfile.open(source, "r:gz") as archive:
            return _check(archive, tell)
    except (tarfile.TarError, EOFError, ValueError, KeyError, TypeError) as error:
        words = _("“{name}”不是完整的备份文件：{error}", name=source.name, error=str(error))
        raise Invalid([Problem("file", "broken", words)]) from None


def _check(archive: tarfile.TarFile, tell: Tell) -> Contents:
    hashes: dict[str, str] = {}
    manifest = None
    for entry in archive:
        tell(entry.name)
        data = archive.extractfile(entry) if entry.isfile() else None
        if data is None or manifest is not None:
            raise ValueError(entry.name)
        if entry.name == MANIFEST:
            manifest = json.loads(data.read())
        elif entry.name not in hashes and (TABLE.fullmatch(entry.name) or FILE.fullmatch(entry.name)):
            hashes[entry.name] = _hash(data)
        else:
            raise ValueError(entry.name)
    if manifest is None:
        raise ValueError(MANIFEST)
    if manifest["version"] != VERSION:
        raise ValueError(f"version {manifest['version']}")
    expected = {f"tables/{name}.jsonl": table["sha256"] for name, table in manifest["tables"].items()}
    expected |= {f"files/{name}": name.rpartition("/")[2] for name in manifest["files"]}
    for name in sorted(expected.keys() | hashes.keys()):
        if expected.get(name) != hashes.get(name):
            raise ValueError(name)
    return Contents(
        at=manifest["at"],
        engine=manifest["engine"],
        migrations=tuple(manifest["migrations"]),
        tables=manifest["tables"],
        files=tuple(manifest["files"]),
        missing=tuple(manifest["missing"]),
    )


def _hash(data: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while piece := data.read(PIECE):
        digest.update(piece)
    return digest.hexdigest()


def _rows(data: IO[bytes]) -> Iterator[list[tuple[Any, ...]]]:
    some = []
    for line in data:
        some.append(tuple(json.loads(line)))
        if len(some) == ROWS:
            yield some
            some = []
    if some:
        yield some


def _keep(data: IO[bytes], folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{name}.part"
    with part.open("wb") as kept:
        while piece := data.read(PIECE):
            kept.write(piece)
    part.replace(folder / name)
