"""Processor time and memory of running processes, out of /proc: what a busy machine hardly shifts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Processes:
    """A server process with those it started; or the backends of one PostgreSQL database (`database`)."""

    root: int
    database: str = ""

    def seconds(self) -> float:
        """Processor time used so far, user and system, of every thread that still runs."""
        return sum(_seconds(pid) for pid in self._pids())

    def megabytes(self) -> float:
        """Memory held: resident, each shared page counted in every process."""
        pages = [(PROC / str(pid) / "statm").read_text().split()[1] for pid in self._pids()]
        return sum(map(int, pages)) * 4096 / MEGABYTE

    def _pids(self) -> list[int]:
        children = _tree(self.root)
        if not self.database:
            return [self.root, *children]
        return [pid for pid in children if f" {self.database} " in _title(pid)]


def _tree(root: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it ended meanwhile
            parents.setdefault(int(stat[1]), []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def _title(pid: int) -> str:
    try:
        return (PROC / str(pid) / "cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def _seconds(pid: int) -> float:
    total = 0
    try:
        for task in (PROC / str(pid) / "task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])  # nanoseconds on a processor
    except OSError:
        return total / 1e9
    return total / 1e9
