"""Alerts as one member may see them: an alert about what he may not read is not there, not in counts either.

A module's alert is shown to who sees the whole of every form its value is made of; one of the tenant's own rules to
who sees the record with every field the formula reads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.alerts.model import OPEN, Alert, Event, Filter, Rule, Severity, decimal, severity_named
from core.errors import Invalid, NotFound, Problem
from core.i18n import _
from core.people import rights
from core.records import LOCKED, Condition, Query
from core.store import alerts as stored

if TYPE_CHECKING:
    from core.context import Context

COUNTED = 500  # alerts of one rule looked at one by one for who sees a part of the records
PAGE = 50
CHUNK = 200  # records asked for at once
Row = Mapping[str, Any]


async def seen(ctx: Context, rules: Mapping[str, Rule], rows: Iterable[Row]) -> set[str]:
    """The ids of those alerts that the member may see."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["rule"], row["form"]), []).append(row)
    found: set[str] = set()
    for (code, form), some in groups.items():
        reach = _reach(ctx, rules.get(code), form)
        if reach == "all":
            found.update(row["id"] for row in some)
        elif reach == "some":
            readable = await _readable(ctx, rules.get(code), form, [row["record"] for row in some])
            found.update(row["id"] for row in some if row["record"] in readable)
    return found


def _reach(ctx: Context, rule: Rule | None, form: str) -> str:
    """ "all", "some" or "none" of the alerts of a rule about records of a form."""
    if form not in ctx.forms or not rights(ctx.access, form, "read"):
        return "none"
    if rule is not None and not all(name in ctx.forms and ctx.sees_whole(name) for name in rule.reads):
        return "none"
    if ctx.sees_whole(form):
        return "all"
    return "some" if rule is not None else "none"  # what a rule that is gone had read is not known any more


async def _readable(ctx: Context, rule: Rule | None, form: str, ids: Sequence[str]) -> set[str]:
    distinct = list(dict.fromkeys(ids))
    fields = rule.fields if rule else frozenset()
    found: set[str] = set()
    for start in range(0, len(distinct), CHUNK):
        some = tuple(distinct[start : start + CHUNK])
        query = Query(where=(Condition("_id", "in", some),), limit=CHUNK)
        page = await ctx.records.list(form, query)
        found |= {record.id for record in page.records if not fields & record.hidden}
    return found


async def counts(ctx: Context, rules: Mapping[str, Rule]) -> dict[Severity, int]:
    """How many open alerts the member sees, by level; levels without any are 0."""
    number: Counter[int] = Counter()
    partly: set[tuple[str, str]] = set()
    for row in await stored.open_groups(ctx.db, ctx.tenant.id, states=OPEN):
        reach = _reach(ctx, rules.get(row["rule"]), row["form"])
        if reach == "all":
            number[row["severity"]] += row["number"]
        elif reach == "some":
            partly.add((row["rule"], row["form"]))
    for code, form in sorted(partly):
        rows = await stored.open_subjects(ctx.db, ctx.tenant.id, code, form, states=OPEN, bound=COUNTED)
        readable = await _readable(ctx, rules.get(code), form, [row["record"] for row in rows])
        number.update(row["severity"] for row in rows if row["record"] in readable)
    return {severity_named(level): number[level] for level in (4, 3, 2, 1)}


async def page(
    ctx: Context, rules: Mapping[str, Rule], wanted: Filter, *, after: str = "", limit: int = PAGE
) -> tuple[list[Alert], str | None]:
    """A page of alerts, the worst and newest first (closed ones: the last closed first), and where the next begins."""
    closed = not set(wanted.states) & {*OPEN, "suppressed"}
    codes = [code for code, rule in rules.items() if not wanted.modules or rule.module in wanted.modules]
    where: dict[str, Sequence[str | int]] = {"rule": codes}
    if wanted.severities:
        where["severity"] = [level for level in (1, 2, 3, 4) if severity_named(level) in wanted.severities]
    if wanted.project:
        where["project"] = [wanted.project]
    if wanted.mine:
        where["owner"] = [ctx.member.id]
    place = _place(after, closed)
    kept: list[Row] = []
    while len(kept) <= limit:
        rows = await stored.page(
            ctx.db, ctx.tenant.id, closed=closed, states=wanted.states, where=where, after=place, limit=limit + 1
        )
        allowed = await seen(ctx, rules, rows)
        kept += [row for row in rows if row["id"] in allowed]
        if len(rows) <= limit:
            break
        place = _sorted_by(rows[-1], closed)
    more = len(kept) > limit
    kept = kept[:limit]
    following = ".".join(str(one) for one in _sorted_by(kept[-1], closed)) if more else None
    return await shown(ctx, rules, kept), following


def _sorted_by(row: Row, closed: bool) -> tuple[Any, ...]:
    return (row["closed_at"], row["id"]) if closed else (row["severity"], row["id"])


def _place(after: str, closed: bool) -> tuple[Any, ...] | None:
    if not after:
        return None
    head, _dot, id = after.rpartition(".")
    if not id or not (closed or head.isdecimal()):
        raise Invalid([Problem("after", "cursor", _("翻页的位置已失效，请从第一页看起"))])
    return (head, id) if closed else (int(head[:2]), id)


async def get(ctx: Context, rules: Mapping[str, Rule], id: str) -> tuple[Alert, list[Event]]:
    """One alert with its history, newest first."""
    row = await fetch(ctx, rules, id)
    lines = await stored.events(ctx.db, ctx.tenant.id, id)
    events = [
        Event(
            line["kind"], line["at"], line["by"], severity_named(line["severity"]), decimal(line["value"]), line["note"]
        )
        for line in lines
    ]
    return (await shown(ctx, rules, [row]))[0], events


async def fetch(ctx: Context, rules: Mapping[str, Rule], id: str, *, lock: bool = False) -> Row:
    """The row of an alert the member may see; NotFound otherwise."""
    row = await stored.fetch(ctx.db, ctx.tenant.id, id, lock=lock)
    if row is None or not await seen(ctx, rules, [row]):
        raise NotFound(_("找不到这条预警，或您无权查看。"))
    return row


async def of_record(ctx: Context, rules: Mapping[str, Rule], record: str) -> list[Alert]:
    """What is open about one record."""
    rows = [row for row in await stored.of_record(ctx.db, ctx.tenant.id, record) if row["state"] in OPEN]
    allowed = await seen(ctx, rules, rows)
    return await shown(ctx, rules, [row for row in rows if row["id"] in allowed])


async def projects(ctx: Context, rules: Mapping[str, Rule]) -> list[tuple[str, str]]:
    """(id, name) of the projects that open alerts belong to, as far as they may be seen."""
    ids = await stored.projects(ctx.db, ctx.tenant.id)
    found: dict[str, str] = {}
    targets = {field.ref for form in ctx.forms.all() for field in _project_fields(form) if field.ref}
    for form in sorted(targets):
        if form in ctx.forms and ctx.can(form, "read"):
            named = await ctx.records.names(form, ids)
            found |= {id: name for id, name in named.items() if name != LOCKED}
    return sorted(found.items(), key=lambda one: one[1])


def _project_fields(form: Any) -> list[Any]:
    field = form.fields.get("project")
    return [field] if field is not None and field.type == "reference" else []


async def shown(ctx: Context, rules: Mapping[str, Rule], rows: Sequence[Row]) -> list[Alert]:
    """Rows that may be seen, as values with the names of their subjects."""
    names: dict[tuple[str, str], str] = {}
    for form in {row["form"] for row in rows if row["form"] in ctx.forms}:
        ids = [row["record"] for row in rows if row["form"] == form]
        names |= {(form, id): name for id, name in (await ctx.records.names(form, ids)).items()}
    return [_alert(row, rules.get(row["rule"]), names.get((row["form"], row["record"]), LOCKED)) for row in rows]


def _alert(row: Row, rule: Rule | None, name: str) -> Alert:
    plain = (
        "id", "rule", "form", "record", "project", "period", "state", "first_at", "last_at", "closed_at",
        "owner", "due_at", "note", "until_at",
    )  # fmt: skip
    return Alert(
        **{column: row[column] for column in plain},
        title=rule.title if rule else row["rule"],
        metric=rule.metric if rule else "",
        unit=rule.unit if rule else row["unit"],  # in the reader's language, where the rule is still there
        subject=f"{name} · {row['label']}" if row["label"] else name,
        severity=severity_named(row["severity"]),
        value=decimal(row["value"]),
        threshold=decimal(row["threshold"]),
        direction=rule.direction if rule else "above",
        url=row["url"] or f"/forms/{row['form']}/{row['record']}",
    )
