"""Rows of the record table, one or many at a time; lists are built in record_query.py, rules live in core.records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from core.store.engine import Database

HEAD = (
    "id", "form", "version", "key", "revision", "department", "data",
    "created_at", "created_by", "updated_at", "updated_by",
)  # fmt: skip
READ = ", ".join((*HEAD, "deleted_at"))
_LOCKS = {"": "", "change": " FOR NO KEY UPDATE", "delete": " FOR UPDATE"}
BATCH = 500  # ids in one statement: both engines bound the number of parameters


def places(first: int, number: int) -> str:
    """`$3, $4, $5`: `number` parameters from `$first` on."""
    return ", ".join(f"${n}" for n in range(first, first + number))


def batches(values: Iterable[str], size: int = BATCH) -> list[list[str]]:
    """The distinct `values` in lists of at most `size`."""
    distinct = list(dict.fromkeys(values))
    return [distinct[start : start + size] for start in range(0, len(distinct), size)]


@cache
def _update_sql(slots: tuple[str, ...]) -> str:
    columns = ("version", "key", "revision", "data", "updated_at", "updated_by", *slots)
    values = ", ".join(f"{column} = ${n}" for n, column in enumerate(columns, 4))
    return (
        f"UPDATE record SET {values} WHERE tenant = $1 AND id = $2 AND revision = $3 AND deleted_at IS NULL"
    )


async def insert(
    db: Database, tenant: int, rows: Sequence[Mapping[str, Any]], *, slots: tuple[str, ...]
) -> None:
    """Add `rows` (the columns of HEAD and of `slots`); UniqueViolation where a business key is taken."""
    columns = (*HEAD, *slots)
    values = [[tenant, *(row[column] for column in columns)] for row in rows]
    await db.insert_many("record", ("tenant", *columns), values)


def _update_args(tenant: int, row: Mapping[str, Any], slots: tuple[str, ...]) -> list[Any]:
    head = [row["version"], row["key"], row["revision"], row["data"], row["updated_at"], row["updated_by"]]
    return [tenant, row["id"], row["revision"] - 1, *head, *(row[slot] for slot in slots)]


async def update(db: Database, tenant: int, row: Mapping[str, Any], *, slots: tuple[str, ...]) -> bool:
    """Write the new state of a live record whose stored revision is one less; False where it moved meanwhile."""
    return await db.execute(_update_sql(slots), *_update_args(tenant, row, slots)) == 1


async def update_many(
    db: Database, tenant: int, rows: Sequence[Mapping[str, Any]], *, slots: tuple[str, ...]
) -> None:
    """As `update` for rows that the caller has locked; a row that moved is left as it is."""
    await db.execute_many(_update_sql(slots), [_update_args(tenant, row, slots) for row in rows])


async def set_deleted(
    db: Database, tenant: int, id: str, *, revision: int, deleted_at: str | None, at: str, by: str | None
) -> bool:
    """Move a record into the bin (`deleted_at`) or out of it (None); False where its revision moved."""
    was = "IS NULL" if deleted_at else "IS NOT NULL"
    sql = f"""UPDATE record SET deleted_at = $4, revision = revision + 1, updated_at = $5, updated_by = $6
              WHERE tenant = $1 AND id = $2 AND revision = $3 AND deleted_at {was}"""
    return await db.execute(sql, tenant, id, revision, deleted_at, at, by) == 1


async def fetch(
    db: Database, tenant: int, id: str, *, lock: Literal["", "change", "delete"] = ""
) -> Mapping[str, Any] | None:
    """One record, in the bin or not. `lock` keeps others until the transaction ends from changing it, or, to
    "delete" it, also from referring to it.

    SQLite has one writer at a time, so a transaction needs no lock there.
    """
    tail = _LOCKS[lock] if db.kind == "postgres" else ""
    return await db.fetch_one(f"SELECT {READ} FROM record WHERE tenant = $1 AND id = $2{tail}", tenant, id)


async def fetch_many(
    db: Database, tenant: int, form: str, *, ids: Iterable[str]
) -> dict[str, Mapping[str, Any]]:
    """Records of `form` by id, in the bin or not; ids that are not there are left out."""
    found = {}
    for some in batches(ids):
        sql = f"SELECT {READ} FROM record WHERE tenant = $1 AND form = $2 AND id IN ({places(3, len(some))})"
        for row in await db.fetch(sql, tenant, form, *some):
            found[row["id"]] = row
    return found


async def by_keys(
    db: Database, tenant: int, form: str, *, keys: Iterable[str], lock: bool = False
) -> dict[str, Mapping[str, Any]]:
    """Live records of `form` by business key. `lock` keeps others from changing them until the transaction ends."""
    tail = " FOR NO KEY UPDATE" if lock and db.kind == "postgres" else ""
    found = {}
    for some in batches(sorted(keys)):
        sql = f"""SELECT {READ} FROM record WHERE tenant = $1 AND form = $2 AND deleted_at IS NULL
                  AND key IS NOT NULL AND key IN ({places(3, len(some))}) ORDER BY id{tail}"""
        for row in await db.fetch(sql, tenant, form, *some):
            found[row["key"]] = row
    return found


async def queue(db: Database, tenant: int, form: str) -> None:
    """Wait until no other transaction writes many records of `form`: two of them with the same keys would deadlock.

    Who writes a single record does not queue. SQLite has one writer at a time anyway.
    """
    if db.kind == "postgres":
        await db.fetch("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"bulk {tenant} {form}")


async def take_turns(db: Database, tenant: int, name: str) -> None:
    """Wait until no other transaction of the tenant holds `name`, and hold it until this one ends."""
    if db.kind == "postgres":
        await db.fetch("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"turn {tenant} {name}")


async def hold(db: Database, tenant: int, form: str, *, ids: Iterable[str]) -> list[Mapping[str, Any]]:
    """Those of `ids` that are live records of `form`, kept from being deleted until the transaction ends.

    KEY SHARE lets others update them meanwhile: only `fetch(lock=True)`, which deleting uses, waits.
    """
    tail = " FOR KEY SHARE" if db.kind == "postgres" else ""
    found: list[Mapping[str, Any]] = []
    for some in batches(sorted(ids)):
        sql = f"""SELECT id, created_by, department, data FROM record WHERE tenant = $1 AND form = $2
                  AND deleted_at IS NULL AND id IN ({places(3, len(some))}) ORDER BY id{tail}"""
        found += await db.fetch(sql, tenant, form, *some)
    return found


async def read_data(
    db: Database, tenant: int, form: str, *, ids: Iterable[str], lock: bool = False
) -> dict[str, str]:
    """The data of records of `form` by id, in the bin or not. `lock` keeps others from changing them until the
    transaction ends; others may read them under the same lock."""
    tail = " FOR SHARE" if lock and db.kind == "postgres" else ""
    found = {}
    for some in batches(sorted(ids)):
        sql = f"""SELECT id, data FROM record WHERE tenant = $1 AND form = $2
                  AND id IN ({places(3, len(some))}) ORDER BY id{tail}"""
        found.update({row["id"]: row["data"] for row in await db.fetch(sql, tenant, form, *some)})
    return found


async def grasp(
    db: Database, tenant: int, form: str, *, ids: Iterable[str], wait: bool = True
) -> list[Mapping[str, Any]]:
    """Those of `ids` that are live records of `form`, kept from being changed until the transaction ends.

    `wait` False leaves out what another transaction holds: who holds something itself must not wait.
    """
    tail = f" FOR NO KEY UPDATE{'' if wait else ' SKIP LOCKED'}" if db.kind == "postgres" else ""
    found: list[Mapping[str, Any]] = []
    for some in batches(sorted(ids)):
        sql = f"""SELECT {READ} FROM record WHERE tenant = $1 AND form = $2 AND deleted_at IS NULL
                  AND id IN ({places(3, len(some))}) ORDER BY id{tail}"""
        found += await db.fetch(sql, tenant, form, *some)
    return found


async def referring_after(
    db: Database, tenant: int, form: str, *, name: str, slot: str | None, target: str, id: str, limit: int
) -> list[str]:
    """Ids of the next live records of `form`, in id order, whose field `name` (or its slot) refers to `target`."""
    value = slot or ("json_extract(data, '$.' || $5)" if db.kind == "sqlite" else "(data ->> CAST($5 AS TEXT))")
    sql = f"""SELECT id FROM record WHERE tenant = $1 AND form = $2 AND {value} = $3 AND id > $4
              AND deleted_at IS NULL ORDER BY id LIMIT {int(limit)}"""
    args = (tenant, form, target, id) if slot else (tenant, form, target, id, name)
    return [row["id"] for row in await db.fetch(sql, *args)]


async def referring(
    db: Database, tenant: int, form: str, *, target: str, slot: str | None, limit: int
) -> list[Mapping[str, Any]]:
    """Live records of `form` that refer to record `target`, oldest first: by the slot, else by a look into the data.

    An id is 16 letters and digits, so finding it in quotes anywhere in the data is exact enough to find
    references in rows too; the caller looks at the data again.
    """
    where, value = (f"{slot} = $3", target) if slot else ("CAST(data AS TEXT) LIKE $3", f'%"{target}"%')
    sql = f"""SELECT {READ} FROM record WHERE tenant = $1 AND form = $2 AND {where} AND deleted_at IS NULL
              ORDER BY id LIMIT {int(limit)}"""
    return await db.fetch(sql, tenant, form, value)


async def after(
    db: Database, tenant: int, form: str, *, id: str, limit: int, lock: bool = False
) -> list[Mapping[str, Any]]:
    """The next records of `form` in id order, the bin included. `lock` keeps others from changing them meanwhile."""
    tail = " FOR NO KEY UPDATE" if lock and db.kind == "postgres" else ""
    sql = f"""SELECT {READ} FROM record WHERE tenant = $1 AND form = $2 AND id > $3
              ORDER BY id LIMIT {int(limit)}{tail}"""
    return await db.fetch(sql, tenant, form, id)


async def all_after(db: Database, tenant: int, *, id: str, limit: int) -> list[Mapping[str, Any]]:
    """The next records of the tenant in id order, whatever their form, the bin included."""
    sql = f"SELECT {READ} FROM record WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT {int(limit)}"
    return await db.fetch(sql, tenant, id)


@cache
def _reslot_sql(columns: tuple[str, ...]) -> str:
    values = ", ".join(f"{column} = ${n}" for n, column in enumerate(columns, 3))
    return f"UPDATE record SET {values} WHERE tenant = $1 AND id = $2"


async def set_columns(
    db: Database, tenant: int, rows: Sequence[Mapping[str, Any]], *, columns: tuple[str, ...]
) -> None:
    """Rewrite what is derived from the data (`columns`: slots or the key) of records the caller has locked."""
    await db.execute_many(_reslot_sql(columns), [[tenant, row["id"], *(row[one] for one in columns)] for row in rows])


async def member_names(db: Database, tenant: int, ids: Iterable[str]) -> dict[str, str]:
    """Names of members by id."""
    found = {}
    for some in batches(ids):
        sql = f"SELECT id, name FROM member WHERE tenant = $1 AND id IN ({places(2, len(some))})"
        found.update({row["id"]: row["name"] for row in await db.fetch(sql, tenant, *some)})
    return found


async def active_members(db: Database, tenant: int, ids: Iterable[str]) -> set[str]:
    """Which of `ids` are members of the tenant who may still be chosen."""
    found: set[str] = set()
    for some in batches(ids):
        sql = f"SELECT id FROM member WHERE tenant = $1 AND active = 1 AND id IN ({places(2, len(some))})"
        found.update(row["id"] for row in await db.fetch(sql, tenant, *some))
    return found


async def pick_members(db: Database, tenant: int, text: str, *, limit: int) -> list[Mapping[str, Any]]:
    """`id`, `name`, `login` of active members whose name or login has `text` in it, by name."""
    find = "instr(lower({0}), $2) > 0" if db.kind == "sqlite" else "strpos(lower({0}), $2) > 0"
    where = f"({find.format('m.name')} OR {find.format('a.login')})"
    sql = f"""SELECT m.id, m.name, a.login FROM member m JOIN account a ON a.id = m.account
              WHERE m.tenant = $1 AND m.active = 1 AND {where} ORDER BY m.name, m.id LIMIT {int(limit)}"""
    return await db.fetch(sql, tenant, text.lower())
