"""Where backups are restored to: empty databases of the same engine and of the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import _postgres_database


def _empty(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    if engine == "sqlite":
        yield f"sqlite:///{tmp_path / 'restored.db'}"
    else:
        request.getfixturevalue("postgres_template")  # it makes the role that owns the database
        yield from _postgres_database(request.getfixturevalue("cluster"), "template0")


@pytest.fixture
def restored_url(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty database of the test's own engine."""
    yield from _empty(engine, tmp_path, request)


@pytest.fixture
def other_url(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty database of the other engine."""
    yield from _empty("postgres" if engine == "sqlite" else "sqlite", tmp_path, request)
