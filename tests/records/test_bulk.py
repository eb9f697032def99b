"""Many rows at once: the same checks as one by one, told by row, fast."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.errors import Conflict, Forbidden, Invalid, Problem
from core.records import Query
from tests.records.houses import rule


def row(code, **more):
    return {"code": code, "name": f"项目 {code}", **more}


async def stored(records, form="own.project"):
    page = await records.list(form, Query(limit=1000))
    return {record.data["code"]: dict(record.data) for record in page.records}


def statuses(result):
    return [one.status for one in result.rows]


def faults(result, number):
    return {problem.field: problem.code for problem in result.rows[number].problems}


async def test_rows_are_created_changed_left_or_refused(me, stranger):
    await stranger.bulk("own.project", [row("B")])
    first = await me.bulk("own.project", [row("A", budget=1, note="旧"), row("B")])
    assert (first.new, first.changed, first.same, first.wrong) == (2, 0, 0, 0)
    second = await me.bulk("own.project", [
        {"code": "A", "budget": Decimal("2.50")}, row("B"), row("C"), row("D", budget=-1), {"name": "无编码"},
    ])  # fmt: skip
    assert statuses(second) == ["changed", "same", "new", "wrong", "wrong"]
    assert (second.new, second.changed, second.same, second.wrong) == (1, 1, 1, 2)
    assert (faults(second, 3), faults(second, 4)) == ({"budget": "too_small"}, {"code": "required"})
    assert await stored(me) == {"A": row("A", budget=Decimal("2.50"), note="旧"), "B": row("B"), "C": row("C")}
    assert second.rows[0].id == first.rows[0].id
    assert await stored(stranger) == {"B": row("B")}


async def test_history_search_and_slots_are_those_of_single_writes(me):
    result = await me.bulk("own.project", [row("A", note="解放路", budget=5)])
    await me.bulk("own.project", [{"code": "A", "note": "人民路", "budget": None}], source="api")
    id = result.rows[0].id
    latest, first = await me.history("own.project", id)
    assert (latest.kind, latest.source, latest.revision) == ("update", "api", 2)
    assert latest.changes == {"note": ("解放路", "人民路"), "budget": (5, None)}
    assert first.source == "import"
    assert (await me.list("own.project", Query(search="解放"))).records == ()
    assert [r.id for r in (await me.list("own.project", Query(search="人民"))).records] == [id]


async def test_a_dry_run_says_the_same_and_writes_nothing(me):
    await me.bulk("own.project", [row("A"), row("B")])
    rows = [row("A", floors=1), row("B"), row("C"), row("C", floors=2), row("C", floors=2), row("D", floors="x")]
    dry = await me.bulk("own.project", rows, dry_run=True)
    assert set(await stored(me)) == {"A", "B"}
    wet = await me.bulk("own.project", rows)
    assert statuses(dry) == statuses(wet) == ["changed", "same", "new", "changed", "same", "wrong"]
    assert (dry.new, dry.changed, dry.same, dry.wrong) == (wet.new, wet.changed, wet.same, wet.wrong)
    assert [change.revision for change in await me.history("own.project", wet.rows[2].id)] == [2, 1]


async def test_creating_refuses_keys_that_are_there_already(me):
    await me.bulk("own.project", [row("A")])
    for dry_run in (True, False):
        result = await me.bulk("own.project", [row("A"), row("B"), row("B")], mode="create", dry_run=dry_run)
        assert statuses(result) == ["wrong", "new", "wrong"]
        assert faults(result, 0) == faults(result, 2) == {"code": "taken"}


async def test_all_or_nothing(me):
    rows = [row("A"), row("B", budget=-1), row("C")]
    result = await me.bulk("own.project", rows, stop_on_error=True)
    assert statuses(result) == ["new", "wrong", "new"]
    assert await stored(me) == {}
    result = await me.bulk("own.project", [row("A"), row("C")], stop_on_error=True)
    assert result.new == 2
    assert set(await stored(me)) == {"A", "C"}


async def test_a_form_without_a_key_can_only_be_added_to(me):
    target = await me.create("own.project", row("A"))
    rows = [{"project": target.id, "amount": 1}, {"project": target.id, "amount": 1}]
    with pytest.raises(Invalid):
        await me.bulk("own.entry", rows)
    assert (await me.bulk("own.entry", rows, mode="create")).new == 2


async def test_references_are_checked_for_all_rows_together(home, me, stranger):
    target, foreign = await me.create("own.project", row("A")), await stranger.create("own.project", row("A"))
    rows = [
        {"project": target.id, "amount": 1}, {"project": foreign.id, "amount": 1}, {"project": 5, "amount": 1},
        {"project": target.id, "amount": 1, "lines": [{"target": foreign.id}]},
    ]  # fmt: skip
    result = await me.bulk("own.entry", rows, mode="create")
    assert statuses(result) == ["new", "wrong", "wrong", "wrong"]
    assert [faults(result, n) for n in (1, 2, 3)] == [
        {"project": "reference"}, {"project": "type"}, {"lines.0.target": "reference"},
    ]  # fmt: skip
    blind = home.again(me, rule("own.entry"))
    assert statuses(await blind.bulk("own.entry", rows, mode="create")) == ["wrong"] * 4


async def test_rights_hold_for_every_row(home):
    boss, clerk = await home.member(), await home.member(name="乙")
    await boss.bulk("own.project", [row("A", budget=1), row("B")])
    await clerk.bulk("own.project", [row("C", budget=3)])
    own = home.again(clerk, rule("own.project", rows="own", hides=["budget"]))
    result = await own.bulk("own.project", [row("A", note="x"), {"code": "C", "note": "x"}, row("D", budget=1)])
    assert statuses(result) == ["wrong", "changed", "wrong"]
    assert (faults(result, 0), faults(result, 2)) == ({"code": "taken"}, {"budget": "forbidden"})
    assert (await stored(boss))["C"] == row("C", budget=3, note="x")
    for rules, more in (
        ((rule("own.project", "read"),), {}),
        ((rule("own.project", "read", "create", "update"),), {"source": "import"}),
        ((rule("own.project", "read", "update"),), {"mode": "create"}),
    ):
        with pytest.raises(Forbidden):
            await home.again(clerk, *rules).bulk("own.project", [row("E")], **{"source": "api", **more})
    reader = home.again(clerk, rule("own.project", "read", "create"), rule("own.project", "update", rows="own"))
    assert statuses(await reader.bulk("own.project", [row("A", note="x")], source="api")) == ["wrong"]


async def test_chunks_are_joined_without_seam(me):
    rows = [row(f"P{n:04}") for n in range(2500)]
    rows[1700] = row("P0001", note="again")
    result = await me.bulk("own.project", rows)
    assert (result.new, result.changed, len(result.rows)) == (2499, 1, 2500)
    again = await me.bulk("own.project", rows, dry_run=True)
    assert again.same == 2500, "a row changes only what it names"


async def test_hooks_see_each_row_after_the_one_before(home, me):
    seen = []

    async def validate(*, ctx, form, data, before):
        number = (await ctx.count("own.project")).number
        return [Problem("", "full", "最多两条")] if number >= 2 and before is None else None

    async def saved(*, ctx, form, record, change):
        seen.append((record.data["code"], change.kind))
        if record.data["code"] == "坏":
            raise Conflict("坏的不要")

    async def committed(*, ctx, form, record, change):
        seen.append((record.data["code"], "committed"))

    home.hooks.set = {"record_validate": [validate], "record_saved": [saved], "record_committed": [committed]}
    result = await me.bulk("own.project", [row("A"), row("坏"), row("B"), row("C"), row("A", note="x")])
    assert statuses(result) == ["new", "wrong", "new", "wrong", "changed"]
    assert faults(result, 1) == {"": "conflict"}
    assert faults(result, 3) == {"": "full"}
    assert seen == [
        ("A", "create"), ("坏", "create"), ("B", "create"), ("A", "update"),
        ("A", "committed"), ("B", "committed"), ("A", "committed"),
    ]  # fmt: skip
    assert set(await stored(me)) == {"A", "B"}


async def test_computed_values_are_stored(home, me):
    async def compute(*, ctx, form, data):
        return {"floors": 7}

    home.hooks.set = {"record_compute": [compute]}
    result = await me.bulk("own.project", [row("A"), row("A")])
    assert statuses(result) == ["new", "same"]
    assert (await stored(me))["A"]["floors"] == 7


async def test_it_can_be_part_of_a_larger_transaction(me):
    async def larger():
        async with me.db.write():
            await me.bulk("own.project", [row("A"), row("B", budget=-1)])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await larger()
    assert await stored(me) == {}


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)  # on SQLite nobody writes between look and write
async def test_a_key_taken_meanwhile_makes_only_its_row_wrong(me, monkeypatch):
    """What another process's writer would do between our look and our write."""
    from core.store import records as rows

    await me.create("own.project", row("B"))
    real, calls = rows.by_keys, []

    async def late(*args, **kw):
        calls.append(1)
        return {} if len(calls) == 1 else await real(*args, **kw)

    monkeypatch.setattr(rows, "by_keys", late)
    result = await me.bulk("own.project", [row("A"), row("B"), row("C")])
    assert statuses(result) == ["new", "wrong", "new"]
    assert faults(result, 1) == {"code": "taken"}
    assert set(await stored(me)) == {"A", "B", "C"}
