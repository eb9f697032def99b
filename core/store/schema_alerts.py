"""Tables of the third migration: alerts with their rules and history, notices, webhooks with their outbox.

`live` is 1 while an alert holds its subject: until the measure has cleared, also where a person resolved it before.
The unique index on it is what makes a second alert about the same thing impossible, whatever runs at once.
"""

from __future__ import annotations

ALERTS = (
    """CREATE TABLE alert_rule (tenant BIGINT NOT NULL, code TEXT NOT NULL, body JSON NOT NULL,
        active BIGINT NOT NULL, runs BIGINT NOT NULL, checked_at TEXT, error TEXT, updated_at TEXT NOT NULL,
        updated_by TEXT, PRIMARY KEY (tenant, code))""",
    """CREATE TABLE alert (tenant BIGINT NOT NULL, id TEXT NOT NULL, rule TEXT NOT NULL, form TEXT NOT NULL,
        record TEXT NOT NULL, part TEXT NOT NULL, project TEXT, severity BIGINT NOT NULL, value TEXT,
        threshold TEXT, unit TEXT NOT NULL, period TEXT, url TEXT NOT NULL, label TEXT NOT NULL, state TEXT NOT NULL,
        live BIGINT NOT NULL, first_at TEXT NOT NULL, last_at TEXT NOT NULL, closed_at TEXT, owner TEXT, due_at TEXT,
        note TEXT NOT NULL, until_at TEXT, PRIMARY KEY (tenant, id))""",
    "CREATE UNIQUE INDEX alert_live ON alert (tenant, rule, record, part) WHERE live = 1",
    "CREATE INDEX alert_open ON alert (tenant, severity, id) WHERE closed_at IS NULL",
    "CREATE INDEX alert_closed ON alert (tenant, closed_at, id) WHERE closed_at IS NOT NULL",
    "CREATE INDEX alert_record ON alert (tenant, record, id)",
    """CREATE TABLE alert_event (tenant BIGINT NOT NULL, id TEXT NOT NULL, alert TEXT NOT NULL, kind TEXT NOT NULL,
        at TEXT NOT NULL, by TEXT, severity BIGINT NOT NULL, value TEXT, note TEXT NOT NULL,
        PRIMARY KEY (tenant, id))""",
    "CREATE INDEX alert_event_alert ON alert_event (tenant, alert, id)",
)

NOTICES = (
    """CREATE TABLE notice (tenant BIGINT NOT NULL, id TEXT NOT NULL, member TEXT NOT NULL, kind TEXT NOT NULL,
        title TEXT NOT NULL, text TEXT NOT NULL, words JSON NOT NULL, url TEXT NOT NULL, shown BIGINT NOT NULL,
        at TEXT NOT NULL, read_at TEXT, mail TEXT NOT NULL, mailed_at TEXT, PRIMARY KEY (tenant, id))""",
    "CREATE INDEX notice_member ON notice (tenant, member, id) WHERE shown = 1",
    "CREATE INDEX notice_unread ON notice (tenant, member, id) WHERE shown = 1 AND read_at IS NULL",
    "CREATE INDEX notice_digest ON notice (tenant, member, id) WHERE mail = 'digest'",
    """CREATE TABLE notice_choice (tenant BIGINT NOT NULL, member TEXT NOT NULL, email TEXT NOT NULL,
        ways JSON NOT NULL, updated_at TEXT NOT NULL, PRIMARY KEY (tenant, member))""",
)

WEBHOOKS = (
    """CREATE TABLE webhook (tenant BIGINT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, url TEXT NOT NULL,
        events JSON NOT NULL, generation BIGINT NOT NULL, state TEXT NOT NULL, failures BIGINT NOT NULL,
        created_at TEXT NOT NULL, created_by TEXT, updated_at TEXT NOT NULL, PRIMARY KEY (tenant, id))""",
    """CREATE TABLE delivery (tenant BIGINT NOT NULL, id TEXT NOT NULL, webhook TEXT NOT NULL, event TEXT NOT NULL,
        body JSON NOT NULL, state TEXT NOT NULL, attempts BIGINT NOT NULL, at TEXT NOT NULL, next_at TEXT,
        done_at TEXT, PRIMARY KEY (tenant, id))""",
    "CREATE INDEX delivery_waiting ON delivery (tenant, webhook, next_at, id) WHERE next_at IS NOT NULL",
    "CREATE INDEX delivery_webhook ON delivery (tenant, webhook, id)",
    """CREATE TABLE delivery_attempt (tenant BIGINT NOT NULL, delivery TEXT NOT NULL, number BIGINT NOT NULL,
        at TEXT NOT NULL, status BIGINT, milliseconds BIGINT NOT NULL, answer TEXT NOT NULL, error TEXT NOT NULL,
        PRIMARY KEY (tenant, delivery, number))""",
)
