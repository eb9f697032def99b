"""Lists, counts, totals, pickers and history: the same rights everywhere."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.errors import Forbidden, Invalid, NotFound
from core.records import LOCKED, Aggregate, Condition, Query
from tests.records.houses import rule


async def project(records, code="P1", **more):
    return await records.create("own.project", {"code": code, "name": f"项目 {code}", **more})


def codes(page):
    return [record.data.get("code") for record in page.records]


def where(*conditions, **more):
    return Query(where=tuple(Condition(*one) for one in conditions), **more)


async def test_a_list_shows_the_newest_first_and_only_ones_own_tenant(me, stranger):
    for code in ("A", "B", "C"):
        await project(me, code)
        await project(stranger, f"X{code}")
    assert codes(await me.list("own.project")) == ["C", "B", "A"]
    assert (await me.count("own.project")).number == 3


async def test_pages_follow_one_another_without_gap_or_repetition(me):
    for n in range(7):
        await project(me, f"P{n}", budget=n // 2 if n else None)
    found, after = [], None
    for _round in range(10):
        page = await me.list("own.project", Query(sort=(("budget", True),), after=after, limit=2))
        found += codes(page)
        after = page.next
        if after is None:
            break
    assert found[0] == "P6"
    assert sorted(found) == [f"P{n}" for n in range(7)]
    assert found[-1] == "P0"


async def test_a_cursor_of_another_list_is_refused(me):
    for n in range(3):
        await project(me, f"P{n}")
    page = await me.list("own.project", Query(limit=1))
    for after in ("nonsense", page.next):
        with pytest.raises(Invalid) as caught:
            await me.list("own.project", Query(sort=(("budget", False),), after=after))
        assert caught.value.problems[0].field == "after"


async def test_every_kind_of_field_can_be_filtered(me):
    one = await project(
        me, "A", budget=Decimal("10.5"), status="open", start="2026-03-01", urgent=True, tags=["road", "water"],
        manager=me.member_id, note="在解放路", floors=3, met="2026-03-01T00:30:00Z",
    )  # fmt: skip
    await project(me, "B", parent=one.id, budget=11)
    for condition in (
        ("budget", "eq", Decimal("10.50")), ("budget", "lt", 11), ("status", "in", ("open", "x")),
        ("start", "le", "2026-03-01"), ("urgent", "eq", True), ("tags", "contains", "water"),
        ("manager", "eq", me.member_id), ("note", "contains", "解放"), ("floors", "ge", 3), ("parent", "empty"),
        ("met", "filled"), ("code", "contains", "a"), ("_id", "in", (one.id,)), ("name", "ne", "项目 B"),
    ):  # fmt: skip
        assert codes(await me.list("own.project", where(condition))) == ["A"], condition
    assert codes(await me.list("own.project", where(("_created_by", "eq", me.member_id)))) == ["B", "A"]


async def test_a_filter_that_makes_no_sense_is_named(me):
    for query in (
        where(("site", "eq", "x")), where(("budget", "eq", "x")), where(("urgent", "eq", "是")),
        where(("nothing", "eq", "x")), Query(sort=(("note", False),)), where(("status", "in", "open")),
    ):  # fmt: skip
        with pytest.raises(Invalid):
            await me.list("own.project", query)


async def test_who_has_no_right_gets_no_list(home):
    nobody = await home.member(rule("own.entry"))
    for attempt in (
        nobody.list("own.project"), nobody.count("own.project"),
        nobody.totals("own.project", Query(), [Aggregate("n", "count")]),
    ):  # fmt: skip
        with pytest.raises(Forbidden):
            await attempt
    with pytest.raises(NotFound):
        await nobody.list("own.nothing")


async def test_rows_are_the_same_in_list_count_totals_and_search(home):
    a, b = await home.member(department="D1"), await home.member(department="D2", name="乙")
    await project(a, "A", budget=1, note="解放")
    await project(b, "B", budget=2, note="解放")
    both = Query(search="解放")
    for rows, codes_seen, total in (("own", ["A"], 1), ("department", ["A"], 1), ("all", ["B", "A"], 3)):
        reader = home.again(a, rule("own.project", rows=rows))
        for query in (Query(), both):
            assert codes(await reader.list("own.project", query)) == codes_seen
            assert (await reader.count("own.project", query)).number == len(codes_seen)
            line = (await reader.totals("own.project", query, [Aggregate("sum", "sum", "budget")]))[0]
            assert line["sum"] == total
        assert len(await reader.search_everywhere("解放")) == len(codes_seen)


async def test_fields_are_seen_row_by_row(home):
    a, b = await home.member(), await home.member(name="乙")
    await project(a, "A", budget=1)
    await project(b, "B", budget=2)
    reader = home.again(a, rule("own.project", "read", hides=["budget"]), rule("own.project", "read", rows="own"))
    other, mine = (await reader.list("own.project")).records
    assert ("budget" in mine.data, "budget" in other.data) == (True, False)
    assert other.hidden == {"budget"}
    assert mine.hidden == frozenset()


async def test_a_field_hidden_in_some_rows_cannot_be_probed_there(home):
    a, b = await home.member(), await home.member(name="乙")
    await project(a, "A", budget=1)
    await project(b, "B", budget=2)
    reader = home.again(a, rule("own.project", "read", hides=["budget"]), rule("own.project", "read", rows="own"))
    assert codes(await reader.list("own.project", where(("budget", "gt", 0)))) == ["A"]
    assert codes(await reader.list("own.project", where(("budget", "ne", 7)))) == ["A"]
    assert codes(await reader.list("own.project", Query(sort=(("budget", True),)))) == ["A"]
    assert (await reader.count("own.project", where(("budget", "filled")))).number == 1
    assert await reader.totals("own.project", Query(), [Aggregate("s", "sum", "budget")]) == [{"s": 1}]
    assert await reader.totals("own.project", Query(), [Aggregate("n", "count")], by=["budget"]) == [
        {"budget": 1, "n": 1}
    ]


async def test_a_field_hidden_everywhere_is_as_good_as_not_there(home, me):
    await project(me, budget=1)
    reader = home.again(me, rule("own.project", hides=["budget"]))
    for attempt in (
        reader.list("own.project", where(("budget", "gt", 0))),
        reader.list("own.project", Query(sort=(("budget", False),))),
        reader.totals("own.project", Query(), [Aggregate("s", "sum", "budget")]),
        reader.count("own.project", where(("budget", "filled"))),
    ):
        with pytest.raises(Invalid) as caught:
            await attempt
        assert caught.value.problems[0].code == "unknown"
    history = await reader.history("own.project", (await reader.list("own.project")).records[0].id)
    assert "budget" not in history[0].changes


async def test_exporting_needs_its_own_right(home):
    a, b = await home.member(), await home.member(name="乙")
    await project(a, "A", budget=1)
    await project(b, "B", budget=2)
    reader = home.again(
        a, rule("own.project", "read"), rule("own.project", "export", rows="own", hides=["note", "budget"])
    )
    page = await reader.list("own.project", action="export")
    assert codes(page) == ["A"]
    assert page.records[0].hidden == {"note", "budget"}
    assert (await reader.count("own.project", action="export")).number == 1
    with pytest.raises(Forbidden):
        await home.again(a, rule("own.project", "read")).list("own.project", action="export")


async def test_the_bin_needs_the_right_to_delete(home, me):
    made = await project(me)
    await me.delete("own.project", made.id, revision=1)
    reader = home.again(me, rule("own.project", "read"))
    with pytest.raises(Forbidden):
        await reader.list("own.project", Query(deleted=True))
    with pytest.raises(NotFound):
        await reader.get("own.project", made.id, deleted=True)
    assert codes(await me.list("own.project", Query(deleted=True, search="项目"))) == ["P1"]


async def test_totals_are_exact(me):
    for n, budget in enumerate(["0.10", "0.20", "9007199254740.99", "-0"]):
        await project(me, f"P{n}", budget=Decimal(budget), status="open" if n % 2 else "done", area=Decimal("0.001"))
    await project(me, "P9")
    sums = [
        Aggregate("sum", "sum", "budget"), Aggregate("n", "count"), Aggregate("filled", "count", "budget"),
        Aggregate("min", "min", "budget"), Aggregate("max", "max", "budget"), Aggregate("avg", "avg", "budget"),
        Aggregate("area", "sum", "area"),
    ]  # fmt: skip
    (line,) = await me.totals("own.project", Query(), sums)
    assert line == {
        "sum": Decimal("9007199254741.29"), "n": 5, "filled": 4, "min": 0, "max": Decimal("9007199254740.99"),
        "avg": Decimal("2251799813685.3225"), "area": Decimal("0.004"),
    }  # fmt: skip
    lines = await me.totals("own.project", Query(), sums[:2], by=["status"])
    assert {line["status"]: (line["sum"], line["n"]) for line in lines} == {
        "open": (Decimal("0.20"), 2), "done": (Decimal("9007199254741.09"), 2), None: (None, 1),
    }  # fmt: skip


async def test_totals_group_by_month_and_take_the_first_and_last_day(me):
    target = await project(me)
    for day, amount in (("2026-01-31", 1), ("2026-02-01", 2), ("2026-02-28", 3)):
        await me.create("own.entry", {"project": target.id, "amount": amount, "day": day})
    sums = [Aggregate("sum", "sum", "amount"), Aggregate("last", "max", "day")]
    assert await me.totals("own.entry", Query(), sums, by=["project", "day:month"]) == [
        {"project": target.id, "day:month": "2026-01", "sum": 1, "last": "2026-01-31"},
        {"project": target.id, "day:month": "2026-02", "sum": 5, "last": "2026-02-28"},
    ]
    narrowed = await me.totals("own.entry", where(("day", "ge", "2026-02-01")), sums[:1])
    assert narrowed == [{"sum": 5}]


async def test_totals_that_make_no_sense_are_named(me):
    for aggregates, by in (
        ([Aggregate("s", "sum", "name")], ()), ([Aggregate("s", "sum")], ()), ([Aggregate("s", "max", "tags")], ()),
        ([Aggregate("n", "count")], ["tags"]), ([Aggregate("n", "count")], ["name:month"]),
        ([Aggregate("n", "count")], ["start:week"]), ([Aggregate("s", "sum", "nothing")], ()),
    ):  # fmt: skip
        with pytest.raises(Invalid):
            await me.totals("own.project", Query(), aggregates, by=by)


async def test_history_says_who_did_what_when(home, me):
    made = await project(me, budget=1)
    other = await home.member(name="李四")
    await other.update("own.project", made.id, {"budget": 2, "name": "新名"}, revision=1, source="api")
    latest, first = await me.history("own.project", made.id)
    assert (latest.kind, latest.by, latest.source, latest.revision) == ("update", other.member_id, "api", 2)
    assert latest.changes == {"name": ("项目 P1", "新名"), "budget": (1, 2)}
    assert first.changes["budget"] == (None, 1)
    assert first.sealed is None


async def test_a_list_names_only_what_it_is_asked_to_name(me):
    target = await project(me, manager=me.member_id)
    await me.create("own.entry", {"project": target.id, "amount": 1})
    assert (await me.list("own.entry", labelled=["amount"])).labels == {}
    assert (await me.list("own.entry", labelled=["project"])).labels == {target.id: "项目 P1"}
    assert (await me.list("own.entry", labelled=["_created_by"])).labels == {me.member_id: "张三"}


async def test_names_of_what_may_not_be_seen_are_a_lock(home, me):
    target = await project(me, manager=me.member_id)
    entry = await me.create("own.entry", {"project": target.id, "amount": 1})
    page = await me.list("own.entry")
    assert page.labels[target.id] == "项目 P1"
    assert page.labels[me.member_id] == "张三"
    blind = home.again(me, rule("own.entry"))
    assert (await blind.list("own.entry")).labels[target.id] == LOCKED
    assert await blind.names("own.project", [target.id, "nothing"]) == {target.id: LOCKED, "nothing": LOCKED}
    nameless = home.again(me, rule("own.entry"), rule("own.project", hides=["name"]))
    assert (await nameless.labels("own.entry", [entry]))[target.id] == "P1"


async def test_a_picker_offers_what_may_be_read(home, me, stranger):
    await project(stranger, "P1")
    first, second = await project(me, "P1"), await project(me, "P2")
    found = await me.options("own.entry", "project")
    assert [(one.id, one.label, one.detail) for one in found] == [
        (first.id, "项目 P1", "P1"), (second.id, "项目 P2", "P2"),
    ]  # fmt: skip
    assert [one.id for one in await me.options("own.entry", "project", "p2")] == [second.id]
    assert [one.id for one in await me.options("own.entry", "lines.target", "2")] == [second.id]
    assert await home.again(me, rule("own.entry")).options("own.entry", "project") == []
    with pytest.raises(Invalid):
        await me.options("own.entry", "amount")


async def test_a_person_picker_offers_the_active_members_of_the_tenant(home, me, stranger):
    other = await home.member(name="王小二")
    await home.db.execute("UPDATE member SET active = 0 WHERE tenant = $1 AND id = $2", home.tenant.id, other.member_id)
    third = await home.member(name="王五")
    assert [one.label for one in await me.options("own.project", "manager", "王")] == ["王五"]
    assert {one.id for one in await me.options("own.project", "manager")} == {me.member_id, third.member_id}


async def test_what_refers_here_is_listed_by_form_and_field(home, me):
    target = await project(me)
    child = await project(me, "P2", parent=target.id)
    for n in range(12):
        await me.create("own.entry", {"project": target.id, "amount": n})
    found = {(one.form, one.field): one for one in await me.related("own.project", target.id)}
    assert set(found) == {("own.project", "parent"), ("own.entry", "project")}
    assert [r.id for r in found["own.project", "parent"].page.records] == [child.id]
    assert len(found["own.entry", "project"].page.records) == 10
    assert found["own.entry", "project"].count.number == 12
    hidden = home.again(me, rule("own.project"), rule("own.entry", hides=["project"]))
    assert {(one.form, one.field) for one in await hidden.related("own.project", target.id)} == {
        ("own.project", "parent")
    }


async def test_a_slot_being_rebuilt_is_read_through_the_data(home, me):
    from core.forms import Catalogue, FormSet, StoredDefinition, assign_slots
    from tests.records.houses import PROJECT

    await project(me, "A", budget=Decimal("1.5"), status="open")
    body = assign_slots(PROJECT)
    slots = frozenset(p["x-slot"] for p in body["properties"].values() if "x-slot" in p)
    pending = StoredDefinition("own.project", 1, body, slots)
    reader = home.again(me)
    reader.forms = FormSet(Catalogue({}, {}), own={"own.project": pending})
    await home.db.execute(
        "UPDATE record SET " + ", ".join(f"{slot} = NULL" for slot in sorted(slots)) + " WHERE tenant = $1",
        home.tenant.id,
    )
    for condition in (("budget", "eq", Decimal("1.50")), ("status", "eq", "open"), ("code", "contains", "A")):
        assert codes(await reader.list("own.project", where(condition))) == ["A"], condition
    assert await reader.totals("own.project", Query(), [Aggregate("s", "sum", "budget")]) == [{"s": Decimal("1.50")}]
