"""A small HTTP client for measuring: a fixed number of requests over a fixed number of kept connections."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Requests = Callable[[int], Iterator[bytes]]  # of one connection, by its number; endless


@dataclass(slots=True)
class Batch:
    """What one run of requests took: `seconds` from the first to the last, and each answer's own time."""

    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    bytes: int = 0  # of the last answer, head and body

    @property
    def rate(self) -> float:
        return len(self.times) / self.seconds


def request(
    method: str,
    path: str,
    *,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    accept: str = "application/json",
) -> bytes:
    """The bytes of one request. It says what a browser says about compression."""
    lines = [f"{method} {path} HTTP/1.1", "Host: bench.local", f"Accept: {accept}", "Accept-Encoding: gzip"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


class Connection:
    """One kept connection to a server on loopback."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> Connection:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    def close(self) -> None:
        self._writer.close()

    async def ask(self, given: bytes) -> tuple[int, int, bytes]:
        """(status, bytes of head and body, body) of the answer."""
        self._writer.write(given)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _colon, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = await self._reader.readexactly(length)
        return int(head[9:12]), len(head) + length, body


async def run(port: int, requests: Requests, *, connections: int, number: int) -> Batch:
    """Ask `number` times over `connections` at once; any answer but a good one stops the run."""
    open_ = [await Connection.open(port) for _ in range(connections)]
    batch, turns = Batch(), [number // connections + (place < number % connections) for place in range(connections)]

    async def keep_asking(place: int) -> None:
        asked = requests(place)
        for _turn in range(turns[place]):
            given = next(asked)
            began = time.perf_counter()
            status, batch.bytes, body = await open_[place].ask(given)
            batch.times.append(time.perf_counter() - began)
            if status >= 300:
                raise RuntimeError(f"{given[:200]!r}: {status} {body[:500]!r}")

    began = time.perf_counter()
    await asyncio.gather(*map(keep_asking, range(connections)))
    batch.seconds = time.perf_counter() - began
    for one in open_:
        one.close()
    return batch
