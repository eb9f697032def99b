"""Sealing history: every change gets a place in its tenant's chain soon after it is written, and no writer waits."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from core.clock import now
from core.records.chain import START, link
from core.store import UniqueViolation
from core.store import changes as stored

if TYPE_CHECKING:
    from core.store import Database

INTERVAL = 0.5  # seconds between two looks at the tenants that were written to
SWEEP = 60  # looks between two at all tenants, for what another process left behind
BATCH = 1000  # changes sealed in one transaction
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # of core.clock's ids
_TIME = 9  # leading signs of an id: its 48 bits of milliseconds without the low 3, so steps of 8 ms
_WINDOW = 60_000 // 8  # a change may be committed a minute later than others that got their ids after it

_written: WeakKeyDictionary[Database, set[int]] = WeakKeyDictionary()
_log = logging.getLogger("dougong.records")


def mark(db: Database, tenant: int) -> None:
    """Note that a change of the tenant was committed."""
    _written.setdefault(db, set()).add(tenant)


async def seal(db: Database, tenant: int | None = None, *, recent: bool = False) -> int:
    """Append every change not yet in the chain, of one tenant or of all; how many there were.

    Two processes may do this at once: the place in the chain is unique, the slower one leaves it at that.
    `recent` looks only at what is about as new as the last sealed change.
    """
    number = 0
    for one in [tenant] if tenant is not None else await stored.tenants(db):
        while True:
            done = await _seal_some(db, one, recent=recent)
            number += done
            if done < BATCH:
                break
            await asyncio.sleep(0)  # let writers in between
    return number


async def _seal_some(db: Database, tenant: int, *, recent: bool) -> int:
    """One short transaction: at most BATCH changes of one tenant."""
    last = await stored.head(db, tenant)
    after = _before(last["change"]) if recent and last else ""
    waiting = await stored.unsealed(db, tenant, after=after, limit=BATCH)
    if not waiting:
        return 0
    place, tied = (last["place"], last["link"]) if last else (0, START)
    at, rows = now(), []
    for next_place, change in enumerate(waiting, place + 1):
        tied = link(tied, change["hash"])
        rows.append((next_place, change["id"], change["hash"], tied, at))
    try:
        async with db.write():
            await stored.append(db, tenant, rows)
    except UniqueViolation:
        return 0  # another process sealed them
    return len(rows)


def _before(id: str) -> str:
    """An id about a minute older than `id`.

    Changes get their ids before they are committed, so one that comes late may be older than the last sealed.
    """
    value = 0
    for sign in id[:_TIME]:
        value = value * 32 + _ALPHABET.index(sign)
    value = max(0, value - _WINDOW)
    return "".join(_ALPHABET[value >> shift & 31] for shift in range(5 * (_TIME - 1), -1, -5))


class Sealer:
    """The task beside the requests that keeps every tenant's chain up to date."""

    def __init__(self, db: Database, *, interval: float = INTERVAL) -> None:
        self._db = db
        self._interval = interval
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="sealer")

    async def stop(self) -> None:
        """Seal what is still open, then end."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
            await self._seal_written()

    async def _run(self) -> None:
        turn = 0
        while True:
            try:
                await (self._seal_written() if turn % SWEEP else seal(self._db))
            except Exception:  # a database that is away comes back; history waits in its rows
                _log.exception("sealing failed, will try again")
            turn += 1
            await asyncio.sleep(self._interval)

    async def _seal_written(self) -> None:
        for tenant in sorted(_written.get(self._db, ())):
            _written[self._db].discard(tenant)
            try:
                await seal(self._db, tenant, recent=True)
            except BaseException:
                mark(self._db, tenant)
                raise
