"""The tables of jobs, their schedules, and the rows of imports; what they mean is in core.jobs and core.records."""

from __future__ import annotations

# `key`: at most one waiting job of a kind has it, so that asking twice for the same work makes one job.
JOBS = (
    """CREATE TABLE job (tenant BIGINT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, key TEXT,
        args JSON NOT NULL, state TEXT NOT NULL, at TEXT NOT NULL, attempts BIGINT NOT NULL,
        done BIGINT NOT NULL, total BIGINT NOT NULL, note TEXT NOT NULL, error TEXT, result JSON,
        cancel BIGINT NOT NULL, worker TEXT, lease_until TEXT, member TEXT, language TEXT NOT NULL,
        created_at TEXT NOT NULL, started_at TEXT, ended_at TEXT, PRIMARY KEY (tenant, id))""",
    """CREATE UNIQUE INDEX job_key ON job (tenant, kind, key)
        WHERE key IS NOT NULL AND state = 'waiting'""",
    "CREATE INDEX job_state ON job (tenant, state, at, id)",
    "CREATE INDEX job_kind ON job (tenant, kind, id)",
    """CREATE TABLE job_schedule (tenant BIGINT NOT NULL, kind TEXT NOT NULL, rule TEXT NOT NULL,
        next_at TEXT NOT NULL, last_at TEXT, PRIMARY KEY (tenant, kind))""",
    "CREATE INDEX job_schedule_due ON job_schedule (tenant, next_at)",
)

# What became of each row of an import's file, written with the records themselves: where to go on after a kill, and
# what to take back. `undo`: empty when taken back, else why not.
IMPORT_ROWS = (
    """CREATE TABLE import_row (tenant BIGINT NOT NULL, run TEXT NOT NULL, number BIGINT NOT NULL,
        status TEXT NOT NULL, record TEXT, revision BIGINT, problems JSON NOT NULL, undo TEXT,
        PRIMARY KEY (tenant, run, number))""",
    "CREATE INDEX import_row_record ON import_row (tenant, run, record) WHERE record IS NOT NULL",
)
