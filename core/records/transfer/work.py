"""One pass over the rows of an import: a check, or the writing itself; how a run is begun and ended is elsewhere."""

from __future__ import annotations

import asyncio
from bisect import insort
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core import exact
from core.clock import now
from core.errors import Problem
from core.i18n import _
from core.jobs import JobLost
from core.records.transfer.cells import ReadRow, RowReader
from core.records.transfer.run import (
    SHOWN,
    STATUSES,
    Counts,
    Run,
    Status,
    WrongRow,
    problems_json,
    problems_of,
)
from core.records.transfer.runs import counts_text
from core.store import UniqueViolation
from core.store import imports as stored

if TYPE_CHECKING:
    from core.context import Context
    from core.forms import Form
    from core.jobs import Job
    from core.records.model import BulkRow
    from core.records.transfer.table import Row, Table

CHUNK = 500  # rows in one transaction
STEP = 100  # rows that are read before others are let in


class Pass:
    """The rows of a run, checked (`writing` False) or written.

    Writing keeps what became of each row in the transaction that writes it. A pass that begins after another was
    cut off leaves out the rows it finds there: no row is written twice.
    """

    def __init__(self, ctx: Context, run: Run, job: Job, *, form: Form, table: Table, writing: bool) -> None:
        self._ctx, self._run, self._job = ctx, run, job
        self.form, self.table, self._writing = form, table, writing
        self._outcomes: dict[int, Status] = {}  # by the row's number in the file
        self._numbers: Counter[Status] = Counter()
        self._shown: list[int] = []  # the first of the wrong ones
        self._fresh: list[tuple[Any, ...]] = []  # rows to be kept with the transaction
        self.problems: dict[int, tuple[Problem, ...]] = {}  # of the rows that are wrong

    async def recall(self) -> bool:
        """Take in what an earlier attempt has written; whether there was any."""
        for row in await stored.rows(self._ctx.db, self._ctx.tenant.id, self._run.id):
            self._note(row["number"], row["status"], problems_of(exact.loads(row["problems"])))
        self._fresh.clear()
        return bool(self._outcomes)

    async def through(self, *, whole: bool = False, offset: int = 0, divisor: int = 1) -> None:
        """Every row. `whole`: leave off at the first chunk with a wrong row. Progress counts from `offset`."""
        reader, levels, twice = await asyncio.to_thread(self._prepared)  # seconds of work in a big file
        for level in levels:
            for rows in self._chunks(level):
                self._job.check()
                await self._chunk(reader, rows, twice)
                done = len(self._outcomes)
                await self._job.progress(offset + done // divisor, len(self.table.rows))
                if whole and self.wrong:
                    return
        if not self._writing:
            await self._move({"counts": counts_text(self.run), "done": len(self._outcomes), "updated_at": now()})

    def _prepared(self) -> tuple[RowReader, list[list[Row]], dict[int, Problem]]:
        run, table = self._run, self.table
        reader = RowReader(self._ctx, self.form, table, columns=run.columns, blank=run.options.blank)
        return reader, reader.levels(table.rows), self._twice(self.form, table)

    def _chunks(self, level: Sequence[Row]) -> Iterator[Sequence[Row]]:
        rows = [row for row in level if row.number not in self._outcomes]
        for start in range(0, len(rows), CHUNK):
            yield rows[start : start + CHUNK]

    async def _chunk(self, reader: RowReader, rows: Sequence[Row], twice: dict[int, Problem]) -> None:
        """Check or write some rows and say how far we are, in one transaction: a kill leaves a true number."""
        read: list[ReadRow] = []
        for start in range(0, len(rows), STEP):
            some = await reader.read(rows[start : start + STEP])
            read += [self._judged(row, reader, twice) for row in some]
            await asyncio.sleep(0)
        good = [row for row in read if not row.problems]
        self._fresh.clear()
        await self._told_at_once(self.form, [row for row in read if row.problems])
        if not self._writing:
            await self._bulk(self.form, good)
            return
        try:
            async with self._ctx.db.write():
                await self._bulk(self.form, good)
                await stored.add_rows(self._ctx.db, self._ctx.tenant.id, self._run.id, self._fresh)
                changes = {"counts": counts_text(self.run), "done": len(self._outcomes), "updated_at": now()}
                await self._move(changes)
        except UniqueViolation as error:
            if error.table != "import_row":
                raise
            raise JobLost from error

    async def _told_at_once(self, form: Form, rows: Sequence[ReadRow]) -> None:
        """Rows with unreadable cells, together with what is wrong with their readable ones."""
        if not rows:
            return
        result = await self._ctx.records.bulk(
            form.name, [row.data for row in rows], mode=self._run.options.mode, source="import", dry_run=True
        )
        for row, answer in zip(rows, result.rows, strict=True):
            faulty = {problem.field.partition(".")[0] for problem in row.problems} | (row.waits_for or {}).keys()
            more = [problem for problem in answer.problems if problem.field.partition(".")[0] not in faulty]
            self._note(row.number, "wrong", (*row.problems, *more))

    async def _bulk(self, form: Form, rows: Sequence[ReadRow]) -> None:
        if not rows:
            return
        result = await self._ctx.records.bulk(
            form.name,
            [row.data for row in rows],
            mode=self._run.options.mode,
            source="import",
            dry_run=not self._writing,
        )
        for row, answer in zip(rows, result.rows, strict=True):
            waits = row.waits_for or {}
            problems = tuple(p for p in answer.problems if p.field not in waits)
            status: Status = "wrong" if problems else answer.status
            if waits and not problems:
                # What it refers to is a new row of this file: on its own it cannot be the same as before.
                status = "changed" if answer.status in ("same", "changed") else "new"
            self._note(row.number, status, problems, answer)

    def _judged(self, row: ReadRow, reader: RowReader, twice: dict[int, Problem]) -> ReadRow:
        """The row with what only a look at the other rows of the file can say."""
        problems = [*row.problems, *([twice[row.number]] if row.number in twice else [])]
        for name, key in (row.waits_for or {}).items():
            above = reader.numbers[key]
            if self._outcomes.get(above, "wrong") == "wrong" or self._writing:
                words = _("所引用的“{key}”在第 {row} 行，那一行没有导入", key=key, row=above)
                problems.append(Problem(name, "reference", words))
        return replace(row, problems=tuple(problems))

    def _twice(self, form: Form, table: Table) -> dict[int, Problem]:
        """Rows whose key stood in an earlier row of the same file."""
        if not form.key or self._run.options.mode != "upsert":
            return {}
        places = {column.field: index for index, column in enumerate(self._run.columns) if column.field}
        if any(name not in places for name in form.key):
            return {}
        first: dict[tuple[str, ...], int] = {}
        found: dict[int, Problem] = {}
        for row in table.rows:
            key = tuple(str(row.cells[places[name]]).strip() for name in form.key)
            if key in first and any(key):
                words = _("编码与第 {row} 行相同", row=first[key])
                found[row.number] = Problem(form.key[0], "twice", words)
            first.setdefault(key, row.number)
        return found

    def _note(
        self, number: int, status: Status, problems: tuple[Problem, ...], answer: BulkRow | None = None
    ) -> None:
        self._outcomes[number] = status
        self._numbers[status] += 1
        if status == "wrong":
            self.problems[number] = problems
            insort(self._shown, number)
            del self._shown[SHOWN:]
        if self._writing:
            record, revision = (answer.id, answer.revision) if answer is not None else (None, None)
            self._fresh.append((number, status, record, revision, exact.dumps(problems_json(problems))))

    @property
    def wrong(self) -> int:
        return self._numbers["wrong"]

    @property
    def run(self) -> Run:
        """The run with what this pass has counted."""
        rows = tuple(WrongRow(number=number, problems=self.problems[number]) for number in self._shown)
        counts = Counts(**{status: self._numbers[status] for status in STATUSES}, rows=rows)
        return replace(self._run, **{"written" if self._writing else "checked": counts})

    async def _move(self, changes: dict[str, Any]) -> None:
        """Write to the run's row, unless it was given up meanwhile."""
        state = (self._run.state,)
        if not await stored.move(self._ctx.db, self._ctx.tenant.id, self._run.id, since=state, changes=changes):
            raise JobLost
