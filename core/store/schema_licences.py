"""Tables of migration 4: what an operator says about tenants, what he did, and what each tenant used, day by day."""

from __future__ import annotations

# The licence stands in the row of the tenant that every request reads anyway. A tenant that was there before licences
# were keeps everything, for good: that is what an empty licence would not say.
LICENCES = (
    """ALTER TABLE tenant ADD COLUMN licence JSON NOT NULL DEFAULT '{"edition":"professional"}'""",
    "ALTER TABLE tenant ADD COLUMN suspended_at TEXT",
    "ALTER TABLE tenant ADD COLUMN suspended_why TEXT",
    # the number that the hashes of its history are made with, where that is not its id: brought from elsewhere
    "ALTER TABLE tenant ADD COLUMN history BIGINT",
    """CREATE TABLE installation (name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name))""",
    """CREATE TABLE operator_act (id TEXT NOT NULL, at TEXT NOT NULL, account TEXT NOT NULL, name TEXT NOT NULL,
        act TEXT NOT NULL, about BIGINT, detail JSON NOT NULL, PRIMARY KEY (id))""",
    "CREATE INDEX operator_act_about ON operator_act (about, id)",
    """CREATE TABLE usage_day (tenant BIGINT NOT NULL, day TEXT NOT NULL, members BIGINT NOT NULL,
        records BIGINT NOT NULL, changes BIGINT NOT NULL, files BIGINT NOT NULL, file_bytes BIGINT NOT NULL,
        PRIMARY KEY (tenant, day))""",
)
