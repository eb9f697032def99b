"""`python -m tests.bench`: what the platform costs beside two floors, on both engines; figures, never a verdict.

A real server process is asked over loopback HTTP. Floors, in the same run and in turns with it: the statements
of each operation through the bare driver, and a bare Litestar endpoint that sends them, served in the same way.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import asyncpg

from core.people.passwords import hash_cheaply
from core.testing import platform_at
from tests.bench import bulk, recording, servers, tables
from tests.bench.measuring import Measured, Place, measure
from tests.bench.operations import bulk_recording, keyed, operations
from tests.bench.processes import Processes
from tests.bench.subject import prepare
from tests.setup import postgres

POSTGRES = ("shared_buffers=512MB", "max_wal_size=8GB", "checkpoint_timeout=30min", "autovacuum=off")
POURED = 10_000
BULK = "bulk create and import"


class Base(NamedTuple):
    """A database to measure: its address, and the postmaster's process where there is one."""

    url: str
    postmaster: int | None


@contextmanager
def database(engine: str, folder: Path) -> Iterator[Base]:
    if engine == "sqlite":
        yield Base(f"sqlite:///{folder / 'bench.db'}", None)
        return
    run = postgres.new_run()
    try:
        cluster = postgres.cluster(run, settings=POSTGRES)
        asyncio.run(_make_database(cluster))
        pid = int((run / "data" / "postmaster.pid").read_text().splitlines()[0])
        yield Base(cluster.url("bench"), pid)
    finally:
        postgres.end_run(run)


async def _make_database(cluster: postgres.Cluster) -> None:
    admin = await asyncpg.connect(cluster.url("postgres", role="postgres"))
    await admin.execute(f"CREATE ROLE dougong LOGIN PASSWORD '{cluster.password}'")
    await admin.execute(
        "CREATE DATABASE bench OWNER dougong TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C' ENCODING 'UTF8'"
    )
    await admin.close()


async def run(base: Base, folder: Path, options: argparse.Namespace) -> tuple[list[Measured], list[bulk.Poured], str]:
    async with platform_at(base.url, folder) as platform:
        began = time.perf_counter()
        subject = await prepare(platform, options.rows)
        print(f"  {options.rows:,} records made in {time.perf_counter() - began:.0f} s", flush=True)
        wanted = [one for one in await operations(platform, subject) if options.only in one.name]
        recordings = keyed(wanted)
        poured = await bulk_recording(platform, subject, POURED)
    recording.save(folder / "recordings.json", recordings)
    driver = await recording.Bare.open(base.url, subject.ctx.tenant.id)
    behind = Processes(base.postmaster, "bench") if base.postmaster else None
    started = _starts(base.url, folder, options.starts)
    with (
        servers.platform(base.url, folder) as ours,
        servers.bare(base.url, subject.ctx.tenant.id, folder / "recordings.json") as bare,
    ):
        await asyncio.sleep(1)  # what the start still has to do
        places = Place(ours.port, ours.processes, behind), Place(bare.port, bare.processes, behind)
        before = ours.processes.megabytes(), bare.processes.megabytes()
        found = []
        for one in wanted:
            found.append(await measure(one, *places, driver, turns=options.turns, seconds=options.seconds))
            print("  " + "  ".join(tables.rows_of([found[-1]] if not one.like else found)[-1]), flush=True)
        pours = await bulk.pour(places[0], subject.token, number=POURED) if options.only in BULK else []
        after = ours.processes.megabytes()
    if pours:
        pours.append(await bulk.through_driver(driver, poured, number=POURED))
    await driver.close()
    return found, pours, _notes(started, before, after)


def _starts(url: str, folder: Path, times: int) -> tuple[float, float]:
    """(seconds to the first answer, processor seconds until then), medians."""
    spans, used = [], []
    for _ in range(times):
        with servers.platform(url, folder) as ours:
            spans.append(ours.started)
            used.append(ours.processes.seconds())
    return statistics.median(spans), statistics.median(used)


def _notes(started: tuple[float, float], before: tuple[float, float], after: float) -> str:
    return (
        f"Start to first answer {started[0]:.2f} s ({started[1]:.2f} s of CPU). Memory: {before[0]:.0f} MB after the "
        f"start, {after:.0f} MB after all of this; the bare server {before[1]:.0f} MB."
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=100_000, help="records of the form (default %(default)s)")
    parser.add_argument("--engine", choices=("sqlite", "postgres"), help="only this engine")
    parser.add_argument("--only", default="", metavar="WORDS", help="only operations with these words in their name")
    parser.add_argument("--turns", type=int, default=5, help="turns of which the median is taken (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=0.3, help="length of one turn (default %(default)s)")
    parser.add_argument("--starts", type=int, default=3, help="starts of the server (default %(default)s)")
    parser.add_argument("--markdown", action="store_true", help="print the tables as Markdown")
    options = parser.parse_args()
    hash_cheaply()
    logging.disable(logging.WARNING)
    show = tables.markdown if options.markdown else tables.plain
    for engine in ("sqlite", "postgres"):
        if options.engine in (None, engine):
            print(f"{engine}, {options.rows:,} records of 15 fields", flush=True)
            with tempfile.TemporaryDirectory() as folder, database(engine, Path(folder)) as base:
                found, pours, notes = asyncio.run(run(base, Path(folder), options))
            print(f"\n{show(tables.rows_of(found))}\n\n{show([one.cells for one in pours], bulk.HEADS)}\n\n{notes}\n")


if __name__ == "__main__":
    main()
