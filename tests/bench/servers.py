"""Servers to measure: the platform's own and the bare one, each a process on loopback."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.processes import Processes
from tests.setup.server import ROOT, free_port, wait_for


@dataclass(frozen=True, slots=True)
class Running:
    """`started` seconds passed from its start to its first answer."""

    port: int
    processes: Processes
    started: float


@contextmanager
def platform(url: str, folder: Path) -> Iterator[Running]:
    """`dougong serve` on the database at `url`."""
    values = {"DATABASE_URL": url, "DOUGONG_DATA": str(folder), "DOUGONG_SECRET": "test " * 8}
    with _running(["core", "serve", "--port"], values, folder / "platform.log") as running:
        yield running


@contextmanager
def bare(url: str, tenant: int, recordings: Path) -> Iterator[Running]:
    """The endpoints of bare.py on the same database."""
    values = {"BENCH_DATABASE": url, "BENCH_TENANT": str(tenant), "BENCH_RECORDINGS": str(recordings)}
    with _running(["tests.bench.bare"], values, recordings.with_suffix(".log")) as running:
        yield running


@contextmanager
def _running(module: list[str], values: dict[str, str], log: Path) -> Iterator[Running]:
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DOUGONG_")}
    began = time.perf_counter()
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", *module, str(port)], cwd=ROOT, env={**kept, **values}, stdin=subprocess.DEVNULL,
            stdout=file, stderr=file,
        )  # fmt: skip
        try:
            wait_for(f"http://127.0.0.1:{port}", process, log=log, pause=0.01)
            yield Running(port, Processes(process.pid), time.perf_counter() - began)
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
