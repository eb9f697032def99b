"""What an import run is and the states it goes through; what is done in them is in runs.py and work.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from core.errors import Problem
from core.records.transfer.cells import Blank
from core.records.transfer.matching import Column

State = Literal[
    "uploaded", "checking", "checked", "running", "done", "failed", "interrupted", "undoing", "undone"
]
Mode = Literal["upsert", "create"]
Status = Literal["new", "changed", "same", "wrong"]

UNFINISHED: tuple[State, ...] = ("checking", "running", "undoing")
CHECKABLE: tuple[State, ...] = ("uploaded", "checked", "failed", "interrupted")
STOPPED: tuple[State, ...] = ("failed", "interrupted")
UNDOABLE: tuple[State, ...] = ("done", *STOPPED)
STATUSES: tuple[Status, ...] = ("new", "changed", "same", "wrong")
SHOWN = 50  # wrong rows kept with the run; the file that goes back has all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`whole`: nothing is written if one row is wrong. `blank`: what an empty cell means on an existing record."""

    mode: Mode = "upsert"
    whole: bool = False
    blank: Blank = "keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongRow:
    number: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a check would do, or what a run has done."""

    new: int = 0
    changed: int = 0
    same: int = 0
    wrong: int = 0
    rows: tuple[WrongRow, ...] = ()  # the first that are wrong

    @property
    def total(self) -> int:
        return self.new + self.changed + self.same + self.wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """What was taken back, and what was not because somebody changed it since, or for another reason."""

    done: int = 0
    kept: int = 0
    rows: tuple[WrongRow, ...] = ()  # the first that were kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The uploaded file as the wizard speaks of it."""

    name: str
    kind: str
    sheet: str = ""
    sheets: int = 1
    encoding: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One file on its way into one form; it belongs to the member who brought it."""

    id: str
    form: str
    file: str
    state: State
    source: Source
    columns: tuple[Column, ...]
    options: Options = field(default_factory=Options)
    checked: Counts | None = None  # what the check found
    written: Counts | None = None  # what was written
    undone: Undone | None = None  # what of that was taken back
    done: int = 0
    total: int = 0
    error: str | None = None
    result_file: str | None = None  # the same file with what was wrong
    created_at: str
    created_by: str | None
    updated_at: str

    @property
    def unfinished(self) -> bool:
        return self.state in UNFINISHED

    @property
    def checkable(self) -> bool:
        """Whether the columns may (still, again) be matched and checked: while nothing was written."""
        return self.state in CHECKABLE and self.written is None

    @property
    def resumable(self) -> bool:
        """Whether the import stopped half-way and can go on."""
        stopped = self.state in STOPPED and self.written is not None and self.undone is None
        return stopped and self.done < self.total

    @property
    def undoable(self) -> bool:
        """Whether it wrote something that can be taken back."""
        return self.state in UNDOABLE and self.written is not None and self.written.new + self.written.changed > 0

    @property
    def percent(self) -> int:
        return 100 * self.done // self.total if self.total else 0


def counts_json(counts: Counts | None) -> dict[str, Any] | None:
    if counts is None:
        return None
    return {**{status: getattr(counts, status) for status in STATUSES}, "rows": _rows_json(counts.rows)}


def counts_of(stored: Mapping[str, Any] | None) -> Counts | None:
    if stored is None:
        return None
    return Counts(**{status: stored[status] for status in STATUSES}, rows=_rows_of(stored["rows"]))


def undone_json(undone: Undone | None) -> dict[str, Any] | None:
    if undone is None:
        return None
    return {"done": undone.done, "kept": undone.kept, "rows": _rows_json(undone.rows)}


def undone_of(stored: Mapping[str, Any] | None) -> Undone | None:
    if stored is None:
        return None
    return Undone(done=stored["done"], kept=stored["kept"], rows=_rows_of(stored["rows"]))


def _rows_json(rows: tuple[WrongRow, ...]) -> list[dict[str, Any]]:
    return [{"number": row.number, "problems": problems_json(row.problems)} for row in rows]


def _rows_of(stored: list[Mapping[str, Any]]) -> tuple[WrongRow, ...]:
    return tuple(WrongRow(number=row["number"], problems=problems_of(row["problems"])) for row in stored)


def problems_json(problems: tuple[Problem, ...]) -> list[list[str]]:
    return [[problem.field, problem.code, problem.message] for problem in problems]


def problems_of(stored: list[list[str]]) -> tuple[Problem, ...]:
    return tuple(Problem(*problem) for problem in stored)


def columns_json(columns: tuple[Column, ...]) -> list[dict[str, Any]]:
    return [
        {"header": c.header, "field": c.field, "sure": c.sure, "by_key": c.by_key, "samples": list(c.samples)}
        for c in columns
    ]


def columns_of(stored: list[Mapping[str, Any]]) -> tuple[Column, ...]:
    return tuple(Column(**{**one, "samples": tuple(one["samples"])}) for one in stored)
