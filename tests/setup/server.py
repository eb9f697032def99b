"""The platform as its users meet it: a real server process on a free loopback port, started and stopped."""

from __future__ import annotations

import os
import signal
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
    process: subprocess.Popen
    name: str = "server"

    @property
    def log(self) -> str:
        return (self.folder / f"{self.name}.log").read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        """End all its processes at once, as a power cut would."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for pid in (self.process.pid, *map(int, children)):
            os.kill(pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def serving(database_url: str, folder: Path, *, name: str = "server", clean: bool = True) -> Iterator[Server]:
    """`dougong serve` on `database_url` with its data in `folder`; a traceback in its log is an error if `clean`.

    `name` tells several on one folder apart.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [sys.executable, "-m", "core", "serve", "--port", str(port)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DOUGONG_")}
    place = {"DATABASE_URL": database_url, "DOUGONG_DATA": str(folder), "DOUGONG_SECRET": "test " * 8}
    with (folder / f"{name}.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**kept, **place}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        server = Server(f"http://127.0.0.1:{port}", database_url, folder, process, name)
        try:
            wait_for(server.url, process, log=folder / f"{name}.log")
            yield server
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    assert not clean or "Traceback" not in server.log, server.log[-8000:]


def wait_for(url: str, process: subprocess.Popen, *, log: Path, pause: float = 0.1) -> None:
    """Until the server at `url` answers; looked for every `pause` seconds."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url + "/healthz", timeout=5):
                return
        except urllib.error.HTTPError as answer:
            raise RuntimeError(f"{answer.url}: {answer.code}\n{log.read_text()}") from None
        except OSError:
            time.sleep(pause)
    raise RuntimeError(f"The server did not start:\n{log.read_text()}")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
