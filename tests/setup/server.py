"""The platform as its users meet it: a real server process on a free loopback port, started and stopped."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60  # seconds until a server that does not answer is given up


@dataclass(frozen=True, slots=True)
class Server:
    """`url` without a slash at the end; `database_url` may be opened beside it, `folder` is its data folder."""

    url: str
    database_url: str
    folder: Path

    @property
    def log(self) -> str:
        return (self.folder / "server.log").read_text(encoding="utf-8", errors="replace")


@contextmanager
def serving(database_url: str, folder: Path) -> Iterator[Server]:
    """`dougong serve` on `database_url` with its data in `folder`; a traceback in its log is an error."""
    folder.mkdir(parents=True, exist_ok=True)
    server = Server(f"http://127.0.0.1:{free_port()}", database_url, folder)
    command = [sys.executable, "-m", "core", "serve", "--port", server.url.rsplit(":", 1)[1]]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DOUGONG_")}
    place = {"DATABASE_URL": database_url, "DOUGONG_DATA": str(folder), "DOUGONG_SECRET": "test " * 8}
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**kept, **place}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            _wait_for(server, process)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    assert "Traceback" not in server.log, server.log[-8000:]


def _wait_for(server: Server, process: subprocess.Popen) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(server.url + "/healthz", timeout=5):
                return
        except urllib.error.HTTPError as answer:
            raise RuntimeError(f"{answer.url}: {answer.code}\n{server.log}") from None
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"The server did not start:\n{server.log}")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
