"""What the tests bring along works on a machine that has nothing: the database server from its package."""

from __future__ import annotations

import subprocess

import asyncpg
import pytest

from core.store import open_database
from tests.setup import postgres


async def test_the_packaged_postgresql_serves_where_the_system_has_none(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DOUGONG_POSTGRES_BIN", str(postgres.embedded()))
    run = postgres.new_run()
    try:
        cluster = postgres.cluster(run)
        assert postgres.cluster(run) == cluster  # a second worker gets the same server
        connection = await asyncpg.connect(cluster.url("postgres", role="postgres"))
        assert connection.get_server_version().major >= 18
        await connection.execute("CREATE DATABASE fresh TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
        await connection.close()
        database = await open_database(cluster.url("fresh", role="postgres"), pool_size=2)
        await database.migrate()
        await database.close()
    finally:
        postgres.end_run(run)
    assert not run.exists()


def test_what_a_killed_run_left_behind_is_cleared_away_by_the_next():
    killed = postgres.new_run()
    over = subprocess.Popen(["true"])
    over.wait()  # its number belongs to nobody now, as those of a run and a server that were killed
    (killed / "owner").write_text(str(over.pid))
    (killed / "data").mkdir()
    (killed / "data" / "postmaster.pid").write_text(f"{over.pid}\n{killed / 'data'}\n")
    postgres.end_run(postgres.new_run())
    assert not killed.exists()
