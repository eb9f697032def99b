"""Uploaded files: their bytes in a folder per tenant, named by their hash; who may have them is the record's to say."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import obstore
from obstore.exceptions import GenericError
from obstore.store import LocalStore

from core.clock import new_id, now, stamp
from core.errors import Invalid, NotFound, Problem, TooLarge
from core.i18n import _
from core.jobs import JobKind
from core.store import files as stored

if TYPE_CHECKING:
    from core.context import Context
    from core.jobs import Job
    from core.records.records import Records
    from core.store import Database

LIMIT = 20 * 1024 * 1024
NAME_LENGTH = 150
PIECE = 64 * 1024
FORGOTTEN_DAYS = 2  # a file that no record took by then was never saved with its form
UNKNOWN = "application/octet-stream"
_OS_ERROR = re.compile(r"os error (\d+)")

# What a browser may show in our own page: pictures without scripts in them, and PDF.
INLINE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf"})
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"PK\x03\x04", "application/zip"),
)
# A name is believed only where the first bytes agree with it.
_BY_NAME = {
    ("application/zip", ".docx"): "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ("application/zip", ".xlsx"): "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ("application/zip", ".pptx"): "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ("application/x-ole-storage", ".doc"): "application/msword",
    ("application/x-ole-storage", ".xls"): "application/vnd.ms-excel",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """What is known of a file. `inline`: a browser may show it instead of saving it."""

    id: str
    name: str
    size: int
    mime: str
    sha256: str
    record: str | None
    form: str | None
    field: str | None
    created_at: str
    created_by: str | None

    @property
    def inline(self) -> bool:
        return self.mime in INLINE


def sniff(head: bytes, name: str) -> str:
    """The type of a file by its first bytes; what its sender says of it does not count."""
    mime = next((mime for magic, mime in _MAGIC if head.startswith(magic)), UNKNOWN)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        mime = "image/webp"
    return _BY_NAME.get((mime, PurePosixPath(name.lower()).suffix), mime)


def safe_name(name: str) -> str:
    """The last part of `name` without signs that a header or a file system would trip over."""
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(sign for sign in last if unicodedata.category(sign)[0] != "C" and sign not in '<>:"|?*').strip(" .")
    stem, suffix = PurePosixPath(kept).stem, PurePosixPath(kept).suffix
    short = stem[: NAME_LENGTH - len(suffix)] + suffix if len(suffix) < 20 else kept[:NAME_LENGTH]
    return short or _("未命名")


@cache
def _store(folder: Path) -> LocalStore:
    return LocalStore(prefix=folder, mkdir=True)


class _Measured:
    """Passes pieces on, counting and hashing; stops where there are too many."""

    def __init__(self, pieces: AsyncIterable[bytes], limit: int) -> None:
        self._pieces = pieces
        self._limit = limit
        self._digest = hashlib.sha256()
        self.size = 0
        self.head = b""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._pieces:
            self.size += len(piece)
            if self.size > self._limit:
                raise TooLarge(_("文件超过 {limit}，请压缩或拆分后再上传", limit=readable(self._limit)))
            self._digest.update(piece)
            if len(self.head) < 16:
                self.head += piece[: 16 - len(self.head)]
            yield bytes(piece)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def readable(size: int) -> str:
    """A size as people say it: 20 MB."""
    for unit, step in (("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)):
        if size >= step:
            return f"{size / step:.1f}".removesuffix(".0") + f" {unit}"
    return f"{size} B"


class Files:
    """The files of one tenant as one member may have them: `ctx.files`."""

    def __init__(self, records: Records, *, folder: Path) -> None:
        self._records = records
        self._folder = folder

    async def put(self, name: str, pieces: AsyncIterable[bytes], *, limit: int = LIMIT) -> str:
        """Keep an upload; its id goes into a file or photo field. TooLarge beyond `limit` bytes, nothing is kept then.

        Until a record takes it, only its uploader may have it.
        """
        store, tenant = _store(self._folder), self._records.tenant
        name, id = safe_name(name), new_id()
        measured = _Measured(pieces, limit)
        coming = f"{tenant}/coming/{id}"
        try:
            await obstore.put_async(store, coming, measured)
            if measured.size == 0:
                raise Invalid([Problem("", "empty", _("“{name}”是空文件", name=name))])
            await obstore.rename_async(store, coming, f"{tenant}/{measured.sha256}")
        except BaseException as error:
            with suppress(FileNotFoundError):
                await obstore.delete_async(store, coming)
            if found := _OS_ERROR.search(str(error)) if isinstance(error, GenericError) else None:
                raise OSError(int(found[1]), os.strerror(int(found[1]))) from error  # such as a full disk
            raise
        row = {
            "id": id,
            "name": name,
            "size": measured.size,
            "mime": sniff(measured.head, name),
            "sha256": measured.sha256,
            "record": None,
            "form": None,
            "field": None,
            "created_at": now(),
            "created_by": self._records.member_id,
        }
        await stored.insert(self._records.db, tenant, row)
        return id

    async def get(self, id: str) -> StoredFile:
        """What is known of a file that the member may have; else NotFound."""
        row = (await stored.fetch_many(self._records.db, self._records.tenant, [id])).get(id)
        if row is None or not await self._may_have(row):
            raise NotFound(_("文件不存在，或您无权查看"))
        return StoredFile(**row)

    async def _may_have(self, row: Mapping[str, Any]) -> bool:
        if row["record"] is None:
            return row["created_by"] == self._records.member_id
        try:
            record = await self._records.get(row["form"], row["record"], deleted=True)
            return row["field"] in self._records.forms.get(row["form"]).fields and row["field"] not in record.hidden
        except NotFound:
            return False

    async def open(self, id: str) -> tuple[StoredFile, AsyncIterator[bytes]]:
        """The file and its bytes, in pieces."""
        found = await self.get(id)
        try:
            got = await obstore.get_async(_store(self._folder), f"{self._records.tenant}/{found.sha256}")
        except FileNotFoundError:
            raise NotFound(_("“{name}”的内容丢失了，请联系管理员", name=found.name)) from None
        return found, _pieces(got)

    async def read(self, id: str) -> bytes:
        """The whole file at once, for small ones."""
        _found, pieces = await self.open(id)
        return b"".join([piece async for piece in pieces])

    async def sweep(self) -> int:
        """Drop uploads of the tenant that no record took in time; how many, a thousand at most."""
        return await sweep(self._records.db, self._records.tenant, folder=self._folder)


async def _pieces(got: Any) -> AsyncIterator[bytes]:
    async for piece in got.stream(min_chunk_size=PIECE):
        yield bytes(piece)


async def _sweep(ctx: Context, job: Job) -> None:
    done = 0
    while number := await ctx.files.sweep():
        done += number
        await job.progress(done)


SWEEP = JobKind(name="core.uploads", title="清理无人使用的附件", run=_sweep, schedule="FREQ=DAILY;BYHOUR=3")


async def sweep(db: Database, tenant: int, *, folder: Path) -> int:
    """Drop uploads that no record took within FORGOTTEN_DAYS; how many files went."""
    before = stamp(datetime.now(UTC) - timedelta(days=FORGOTTEN_DAYS))
    rows = await stored.forgotten(db, tenant, before=before, limit=1000)
    for row in rows:
        await stored.delete(db, tenant, row["id"])
        if not await stored.holders(db, tenant, row["sha256"]):
            await obstore.delete_async(_store(folder), f"{tenant}/{row['sha256']}")
    return len(rows)
