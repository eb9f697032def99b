"""Measuring one operation: the platform, the bare endpoint and the bare driver in turns, so that a busy machine
shifts all three alike; medians over the turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.bench import load

if TYPE_CHECKING:
    from tests.bench.load import Requests
    from tests.bench.operations import Operation
    from tests.bench.processes import Processes
    from tests.bench.recording import Bare

CONNECTIONS = (1, 16)
WARM, FEWEST, MOST = 10, 16, 400  # requests: before measuring, and in one turn


@dataclass(frozen=True, slots=True)
class Place:
    """A server under measurement and the database behind it; without `database` that works in the server."""

    port: int
    server: Processes
    database: Processes | None


@dataclass(slots=True)
class Series:
    """What one server did at one number of connections, turn by turn. Times in milliseconds."""

    rates: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    server: list[float] = field(default_factory=list)  # processor time of one request
    database: list[float] = field(default_factory=list)
    bytes: int = 0

    @property
    def rate(self) -> float:
        return statistics.median(self.rates)

    @property
    def cpu(self) -> float:
        return statistics.median(self.server)

    @property
    def database_cpu(self) -> float | None:
        return statistics.median(self.database) if self.database else None

    def percentile(self, share: float) -> float:
        known = sorted(self.times)
        return known[min(int(len(known) * share), len(known) - 1)]


@dataclass(frozen=True, slots=True)
class Measured:
    """One operation: by connections, the platform and the bare endpoint; `driver` ms of the bare driver."""

    name: str
    ours: dict[int, Series]
    bare: dict[int, Series]
    driver: float
    like: str = ""


async def measure(
    operation: Operation, ours: Place, bare: Place, driver: Bare, *, turns: int, seconds: float
) -> Measured:
    found = Measured(
        operation.name,
        {number: Series() for number in CONNECTIONS},
        {number: Series() for number in CONNECTIONS},
        await _driver(operation, driver, seconds=seconds),
        operation.like,
    )
    sides = ((ours, operation.ours, found.ours), (bare, operation.bare, found.bare))
    for place, requests, _series in sides:
        await load.run(place.port, requests, connections=CONNECTIONS[-1], number=2 * WARM)
    for connections in CONNECTIONS:
        numbers = [await _fitting(place, requests, connections, seconds) for place, requests, _series in sides]
        for _turn in range(turns):
            for (place, requests, series), number in zip(sides, numbers, strict=True):
                await _turned(place, requests, series[connections], connections=connections, number=number)
    return found


async def _fitting(place: Place, requests: Requests, connections: int, seconds: float) -> int:
    """How many requests take about `seconds`."""
    tried = await load.run(place.port, requests, connections=connections, number=WARM)
    return max(FEWEST, min(MOST, int(seconds * tried.rate)))


async def _turned(place: Place, requests: Requests, series: Series, *, connections: int, number: int) -> None:
    server, database = place.server.seconds(), place.database.seconds() if place.database else 0.0
    batch = await load.run(place.port, requests, connections=connections, number=number)
    series.server.append((place.server.seconds() - server) * 1000 / number)
    if place.database:
        series.database.append((place.database.seconds() - database) * 1000 / number)
    series.rates.append(batch.rate)
    series.times += [one * 1000 for one in batch.times]
    series.bytes = batch.bytes


async def _driver(operation: Operation, driver: Bare, *, seconds: float) -> float:
    """Milliseconds that the statements take through the driver alone, waiting for the database included."""

    async def once() -> None:
        await driver.send(operation.recording.with_values(operation.fresh()))

    return await _median(once, seconds=seconds)


async def _median(work: Callable[[], Awaitable[None]], *, seconds: float) -> float:
    for _warm in range(6):
        await work()
    times, until = [], time.perf_counter() + seconds
    while time.perf_counter() < until or len(times) < 5:
        began = time.perf_counter()
        await work()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)
