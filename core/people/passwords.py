"""Passwords: hashing and checking with argon2 beside the event loop, and what a good one is."""

from __future__ import annotations

import asyncio
import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import Invalid, Problem, TooMany
from core.i18n import _

PARALLEL = 2  # hashes at once: each takes 64 MiB and a core for a tenth of a second
WAITING = 32  # more than this many in line are sent away, not queued
SHORTEST, LONGEST = 8, 128
_COMMON = frozenset(
    [
        "12345678",
        "123456789",
        "1234567890",
        "password",
        "password1",
        "qwertyuiop",
        "11111111",
        "00000000",
        "88888888",
        "66666666",
        "a1234567",
        "aa123456",
        "abc12345",
        "abcd1234",
        "iloveyou",
        "admin123",
        "qwer1234",
        "1qaz2wsx",
        "87654321",
        "woaini1314",
        "5201314a",
    ]
)
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is misread on paper
_hasher = PasswordHasher()
_line: tuple[asyncio.AbstractEventLoop, asyncio.Semaphore] | None = None
_waiting = 0


def hash_cheaply() -> None:
    """For tests only: hashes that cost nothing, so that a thousand sign-ins do not take minutes."""
    global _hasher
    _hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


async def hash_password(password: str) -> str:
    return await _beside(_hasher.hash, password)


async def password_fits(password_hash: str | None, password: str) -> bool:
    """Whether `password` is the one; takes as long for no account (None) as for a wrong password."""
    if len(password) > LONGEST:
        password = ""
    fits = await _beside(_verify, password_hash or _nobody(), password)
    return fits and password_hash is not None


def outdated(password_hash: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


def check_password(password: str, *, login: str, field: str = "password") -> None:
    """Raise Invalid where `password` is too short, too long or among those tried first."""
    if len(password) < SHORTEST:
        problem = Problem(field, "too_short", _("密码至少 {n} 个字符。", n=SHORTEST))
    elif len(password) > LONGEST:
        problem = Problem(field, "too_long", _("密码最多 {n} 个字符。", n=LONGEST))
    elif password.lower() in _COMMON or password.lower() == login or len(set(password)) < 3:
        problem = Problem(field, "weak", _("这个密码太容易被猜到，请换一个。"))
    else:
        return
    raise Invalid([problem])


def new_password() -> str:
    """A first password that can be read out on the phone: `kd7m-x2pq-9hwt`, 59 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _place in range(4)) for _group in range(3))


@cache
def _nobody() -> str:
    return _hasher.hash(secrets.token_urlsafe())


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


async def _beside(function, *values):  # type: ignore[no-untyped-def]
    """Run a slow function in a thread, few at once; refuse when the line is long."""
    global _line, _waiting
    loop = asyncio.get_running_loop()
    if _line is None or _line[0] is not loop:  # a semaphore belongs to one loop; tests have many
        _line, _waiting = (loop, asyncio.Semaphore(PARALLEL)), 0
    if _waiting >= WAITING:
        raise TooMany(_("现在登录的人太多，请稍后再试。"), retry_after=5)
    _waiting += 1
    try:
        async with _line[1]:
            return await asyncio.to_thread(function, *values)
    finally:
        _waiting -= 1
