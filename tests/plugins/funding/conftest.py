"""A tenant that has funding alone."""

from __future__ import annotations

import pytest

from core.testing import new_tenant


@pytest.fixture
async def ctx(platform):
    return await new_tenant(platform, "aa", modules=("funding",))
