"""Import and export of files: reading, matching, runs, writing; the write path itself is ctx.records."""

from core.records.transfer.exporting import MIME, export, export_columns
from core.records.transfer.matching import Column, importable
from core.records.transfer.run import Counts, Options, Run, WrongRow
from core.records.transfer.runs import (
    check_run,
    commit_run,
    get_run,
    import_at_once,
    importing,
    interrupt_runs,
    open_run,
    recent_runs,
)
from core.records.transfer.table import LIMITS
from core.records.transfer.tasks import Tasks
from core.records.transfer.template import template

__all__ = [
    "LIMITS", "MIME", "Column", "Counts", "Options", "Run", "Tasks", "WrongRow", "check_run", "commit_run", "export",
    "export_columns", "get_run", "import_at_once", "importable", "importing", "interrupt_runs", "open_run",
    "recent_runs", "template",
]  # fmt: skip
