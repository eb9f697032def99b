"""The office of tenant "aa", and a second one like it in "bb"."""

from __future__ import annotations

import pytest

from core.context import Context
from core.platform import Platform
from tests.flow.offices import Office, office


@pytest.fixture
async def ours(platform: Platform, two_tenants: tuple[Context, Context]) -> Office:
    return await office(platform, two_tenants[0])


@pytest.fixture
async def theirs(platform: Platform, two_tenants: tuple[Context, Context], ours: Office) -> Office:
    return await office(platform, two_tenants[1])
