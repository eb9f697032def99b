"""A clock that tests move by hand, and an operator."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from core import clock, people
from core.people import Account
from core.platform import Platform

PASSWORD = "correct horse battery"


class Clock:
    """Stands still until it is moved."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def forward(self, **by: float) -> None:
        self.moment += timedelta(**by)

    def back(self, **by: float) -> None:
        self.moment -= timedelta(**by)


@pytest.fixture
def fake_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of core.clock; sessions and ids go by the machine's own."""
    made = Clock(clock.present())
    monkeypatch.setattr(clock, "present", lambda: made.moment)
    return made


@pytest.fixture
async def operator(platform: Platform) -> Account:
    await people.create_account(platform.db, login="ops", name="运营", password=PASSWORD, operator=True)
    return await people.account_by_login(platform.db, "ops")


async def enter(platform: Platform, login: str) -> str:
    """A session of `login`, as somebody who signs in gets it."""
    return await people.sign_in(platform.db, login, password=PASSWORD, address=None, hours=1)
