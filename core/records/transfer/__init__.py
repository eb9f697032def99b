"""Import and export of files: reading, matching, runs, writing; the write path itself is ctx.records."""

from core.records.transfer.export_job import EXPORT_JOB, LONG, exports, start_export
from core.records.transfer.exporting import MIME, export, export_columns
from core.records.transfer.jobs import FORGET_ROWS, WORK
from core.records.transfer.matching import Column, importable
from core.records.transfer.run import Counts, Options, Run, WrongRow
from core.records.transfer.runs import (
    cancel_run,
    check_run,
    commit_run,
    get_run,
    import_at_once,
    importing,
    open_run,
    recent_runs,
    resume_run,
    undo_run,
)
from core.records.transfer.table import LIMITS, Sheet
from core.records.transfer.template import template
from core.records.transfer.workbooks import read_sheet

__all__ = [
    "EXPORT_JOB", "FORGET_ROWS", "LIMITS", "LONG", "MIME", "WORK", "Column", "Counts", "Options", "Run", "Sheet",
    "WrongRow", "cancel_run", "check_run", "commit_run", "export", "export_columns", "exports", "get_run",
    "import_at_once", "importable", "importing",
    "open_run", "read_sheet", "recent_runs", "resume_run", "start_export", "template", "undo_run",
]  # fmt: skip
