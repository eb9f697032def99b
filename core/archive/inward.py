"""A tenant into the installation under a new id: checked against its manifest, put in whole or not at all."""

from __future__ import annotations

import asyncio
import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import exact, people
from core.archive.manifest import ACCOUNTS, BadArchive, Manifest, file_name, read_manifest, table_name
from core.clock import new_id, now
from core.definitions.rebuild import rebuild_stored
from core.errors import Conflict
from core.i18n import _
from core.people.accounts import checked_login
from core.people.licences import licence_of, licence_text
from core.people.passwords import hash_password, new_password
from core.people.tenants import checked_code
from core.people.vendor import refusal_of
from core.records import Finding, verify
from core.store import UniqueViolation
from core.store import licences as stored_licences
from core.store import people as stored_people
from core.store import whole as stored

if TYPE_CHECKING:
    from core.forms import Catalogue
    from core.store import Database

STEP = 500
PIECE = 1024 * 1024
LONGEST_LINE = 64 * 1024 * 1024
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """One of its people here: the login he had and has, and a first password where he needs one to begin."""

    name: str
    before: str
    login: str
    password: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came in. `findings` says what is wrong with its history: nothing, if the archive is as it was written."""

    tenant: int
    manifest: Manifest
    people: tuple[Joined, ...]
    findings: tuple[Finding, ...]


async def import_tenant(
    db: Database, path: Path, *, files: Path, catalogue: Catalogue, code: str, name: str = "",
    same_people: bool = False, vendor_key: str = "",
) -> Imported:  # fmt: skip
    """Put the archive at `path` in as a new tenant with this code; `files` is the folder of uploads.

    Rows, ids, history and files are what they were. Accounts are new ones without a password, but that the tenant's
    administrators get a first one; where a login is taken here, `same_people` says whether he is the same person.
    BadArchive names what does not fit the manifest; nothing is left behind then.
    """
    code = checked_code(code)
    if await people.tenant_by_code(db, code):
        raise Conflict(_("代号“{code}”已被使用。", code=code))
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile):
        raise BadArchive(_("这不是一个单位的归档文件，或者它已损坏。")) from None
    with archive:
        manifest = read_manifest(archive)
        await _check_version(db, manifest)
        await asyncio.to_thread(_check, archive, manifest)
        accounts = await _accounts(db, archive, manifest, code=code, same_people=same_people)
        tenant, came = await _put(
            db, archive, manifest, accounts, code=code, name=name or manifest.tenant["name"], vendor_key=vendor_key,
            folder=files,
        )  # fmt: skip
    async for _form, _done in rebuild_stored(db, catalogue, tenant):
        pass
    return Imported(tenant=tenant, manifest=manifest, people=came, findings=tuple(await verify(db, tenant)))


async def _check_version(db: Database, manifest: Manifest) -> None:
    """An archive of an older version fits; one of a newer may hold what nobody here understands."""
    unknown = manifest.tables.keys() - stored.carried().keys() - {ACCOUNTS}
    if manifest.migration > stored.newest_migration() or unknown:
        raise BadArchive(_("归档来自更新的程序，请先升级这里的程序。"))


def _check(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    """Every table and file against its hash, before anything is written."""
    for table, part in manifest.tables.items():
        digest, number = sha256(), 0
        for line in _lines(archive, table):
            digest.update(line)
            number += 1
        if (digest.hexdigest(), number) != (part.sha256, part.rows):
            raise _unlike(table)
    for name, size in manifest.files.items():
        digest, length = sha256(), 0
        for piece in _pieces(archive, name):
            digest.update(piece)
            length += len(piece)
        if (digest.hexdigest(), length) != (name, size):
            raise _unlike(name[:12])


def _lines(archive: zipfile.ZipFile, table: str) -> Iterator[bytes]:
    try:
        with archive.open(table_name(table)) as source:
            while line := source.readline(LONGEST_LINE):
                yield line
    except (KeyError, zipfile.BadZipFile, EOFError):
        raise _unlike(table) from None


def _pieces(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    try:
        with archive.open(file_name(name)) as source:
            while piece := source.read(PIECE):
                yield piece
    except (KeyError, zipfile.BadZipFile, EOFError):
        raise _unlike(name[:12]) from None


def _unlike(name: str) -> BadArchive:
    return BadArchive(_("归档里的 {name} 与清单不符：它被改动过，或没有传完整。", name=name))


def _batches(archive: zipfile.ZipFile, table: str) -> Iterator[list[Row]]:
    some: list[Row] = []
    for line in _lines(archive, table):
        some.append(exact.loads(line))
        if len(some) == STEP:
            yield some
            some = []
    if some:
        yield some


# People


@dataclass(frozen=True, slots=True, kw_only=True)
class _Account:
    """An account of the archive here: `id` of one that exists already, or what a new one needs."""

    row: Mapping[str, Any]
    login: str
    id: str | None
    password: str | None
    hashed: str


async def _accounts(
    db: Database, archive: zipfile.ZipFile, manifest: Manifest, *, code: str, same_people: bool
) -> list[_Account]:
    """Who the accounts will be; hashing is slow and is done before the transaction."""
    administrators = _administrators(archive, manifest)
    locked = await hash_password(new_password() + new_password())  # of those who get one from their administrator
    found = []
    for row in (row for some in _batches(archive, ACCOUNTS) for row in some):
        known = await stored_people.account_by_login(db, row["login"])
        if known and same_people:
            found.append(_Account(row=row, login=row["login"], id=known["id"], password=None, hashed=""))
            continue
        login = await _free_login(db, row["login"], code) if known else checked_login(row["login"])
        password = new_password() if row["id"] in administrators else None
        hashed = await hash_password(password) if password else locked
        found.append(_Account(row=row, login=login, id=None, password=password, hashed=hashed))
    return found


def _administrators(archive: zipfile.ZipFile, manifest: Manifest) -> set[str]:
    """The accounts of those who manage people: they let the others in."""

    def every(table: str) -> Iterator[Row]:
        return (row for some in _batches(archive, table) for row in some)

    roles = {row["id"] for row in every("role") if "people" in exact.loads(row["rules"]).get("permissions", ())}
    members = {row["member"] for row in every("member_role") if row["role"] in roles}
    return {row["account"] for row in every("member") if row["id"] in members and row["active"]}


async def _free_login(db: Database, login: str, code: str) -> str:
    """`wang@linxi`, or with a number where that is taken too."""
    for ending in ("", *(str(n) for n in range(2, 100))):
        wanted = f"{login[: 60 - len(code)]}@{code}{ending}"
        if not await stored_people.account_by_login(db, wanted):
            return checked_login(wanted)
    raise Conflict(_("登录名“{login}”已被使用。", login=login))


# Rows and files


async def _put(
    db: Database, archive: zipfile.ZipFile, manifest: Manifest, accounts: Sequence[_Account], *, code: str, name: str,
    vendor_key: str, folder: Path,
) -> tuple[int, tuple[Joined, ...]]:  # fmt: skip
    """One transaction; the files come first, so that no committed row misses its bytes."""
    made: Path | None = None
    licence = licence_of(manifest.tenant["licence"])
    refused = refusal_of(licence, tenant=code, vendor_key=vendor_key)
    try:
        async with db.write():
            tenant = await stored_people.insert_tenant(
                db, code=code, name=name, at=now(), licence=licence_text(replace(licence, refused=refused))
            )
            await stored_licences.set_history(
                db, tenant, history=manifest.history["number"], settings=manifest.tenant["settings"]
            )
            made = folder / str(tenant)
            if made.exists():
                raise Conflict(_("附件目录 {name} 已经存在，请先移走。", name=made.name))
            await asyncio.to_thread(_unpack, archive, manifest, made)
            ids, came = await _join(db, accounts)
            for table in manifest.tables.keys() - {ACCOUNTS}:
                await _fill(db, archive, tenant, table, ids)
    except BaseException:
        if made is not None:
            await asyncio.to_thread(shutil.rmtree, made, ignore_errors=True)
        raise
    return tenant, came


def _unpack(archive: zipfile.ZipFile, manifest: Manifest, folder: Path) -> None:
    folder.mkdir(parents=True)
    for name in manifest.files:
        with (folder / name).open("xb") as out:
            for piece in _pieces(archive, name):
                out.write(piece)


async def _join(db: Database, accounts: Sequence[_Account]) -> tuple[dict[str, str], tuple[Joined, ...]]:
    ids, came = {}, []
    for one in accounts:
        id = one.id
        if id is None:
            id = new_id()
            await stored_people.insert_account(
                db, id=id, login=one.login, name=one.row["name"], password_hash=one.hashed,
                language=one.row["language"], operator=0, at=now(),
            )  # fmt: skip
        ids[one.row["id"]] = id
        if one.password or one.login != one.row["login"]:
            before, login = one.row["login"], one.login
            came.append(Joined(name=one.row["name"], before=before, login=login, password=one.password))
    return ids, tuple(came)


async def _fill(
    db: Database, archive: zipfile.ZipFile, tenant: int, table: str, accounts: Mapping[str, str]
) -> None:
    known = await stored.columns(db, table)
    for rows in _batches(archive, table):
        if table == "member":
            rows = [{**row, "account": accounts[row["account"]]} for row in rows]
        if any(row.keys() - known for row in rows):
            raise BadArchive(_("归档来自更新的程序，请先升级这里的程序。"))
        try:
            await stored.put(db, tenant, table, rows)
        except (ValueError, UniqueViolation) as error:
            raise _unlike(table) from error
