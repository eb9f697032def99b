"""Slowing down guesses: attempts to sign in are counted by login and by client address."""

from __future__ import annotations

import hashlib
import ipaddress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from core.clock import stamp
from core.errors import TooMany
from core.i18n import _
from core.store import sessions as stored

if TYPE_CHECKING:
    from core.store import Database

FREE_BY_LOGIN = 5  # attempts before waiting begins
FREE_BY_ADDRESS = 30  # an office shares one address
FIRST_WAIT = 15  # seconds, doubled with each further attempt
LONGEST_WAIT = 15 * 60
SKEW = timedelta(minutes=5)  # between attempts at once, and between the clocks of several servers
FORGOTTEN_AFTER = timedelta(hours=1)  # counted from the first attempt, once no wait is running


def keys_of(login: str, address: str | None) -> list[tuple[str, int]]:
    """(key, free attempts). Keys are hashed: the table shall not become a list of logins."""
    keys = [("login", login, FREE_BY_LOGIN)]
    if address:
        keys.append(("address", _network(address), FREE_BY_ADDRESS))
    return [(f"{kind}:{hashlib.sha256(value.encode()).hexdigest()[:32]}", free) for kind, value, free in keys]


async def count_attempt(db: Database, login: str, address: str | None) -> None:
    """Count one attempt, before the password is looked at; TooMany while a wait is running.

    Counting first means that a thousand attempts at once are a thousand counted attempts.
    """
    present = datetime.now(UTC)
    longest = 0
    async with db.write():
        for key, free in sorted(keys_of(login, address)):  # in one order: two attempts never wait crosswise
            longest = max(longest, await _count(db, key, free=free, present=present))
    if longest:
        raise TooMany(_("尝试次数太多，请在 {n} 秒后再试。", n=longest), retry_after=longest)


async def _count(db: Database, key: str, *, free: int, present: datetime) -> int:
    """Seconds still to wait, 0 when this attempt may go on."""
    at = stamp(present)
    row = await stored.attempt(db, key, at=at)
    count, first_at, blocked_until = row["count"], row["first_at"], row["blocked_until"]
    if first_at > stamp(present + SKEW):  # the clock was set back: a wait until then could last for years
        count, first_at, blocked_until = 0, at, None
    if blocked_until and blocked_until > at:
        return max(1, round((datetime.fromisoformat(blocked_until) - present).total_seconds()))
    if first_at < stamp(present - FORGOTTEN_AFTER):
        count, first_at = 0, at
    count += 1
    wait = min(FIRST_WAIT * 2 ** min(count - free, 10), LONGEST_WAIT) if count >= free else 0
    until = stamp(present + timedelta(seconds=wait)) if wait else None
    await stored.set_attempt(db, key, count=count, first_at=first_at, blocked_until=until)
    return 0


async def forget_attempts(db: Database, login: str, address: str | None) -> None:
    """After a right password: the login starts anew, the address gets this one attempt back."""
    async with db.write():
        for (key, _free), remove in zip(keys_of(login, address), (True, False), strict=False):
            await (stored.delete_attempt(db, key) if remove else stored.forgive_attempt(db, key))


def _network(address: str) -> str:
    """An IPv6 client owns a whole /64: count that."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))
