"""The first migration: every table and index, the same text on both engines but for the search table.

Types are TEXT, BIGINT and JSON only. JSON keeps its text as it was written on both engines (JSONB would lose
key order). SQLite gives a column declared JSON numeric affinity, so what is stored there is always an object or
a list, never a bare number. There are no foreign keys: one that does not begin with tenant breaks sharding, and
one that does would still not reach the records a form refers to, which only the record store can check.
"""

from __future__ import annotations

TEXT_SLOTS = tuple(f"t{n}" for n in range(1, 11))
NUMBER_SLOTS = tuple(f"n{n}" for n in range(1, 9))
DATE_SLOTS = tuple(f"d{n}" for n in range(1, 7))
REFERENCE_SLOTS = tuple(f"r{n}" for n in range(1, 7))
SLOTS = TEXT_SLOTS + NUMBER_SLOTS + DATE_SLOTS + REFERENCE_SLOTS

# Tables that belong to no tenant. Everything else begins its key and every index with tenant.
GLOBAL_TABLES = ("account", "attempt", "installation", "migration", "operator_act", "session", "tenant")

# What `fetch_across` may read of all tenants at once: signing in and the queue's workers start without a tenant.
ACROSS = ("job", "job_schedule", "member")

# Read without the second lock, since a search behind it cannot use its index (PostgreSQL would test the lock
# first, and `@@` could give rows away). It holds pairs of letters; the records it names are read behind the lock.
UNLOCKED_READS = ("record_text",)

_SLOT_COLUMNS = ", ".join(f"{slot} {'BIGINT' if slot in NUMBER_SLOTS else 'TEXT'}" for slot in SLOTS)

PEOPLE = (
    """CREATE TABLE tenant (id BIGINT NOT NULL, code TEXT NOT NULL, name TEXT NOT NULL,
        settings JSON NOT NULL, definitions_version BIGINT NOT NULL, created_at TEXT NOT NULL,
        PRIMARY KEY (id), UNIQUE (code))""",
    """CREATE TABLE account (id TEXT NOT NULL, login TEXT NOT NULL, name TEXT NOT NULL,
        password_hash TEXT NOT NULL, language TEXT NOT NULL, active BIGINT NOT NULL,
        operator BIGINT NOT NULL, created_at TEXT NOT NULL, PRIMARY KEY (id), UNIQUE (login))""",
    """CREATE TABLE session (token_hash TEXT NOT NULL, account TEXT NOT NULL, tenant BIGINT,
        created_at TEXT NOT NULL, expires_at TEXT NOT NULL, seen_at TEXT NOT NULL,
        PRIMARY KEY (token_hash))""",
    "CREATE INDEX session_account ON session (account)",
    "CREATE INDEX session_expires ON session (expires_at)",
    """CREATE TABLE attempt (key TEXT NOT NULL, count BIGINT NOT NULL, first_at TEXT NOT NULL,
        blocked_until TEXT, PRIMARY KEY (key))""",
    """CREATE TABLE department (tenant BIGINT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL,
        parent TEXT, position BIGINT NOT NULL, PRIMARY KEY (tenant, id))""",
    """CREATE TABLE member (tenant BIGINT NOT NULL, id TEXT NOT NULL, account TEXT NOT NULL,
        name TEXT NOT NULL, department TEXT, active BIGINT NOT NULL, created_at TEXT NOT NULL,
        PRIMARY KEY (tenant, id), UNIQUE (tenant, account))""",
    "CREATE INDEX member_account ON member (account, tenant)",
    """CREATE TABLE role (tenant BIGINT NOT NULL, id TEXT NOT NULL, code TEXT NOT NULL,
        name TEXT NOT NULL, module TEXT, rules JSON NOT NULL, PRIMARY KEY (tenant, id), UNIQUE (tenant,
        code))""",
    """CREATE TABLE member_role (tenant BIGINT NOT NULL, member TEXT NOT NULL, role TEXT NOT NULL,
        PRIMARY KEY (tenant, member, role))""",
    "CREATE INDEX member_role_role ON member_role (tenant, role, member)",
    """CREATE TABLE api_token (tenant BIGINT NOT NULL, id TEXT NOT NULL, token_hash TEXT NOT NULL,
        member TEXT NOT NULL, name TEXT NOT NULL, created_at TEXT NOT NULL, expires_at TEXT,
        used_at TEXT, revoked_at TEXT, PRIMARY KEY (tenant, id), UNIQUE (tenant, token_hash))""",
    "CREATE INDEX api_token_hash ON api_token (token_hash)",
    """CREATE TABLE module_switch (tenant BIGINT NOT NULL, module TEXT NOT NULL,
        enabled BIGINT NOT NULL, settings JSON NOT NULL, at TEXT NOT NULL, by TEXT, PRIMARY KEY (tenant,
        module))""",
)

FORMS = (
    """CREATE TABLE definition (tenant BIGINT NOT NULL, form TEXT NOT NULL, version BIGINT NOT NULL,
        kind TEXT NOT NULL, body JSON NOT NULL, note TEXT NOT NULL, published_at TEXT NOT NULL,
        published_by TEXT, pending JSON NOT NULL, PRIMARY KEY (tenant, form, version))""",
    """CREATE TABLE draft (tenant BIGINT NOT NULL, form TEXT NOT NULL, kind TEXT NOT NULL,
        body JSON NOT NULL, base_version BIGINT, updated_at TEXT NOT NULL, updated_by TEXT,
        PRIMARY KEY (tenant, form))""",
)

# A list asks for one form of one tenant, in some order, and goes on from where the page before ended: every
# index ends in id, so that the order is total. A slot that a form does not use costs nothing, nor does the bin.
RECORDS = (
    f"""CREATE TABLE record (tenant BIGINT NOT NULL, id TEXT NOT NULL, form TEXT NOT NULL,
        version TEXT NOT NULL, state TEXT, key TEXT, revision BIGINT NOT NULL, department TEXT,
        data JSON NOT NULL, created_at TEXT NOT NULL, created_by TEXT, updated_at TEXT NOT NULL,
        updated_by TEXT, deleted_at TEXT, {_SLOT_COLUMNS}, PRIMARY KEY (tenant, id))""",
    """CREATE UNIQUE INDEX record_key ON record (tenant, form, key)
        WHERE key IS NOT NULL AND deleted_at IS NULL""",
    "CREATE INDEX record_list ON record (tenant, form, id) WHERE deleted_at IS NULL",
    "CREATE INDEX record_created_by ON record (tenant, form, created_by, id)",
    "CREATE INDEX record_department ON record (tenant, form, department, id)",
    "CREATE INDEX record_updated ON record (tenant, form, updated_at, id)",
    "CREATE INDEX record_bin ON record (tenant, form, deleted_at, id) WHERE deleted_at IS NOT NULL",
    *(
        f"""CREATE INDEX record_{slot} ON record (tenant, form, {slot}, id)
        WHERE {slot} IS NOT NULL AND deleted_at IS NULL"""
        for slot in SLOTS
    ),
    """CREATE TABLE change (tenant BIGINT NOT NULL, id TEXT NOT NULL, record TEXT NOT NULL,
        form TEXT NOT NULL, kind TEXT NOT NULL, revision BIGINT NOT NULL, at TEXT NOT NULL, by TEXT,
        source TEXT NOT NULL, changes JSON NOT NULL, data_hash TEXT NOT NULL, hash TEXT NOT NULL,
        PRIMARY KEY (tenant, id))""",
    "CREATE INDEX change_record ON change (tenant, record, id)",
    """CREATE TABLE seal (tenant BIGINT NOT NULL, place BIGINT NOT NULL, change TEXT NOT NULL,
        hash TEXT NOT NULL, link TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (tenant, place),
        UNIQUE (tenant, change))""",
)

REST = (
    """CREATE TABLE file (tenant BIGINT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL,
        size BIGINT NOT NULL, mime TEXT NOT NULL, sha256 TEXT NOT NULL, record TEXT, form TEXT,
        field TEXT, created_at TEXT NOT NULL, created_by TEXT, PRIMARY KEY (tenant, id))""",
    "CREATE INDEX file_record ON file (tenant, record) WHERE record IS NOT NULL",
    """CREATE TABLE saved_view (tenant BIGINT NOT NULL, id TEXT NOT NULL, form TEXT NOT NULL,
        name TEXT NOT NULL, member TEXT, query JSON NOT NULL, position BIGINT NOT NULL,
        created_at TEXT NOT NULL, PRIMARY KEY (tenant, id))""",
    "CREATE INDEX saved_view_form ON saved_view (tenant, form, position)",
    """CREATE TABLE import_run (tenant BIGINT NOT NULL, id TEXT NOT NULL, form TEXT NOT NULL,
        file TEXT NOT NULL, state TEXT NOT NULL, mapping JSON NOT NULL, options JSON NOT NULL,
        counts JSON NOT NULL, done BIGINT NOT NULL, total BIGINT NOT NULL, error TEXT, result_file TEXT,
        created_at TEXT NOT NULL, created_by TEXT, updated_at TEXT NOT NULL, PRIMARY KEY (tenant, id))""",
    "CREATE INDEX import_run_form ON import_run (tenant, form, id)",
)

# FTS5 finds its rows by rowid, so that here alone the key is not (tenant, ...). SQLite is never sharded.
SEARCH_SQLITE = (
    """CREATE TABLE record_text (rowid INTEGER PRIMARY KEY, tenant BIGINT NOT NULL,
        record TEXT NOT NULL, form TEXT NOT NULL, grams TEXT NOT NULL, UNIQUE (tenant, record))""",
    """CREATE VIRTUAL TABLE record_search USING fts5(grams, content='record_text',
        content_rowid='rowid', tokenize='ascii')""",
    """CREATE TRIGGER record_text_insert AFTER INSERT ON record_text BEGIN
        INSERT INTO record_search (rowid, grams) VALUES (new.rowid, new.grams); END""",
    """CREATE TRIGGER record_text_delete AFTER DELETE ON record_text BEGIN
        INSERT INTO record_search (record_search, rowid, grams) VALUES ('delete', old.rowid, old.grams);
        END""",
    """CREATE TRIGGER record_text_update AFTER UPDATE ON record_text BEGIN
        INSERT INTO record_search (record_search, rowid, grams) VALUES ('delete', old.rowid, old.grams);
        INSERT INTO record_search (rowid, grams) VALUES (new.rowid, new.grams); END""",
)
SEARCH_POSTGRES = (
    """CREATE TABLE record_text (tenant BIGINT NOT NULL, record TEXT NOT NULL, form TEXT NOT NULL,
        grams TSVECTOR NOT NULL, PRIMARY KEY (tenant, record))""",
    "CREATE INDEX record_text_grams ON record_text USING gin (grams)",
)
