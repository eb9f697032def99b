"""Rows of alerts, their history and the tenant's rules; what they mean is decided in core.alerts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.store.records import batches, places

if TYPE_CHECKING:
    from core.store.engine import Database

Row = Mapping[str, Any]
COLUMNS = (
    "id", "rule", "form", "record", "part", "project", "severity", "value", "threshold", "unit", "period", "url",
    "label", "state", "live", "first_at", "last_at", "closed_at", "owner", "due_at", "note", "until_at",
)  # fmt: skip
EVENT = ("id", "alert", "kind", "at", "by", "severity", "value", "note")
RULE = ("code", "body", "active", "runs", "checked_at", "error", "updated_at", "updated_by")
_NAMES = ", ".join(COLUMNS)
_EVENT = ", ".join(f'"{name}"' for name in EVENT)
_RULE = ", ".join(RULE)


async def rules(db: Database, tenant: int) -> list[Row]:
    """What the tenant has said about rules: its own whole, a module's where it differs."""
    return await db.fetch(f"SELECT {_RULE} FROM alert_rule WHERE tenant = $1 ORDER BY code", tenant)


async def save_rule(db: Database, tenant: int, code: str, *, body: str, active: bool, at: str, by: str | None) -> None:
    sql = """INSERT INTO alert_rule (tenant, code, body, active, runs, updated_at, updated_by)
             VALUES ($1, $2, $3, $4, 0, $5, $6) ON CONFLICT (tenant, code) DO UPDATE SET body = excluded.body,
             active = excluded.active, updated_at = excluded.updated_at, updated_by = excluded.updated_by"""
    await db.execute(sql, tenant, code, body, int(active), at, by)


async def delete_rule(db: Database, tenant: int, code: str) -> bool:
    return await db.execute("DELETE FROM alert_rule WHERE tenant = $1 AND code = $2", tenant, code) == 1


async def runs(db: Database, tenant: int, code: str, *, at: str) -> int:
    """How often the rule was evaluated; its row is made where there is none yet."""
    sql = """INSERT INTO alert_rule (tenant, code, body, active, runs, updated_at) VALUES ($1, $2, $3, 1, 0, $4)
             ON CONFLICT (tenant, code) DO NOTHING"""
    row = await db.fetch_one("SELECT runs FROM alert_rule WHERE tenant = $1 AND code = $2", tenant, code)
    if row is not None:
        return row["runs"]  # type: ignore[no-any-return]
    await db.execute(sql, tenant, code, "{}", at)
    return 0


async def take_turn(db: Database, tenant: int, code: str, *, after: int | None, at: str) -> bool:
    """Be the evaluation that follows number `after` (None: whichever it is); False where another was faster, or the
    rule is gone. Holds the rule to the end of the transaction, so that evaluations of one rule never overlap."""
    sql = """UPDATE alert_rule SET runs = runs + 1, checked_at = $4, error = NULL
             WHERE tenant = $1 AND code = $2 AND (CAST($3 AS BIGINT) IS NULL OR runs = $3)"""
    return await db.execute(sql, tenant, code, after, at) == 1


async def set_error(db: Database, tenant: int, code: str, *, error: str, at: str) -> None:
    sql = "UPDATE alert_rule SET error = $3, checked_at = $4 WHERE tenant = $1 AND code = $2"
    await db.execute(sql, tenant, code, error, at)


async def live(db: Database, tenant: int, rule: str, *, records: Iterable[str] | None = None) -> list[Row]:
    """Alerts that hold their subject: of one rule, of all its subjects or of these records."""
    sql = f"SELECT {_NAMES} FROM alert WHERE tenant = $1 AND rule = $2 AND live = 1"
    if records is None:
        return await db.fetch(sql, tenant, rule)
    found: list[Row] = []
    for some in batches(records):
        found += await db.fetch(f"{sql} AND record IN ({places(3, len(some))})", tenant, rule, *some)
    return found


async def insert(db: Database, tenant: int, row: Row) -> bool:
    """Open an alert; False where its subject already has a live one."""
    sql = f"""INSERT INTO alert (tenant, {_NAMES}) VALUES ({places(1, len(COLUMNS) + 1)})
              ON CONFLICT (tenant, rule, record, part) WHERE live = 1 DO NOTHING"""
    return await db.execute(sql, tenant, *(row[name] for name in COLUMNS)) == 1


async def update(db: Database, tenant: int, id: str, values: Mapping[str, Any]) -> None:
    """Change these columns of one alert; their names are the code's, never a user's."""
    names = [name for name in COLUMNS if name in values]
    assert len(names) == len(values), values
    changes = ", ".join(f"{name} = ${n}" for n, name in enumerate(names, 3))
    await db.execute(
        f"UPDATE alert SET {changes} WHERE tenant = $1 AND id = $2", tenant, id, *(values[name] for name in names)
    )


async def fetch(db: Database, tenant: int, id: str, *, lock: bool = False) -> Row | None:
    tail = " FOR UPDATE" if lock and db.kind == "postgres" else ""
    return await db.fetch_one(f"SELECT {_NAMES} FROM alert WHERE tenant = $1 AND id = $2{tail}", tenant, id)


async def add_events(db: Database, tenant: int, events: Sequence[Row]) -> None:
    sql = f"INSERT INTO alert_event (tenant, {_EVENT}) VALUES ({places(1, len(EVENT) + 1)})"
    await db.execute_many(sql, [[tenant, *(event[name] for name in EVENT)] for event in events])


async def events(db: Database, tenant: int, alert: str) -> list[Row]:
    """What happened to one alert, newest first."""
    sql = f"SELECT {_EVENT} FROM alert_event WHERE tenant = $1 AND alert = $2 ORDER BY id DESC"
    return await db.fetch(sql, tenant, alert)


async def open_groups(db: Database, tenant: int, *, states: Sequence[str]) -> list[Row]:
    """`rule`, `form`, `severity`, `number` of what is open: counted once, whoever asks."""
    sql = f"""SELECT rule, form, severity, COUNT(*) AS number FROM alert WHERE tenant = $1 AND closed_at IS NULL
              AND state IN ({places(2, len(states))}) GROUP BY rule, form, severity"""
    return await db.fetch(sql, tenant, *states)


async def open_subjects(
    db: Database, tenant: int, rule: str, form: str, *, states: Sequence[str], bound: int
) -> list[Row]:
    """`record`, `severity` of what is open by one rule about one form, `bound` at most."""
    sql = f"""SELECT record, severity FROM alert WHERE tenant = $1 AND rule = $2 AND form = $3 AND closed_at IS NULL
              AND live = 1 AND state IN ({places(4, len(states))}) LIMIT {int(bound)}"""
    return await db.fetch(sql, tenant, rule, form, *states)


async def of_record(db: Database, tenant: int, record: str) -> list[Row]:
    """Open alerts about one record, the worst first."""
    sql = f"""SELECT {_NAMES} FROM alert WHERE tenant = $1 AND record = $2 AND closed_at IS NULL
              ORDER BY severity DESC, id DESC"""
    return await db.fetch(sql, tenant, record)


async def page(
    db: Database,
    tenant: int,
    *,
    closed: bool,
    states: Sequence[str],
    where: Mapping[str, Sequence[str | int]],
    after: tuple[Any, ...] | None,
    limit: int,
) -> list[Row]:
    """Alerts in order: open ones the worst and newest first, closed ones the last closed first.

    `where`: column of COLUMNS -> values, of which one must hold. `after`: what the row before was sorted by.
    """
    args: list[Any] = [tenant, *states]
    conditions = [f"state IN ({places(2, len(states))})", f"closed_at IS {'NOT ' if closed else ''}NULL"]
    for column, values in where.items():
        assert column in COLUMNS, column
        conditions.append(f"{column} IN ({places(len(args) + 1, len(values))})" if values else "1 = 0")
        args += values
    order = ("closed_at", "id") if closed else ("severity", "id")
    if after is not None:
        conditions.append(f"({', '.join(order)}) < ({places(len(args) + 1, len(order))})")
        args += after
    sql = f"""SELECT {_NAMES} FROM alert WHERE tenant = $1 AND {" AND ".join(conditions)}
              ORDER BY {", ".join(f"{name} DESC" for name in order)} LIMIT {int(limit)}"""
    return await db.fetch(sql, *args)


async def projects(db: Database, tenant: int) -> list[str]:
    """The projects that open alerts belong to."""
    sql = "SELECT DISTINCT project FROM alert WHERE tenant = $1 AND closed_at IS NULL AND project IS NOT NULL"
    return [row["project"] for row in await db.fetch(sql, tenant)]


async def overdue(db: Database, tenant: int, *, at: str) -> list[Row]:
    """Suppressed alerts whose time is over."""
    sql = f"""SELECT {_NAMES} FROM alert WHERE tenant = $1 AND closed_at IS NULL AND state = 'suppressed'
              AND until_at <= $2"""
    return await db.fetch(sql, tenant, at)


async def close_rule(db: Database, tenant: int, rule: str, *, at: str) -> None:
    """A rule is gone or off: what it opened is closed and holds nothing any more."""
    sql = """UPDATE alert SET live = 0, state = CASE WHEN closed_at IS NULL THEN 'auto_closed' ELSE state END,
             closed_at = COALESCE(closed_at, CAST($3 AS TEXT)) WHERE tenant = $1 AND rule = $2 AND live = 1"""
    await db.execute(sql, tenant, rule, at)
