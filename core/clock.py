"""Instants and ids: UTC text that sorts, and short ids that sort by the time they were made."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime, timedelta, timezone
from threading import Lock

CHINA = timezone(timedelta(hours=8))  # one zone for the whole country, no summer time
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford base 32: no I, L, O, U
_PAIRS = [one + two for one in _ALPHABET for two in _ALPHABET]  # ten bits at a time: bulk writes make many ids
_RANDOM_BITS = 32
_last = 0
_lock = Lock()


def present() -> datetime:
    """The present instant as this machine tells it. Tests put another clock here."""
    return datetime.now(UTC)


def now() -> str:
    """The present instant as stored everywhere: `2026-03-15T08:30:00.123456Z` (27 characters, UTC)."""
    return stamp(present())


def stamp(moment: datetime) -> str:
    """`moment` (aware) in the stored form."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def new_id() -> str:
    """A new record id: 16 characters, 48 bits of milliseconds then 32 random bits.

    Within one process each id is greater than the one before, as ULID's monotonic mode
    (github.com/ulid/spec), so that bulk inserts keep their order.
    """
    global _last
    with _lock:
        moment = time.time_ns() // 1_000_000
        later = moment > _last >> _RANDOM_BITS
        _last = (moment << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS) if later else _last + 1
        value = _last
    return _written(value)


def first_id(moment: datetime) -> str:
    """An id that no id made before `moment` is greater than, and none made after it less: to ask for a day's."""
    return _written(int(moment.timestamp() * 1000) << _RANDOM_BITS)


def _written(value: int) -> str:
    return "".join([_PAIRS[value >> shift & 1023] for shift in range(70, -1, -10)])
