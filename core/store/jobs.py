"""Rows of jobs: put in the queue, taken by one worker, kept alive, ended; what a job does is in core.jobs.

Taking looks across tenants, but always by way of the table of tenants: every other statement names its tenant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.store.errors import UniqueViolation
from core.store.records import places

if TYPE_CHECKING:
    from core.store.engine import Database

COLUMNS = (
    "id", "kind", "key", "args", "state", "at", "attempts", "done", "total", "note", "error", "result", "cancel",
    "worker", "lease_until", "member", "language", "created_at", "started_at", "ended_at",
)  # fmt: skip
_NAMES = ", ".join(COLUMNS)
_MINE = "tenant = $1 AND id = $2 AND worker = $3 AND attempts = $4 AND state = 'running'"
CHANNEL = "dougong_jobs"


async def enqueue(
    db: Database, tenant: int, *, id: str, kind: str, key: str | None, args: str, at: str,
    member: str | None, language: str, now: str,
) -> str:  # fmt: skip
    """`id`, or the id of the waiting job with the same key, which then begins at the earlier of both instants."""
    row = await db.fetch_one(
        """INSERT INTO job (tenant, id, kind, key, args, state, at, attempts, done, total, note, cancel, member,
             language, created_at)
           VALUES ($1, $2, $3, $4, $5, 'waiting', $6, 0, 0, 0, '', 0, $7, $8, $9)
           ON CONFLICT (tenant, kind, key) WHERE key IS NOT NULL AND state = 'waiting'
           DO UPDATE SET at = CASE WHEN excluded.at < job.at THEN excluded.at ELSE job.at END
           RETURNING id""",
        tenant, id, kind, key, args, at, member, language, now,
    )  # fmt: skip
    assert row is not None
    await wake(db)
    return str(row["id"])


async def wake(db: Database) -> None:
    """Tell the workers of every process, when the transaction is committed; SQLite has one process, told otherwise."""
    if db.kind == "postgres":
        await db.execute("SELECT pg_notify($1, '')", CHANNEL)


async def tenants_with_work(db: Database, *, now: str) -> list[Mapping[str, Any]]:
    """Tenants with a job to take: `tenant`, `version` of its definitions, how many are `running`, and whether some
    are `waiting` or some `lapsed`: running, with a lease that ended. Jobs of a suspended tenant wait."""
    return await db.fetch_across(
        """SELECT x.*, (SELECT COUNT(*) FROM job r WHERE r.tenant = x.tenant AND r.state = 'running'
                          AND r.lease_until >= $1) AS running
           FROM (
             SELECT t.id AS tenant, t.definitions_version AS version,
               EXISTS (SELECT 1 FROM job w WHERE w.tenant = t.id AND w.state = 'waiting' AND w.at <= $1) AS waiting,
               EXISTS (SELECT 1 FROM job l WHERE l.tenant = t.id AND l.state = 'running' AND l.lease_until < $1)
               AS lapsed
             FROM tenant t WHERE t.suspended_at IS NULL
           ) x WHERE x.waiting OR x.lapsed""",
        now,
    )


async def take(
    db: Database, tenant: int, *, state: str, kinds: Sequence[str], worker: str, now: str, lease_until: str,
    but: Sequence[str] = (),
) -> Mapping[str, Any] | None:  # fmt: skip
    """Make the tenant's next job of these kinds ours: one that waits, or (`state` "running") one whose lease ended.

    No two jobs with one key run at once. `but`: jobs that this worker runs already, whatever became of their lease.
    """
    due = "j.at" if state == "waiting" else "j.lease_until"
    ours = f"AND j.id NOT IN ({places(6 + len(kinds), len(but))})" if but else ""
    lock = "FOR UPDATE SKIP LOCKED" if db.kind == "postgres" else ""
    sql = f"""UPDATE job SET state = 'running', worker = $2, lease_until = $3, attempts = attempts + 1,
                started_at = COALESCE(started_at, $4)
              WHERE tenant = $1 AND id = (
                SELECT j.id FROM job j
                WHERE j.tenant = $1 AND j.state = $5 AND {due} <= $4
                  AND j.kind IN ({places(6, len(kinds))}) {ours}
                  AND (j.key IS NULL OR NOT EXISTS (
                    SELECT 1 FROM job r WHERE r.tenant = j.tenant AND r.state = 'running' AND r.kind = j.kind
                      AND r.key = j.key AND r.id <> j.id))
                ORDER BY j.at, j.id LIMIT 1 {lock})
              RETURNING {_NAMES}"""
    return await db.fetch_one(sql, tenant, worker, lease_until, now, state, *kinds, *but)


async def beat(
    db: Database, tenant: int, id: str, *, worker: str, attempt: int, done: int, total: int, note: str, lease_until: str
) -> Mapping[str, Any] | None:
    """Keep the job and say how far it is; `cancel`, or None where it is no longer ours."""
    return await db.fetch_one(
        f"UPDATE job SET done = $5, total = $6, note = $7, lease_until = $8 WHERE {_MINE} RETURNING cancel",
        tenant, id, worker, attempt, done, total, note, lease_until,
    )  # fmt: skip


async def hold(db: Database, tenant: int, id: str, *, worker: str, attempt: int) -> Mapping[str, Any] | None:
    """`cancel` of a job that is still ours, None of any other."""
    return await db.fetch_one(f"SELECT cancel FROM job WHERE {_MINE}", tenant, id, worker, attempt)


async def end(
    db: Database, tenant: int, id: str, *, worker: str, attempt: int, state: str, done: int, total: int, note: str,
    error: str | None, result: str | None, now: str,
) -> bool:  # fmt: skip
    """The job has come to `state` and stays there; False where it is no longer ours."""
    sql = f"""UPDATE job SET state = $5, done = $6, total = $7, note = $8, error = $9, result = $10, ended_at = $11,
                worker = NULL, lease_until = NULL WHERE {_MINE}"""
    return bool(await db.execute(sql, tenant, id, worker, attempt, state, done, total, note, error, result, now))


async def postpone(
    db: Database, tenant: int, id: str, *, worker: str, attempt: int, at: str, error: str, now: str
) -> None:
    """Let a job that failed wait until `at`. Where another with its key waits by now, that one does the work."""
    sql = f"UPDATE job SET state = 'waiting', at = $5, error = $6, worker = NULL, lease_until = NULL WHERE {_MINE}"
    try:
        await db.execute(sql, tenant, id, worker, attempt, at, error)
    except UniqueViolation:
        await db.execute(
            f"""UPDATE job SET state = 'cancelled', error = $5, ended_at = $6, worker = NULL, lease_until = NULL
                WHERE {_MINE}""",
            tenant, id, worker, attempt, error, now,
        )  # fmt: skip


async def give_back(db: Database, tenant: int, id: str, *, worker: str, attempt: int, now: str) -> None:
    """Our process ends: anybody may go on with the job at once, and this attempt does not count."""
    sql = f"UPDATE job SET lease_until = $5, worker = NULL, attempts = attempts - 1 WHERE {_MINE}"
    await db.execute(sql, tenant, id, worker, attempt, now)


async def fetch(db: Database, tenant: int, id: str) -> Mapping[str, Any] | None:
    return await db.fetch_one(f"SELECT {_NAMES} FROM job WHERE tenant = $1 AND id = $2", tenant, id)


async def newest(db: Database, tenant: int, kind: str, key: str) -> Mapping[str, Any] | None:
    """The job of this kind and key that was enqueued last."""
    sql = f"SELECT {_NAMES} FROM job WHERE tenant = $1 AND kind = $2 AND key = $3 ORDER BY id DESC LIMIT 1"
    return await db.fetch_one(sql, tenant, kind, key)


async def of_state(
    db: Database, tenant: int, states: Sequence[str], *, limit: int, newest_first: bool = True
) -> list[Mapping[str, Any]]:
    order = "DESC" if newest_first else "ASC"
    sql = f"""SELECT {_NAMES} FROM job WHERE tenant = $1 AND state IN ({places(2, len(states))})
              ORDER BY at {order}, id {order} LIMIT {int(limit)}"""
    return await db.fetch(sql, tenant, *states)


async def counts(db: Database, tenant: int) -> dict[str, int]:
    """How many jobs of the tenant are in each state."""
    rows = await db.fetch("SELECT state, COUNT(*) AS number FROM job WHERE tenant = $1 GROUP BY state", tenant)
    return {row["state"]: int(row["number"]) for row in rows}


async def cancel_waiting(db: Database, tenant: int, id: str, *, now: str) -> bool:
    sql = """UPDATE job SET state = 'cancelled', cancel = 1, ended_at = $3
             WHERE tenant = $1 AND id = $2 AND state = 'waiting'"""
    return bool(await db.execute(sql, tenant, id, now))


async def ask_to_cancel(db: Database, tenant: int, id: str) -> bool:
    """Have the worker that runs the job end it; whether one runs it."""
    sql = "UPDATE job SET cancel = 1 WHERE tenant = $1 AND id = $2 AND state = 'running'"
    return bool(await db.execute(sql, tenant, id))


async def retry(db: Database, tenant: int, id: str, *, since: Sequence[str], now: str) -> bool:
    """Let a job that has ended wait again, as if new; UniqueViolation where another with its key waits."""
    sql = f"""UPDATE job SET state = 'waiting', at = $3, attempts = 0, done = 0, total = 0, note = '', error = NULL,
                cancel = 0, started_at = NULL, ended_at = NULL
              WHERE tenant = $1 AND id = $2 AND state IN ({places(4, len(since))})"""
    return bool(await db.execute(sql, tenant, id, now, *since))


async def forget(db: Database, tenant: int, *, states: Sequence[str], before: str) -> int:
    """Drop jobs that ended before this instant."""
    sql = f"DELETE FROM job WHERE tenant = $1 AND ended_at < $2 AND state IN ({places(3, len(states))})"
    return await db.execute(sql, tenant, before, *states)


# Schedules


async def schedules(db: Database, tenant: int) -> list[Mapping[str, Any]]:
    return await db.fetch("SELECT kind, rule, next_at, last_at FROM job_schedule WHERE tenant = $1", tenant)


async def due_schedules(db: Database, *, now: str) -> list[Mapping[str, Any]]:
    """`tenant`, `kind`, `rule`, `next_at` of every schedule whose time has come, by way of the table of tenants."""
    return await db.fetch_across(
        """SELECT s.tenant, s.kind, s.rule, s.next_at FROM tenant t
           JOIN job_schedule s ON s.tenant = t.id AND s.next_at <= $1 ORDER BY s.next_at""",
        now,
    )


async def plan(db: Database, tenant: int, kind: str, *, rule: str, next_at: str) -> None:
    """The kind's rule is new or another one; where two processes say so at once, either is right."""
    await db.execute(
        """INSERT INTO job_schedule (tenant, kind, rule, next_at) VALUES ($1, $2, $3, $4)
           ON CONFLICT (tenant, kind) DO UPDATE SET rule = excluded.rule, next_at = excluded.next_at""",
        tenant, kind, rule, next_at,
    )  # fmt: skip


async def advance(db: Database, tenant: int, kind: str, *, since: str, to: str) -> bool:
    """Take this occurrence: True for exactly one of those who try."""
    sql = """UPDATE job_schedule SET next_at = $4, last_at = $3
             WHERE tenant = $1 AND kind = $2 AND next_at = $3"""
    return bool(await db.execute(sql, tenant, kind, since, to))
