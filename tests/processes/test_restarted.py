"""The database is restarted under load: requests fail with a clear word, then go on; nothing said yes to is lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import asyncpg
import httpx
import pytest

from core.people import tenants
from core.records import seal, verify
from core.store import open_database
from tests.conftest import _create_sql
from tests.processes.conftest import RECORDS, company, fill, until
from tests.setup import postgres
from tests.setup.server import serving


@pytest.fixture
def own_cluster(run) -> Iterator[tuple[postgres.Cluster, object]]:
    """A PostgreSQL that only this test uses, and its folder."""
    folder = run / "restarted"
    folder.mkdir(mode=0o711)
    yield postgres.cluster(folder), folder
    postgres.end_run(folder)


async def _database(cluster: postgres.Cluster) -> str:
    connection = await asyncpg.connect(cluster.url("postgres", role="postgres"))
    await connection.execute(f"CREATE ROLE dougong LOGIN PASSWORD '{cluster.password}'")
    await connection.execute(_create_sql("restarted", "template0"))
    await connection.close()
    return cluster.url("restarted")


async def test_requests_fail_clearly_while_the_database_restarts_and_then_go_on(own_cluster, tmp_path) -> None:
    cluster, folder = own_cluster
    place = await fill(await _database(cluster), tmp_path)
    answers: Counter[int] = Counter()
    saved: list[str] = []
    over = asyncio.Event()

    async def write(client: httpx.AsyncClient, writer: int) -> None:
        n = 0
        while not over.is_set():
            answer = await client.post(RECORDS, json={"data": company(f"{writer}-{(n := n + 1)}")})
            answers[answer.status_code] += 1
            if answer.status_code == 201:
                saved.append(answer.json()["id"])
            else:
                error = answer.json()["error"]
                assert (answer.status_code, error["code"]) == (503, "unavailable"), error
                assert answer.headers["retry-after"]
                await asyncio.sleep(0.05)

    with serving(place.url, place.folder, clean=False) as server:
        async with httpx.AsyncClient(base_url=server.url, headers=place.headers, timeout=60) as client:
            writers = [asyncio.create_task(write(client, n)) for n in range(4)]
            await seen(lambda: answers[201] >= 20, writers)
            await asyncio.to_thread(postgres.stop, folder)
            await seen(lambda: answers[503] >= 4, writers)
            await asyncio.to_thread(postgres.start, folder, cluster)
            before = answers[201]
            await seen(lambda: answers[201] >= before + 20, writers)
            over.set()
            await asyncio.gather(*writers)
            assert (await client.get(f"{RECORDS}/{saved[0]}")).status_code == 200
    db = await open_database(place.url, pool_size=1)
    try:
        (tenant,) = await tenants(db)
        await seal(db)
        assert await verify(db, tenant.id) == []
        present = {row["id"] for row in await db.fetch("SELECT id FROM record WHERE tenant = $1", tenant.id)}
        assert set(saved) <= present
    finally:
        await db.close()


async def seen(reached: Callable[[], bool], writers: Sequence[asyncio.Task]) -> None:
    async def now() -> bool:
        for writer in writers:
            if writer.done():
                writer.result()  # what it could not stand is the test's failure
        return reached()

    await until(now)
