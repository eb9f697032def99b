"""Whose rows a statement may touch, read from its text: the second lock on PostgreSQL is turned by it.

Row-level security shows a connection the rows of the tenant in its setting `app.tenant` and no others. Every
statement on a tenant's table says `tenant = $1` (or inserts `(tenant, ...)`), so the setting follows from the
statement and nobody above the store has to think of it. A statement that names no tenant sees no row of any.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Any

from core.store import schema
from core.store.errors import StoreError

NOBODY = ""  # no row of a tenant's table is seen
ACROSS = "0"  # no tenant's number: rows of all, for reading, in the few tables of schema.ACROSS
_VALUE = r"(?:\$(\d+)|(\d+)\b)"
_EQUAL = re.compile(rf'\btenant"? = {_VALUE}')
_INSERT = re.compile(
    rf'\bINSERT INTO "?\w+"? \("?tenant"?,[^)]*\)\s*(?:VALUES\s*\(|SELECT\s+){_VALUE}', re.IGNORECASE
)
_WORD = re.compile(r"[a-z_]+")

Scope = Callable[[Sequence[Any]], str | None]


@cache
def tenant_tables() -> frozenset[str]:
    """Every table whose rows belong to tenants."""
    from core.store.migrations import MIGRATIONS  # not above: the migrations need the engines, which need this

    made = {
        name
        for migration in MIGRATIONS
        for statement in migration.both + migration.postgres
        for name in re.findall(r"\bCREATE TABLE (?:IF NOT EXISTS )?(\w+)", statement)
    }
    return frozenset(made - set(schema.GLOBAL_TABLES))


@lru_cache(maxsize=4_096)
def _reader(sql: str) -> Scope:
    found = _EQUAL.findall(sql) + _INSERT.findall(sql)
    places = sorted({int(place) - 1 for place, _ in found if place})
    literals = {literal for _, literal in found if literal}
    if not found:
        none = None if tenant_tables().isdisjoint(_WORD.findall(sql.lower())) else NOBODY
        return lambda args: none
    if len(places) == 1 and not literals:
        place = places[0]
        return lambda args: str(int(args[place]))  # a number for certain: it becomes part of a statement
    return lambda args: _the_one(sql, {str(int(args[place])) for place in places} | literals)


def _the_one(sql: str, tenants: set[str]) -> str:
    if len(tenants) > 1:
        raise StoreError(f"a statement is about one tenant, not {' and '.join(sorted(tenants))}: {sql}")
    return tenants.pop()


def scope_of(sql: str, args: Sequence[Any]) -> str | None:
    """The value of `app.tenant` this statement needs; None where it touches no tenant's table at all."""
    return _reader(sql)(args)


def scope_of_all(sql: str, many: Sequence[Sequence[Any]]) -> str | None:
    """The same for a statement with many sets of values: they are of one tenant."""
    scopes = {scope_of(sql, args) for args in many}
    if len(scopes) > 1:
        raise StoreError(f"one call, values of {len(scopes)} tenants: {sql}")
    return scopes.pop()
