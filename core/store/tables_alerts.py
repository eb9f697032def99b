"""Piccolo's description of the tables of alerts, notices and webhooks; see tables.py."""

from __future__ import annotations

from piccolo.table import Table

from core.store.tables import Plain, json, number, text


class AlertRule(Plain, Table, tablename="alert_rule"):
    tenant = number()
    code = text(primary_key=True)
    body = json()
    active = number()
    runs = number()
    checked_at = text(null=True)
    error = text(null=True)
    updated_at = text()
    updated_by = text(null=True)


class Alert(Plain, Table, tablename="alert"):
    tenant = number()
    id = text(primary_key=True)
    rule = text()
    form = text()
    record = text()
    part = text()
    project = text(null=True)
    severity = number()
    value = text(null=True)
    threshold = text(null=True)
    unit = text()
    period = text(null=True)
    url = text()
    label = text()
    state = text()
    live = number()
    first_at = text()
    last_at = text()
    closed_at = text(null=True)
    owner = text(null=True)
    due_at = text(null=True)
    note = text()
    until_at = text(null=True)


class AlertEvent(Plain, Table, tablename="alert_event"):
    tenant = number()
    id = text(primary_key=True)
    alert = text()
    kind = text()
    at = text()
    by = text(null=True)
    severity = number()
    value = text(null=True)
    note = text()


class Notice(Plain, Table, tablename="notice"):
    tenant = number()
    id = text(primary_key=True)
    member = text()
    kind = text()
    title = text()
    words = json()
    url = text()
    shown = number()
    at = text()
    read_at = text(null=True)
    mail = text()
    mailed_at = text(null=True)
    text = text()  # last: it hides the word


class NoticeChoice(Plain, Table, tablename="notice_choice"):
    tenant = number()
    member = text(primary_key=True)
    email = text()
    ways = json()
    updated_at = text()


class Webhook(Plain, Table, tablename="webhook"):
    tenant = number()
    id = text(primary_key=True)
    name = text()
    url = text()
    events = json()
    generation = number()
    state = text()
    failures = number()
    created_at = text()
    created_by = text(null=True)
    updated_at = text()


class Delivery(Plain, Table, tablename="delivery"):
    tenant = number()
    id = text(primary_key=True)
    webhook = text()
    event = text()
    body = json()
    state = text()
    attempts = number()
    at = text()
    next_at = text(null=True)
    done_at = text(null=True)


class DeliveryAttempt(Plain, Table, tablename="delivery_attempt"):
    tenant = number()
    delivery = text()
    at = text()
    status = number(null=True)
    milliseconds = number()
    answer = text()
    error = text()
    number = number(primary_key=True)  # last: it hides the word
