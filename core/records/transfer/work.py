"""The work of a run beside its request: check every row, then write them; how a run is begun is in runs.py."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core import exact
from core.clock import now
from core.errors import DougongError, Problem
from core.i18n import _, language
from core.records.transfer.answers import answer_file
from core.records.transfer.cells import ReadRow, RowReader
from core.records.transfer.matching import check_columns
from core.records.transfer.reading import read_table
from core.records.transfer.run import SHOWN, STATUSES, Counts, Run, Status, WrongRow, counts_json
from core.store import imports as stored

if TYPE_CHECKING:
    from core.context import Context
    from core.forms import Form
    from core.records.transfer.table import Row, Table

CHUNK = 500
_log = logging.getLogger("dougong.imports")


class _Undone(Exception):
    """All or nothing, and a row was wrong: leave the transaction with nothing written."""


class _Lost(Exception):
    """The run was given up meanwhile: leave the transaction, write no more."""


class Work:
    """One pass over the rows of a run: a check (`writing` False) or the import itself."""

    def __init__(self, ctx: Context, run: Run, *, writing: bool) -> None:
        self._ctx, self._run, self._writing = ctx, run, writing
        self._state = "running" if writing else "checking"
        self._outcomes: dict[int, Status] = {}  # by the row's number in the file
        self._numbers: Counter[Status] = Counter()
        self._problems: dict[int, tuple[Problem, ...]] = {}  # of the rows that are wrong

    async def __call__(self) -> None:
        language.set(self._ctx.language)
        try:
            await self._pass()
        except _Lost:
            _log.warning("import %s was given up meanwhile", self._run.id)
        except DougongError as error:
            await self._end("failed", error=error.message)
        except asyncio.CancelledError:
            await self._end("interrupted")
            raise
        except Exception:
            _log.exception("import %s failed", self._run.id)
            await self._end("failed", error=_("系统出了错，没有做完。请稍后再试，或联系管理员。"))

    async def _pass(self) -> None:
        ctx, run = self._ctx, self._run
        form = ctx.forms.get(run.form)
        check_columns(run.columns, form, mode=run.options.mode)
        table = await read_table(await ctx.files.read(run.file))
        reader = RowReader(ctx, form, table, columns=run.columns, blank=run.options.blank)
        if self._writing and run.options.whole:
            try:
                async with ctx.db.write():
                    await self._rows(form, reader, table)
                    if self._wrong:
                        raise _Undone
                    await self._end("done", must=True)
            except _Undone:
                error = _("有 {number} 行有错，按“全部正确才导入”的选择，什么都没有写入。", number=self._wrong)
                await self._end("failed", error=error, file=await answer_file(ctx, run, table, self._problems))
            return
        await self._rows(form, reader, table)
        only = frozenset(self._problems) if self._writing and run.options.mode == "create" else None
        file = await answer_file(ctx, run, table, self._problems, only=only) if self._wrong else None
        await self._end("done" if self._writing else "checked", file=file)

    async def _rows(self, form: Form, reader: RowReader, table: Table) -> None:
        twice = self._twice(form, table)
        for level in reader.levels(table.rows):
            for start in range(0, len(level), CHUNK):
                await self._chunk(form, reader, level[start : start + CHUNK], twice)
                await asyncio.sleep(0)  # others are served between chunks, whatever the driver does

    async def _chunk(self, form: Form, reader: RowReader, rows: Sequence[Row], twice: dict[int, Problem]) -> None:
        """Check or write some rows and say how far we are, in one transaction: a kill leaves a true number."""
        read = [self._judged(row, reader, twice) for row in await reader.read(rows)]
        good = [row for row in read if not row.problems]
        await self._told_at_once(form, [row for row in read if row.problems])
        if self._writing:
            async with self._ctx.db.write():
                await self._bulk(form, good)
                await self._progress()
        else:
            await self._bulk(form, good)
            await self._progress()

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
            self._note(row, "wrong", (*row.problems, *more))

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
            self._note(row, status, problems)

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

    def _note(self, row: ReadRow, status: Status, problems: tuple[Problem, ...]) -> None:
        self._outcomes[row.number] = status
        self._numbers[status] += 1
        if status == "wrong":
            self._problems[row.number] = problems

    @property
    def _wrong(self) -> int:
        return self._numbers["wrong"]

    def _counts(self) -> Counts:
        wrong = sorted(self._problems.items())[:SHOWN]
        rows = tuple(WrongRow(number=number, problems=problems) for number, problems in wrong)
        return Counts(**{status: self._numbers[status] for status in STATUSES}, rows=rows)

    def _columns(self) -> dict[str, Any]:
        """What the run's row says of this pass so far."""
        counts = self._counts()
        checked, written = (self._run.checked, counts) if self._writing else (counts, None)
        pair = {"checked": counts_json(checked), "written": counts_json(written)}
        return {"counts": exact.dumps(pair), "done": len(self._outcomes), "updated_at": now()}

    async def _progress(self) -> None:
        self._ctx.tasks.tell(("import", self._run.id), len(self._outcomes))
        await self._move(self._columns(), must=True)

    async def _end(self, state: str, *, error: str | None = None, file: str | None = None, must: bool = False) -> None:
        undone = state in ("failed", "interrupted") and self._writing and self._run.options.whole
        columns = {"updated_at": now()} if undone else self._columns()
        if undone and self._outcomes:
            columns["counts"] = exact.dumps({"checked": counts_json(self._counts()), "written": None})
        await self._move({**columns, "state": state, "error": error, "result_file": file}, must=must)

    async def _move(self, changes: dict[str, Any], *, must: bool) -> None:
        moved = await stored.move(
            self._ctx.db, self._ctx.tenant.id, self._run.id, since=(self._state,), changes=changes
        )
        if must and not moved:
            raise _Lost
