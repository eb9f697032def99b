"""Whatever is tried in whatever order, a state changes by the form's steps and by nothing else (domain X, 20)."""

from __future__ import annotations

import random

import pytest

from core.errors import DougongError, Invalid
from core.records import Query
from tests.flow.offices import BILL, FORM

WAYS = {(source, step["to"]) for step in BILL["x-flow"] for source in step["from"]}
STATES = [choice["value"] for choice in BILL["properties"]["state"]["x-choices"]]


async def test_nobody_types_a_state(ours):
    for given in ("sent", "nonsense", 7):
        with pytest.raises(Invalid) as refused:
            await ours.both.records.create(FORM, {"code": "B1", "state": given})
        assert [problem.code for problem in refused.value.problems] == ["state"]
    made = await ours.both.records.create(FORM, {"code": "B1", "amount": 1, "state": "draft"})
    with pytest.raises(Invalid):
        await ours.both.records.update(FORM, made.id, {"state": "good"}, revision=1)
    with pytest.raises(Invalid):
        await ours.both.records.update(FORM, made.id, {"state": None}, revision=1)


async def test_an_import_begins_at_the_beginning_and_repeats_what_is(ours):
    await ours.sent("B1")
    rows = [
        {"code": "B1", "state": "sent", "opinion": "原样"}, {"code": "B2", "state": "draft"}, {"code": "B3"},
        {"code": "B4", "state": "good"}, {"code": "B1", "state": "good"},
    ]  # fmt: skip
    result = await ours.both.records.bulk(FORM, rows, source="import")
    assert [row.status for row in result.rows] == ["changed", "new", "new", "wrong", "wrong"]
    assert {problem.code for row in result.rows for problem in row.problems} == {"state"}
    found = (await ours.both.records.list(FORM, Query())).records
    assert {one.data["code"]: one.data["state"] for one in found} == {"B1": "sent", "B2": "draft", "B3": "draft"}


async def test_neither_revert_nor_the_bin_brings_an_old_state_back(ours):
    sent = await ours.sent()
    kept = await ours.both.records.revert(FORM, sent.id, to_revision=1, revision=2)
    assert kept.data["state"] == "sent"
    await ours.both.records.delete(FORM, sent.id, revision=kept.revision)
    assert (await ours.both.records.restore(FORM, sent.id)).data["state"] == "sent"


@pytest.mark.parametrize("seed", range(4))
async def test_a_random_walk_leaves_only_allowed_ways_in_history(ours, seed):
    chance = random.Random(seed)
    ids = [(await ours.bill(f"B{n}")).id for n in range(3)]
    people = [ours.clerk, ours.chief, ours.both]
    tried = 0
    for _round in range(60):
        who, id = chance.choice(people), chance.choice(ids)
        try:
            await chance.choice(DEEDS)(who, id, chance)
            tried += 1
        except DougongError:
            continue
    assert tried > 5, "hardly anything was allowed: the walk proves nothing"
    for id in ids:
        lines = await ours.both.records.history(FORM, id)
        moves = [(line, line.changes["state"]) for line in reversed(lines) if "state" in line.changes]
        assert moves[0][1] == (None, "draft")
        for line, way in moves[1:]:
            assert line.step, f"{way} by {line.kind} {line.source} without a step"
            assert way in WAYS
        row = await ours.both.db.fetch_one(
            "SELECT data FROM record WHERE tenant = $1 AND id = $2", ours.both.tenant.id, id
        )
        assert f'"state":"{moves[-1][1][1]}"' in row["data"]


async def _update(who, id, chance):
    record = await who.records.get(FORM, id)
    changes = {"state": chance.choice(STATES), "amount": chance.randrange(5), "opinion": "记"}
    names = chance.sample(sorted(changes), chance.randrange(1, 4))
    await who.records.update(FORM, id, {name: changes[name] for name in names}, revision=record.revision)


async def _bulk(who, id, chance):
    record = await who.records.get(FORM, id)
    row = {"code": record.data["code"], "state": chance.choice(STATES), "opinion": "导"}
    await who.records.bulk(FORM, [row], source=chance.choice(["import", "api"]))


async def _step(who, id, chance):
    record = await who.records.get(FORM, id)
    step = chance.choice(BILL["x-flow"])
    data = {name: {"opinion": "行", "paid": "2026-03-01"}[name] for name in step.get("required", ())}
    await who.flow.take(FORM, id, step["code"], revision=record.revision, data=data, comment=chance.choice(["", "因"]))


async def _revert(who, id, chance):
    record = await who.records.get(FORM, id)
    to = chance.randrange(1, record.revision + 1)
    await who.records.revert(FORM, id, to_revision=to, revision=record.revision)


async def _bin(who, id, chance):
    record = await who.records.get(FORM, id)
    await who.records.delete(FORM, id, revision=record.revision)
    await who.records.restore(FORM, id)


DEEDS = (_update, _bulk, _step, _step, _step, _revert, _bin)
