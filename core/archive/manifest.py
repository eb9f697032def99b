"""What an archive says of itself: which tenant, which tables with how many rows and which hash, which files."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from core import exact
from core.errors import Invalid, Problem
from core.i18n import _

FORMAT = 1
NAME = "manifest.json"
LARGEST = 16 * 1024 * 1024
ACCOUNTS = "accounts"
VERIFIED = (
    "Each change is hashed as SHA-256 over the canonical JSON of [history.number, id, record, form, kind, revision, "
    "at, by, source, changes, data_hash]; each seal's link is SHA-256 over the link before it and the hash of its "
    "change. Whoever brings the tenant in keeps history.number, so that every hash and link stays as it is."
)


class BadArchive(Invalid):
    """The file is no archive, or not as it was written."""

    def __init__(self, message: str) -> None:
        super().__init__([Problem("archive", "archive", message)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One table, or the accounts: lines of JSON."""

    rows: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """`manifest.json`. `tenant`: code, name, settings, licence; `history`: number, head of the chain, how to check."""

    format: int
    made_at: str
    migration: int
    tenant: Mapping[str, Any]
    tables: Mapping[str, Part]
    files: Mapping[str, int]  # SHA-256 of the bytes -> their number
    missing: tuple[str, ...]  # files whose bytes were lost before
    history: Mapping[str, Any]

    @property
    def records(self) -> int:
        return self.tables["record"].rows

    def text(self) -> str:
        return exact.dumps(asdict(self))


def table_name(table: str) -> str:
    return f"tables/{table}.jsonl"


def file_name(sha256: str) -> str:
    return f"files/{sha256}"


def read_manifest(archive: zipfile.ZipFile) -> Manifest:
    """The manifest of an open archive; BadArchive where there is none that can be read here."""
    try:
        if archive.getinfo(NAME).file_size > LARGEST:
            raise ValueError
        body = exact.loads(archive.read(NAME))
        if body["format"] != FORMAT:
            raise BadArchive(_("这个归档的格式（{n}）不认识，请用更新的程序打开。", n=str(body["format"])[:20]))
        tables = {str(name): Part(**part) for name, part in body["tables"].items()}
        files = {str(name): int(size) for name, size in body["files"].items()}
        found = Manifest(**{**body, "tables": tables, "files": files, "missing": tuple(body["missing"])})
        if not {"record", "change", "seal", "member", ACCOUNTS} <= tables.keys() or not _whole(found):
            raise ValueError
        return found
    except (KeyError, TypeError, ValueError, zipfile.BadZipFile):
        raise BadArchive(_("这不是一个单位的归档文件，或者它已损坏。")) from None


def _whole(found: Manifest) -> bool:
    tenant, history = found.tenant, found.history
    return (
        isinstance(tenant["name"], str)
        and isinstance(tenant["code"], str)
        and isinstance(tenant["settings"], str)
        and isinstance(tenant["licence"], str)
        and isinstance(history["number"], int)
        and isinstance(found.migration, int)
        and all(len(name) == 64 and set(name) <= set("0123456789abcdef") for name in found.files)
    )
