"""What the scheduling engine costs: a big network, many small ones, one more link: `python -m tests.bench.schedule`."""

from __future__ import annotations

import random
import time
from datetime import date, datetime

from plugins.progress.network import Activity, Link, build
from plugins.progress.scheduling import Options, Schedule, schedule
from plugins.progress.worktime import WorkCalendar, instant

START = instant(datetime(2026, 3, 2, 8))


def network(chance: random.Random, tasks: int, links: int, calendars: list[WorkCalendar]):
    activities = [
        Activity(id=str(n), duration=chance.randint(1, 10) * 480, calendar=chance.choice(calendars))
        for n in range(tasks)
    ]
    found = []
    for _n in range(links):
        before = chance.randrange(tasks - 1)
        after = min(tasks - 1, before + chance.randint(1, 60))
        lag = chance.choice([0, 0, 0, 480, -480])
        found.append(Link(str(before), str(after), chance.choice(["FS"] * 8 + ["SS", "FF"]), lag))
    return activities, found


def run(activities, links) -> Schedule:
    return schedule(build(activities, links), Options(start=START))


def timed(name: str, work) -> None:
    start = time.process_time()
    work()
    print(f"{name:<48} {time.process_time() - start:6.2f} s")


def main() -> None:
    chance = random.Random(1)
    week = WorkCalendar(first=date(2025, 1, 1))
    six = WorkCalendar(week=(*week.week[:5], week.week[0], ()), first=date(2025, 1, 1))
    big = network(chance, 10_000, 20_000, [week])
    timed("10,000 activities, 20,000 links, one calendar", lambda: run(*big))
    mixed = network(chance, 10_000, 20_000, [week, week, six])
    timed("the same on two calendars", lambda: run(*mixed))
    timed("one more link, computed anew", lambda: run(big[0], [*big[1], Link("1", "9999")]))
    small = [network(chance, 12, 16, [week]) for _n in range(2_000)]
    timed("2,000 plans of 12 activities, one after another", lambda: [run(*one) for one in small])


if __name__ == "__main__":
    main()
