"""Guessing is slowed down by login and by address."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from core import people
from core.clock import stamp
from core.errors import TooMany, Unauthorized
from core.people import throttle
from core.people.passwords import hash_password

A_WHILE_AGO = "2026-01-01T00:00:00.000000Z"


async def tries(town, login, number, *, address="10.0.0.9"):
    """What each of `number` wrong guesses was answered."""
    answers = []
    for _ in range(number):
        try:
            await people.sign_in(town.db, login, password="wrong", address=address, hours=12)
        except (Unauthorized, TooMany) as error:
            answers.append(type(error).__name__)
    return answers


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch, request):
    """Hashing is not what is tested here."""

    async def fits(password_hash, password):
        return password_hash is not None and password == "correct horse battery"

    monkeypatch.setattr("core.people.sessions.password_fits", fits)


async def test_the_sixth_wrong_password_has_to_wait(town):
    assert await tries(town, "anna", 7) == ["Unauthorized"] * 5 + ["TooMany"] * 2


async def test_even_the_right_password_waits(town):
    await tries(town, "anna", 5)
    with pytest.raises(TooMany) as caught:
        await town.sign_in("anna")
    assert 0 < caught.value.retry_after <= throttle.FIRST_WAIT
    assert str(caught.value.retry_after) in caught.value.message


async def test_waits_grow_with_each_further_guess(town):
    await tries(town, "anna", 5)
    waits = []
    for _ in range(8):
        await town.db.execute("UPDATE attempt SET blocked_until = $1", A_WHILE_AGO)
        await tries(town, "anna", 1, address=None)
        with pytest.raises(TooMany) as caught:
            await people.sign_in(town.db, "anna", password="wrong", address=None, hours=12)
        waits.append(caught.value.retry_after)
    assert waits == [30, 60, 120, 240, 480, 900, 900, 900]


async def test_after_the_wait_the_right_password_opens_and_the_count_begins_anew(town):
    await tries(town, "anna", 5)
    await town.db.execute("UPDATE attempt SET blocked_until = $1", A_WHILE_AGO)
    assert await town.sign_in("anna")
    assert await tries(town, "anna", 5) == ["Unauthorized"] * 5


async def test_unknown_logins_are_slowed_down_alike(town):
    assert await tries(town, "nobody", 6) == ["Unauthorized"] * 5 + ["TooMany"]


async def test_one_address_cannot_try_many_logins(town):
    answers = [(await tries(town, f"login{n}", 1))[0] for n in range(32)]
    assert answers == ["Unauthorized"] * 30 + ["TooMany"] * 2
    assert await tries(town, "somebody", 1, address="10.0.0.77") == ["Unauthorized"]


async def test_an_office_that_signs_in_rightly_is_not_slowed_down(town):
    for _ in range(40):
        await town.sign_in("anna")


async def test_a_thousand_guesses_at_once_are_all_counted(town):
    async def guess():
        try:
            await people.sign_in(town.db, "anna", password="wrong", address="10.0.0.5", hours=12)
        except (Unauthorized, TooMany) as error:
            return type(error).__name__

    answers = await asyncio.gather(*(guess() for _ in range(60)))
    assert answers.count("Unauthorized") == 5


async def test_an_attempt_that_began_before_the_first_and_came_after_it_forgets_nothing(town):
    await tries(town, "anna", 4)
    await town.db.execute("UPDATE attempt SET first_at = $1", stamp(datetime.now(UTC) + timedelta(seconds=2)))
    assert await tries(town, "anna", 2) == ["Unauthorized", "TooMany"]


async def test_attempts_are_forgotten_after_an_hour(town):
    await tries(town, "anna", 4)
    await town.db.execute("UPDATE attempt SET first_at = $1", A_WHILE_AGO)
    assert await tries(town, "anna", 5) == ["Unauthorized"] * 5


async def test_the_table_of_attempts_names_nobody(town):
    await tries(town, "anna", 1)
    assert "anna" not in str(await town.db.fetch("SELECT * FROM attempt"))


def test_an_ipv6_client_is_counted_by_its_network():
    def key(address):
        return throttle.keys_of("x", address)[1][0]

    assert key("2001:db8:1:2::1") == key("2001:db8:1:2:ffff::9") != key("2001:db8:1:3::1")
    assert key("::ffff:10.0.0.1") == key("10.0.0.1")


async def test_a_long_line_of_hashes_is_refused(monkeypatch):
    monkeypatch.setattr("core.people.passwords.WAITING", 3)
    answers = await asyncio.gather(*(hash_password("x" * 9) for _ in range(6)), return_exceptions=True)
    assert sum(isinstance(answer, TooMany) for answer in answers) == 3


async def test_an_unknown_login_takes_as_long_as_a_wrong_password(town, monkeypatch):
    monkeypatch.undo()
    checked = []
    verify = people.passwords._verify
    monkeypatch.setattr(people.passwords, "_verify", lambda *values: checked.append(values) or verify(*values))
    for login in ("anna", "nobody"):
        with pytest.raises(Unauthorized):
            await people.sign_in(town.db, login, password="wrong", address=None, hours=12)
    assert [values[0][:9] for values in checked] == ["$argon2id", "$argon2id"]


async def test_a_clock_that_was_set_back_locks_nobody_out(town):
    await tries(town, "anna", 9)
    later = "2999-01-01T00:00:00.000000Z"
    await town.db.execute("UPDATE attempt SET first_at = $1, blocked_until = $1", later)
    assert await town.sign_in("anna")
