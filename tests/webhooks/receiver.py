"""A receiver of webhooks on loopback, as bad as a test wants it: answers, refuses, redirects, drips, never answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Receiver:
    url: str = ""
    status: int = 200
    answer: bytes = b"ok"
    silent: bool = False  # take the request and say nothing
    dripping: bool = False  # a byte now and then, for ever
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in head.split("\r\n")[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            self.got.append((headers, body))
            if self.silent:
                await reader.read()  # until the other side has had enough
            elif self.dripping:
                writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
                while not reader.at_eof():
                    writer.write(b".")
                    await writer.drain()
                    await asyncio.sleep(0.01)
            else:
                place = b"Location: http://127.0.0.1:9/elsewhere\r\n" if 300 <= self.status < 400 else b""
                size = str(len(self.answer)).encode()
                line = f"HTTP/1.1 {self.status} X\r\n".encode()
                writer.write(line + place + b"Content-Length: " + size + b"\r\n\r\n" + self.answer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def receiving(**manners: object) -> AsyncIterator[Receiver]:
    receiver = Receiver(**manners)  # type: ignore[arg-type]
    server = await asyncio.start_server(receiver.handle, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    try:
        yield receiver
    finally:
        server.close()
