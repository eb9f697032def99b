"""The tables of jobs and their schedules; what a job is and who runs it is in core.jobs."""

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
