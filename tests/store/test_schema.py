"""The tables are what a database sharded by tenant accepts, and what the code says they are, on both engines."""

# ruff: noqa: PT012 - a transaction is a block, and what raises inside it is the point
from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import core.store
from core.store import Database, StoreError, schema

STORE = Path(core.store.__file__).parent
# Signing in begins without a tenant: who belongs to which tenants, whose token is this. Not unique, so that a
# sharded database accepts them.
ACROSS_TENANTS = {"member_account", "api_token_hash"}
# SQLite's full-text search finds rows by rowid; SQLite is never sharded.
SEARCH = {"record_text", "record_search"}

INDEXES = {
    "sqlite": """SELECT t.name AS table_name, i.name AS index_name, i."unique" AS is_unique, c.seqno AS place,
            c.name AS column_name, CASE i.origin WHEN 'pk' THEN 1 ELSE 0 END AS is_key
        FROM sqlite_schema t JOIN pragma_index_list(t.name) i JOIN pragma_index_info(i.name) c
        WHERE t.type = 'table' AND t.name NOT LIKE 'record_search%' ORDER BY 1, 2, 4""",
    "postgres": """SELECT t.relname AS table_name, i.relname AS index_name, x.indisunique::int AS is_unique,
            p.place - 1 AS place, a.attname AS column_name, x.indisprimary::int AS is_key
        FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
        JOIN LATERAL generate_series(1, x.indnatts) AS p (place) ON true
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[p.place - 1]
        WHERE t.relnamespace = 'public'::regnamespace ORDER BY 1, 2, 4""",
}
COLUMNS = {
    "sqlite": """SELECT t.name AS table_name, c.name AS column_name, lower(c.type) AS type,
            CASE c."notnull" WHEN 0 THEN 1 ELSE 0 END AS empty
        FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table'""",
    "postgres": """SELECT table_name, column_name, data_type AS type,
            CASE is_nullable WHEN 'YES' THEN 1 ELSE 0 END AS empty
        FROM information_schema.columns WHERE table_schema = 'public'""",
}


async def indexes(db: Database) -> dict[tuple[str, str], dict]:
    found: dict = {}
    for row in await db.fetch(INDEXES[db.kind]):
        entry = found.setdefault(
            (row["table_name"], row["index_name"]), {"columns": [], "unique": row["is_unique"], "key": row["is_key"]}
        )
        entry["columns"].append(row["column_name"])
    return found


async def columns(db: Database) -> dict[str, dict[str, tuple[str, int]]]:
    found: dict = {}
    for row in await db.fetch(COLUMNS[db.kind]):
        if not row["table_name"].startswith(("record_search", "sqlite_")):
            found.setdefault(row["table_name"], {})[row["column_name"]] = (row["type"], row["empty"])
    return found


async def test_every_table_has_a_tenant_or_is_on_the_short_list_of_global_ones(db: Database) -> None:
    found = await columns(db)
    without = {table for table, described in found.items() if described.get("tenant", ("", 1)) != ("bigint", 0)}
    assert without == set(schema.GLOBAL_TABLES)
    assert len(schema.GLOBAL_TABLES) <= 7


async def test_every_key_and_index_of_a_tenants_table_begins_with_tenant(db: Database) -> None:
    found = await indexes(db)
    wrong = {
        name
        for (table, name), index in found.items()
        if table not in schema.GLOBAL_TABLES and index["columns"][0] != "tenant" and name != "record_text_grams"
    }
    assert wrong == ACROSS_TENANTS
    assert not any(index["unique"] for (_, name), index in found.items() if name in ACROSS_TENANTS)


async def test_every_table_has_a_primary_key(db: Database) -> None:
    keyed = {table for (table, _), index in (await indexes(db)).items() if index["key"]}
    expected = set(await columns(db)) - (SEARCH if db.kind == "sqlite" else set())
    assert expected - keyed <= ({"tenant", "migration"} if db.kind == "sqlite" else set())


async def test_no_table_has_a_foreign_key(db: Database) -> None:
    """One without tenant breaks sharding; one with it would still not reach what the data refers to."""
    sql = {
        "sqlite": """SELECT t.name FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) f
            WHERE t.type = 'table'""",
        "postgres": "SELECT conname FROM pg_constraint WHERE contype = 'f'",
    }[db.kind]
    assert await db.fetch(sql) == []


async def test_every_slot_has_its_partial_index(db: Database) -> None:
    found = await indexes(db)
    for slot in schema.SLOTS:
        assert found["record", f"record_{slot}"]["columns"] == ["tenant", "form", slot, "id"]


async def test_columns_are_text_bigint_or_json_only(db: Database) -> None:
    allowed = {"text", "bigint", "json"}
    for table, described in (await columns(db)).items():
        if table != "record_text":
            assert {kind for kind, _ in described.values()} <= allowed, table


def test_both_engines_get_the_same_text_but_for_search() -> None:
    from core.store.migrations import MIGRATIONS

    for migration in MIGRATIONS:
        for statement in migration.sqlite + migration.postgres:
            assert re.search(r"\brecord_(text|search)\b", statement), statement


async def test_piccolos_tables_describe_the_real_ones(db: Database) -> None:
    real = await columns(db)
    described = {}
    for table in vars(db.tables).values():
        described[table._meta.tablename] = {
            column._meta.db_column_name: (
                {"Text": "text", "BigInt": "bigint", "JSON": "json"}[type(column).__name__],
                int(column._meta.null),
            )
            for column in table._meta.columns
        }
    for undescribed in ("migration", "record_text"):
        real.pop(undescribed)
    assert described == real


async def test_piccolos_queries_use_the_same_pool_and_transaction(db: Database) -> None:
    department = db.tables.Department
    with pytest.raises(ZeroDivisionError):
        async with db.write():
            await department.insert(department(tenant=1, id="d", name="工程部", position=1))
            assert await department.count().where(department.tenant == 1) == 1
            raise ZeroDivisionError
    assert await department.count().where(department.tenant == 1) == 0
    async with department._meta.db.transaction():
        await db.execute("INSERT INTO department (tenant, id, name, position) VALUES (1, 'd', '工程部', 1)")
        await department.update({department.name: "财务部"}).where((department.tenant == 1) & (department.id == "d"))
    rows = await department.select(department.name, department.parent).where(department.tenant == 1)
    assert rows == [{"name": "财务部", "parent": None}]
    atomic = department._meta.db.atomic()
    atomic.add(department.delete().where(department.tenant == 1))
    await atomic
    assert await department.select().where(department.tenant == 1) == []


async def test_piccolo_cannot_save_by_half_a_key_or_leave_the_tenant_out(db: Database) -> None:
    department = db.tables.Department
    with pytest.raises(StoreError, match="tenant"):
        department(id="d", name="x", position=1)
    row = department(tenant=1, id="d", name="x", position=1)
    for call in (row.save, row.remove, row.refresh):
        with pytest.raises(StoreError):
            call()
    with pytest.raises(StoreError):
        await department._meta.db.batch(department.select())


def _texts(tree: ast.AST) -> list[tuple[int, str, str]]:
    """Line, text and the function around it (or the assignment) of every text of a module; f-strings with {}."""
    found = []

    def visit(node: ast.AST, around: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            inside = child if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else around
            if isinstance(child, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in child.values]
                found.append((child.lineno, "".join(parts), ast.unparse(inside)))
            elif isinstance(child, ast.Constant) and isinstance(child.value, str):
                found.append((child.lineno, child.value, ast.unparse(inside)))
            else:
                visit(child, child if isinstance(node, ast.Module) else inside)

    visit(tree, tree)
    return found


SAID = re.compile(r"\btenant\s*=|\(tenant\b|\btenant IN\b")


def _continued(path: Path, text: str) -> bool:
    """Whether `text` is the value of a name, and what is said after each use of the name says `tenant =`."""
    tree = ast.parse(path.read_text())
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and node.value.value == text:
            name = node.targets[0].id
            uses = [n for n in ast.walk(tree) if isinstance(n, ast.BinOp | ast.JoinedStr) and _uses(n, name)]
            loads = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == name]
            return bool(uses) and len(loads) == len(uses) + 1 and all(SAID.search(ast.unparse(n)) for n in uses)
    return False


def _uses(node: ast.AST, name: str) -> bool:
    return any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(node))


STATEMENT = re.compile(r"^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b.*?\b(FROM|INTO|UPDATE|SET)\b", re.S)


def test_every_statement_on_a_tenants_table_names_the_tenant() -> None:
    """A look at the texts, no proof: a statement on a tenant's table must say `tenant =` or insert into `tenant`.

    Where a place is filled in ({}), the function around it must hold the word; a text that is only the beginning
    of statements, kept in a name, must be followed by it wherever the name is used.
    """
    tables = {
        match[1]
        for group in (schema.PEOPLE, schema.FORMS, schema.RECORDS, schema.REST, schema.SEARCH_POSTGRES)
        for match in (re.match(r"CREATE TABLE (\w+)", statement) for statement in group)
        if match
    } - set(schema.GLOBAL_TABLES)
    named = re.compile(rf"\b(?:FROM|JOIN|INTO|UPDATE)\s+({'|'.join(tables)})\b")
    wrong, seen = [], 0
    for path in sorted(STORE.glob("*.py")):
        for line, text, around in _texts(ast.parse(path.read_text())):
            if path.name != "schema.py" and STATEMENT.match(text) and named.search(text):
                seen += 1
                said = SAID.search(text) or ("{}" in text and "'tenant'" in around) or _continued(path, text)
                if not said:
                    wrong.append(f"{path.name}:{line}: {' '.join(text.split())[:100]}")
    assert not wrong, "\n".join(wrong)
    assert seen > 30
