"""The floor under a request: a bare Litestar endpoint that sends the recorded statements, served as the platform is.

BENCH_DATABASE=postgres://... BENCH_TENANT=1 BENCH_RECORDINGS=file.json python -m tests.bench.bare PORT
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from granian import Granian
from litestar import Litestar, Request, get, post

from tests.bench.recording import Bare, load

CONNECTIONS = 8  # as the platform's pool


def create_app() -> Litestar:
    recordings = load(Path(os.environ["BENCH_RECORDINGS"]))
    free: asyncio.Queue[Bare] = asyncio.Queue()

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        url = os.environ["BENCH_DATABASE"]
        some = [
            await Bare.open(url, int(os.environ["BENCH_TENANT"]))
            for _ in range(1 if url.startswith("sqlite") else CONNECTIONS)
        ]
        for one in some:
            free.put_nowait(one)
        yield
        for one in some:
            await one.close()

    @get("/healthz")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @get("/read/{name:str}")
    async def read(name: str) -> list[list[dict[str, Any]]]:
        bare = await free.get()
        try:
            return await bare.send(recordings[name].statements)
        finally:
            free.put_nowait(bare)

    @post("/write/{name:str}", status_code=200)
    async def write(name: str, request: Request[Any, Any, Any]) -> dict[str, Any]:
        """The body has `data`, as the platform's own has, and `values`: pairs of what was recorded and what to send."""
        body = await request.json()
        bare = await free.get()
        try:
            await bare.send(recordings[name].with_values(dict(body["values"])))
        finally:
            free.put_nowait(bare)
        return body["data"]  # type: ignore[no-any-return]

    return Litestar([health, read, write], lifespan=[lifespan], logging_config=None)


def main() -> None:
    # one worker and uvloop, as `dougong serve` does it
    Granian(
        "tests.bench.bare:create_app", factory=True, port=int(sys.argv[1]), interface="asgi", loop="uvloop",
        workers=1, websockets=False, log_level="warning",
    ).serve()  # fmt: skip


if __name__ == "__main__":
    main()
