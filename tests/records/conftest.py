"""Two tenants with the same two forms, and a member of each who may do everything."""

from __future__ import annotations

import pytest

from core.records import Records
from core.store import Database
from tests.records.houses import House, house


@pytest.fixture
async def home(db: Database) -> House:
    return await house(db, "home")


@pytest.fixture
async def away(db: Database, home: House) -> House:
    """Another tenant with the same forms."""
    return await house(db, "away")


@pytest.fixture
async def me(home: House) -> Records:
    """A member of `home` who may do everything."""
    return await home.member()


@pytest.fixture
async def stranger(away: House) -> Records:
    """A member of `away` who may do everything there."""
    return await away.member(name="李四")
