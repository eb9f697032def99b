"""The full-text table, FTS5 on SQLite and tsvector on PostgreSQL; how texts become tokens is not known here.

Every row carries two tokens of scope beside those of its text, one for the tenant and one for tenant and form, so
that the index itself narrows a search to them. They begin with a sign that no text token has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from core.store.records import batches, places

if TYPE_CHECKING:
    from core.store.engine import Database

SCOPE = "§"
_LONG = SCOPE + "long"  # PostgreSQL: positions in this row are not complete, so phrases cannot be trusted
_SAMPLE, _OFTEN = 1_000, 4  # newest records that are looked at, and how many of them make a search common
_LAST_POSITION = 16_383
_POSITIONS = 255  # of one token in one row

_PUT = {
    "sqlite": "INSERT INTO record_text (tenant, record, form, grams) VALUES ($1, $2, $3, $4)",
    "postgres": "INSERT INTO record_text (tenant, record, form, grams)"
    " VALUES ($1, $2, $3, CAST($4::text AS tsvector))",
}
_REPLACE = " ON CONFLICT (tenant, record) DO UPDATE SET form = excluded.form, grams = excluded.grams"


@lru_cache(maxsize=4_096)
def scope(tenant: int, form: str | None) -> str:
    """The token that stands for a tenant, or for one of its forms."""
    if form is None:
        return f"{SCOPE}t{tenant}"
    return f"{SCOPE}f{sha256(f'{tenant}/{form}'.encode()).hexdigest()[:12]}"


def _vector(tokens: Sequence[str]) -> str:
    """`tokens` as the text of a tsvector, with their positions."""
    parts = [f"'{token}':{place}" for place, token in enumerate(tokens[:_LAST_POSITION], 1)]
    if len(tokens) > _POSITIONS and (
        len(tokens) > _LAST_POSITION or any(number > _POSITIONS for number in Counter(tokens).values())
    ):
        parts += [f"'{token}':{_LAST_POSITION}" for token in tokens[_LAST_POSITION:]]
        parts.append(f"'{_LONG}'")
    return " ".join(parts)


def _stored(db: Database, tenant: int, form: str, grams: str) -> str:
    text = f"{scope(tenant, None)} {scope(tenant, form)} {grams}"
    return text if db.kind == "sqlite" else _vector(text.split())


async def put(
    db: Database, tenant: int, form: str, *, rows: Iterable[tuple[str, str]], fresh: bool = False
) -> None:
    """Keep (record, grams); `fresh` where none of the records has a row yet."""
    sql = _PUT[db.kind] + ("" if fresh else _REPLACE)
    await db.execute_many(sql, [[tenant, record, form, _stored(db, tenant, form, grams)] for record, grams in rows])


async def present(db: Database, tenant: int, ids: Iterable[str]) -> set[str]:
    """Which records have a row."""
    found: set[str] = set()
    for some in batches(ids):
        sql = f"SELECT record FROM record_text WHERE tenant = $1 AND record IN ({places(2, len(some))})"
        found.update(row["record"] for row in await db.fetch(sql, tenant, *some))
    return found


def _pairs(run: str) -> list[str]:
    return [run[n : n + 2] for n in range(len(run) - 1)]


def _match_sqlite(runs: Iterable[str], token: str) -> str:
    parts = [f'"{" ".join(_pairs(run))}"' if len(run) > 1 else f'"{run}" *' for run in runs]
    return " AND ".join([f'"{token}"', *parts])


def _match_postgres(runs: Iterable[str], token: str) -> str:
    parts = [f"'{token}'"]
    for run in runs:
        pairs = [f"'{pair}'" for pair in _pairs(run)]
        if len(pairs) > 1:
            parts.append(f"({' <-> '.join(pairs)} | '{_LONG}' & {' & '.join(pairs)})")
        else:
            parts.append(pairs[0] if pairs else f"'{run}':*")
    return " & ".join(parts)


def condition(db: Database, tenant: int, form: str, *, runs: Sequence[str], rare: bool) -> tuple[str, list[Any]]:
    """A condition on `id`, with parameters from $1: every one of `runs` (folded letters and digits) stands there.

    `rare`, as `is_rare` says: PostgreSQL collects what fits from the index and sorts it. Else it goes along the
    list until the page is full; left to choose, it never collects, since the lock on `record` comes before `@@`.
    """
    where = "SELECT record FROM record_text WHERE tenant = $1 AND form = $2 AND"
    if db.kind == "sqlite":
        match = "rowid IN (SELECT rowid FROM record_search WHERE record_search MATCH $3)"
        return f"id IN ({where} {match})", [tenant, form, _match_sqlite(runs, scope(tenant, form))]
    found = f"{where} grams @@ CAST($3::text AS tsquery)"
    condition = f"id = ANY(ARRAY({found}))" if rare else f"id IN ({found})"
    return condition, [tenant, form, _match_postgres(runs, scope(tenant, form))]


async def is_rare(db: Database, tenant: int, form: str, *, runs: Sequence[str]) -> bool:
    """Whether hardly any record of the form has every one of `runs`, going by its newest records.

    What four of a thousand have is met often enough along the list; what fewer have is few enough to be collected.
    """
    if db.kind == "sqlite":
        return False  # there each of the two is tried, see `record_pages`
    sql = f"""SELECT COUNT(*) AS number FROM (SELECT 1 FROM
        (SELECT id FROM record WHERE tenant = $1 AND form = $2 ORDER BY id DESC LIMIT {_SAMPLE}) AS newest
        WHERE EXISTS (SELECT 1 FROM record_text WHERE tenant = $1 AND record = newest.id
            AND grams @@ CAST($3::text AS tsquery)) LIMIT {_OFTEN}) AS found"""
    row = await db.fetch_one(sql, tenant, form, _match_postgres(runs, scope(tenant, form)))
    return row is None or row["number"] < _OFTEN


async def forms_with(db: Database, tenant: int, *, runs: Sequence[str]) -> set[str]:
    """The forms that have a row in which every one of `runs` stands, the bin included."""
    token = scope(tenant, None)
    if db.kind == "sqlite":
        match = "rowid IN (SELECT rowid FROM record_search WHERE record_search MATCH $2)"
        text = _match_sqlite(runs, token)
    else:
        match = "grams @@ CAST($2::text AS tsquery)"
        text = _match_postgres(runs, token)
    sql = f"SELECT DISTINCT form FROM record_text WHERE tenant = $1 AND {match}"
    return {row["form"] for row in await db.fetch(sql, tenant, text)}
