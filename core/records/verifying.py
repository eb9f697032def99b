"""Looking for tampering: walks a tenant's history and chain and names what was edited, removed or reordered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from core import people
from core.i18n import _
from core.records.chain import START, change_hash, link, text_hash
from core.records.sealing import seal
from core.store import changes as stored_changes
from core.store import records as stored

if TYPE_CHECKING:
    from core.store import Database

STEP = 1000
MOST = 100  # findings named: the first is what matters

FindingKind = Literal[
    "edited change", "removed change", "reordered", "removed seal", "broken link", "edited record", "removed record",
    "record without history",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One sign of tampering. `place` is the place in the chain, where it has one."""

    kind: FindingKind
    message: str
    place: int | None = None
    change: str | None = None
    record: str | None = None


async def verify(db: Database, tenant: int, *, most: int = MOST) -> list[Finding]:
    """What is wrong with the tenant's history, the first first; [] where nothing is. Seals what is still open."""
    await seal(db, tenant)
    history = (await people.tenant(db, tenant)).history
    found: list[Finding] = []
    for walk in (_chain(db, tenant, history), _changes(db, tenant, history), _records(db, tenant)):
        async for finding in walk:
            if not _repeats(finding, found):
                found.append(finding)
            if len(found) >= most:
                return found
    return found


def _repeats(finding: Finding, found: Sequence[Finding]) -> bool:
    """Whether the same change or record was named already, by the chain for one."""
    return any(
        (finding.change is not None and finding.change == other.change)
        or (finding.record is not None and finding.change is None and finding.record == other.record)
        for other in found
    )


async def _chain(db: Database, tenant: int, history: int) -> AsyncIterator[Finding]:
    """Every link against the one before and the change it seals."""
    place, tied = 0, START
    while True:
        rows = await stored_changes.chain(db, tenant, after=place, limit=STEP)
        for number, row in enumerate(rows):
            expected = place + 1
            place = row["place"]
            if place != expected:
                yield _missing_seal(expected, place - 1)
            elif row["link"] != link(tied, row["sealed_hash"]):
                yield _broken(row, tied, rows[number : number + STEP])
            elif row["id"] is None:
                yield _finding("removed change", row, _("第 {n} 笔变更被删除", n=place))
            elif row["hash"] != row["sealed_hash"] or change_hash(history, row) != row["sealed_hash"]:
                yield _finding("edited change", row, _("第 {n} 笔变更被改动", n=place))
            tied = row["link"]
        if len(rows) < STEP:
            return


def _missing_seal(first: int, last: int) -> Finding:
    message = _("第 {n} 到 {m} 笔变更的封存记录被删除", n=first, m=last)
    return Finding(kind="removed seal", message=message, place=first)


def _broken(row: Mapping[str, Any], tied: str, following: Sequence[Mapping[str, Any]]) -> Finding:
    """A link that does not fit: if a later line would fit here, the order was changed."""
    if any(row["link"] == link(tied, other["sealed_hash"]) for other in following):
        return _finding("reordered", row, _("从第 {n} 笔起，变更的次序被改动", n=row["place"]))
    return _finding("broken link", row, _("第 {n} 笔变更的封存记录被改动", n=row["place"]))


def _finding(kind: FindingKind, row: Mapping[str, Any], message: str) -> Finding:
    return Finding(kind=kind, message=message, place=row["place"], change=row["change"], record=row["record"])


async def _changes(db: Database, tenant: int, history: int) -> AsyncIterator[Finding]:
    """Every change against its own hash, and whether its record is there."""
    after = ""
    while True:
        rows = await stored_changes.walk(db, tenant, after=after, limit=STEP)
        for row in rows:
            after = row["id"]
            known = {"change": row["id"], "record": row["record"]}
            if change_hash(history, row) != row["hash"]:
                message = _("{at} 的一笔变更被改动", at=row["at"])
                yield Finding(kind="edited change", message=message, **known)
            elif not row["present"] and row["kind"] == "create":
                message = _("“{form}”的 {id} 已不在，而它的变更还在", form=row["form"], id=row["record"])
                yield Finding(kind="removed record", message=message, record=row["record"])
        if len(rows) < STEP:
            return


async def _records(db: Database, tenant: int) -> AsyncIterator[Finding]:
    """Every record against the last of its changes."""
    after = ""
    while True:
        rows = await stored.all_after(db, tenant, id=after, limit=STEP)
        last = await stored_changes.last_of(db, tenant, [row["id"] for row in rows])
        for row in rows:
            after = row["id"]
            finding = _against(row, last.get(row["id"]))
            if finding is not None:
                yield finding
        if len(rows) < STEP:
            return


def _against(row: Mapping[str, Any], change: Mapping[str, Any] | None) -> Finding | None:
    words = {"form": row["form"], "id": row["id"]}
    if change is None:
        message = _("“{form}”的 {id} 没有任何变更记载", **words)
        return Finding(kind="record without history", message=message, record=row["id"])
    if change["number"] != change["revision"]:
        words |= {"n": change["revision"], "m": change["number"]}
        message = _("“{form}”的 {id} 少了变更：应有 {n} 笔，只有 {m} 笔", **words)
        return Finding(kind="removed change", message=message, record=row["id"])
    same = (
        text_hash(row["data"]) == change["data_hash"]
        and row["revision"] == change["revision"]
        and (row["deleted_at"] is not None) == (change["kind"] == "delete")
    )
    if same:
        return None
    message = _("“{form}”的 {id} 的内容与最后一笔变更不符", **words)
    return Finding(kind="edited record", message=message, record=row["id"])
