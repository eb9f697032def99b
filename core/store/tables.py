"""Piccolo's description of the tables: columns only; keys, indexes and how tables are made are in schema.py.

Bound to an open database they are `db.tables`: `await db.tables.Member.select().where(...)`. For plain queries
only: Piccolo knows no key of two columns, so whatever it does by "the" primary key is refused here.
"""

from __future__ import annotations

import types
from importlib import import_module
from typing import Any, NoReturn

from piccolo.columns import JSON, BigInt, Column, Text
from piccolo.engine.base import Engine
from piccolo.table import Table

from core.store.errors import StoreError


def text(*, null: bool = False, primary_key: bool = False) -> Column:
    return Text(default=None if null else "", null=null, primary_key=primary_key)


def number(*, null: bool = False, primary_key: bool = False, name: str | None = None) -> Column:
    return BigInt(default=None if null else 0, null=null, primary_key=primary_key, db_column_name=name)


def json(*, null: bool = False) -> Column:
    return JSON(default=None if null else "{}", null=null)


ELSEWHERE = ("core.store.tables_alerts",)  # descriptions that would make this file too long


def bind(engine: Engine) -> types.SimpleNamespace:
    """The classes below and in ELSEWHERE, each as a subclass that runs on `engine`."""
    for module in ELSEWHERE:
        import_module(module)
    made = {}
    for table in Plain.__subclasses__():
        if table.__module__ in (__name__, *ELSEWHERE):
            keywords = {"tablename": table._meta.tablename, "db": engine}
            made[table.__name__] = types.new_class(table.__name__, (table,), keywords)
    return types.SimpleNamespace(**made)


class Plain:
    """A table whose rows are changed by `update({...}).where(...)` naming tenant and id, never by `save()`."""

    def __init__(self, *args: Any, _exists_in_db: bool = False, **values: Any) -> None:
        if not _exists_in_db:  # Piccolo would fill in "" and 0, also for the tenant
            names = [column._meta.name for column in self._meta.columns if not column._meta.null]
            missing = [name for name in names if name not in values]
            if missing:
                raise StoreError(f"{self._meta.tablename}: {', '.join(missing)} must be given")
        super().__init__(*args, _exists_in_db=_exists_in_db, **values)

    def save(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise StoreError("save() looks at one column of the key: it would change other tenants' rows too")

    remove = refresh = save


class Tenant(Plain, Table, tablename="tenant"):
    id = number(primary_key=True)
    code = text()
    name = text()
    settings = json()
    definitions_version = number()
    created_at = text()
    licence = json()
    suspended_at = text(null=True)
    suspended_why = text(null=True)
    history = number(null=True)


class Account(Plain, Table, tablename="account"):
    id = text(primary_key=True)
    login = text()
    name = text()
    password_hash = text()
    language = text()
    active = number()
    operator = number()
    created_at = text()


class Session(Plain, Table, tablename="session"):
    token_hash = text(primary_key=True)
    account = text()
    tenant = number(null=True)
    created_at = text()
    expires_at = text()
    seen_at = text()


class Attempt(Plain, Table, tablename="attempt"):
    key = text(primary_key=True)
    times = number(name="count")
    first_at = text()
    blocked_until = text(null=True)


class Department(Plain, Table, tablename="department"):
    tenant = number()
    id = text(primary_key=True)
    name = text()
    parent = text(null=True)
    position = number()


class Member(Plain, Table, tablename="member"):
    tenant = number()
    id = text(primary_key=True)
    account = text()
    name = text()
    department = text(null=True)
    active = number()
    created_at = text()


class Role(Plain, Table, tablename="role"):
    tenant = number()
    id = text(primary_key=True)
    code = text()
    name = text()
    module = text(null=True)
    rules = json()


class MemberRole(Plain, Table, tablename="member_role"):
    tenant = number()
    member = text()
    role = text(primary_key=True)


class ApiToken(Plain, Table, tablename="api_token"):
    tenant = number()
    id = text(primary_key=True)
    token_hash = text()
    member = text()
    name = text()
    created_at = text()
    expires_at = text(null=True)
    used_at = text(null=True)
    revoked_at = text(null=True)


class ModuleSwitch(Plain, Table, tablename="module_switch"):
    tenant = number()
    module = text(primary_key=True)
    enabled = number()
    settings = json()
    at = text()
    by = text(null=True)


class Definition(Plain, Table, tablename="definition"):
    tenant = number()
    form = text()
    version = number(primary_key=True)
    kind = text()
    body = json()
    note = text()
    published_at = text()
    published_by = text(null=True)
    pending = json()


class Draft(Plain, Table, tablename="draft"):
    tenant = number()
    form = text(primary_key=True)
    kind = text()
    body = json()
    base_version = number(null=True)
    updated_at = text()
    updated_by = text(null=True)


class Record(Plain, Table, tablename="record"):
    tenant = number()
    id = text(primary_key=True)
    form = text()
    version = text()
    state = text(null=True)
    key = text(null=True)
    revision = number()
    department = text(null=True)
    data = json()
    created_at = text()
    created_by = text(null=True)
    updated_at = text()
    updated_by = text(null=True)
    deleted_at = text(null=True)
    t1 = text(null=True)
    t2 = text(null=True)
    t3 = text(null=True)
    t4 = text(null=True)
    t5 = text(null=True)
    t6 = text(null=True)
    t7 = text(null=True)
    t8 = text(null=True)
    t9 = text(null=True)
    t10 = text(null=True)
    n1 = number(null=True)
    n2 = number(null=True)
    n3 = number(null=True)
    n4 = number(null=True)
    n5 = number(null=True)
    n6 = number(null=True)
    n7 = number(null=True)
    n8 = number(null=True)
    d1 = text(null=True)
    d2 = text(null=True)
    d3 = text(null=True)
    d4 = text(null=True)
    d5 = text(null=True)
    d6 = text(null=True)
    r1 = text(null=True)
    r2 = text(null=True)
    r3 = text(null=True)
    r4 = text(null=True)
    r5 = text(null=True)
    r6 = text(null=True)


class Change(Plain, Table, tablename="change"):
    tenant = number()
    id = text(primary_key=True)
    record = text()
    form = text()
    kind = text()
    revision = number()
    at = text()
    by = text(null=True)
    source = text()
    changes = json()
    data_hash = text()
    hash = text()


class Seal(Plain, Table, tablename="seal"):
    tenant = number()
    place = number(primary_key=True)
    change = text()
    hash = text()
    link = text()
    at = text()


class File(Plain, Table, tablename="file"):
    tenant = number()
    id = text(primary_key=True)
    name = text()
    size = number()
    mime = text()
    sha256 = text()
    record = text(null=True)
    form = text(null=True)
    field = text(null=True)
    created_at = text()
    created_by = text(null=True)


class SavedView(Plain, Table, tablename="saved_view"):
    tenant = number()
    id = text(primary_key=True)
    form = text()
    name = text()
    member = text(null=True)
    query = json()
    position = number()
    created_at = text()


class ImportRun(Plain, Table, tablename="import_run"):
    tenant = number()
    id = text(primary_key=True)
    form = text()
    file = text()
    state = text()
    mapping = json()
    options = json()
    counts = json()
    done = number()
    total = number()
    error = text(null=True)
    result_file = text(null=True)
    created_at = text()
    created_by = text(null=True)
    updated_at = text()


class ImportRow(Plain, Table, tablename="import_row"):
    tenant = number()
    run = text()
    place = number(primary_key=True, name="number")
    status = text()
    record = text(null=True)
    revision = number(null=True)
    problems = json()
    undo = text(null=True)


class Job(Plain, Table, tablename="job"):
    tenant = number()
    id = text(primary_key=True)
    kind = text()
    key = text(null=True)
    args = json()
    state = text()
    at = text()
    attempts = number()
    done = number()
    total = number()
    note = text()
    error = text(null=True)
    result = json(null=True)
    cancel = number()
    worker = text(null=True)
    lease_until = text(null=True)
    member = text(null=True)
    language = text()
    created_at = text()
    started_at = text(null=True)
    ended_at = text(null=True)


class JobSchedule(Plain, Table, tablename="job_schedule"):
    tenant = number()
    kind = text(primary_key=True)
    rule = text()
    next_at = text()
    last_at = text(null=True)


class Installation(Plain, Table, tablename="installation"):
    name = text(primary_key=True)
    value = text()


class OperatorAct(Plain, Table, tablename="operator_act"):
    id = text(primary_key=True)
    at = text()
    account = text()
    name = text()
    act = text()
    about = number(null=True)
    detail = json()


class UsageDay(Plain, Table, tablename="usage_day"):
    tenant = number()
    day = text(primary_key=True)
    members = number()
    records = number()
    changes = number()
    files = number()
    file_bytes = number()


class Overdue(Plain, Table, tablename="overdue"):
    tenant = number()
    form = text()
    scope = text()
    target = text(primary_key=True)
    fields = json()
    stamp = text()
    at = text()
