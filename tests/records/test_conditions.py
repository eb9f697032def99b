"""A right with a condition covers the same records wherever they are looked for, counted, written or named."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from core.errors import Invalid, NotFound
from core.people import Right
from core.records import Aggregate, Condition, Files, Query, Records
from tests.records.houses import House, rule

CHEAP = "budget <= 100"


async def projects(me: Records) -> dict[str, str]:
    """Three projects by code: cheap and open, dear and open, cheap and done."""
    found = {}
    for code, budget, status in (("a", 50, "open"), ("b", 500, "open"), ("c", 100, "done")):
        data = {"code": code, "name": f"项目{code}", "budget": Decimal(budget), "status": status, "tags": ["road"]}
        found[code] = (await me.create("own.project", data)).id
    return found


async def listed(records: Records, query: Query = Query(), form: str = "own.project") -> set[str]:  # noqa: B008
    return {one.data.get("code", one.id) for one in (await records.list(form, query)).records}


async def test_what_a_condition_leaves_out_is_nowhere_to_be_found(home: House, me: Records):
    ids = await projects(me)
    entry = await me.create("own.entry", {"project": ids["b"], "amount": 1})
    clerk = await home.member(rule("own.project", when=CHEAP), rule("own.entry"))
    assert await listed(clerk) == await listed(clerk, Query(search="项目")) == {"a", "c"}
    assert (await clerk.count("own.project")).number == 2
    (line,) = await clerk.totals("own.project", Query(), [Aggregate("n", "count"), Aggregate("s", "sum", "budget")])
    assert line == {"n": 2, "s": 150}
    assert {one.label for one in await clerk.options("own.entry", "project")} == {"项目a", "项目c"}
    assert (await clerk.names("own.project", [ids["b"]])) == {ids["b"]: "🔒"}
    assert {one.data["code"] for one in (await clerk.list("own.project", action="export")).records} == {"a", "c"}
    assert (await clerk.get("own.entry", entry.id)).data["project"] == ids["b"]
    assert [label for _f, _r, label in await clerk.search_everywhere("项目")] == ["项目c", "项目a"]
    for looking in (
        clerk.get("own.project", ids["b"]), clerk.history("own.project", ids["b"]),
        clerk.update("own.project", ids["b"], {"name": "x"}, revision=1),
        clerk.delete("own.project", ids["b"], revision=1), clerk.related("own.project", ids["b"]),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            await looking
    with pytest.raises(Invalid):
        await clerk.create("own.entry", {"project": ids["b"], "amount": 1})


async def test_nothing_is_written_into_or_out_of_what_may_be_written(home: House, me: Records):
    ids = await projects(me)
    clerk = await home.member(rule("own.project", "read"), rule("own.project", "create", "update", when=CHEAP))
    with pytest.raises(Invalid, match="范围"):
        await clerk.create("own.project", {"code": "d", "name": "贵", "budget": 101})
    with pytest.raises(Invalid, match="范围"):
        await clerk.update("own.project", ids["a"], {"budget": 101}, revision=1)
    assert (await clerk.update("own.project", ids["a"], {"budget": 99}, revision=1)).data["budget"] == 99
    assert (await clerk.create("own.project", {"code": "e", "name": "便宜", "budget": 1})).data["code"] == "e"
    rows = [{"code": "a", "budget": 5000}, {"code": "f", "name": "贵", "budget": 200}, {"code": "a", "budget": 7}]
    result = await clerk.bulk("own.project", rows, source="api")
    assert [row.status for row in result.rows] == ["wrong", "wrong", "changed"]
    assert (await me.get("own.project", ids["a"])).data["budget"] == 7


async def test_files_history_and_the_bin_follow_the_condition(home: House, me: Records, tmp_path: Path):
    files = Files(me, folder=tmp_path)

    async def pieces() -> AsyncIterator[bytes]:
        yield b"%PDF-1.7 x"

    paper = await files.put("a.pdf", pieces())
    made = await me.create("own.project", {"code": "a", "name": "甲", "budget": 50, "papers": [paper]})
    clerk = await home.member(rule("own.project", when=CHEAP))
    theirs = Files(clerk, folder=tmp_path)
    assert (await theirs.get(paper)).id == paper
    assert len(await clerk.history("own.project", made.id)) == 1
    await me.update("own.project", made.id, {"budget": 500}, revision=1)
    with pytest.raises(NotFound):
        await theirs.get(paper)
    with pytest.raises(NotFound):
        await clerk.history("own.project", made.id)
    await me.delete("own.project", made.id, revision=2)
    assert await listed(clerk, Query(deleted=True)) == set()
    assert await listed(me, Query(deleted=True)) == {"a"}
    with pytest.raises(NotFound):
        await clerk.restore("own.project", made.id)


async def test_conditions_add_up_with_other_rights_and_their_fields(home: House, me: Records):
    ids = await projects(me)
    clerk = await home.member(
        rule("own.project", "read", when='status = "open"', fields=("code", "name")),
        rule("own.project", "read", when=CHEAP, hides=("name",)),
    )
    assert await listed(clerk) == {"a", "b", "c"}
    assert "budget" not in (await clerk.get("own.project", ids["b"])).data
    assert "name" not in (await clerk.get("own.project", ids["c"])).data
    assert await listed(clerk, Query(where=(Condition("budget", "filled"),))) == {"a", "c"}
    assert await listed(clerk, Query(search="项目")) == {"a", "b"}
    own = home.again(clerk, rule("own.project", "read", rows="own", when=CHEAP))
    assert await listed(own) == set()


async def test_a_condition_knows_who_asks(home: House, me: Records):
    clerk = await home.member(rule("own.project", when="manager = ME()"))
    data = {"code": "a", "name": "甲", "manager": clerk.member_id}
    mine = await me.create("own.project", data)
    await me.create("own.project", {"code": "b", "name": "乙"})
    assert await listed(clerk) == {"a"}
    assert (await clerk.get("own.project", mine.id)).id == mine.id


async def test_a_condition_that_no_longer_works_grants_nothing(home: House, me: Records):
    ids = await projects(me)
    for when in ("gone = 1", "budget", "budget +", 'TEXT(start, "yyyy") = "2026"'):
        clerk = await home.member(rule("own.project", when=when))
        assert await listed(clerk) == set()
        with pytest.raises(NotFound):
            await clerk.get("own.project", ids["a"])


async def test_a_condition_of_one_tenant_finds_nothing_of_another(home: House, away: House, me: Records):
    await projects(me)
    stranger = await away.member(rule("own.project", when="OR(budget > 0, TRUE)"))
    assert await listed(stranger) == set()


RIGHTS = ("budget > 100", "ISBLANK(budget)", 'status = "open"', "CONTAINS(tags, \"road\")", "NOT(urgent)",
          "start >= TODAY()", "area * 2 > budget", "IF(urgent, floors > 3, floors < 2)")  # fmt: skip
NAMES = ("code", "name", "status", "budget", "area", "floors", "start", "urgent", "tags")


def project(chosen: random.Random, n: int) -> dict:
    data = {
        "status": chosen.choice(["open", "done"]), "budget": Decimal(chosen.randint(0, 400)),
        "area": Decimal(chosen.randint(0, 300_000)).scaleb(-3), "floors": chosen.randint(0, 5),
        "start": chosen.choice(["2020-01-01", "2099-01-01"]), "urgent": chosen.random() < 0.5,
        "tags": chosen.sample(["road", "water"], chosen.randint(1, 2)),
    }  # fmt: skip
    kept = {name: value for name, value in data.items() if chosen.random() < 0.7}
    return {"code": f"c{n:02}", "name": f"道路{n}", **kept}


@pytest.mark.parametrize("seed", range(6))
async def test_list_record_count_and_total_agree_whatever_the_rights(home: House, me: Records, seed: int):
    chosen = random.Random(seed)
    await me.bulk("own.project", [project(chosen, n) for n in range(30)], mode="create")
    all_ids = [one.id for one in (await me.list("own.project", Query(limit=100))).records]
    rules = [
        rule(
            "own.project", "read", rows=chosen.choice(["all", "all", "own"]), when=chosen.choice((*RIGHTS, "")),
            fields=chosen.choice([None, chosen.sample(NAMES, 5)]), hides=chosen.choice([(), ("budget",)]),
        )
        for _rule in range(chosen.randint(1, 3))
    ]  # fmt: skip
    clerk = await home.member(*rules)
    listed = {one.id: dict(one.data) for one in (await clerk.list("own.project", Query(limit=100))).records}
    seen = {}
    for id in all_ids:
        try:
            seen[id] = dict((await clerk.get("own.project", id)).data)
        except NotFound:
            continue
    assert listed == seen
    assert (await clerk.count("own.project")).number == len(seen)
    for name in ("budget", "floors"):
        values = [data[name] for data in seen.values() if name in data]
        if any(one.right.shows(name) for one in rules):
            (line,) = await clerk.totals("own.project", Query(), [Aggregate("s", "sum", name)])
            assert (line["s"] or 0) == sum(values)
            found = await clerk.list("own.project", Query(formula=f"{name} >= 2", limit=100))
            assert {one.id for one in found.records} == {id for id, data in seen.items() if data.get(name, 0) >= 2}


async def test_a_list_is_filtered_by_a_formula_in_codes_or_titles(me: Records):
    await projects(me)
    assert await listed(me, Query(formula="budget > 40 + 2 * 30")) == {"b"}
    assert await listed(me, Query(formula='AND(预算 <= 100, 状态 = "open")')) == {"a"}
    assert (await me.count("own.project", Query(formula="预算 / 2 >= 50"))).number == 2
    with pytest.raises(Invalid, match="第 1 行第 10 个字"):
        await me.list("own.project", Query(formula="budget > buget"))


async def test_a_formula_is_totalled_exactly(me: Records):
    await projects(me)
    wanted = [
        Aggregate("s", "sum", formula="ROUND(budget * 1.13, 2)"), Aggregate("m", "max", formula="budget - 1"),
        Aggregate("a", "avg", formula="budget / 3"), Aggregate("n", "count", formula='IF(status = "open", 1)'),
    ]  # fmt: skip
    (line,) = await me.totals("own.project", Query(formula="budget <> NULL"), wanted)
    assert line["s"] == Decimal("734.50")
    assert line["m"] == 499
    assert line["a"].quantize(Decimal("1e-20")) == (Decimal(650) / 9).quantize(Decimal("1e-20"))
    assert line["n"] == 2


async def test_a_formula_over_a_hidden_field_tells_nothing(home: House, me: Records):
    await projects(me)
    clerk = await home.member(rule("own.project", "read", hides=("budget",)))
    with pytest.raises(Invalid) as refused:
        await clerk.list("own.project", Query(formula="budget > 100"))
    assert "预算" not in refused.value.problems[0].message
    with pytest.raises(Invalid):
        await clerk.totals("own.project", Query(), [Aggregate("s", "sum", formula="budget + 1")])
    part = await home.member(rule("own.project", "read", fields=("code",)), rule("own.project", "read", when=CHEAP))
    assert await listed(part, Query(formula="budget < 1000")) == {"a", "c"}


def test_a_right_without_a_condition_includes_the_same_with_one():
    from core.people import Rules

    given = Rules((rule("own.x", "read", when="a > 1"), rule("own.x", "read"), rule("own.x", "read", when="a > 2")))
    assert given.rights("own.x", "read") == (Right("all"),)
    both = Rules((rule("own.x", "read", when="a > 1"), rule("own.x", "read", when="a > 2")))
    assert len(both.rights("own.x", "read")) == 2
