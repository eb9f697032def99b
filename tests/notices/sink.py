"""An SMTP server on loopback that keeps what it is given, or refuses it with the code a test wants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Sink:
    port: int = 0
    answer: str = "250 ok"  # to the recipient
    got: list[tuple[str, EmailMessage]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def say(words: str) -> None:
            writer.write(f"{words}\r\n".encode())
            await writer.drain()

        await say("220 sink")
        to = ""
        while line := (await reader.readline()).decode().strip():
            word = line.split(" ")[0].split(":")[0].upper()
            if word == "RCPT":
                to = line.partition("<")[2].partition(">")[0]
                await say(self.answer)
            elif word == "DATA":
                await say("354 go on")
                text = (await reader.readuntil(b"\r\n.\r\n"))[:-3]
                self.got.append((to, message_from_bytes(text, policy=policy.default)))
                await say("250 kept")
            elif word == "QUIT":
                await say("221 bye")
                break
            else:
                await say("250 ok")
        writer.close()


@asynccontextmanager
async def sinking(**manners: object) -> AsyncIterator[Sink]:
    sink = Sink(**manners)  # type: ignore[arg-type]
    server = await asyncio.start_server(sink.handle, "127.0.0.1", 0)
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        server.close()
