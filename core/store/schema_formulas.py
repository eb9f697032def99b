"""The migration for values that wait to be worked out again: what was changed elsewhere and not yet followed."""

from __future__ import annotations

# `scope`: "record" (`target` is its id), "by:<reference>" (all that refer to `target`) or "all". `stamp` is new with
# every change, so that work on an older one does not take away the mark of a newer.
OVERDUE = (
    """CREATE TABLE overdue (tenant BIGINT NOT NULL, form TEXT NOT NULL, scope TEXT NOT NULL,
        target TEXT NOT NULL, fields JSON NOT NULL, stamp TEXT NOT NULL, at TEXT NOT NULL,
        PRIMARY KEY (tenant, form, scope, target))""",
)
