"""Measuring and what follows: alerts opened, raised, lowered and closed, each in one transaction with its history.

Evaluations of one rule never overlap: each takes the next number of its rule (`alert_rule.runs`) in the transaction
that writes, and what was measured before another evaluation wrote is measured again. So an older measure can never
overwrite a newer one, with any number of processes on either engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from core import exact
from core.alerts.levels import NONE, level_of, turn
from core.alerts.model import Happening, Measure, Rule
from core.alerts.telling import tell
from core.clock import new_id, now, stamp
from core.errors import Conflict, DougongError
from core.forms import scope_of
from core.formulas import Formula, Scene, TooCostly, compile_formula
from core.i18n import _
from core.records import Query
from core.store import alerts as stored
from core.store import records as stored_records

if TYPE_CHECKING:
    from core.context import Context
    from core.forms import Form

LONGEST_ERROR = 300
TURNS = 20  # measures of one rule that others overtake before we give up and let the job come again
PAGE = 200  # records looked at in one transaction
FRESH = timedelta(hours=1)  # an alert whose value stays is marked as seen this often
Row = Mapping[str, Any]
Found = tuple[Decimal | bool | None, Measure]


async def evaluate(ctx: Context, rule: Rule) -> list[Happening]:
    """Measure all subjects of a rule. `ctx` is the installation's own: it sees everything."""
    if not rule.active or rule.fault:
        return []
    try:
        return await (_whole(ctx, rule) if rule.offered else _every_record(ctx, rule))
    except Exception as error:
        words = error.message if isinstance(error, DougongError) else f"{type(error).__name__}: {error}"
        await stored.set_error(ctx.db, ctx.tenant.id, rule.code, error=words[:LONGEST_ERROR], at=now())
        raise


async def _whole(ctx: Context, rule: Rule) -> list[Happening]:
    assert rule.offered is not None
    for _turn in range(TURNS):
        number = await stored.runs(ctx.db, ctx.tenant.id, rule.code, at=now())
        found = [(one.value, one) for one in await rule.offered.measure(ctx)]
        async with ctx.db.write():
            if await stored.take_turn(ctx.db, ctx.tenant.id, rule.code, after=number, at=now()):
                live = await stored.live(ctx.db, ctx.tenant.id, rule.code)
                return await _apply(ctx, rule, found, live)
    raise Conflict(_("这条规则正被反复计算，稍后再试。"))


async def _every_record(ctx: Context, rule: Rule) -> list[Happening]:
    """Page by page; then the alerts about records that are gone."""
    happened: list[Happening] = []
    seen: set[str] = set()
    query = Query(limit=PAGE, sort=(("_id", False),))
    while True:
        page = await ctx.records.list(rule.form, query)
        ids = [record.id for record in page.records]
        happened += await evaluate_records(ctx, rule, ids)
        seen.update(ids)
        if page.next is None:
            break
        query = Query(limit=PAGE, sort=query.sort, after=page.next)
    live = await stored.live(ctx.db, ctx.tenant.id, rule.code)
    gone = [row["record"] for row in live if row["record"] not in seen]
    return happened + (await evaluate_records(ctx, rule, gone) if gone else [])


async def evaluate_records(ctx: Context, rule: Rule, ids: Sequence[str]) -> list[Happening]:
    """An own rule for these records of its form; one that is gone or in the bin has nothing to complain of."""
    form = ctx.forms.find(rule.form)
    if form is None or not rule.active or rule.fault:
        return []
    formula = compile_formula(rule.formula, scope_of(form.fields.values(), old=False))
    assert isinstance(formula, Formula), rule.code  # else the rule has a fault
    happened: list[Happening] = []
    for start in range(0, len(ids), PAGE):
        some = ids[start : start + PAGE]
        async with ctx.db.write():
            if not await stored.take_turn(ctx.db, ctx.tenant.id, rule.code, after=None, at=now()):
                return happened  # the rule was deleted meanwhile
            # read behind the rule's lock: nobody who read earlier can write later
            rows = await stored_records.fetch_many(ctx.db, ctx.tenant.id, rule.form, ids=some)
            found = [_measured(form, rule, formula, rows[id]) for id in some if id in rows]
            live = await stored.live(ctx.db, ctx.tenant.id, rule.code, records=some)
            happened += await _apply(ctx, rule, found, live)
    return happened


def _measured(form: Form, rule: Rule, formula: Formula, row: Row) -> Found:
    data = exact.loads(row["data"])
    project = data.get("project") if "project" in form.fields and form.fields["project"].type == "reference" else None
    owner = data.get(rule.told.person) if rule.told.person else None
    measure = Measure(form=form.name, record=row["id"], value=Decimal(0), project=project, owner=owner)
    if row["deleted_at"]:
        return None, measure
    try:
        answer = formula.value(data, Scene(now=now()))
    except TooCostly:
        return None, measure
    return (answer if isinstance(answer, bool | Decimal) or answer is None else Decimal(answer)), measure


async def _apply(ctx: Context, rule: Rule, found: Sequence[Found], live: Iterable[Row]) -> list[Happening]:
    """Lay what was measured over the live alerts. Subjects of `live` that were not measured have cleared."""
    at = now()
    there = {(row["record"], row["part"]): row for row in live}
    happened: list[Happening] = []
    events: list[dict[str, Any]] = []
    for value, measure in found:
        row = there.pop((measure.record, measure.part), None)
        level = level_of(rule, value, before=row["severity"] if row else NONE)
        happened += await _one(ctx, rule, row, level, value=value, measure=measure, at=at, events=events)
    for row in there.values():
        happened += await _one(ctx, rule, row, NONE, value=None, measure=None, at=at, events=events)
    if events:
        await stored.add_events(ctx.db, ctx.tenant.id, events)
        await tell(ctx, rule, happened)
    return happened


async def _one(
    ctx: Context, rule: Rule, row: Row | None, level: int, *,
    value: Decimal | bool | None, measure: Measure | None, at: str, events: list[dict[str, Any]],
) -> list[Happening]:  # fmt: skip
    kind, changes = turn(row, level, at=at)
    if row is not None and level and measure is not None:
        changes |= _refreshed(row, _columns(rule, level, value, measure), at=at)
    if row is not None and changes:
        await stored.update(ctx.db, ctx.tenant.id, row["id"], changes)
        row = {**row, **changes}
    if kind == "opened" and measure is not None:
        row = _fresh(rule, level, value, measure, at=at)
        if not await stored.insert(ctx.db, ctx.tenant.id, row):
            return []
    if not kind or row is None:
        return []
    events.append(event(row, kind, at=at, by=None))
    return [Happening(kind, row)]


def event(row: Row, kind: str, *, at: str, by: str | None, note: str = "") -> dict[str, Any]:
    """A line of an alert's history."""
    return {
        "id": new_id(), "alert": row["id"], "kind": kind, "at": at, "by": by,
        "severity": row["severity"], "value": row["value"], "note": note,
    }  # fmt: skip


def _columns(rule: Rule, level: int, value: Decimal | bool | None, measure: Measure) -> dict[str, Any]:
    """What an evaluation knows of a subject, as columns."""
    number = value if isinstance(value, Decimal) else None
    limit = rule.levels.get(level)
    return {
        "value": None if number is None else _plain(number),
        "threshold": None if limit is None else _plain(limit),
        "unit": rule.unit,
        "period": measure.period,
        "url": measure.url,
        "label": measure.label,
        "project": measure.project,
    }


def _plain(number: Decimal) -> str:
    """As people write it: no exponent, no zeros behind."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _refreshed(row: Row, columns: Mapping[str, Any], *, at: str) -> dict[str, Any]:
    """The columns that are not as stored; a value that stays is noted as seen once an hour, not each time."""
    changed = {name: value for name, value in columns.items() if row[name] != value}
    stale = datetime.fromisoformat(at) - datetime.fromisoformat(row["last_at"]) >= FRESH
    return {**changed, "last_at": at} if changed or stale else {}


def _fresh(rule: Rule, level: int, value: Decimal | bool | None, measure: Measure, *, at: str) -> dict[str, Any]:
    due = None
    if rule.due_days is not None:
        due = stamp(datetime.now(UTC) + timedelta(days=rule.due_days))
    return {
        "id": new_id(), "rule": rule.code, "form": measure.form, "record": measure.record, "part": measure.part,
        "severity": level, "state": "open", "live": 1, "first_at": at, "last_at": at, "closed_at": None,
        "owner": measure.owner, "due_at": due, "note": "", "until_at": None,
        **_columns(rule, level, value, measure),
    }  # fmt: skip
