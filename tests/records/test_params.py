"""Lists asked for by URL parameters, and back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from core.records import Condition, Query, parse_query, query_params
from tests.records.houses import ENTRY, PROJECT, form_set

FORM = form_set(project=PROJECT, entry=ENTRY).get("own.project")
ID = "06H0CNEPDKRKRQAC"


@pytest.mark.parametrize(("text", "condition"), [
    ("budget:ge:1,234.50", ("budget", "ge", Decimal("1234.50"))),
    ("status:in:open,完成", ("status", "in", ("open", "done"))),
    ("note:empty", ("note", "empty")),
    ("urgent:eq:是", ("urgent", "eq", True)),
    ("start:lt:2026年3月5日", ("start", "lt", "2026-03-05")),
    ("name:contains:a:b", ("name", "contains", "a:b")),
    ("tags:contains:道路", ("tags", "contains", "road")),
    ("parent:eq:" + ID, ("parent", "eq", ID)),
    ("manager:eq:me", ("manager", "eq", "M" * 16)),
    ("_created_by:in:me", ("_created_by", "in", ("M" * 16,))),
    ("name:in:a\\,b,c\\\\", ("name", "in", ("a,b", "c\\"))),
    ("floors:eq:3", ("floors", "eq", 3)),
    ("phone:contains:138", ("phone", "contains", "138")),
    ("_id:in:" + ID, ("_id", "in", (ID,))),
])  # fmt: skip
def test_a_condition_is_read(text, condition):
    assert parse_query(FORM, {"where": text}, me="M" * 16).where == (Condition(*condition),)


def test_a_day_means_that_day_in_china():
    query = parse_query(FORM, {"where": ["_created_at:eq:2026-03-05", "met:le:2026-03-05", "met:gt:2026-03-05"]})
    assert query.where == (
        Condition("_created_at", "ge", "2026-03-04T16:00:00.000000Z"),
        Condition("_created_at", "lt", "2026-03-05T16:00:00.000000Z"),
        Condition("met", "lt", "2026-03-05T16:00:00Z"),
        Condition("met", "ge", "2026-03-05T16:00:00Z"),
    )
    assert parse_query(FORM, {"where": "met:eq:2026-03-05 08:30"}).where[0].value == "2026-03-05T00:30:00Z"


def test_order_search_cursor_and_size_are_read():
    query = parse_query(FORM, {"sort": "-budget,code", "q": " 解放 ", "after": "x", "limit": "20", "where": [""]})
    assert query == Query(search="解放", sort=(("budget", True), ("code", False)), after="x", limit=20)
    assert parse_query(FORM, {}) == Query()


def test_everything_that_cannot_be_understood_is_said_at_once():
    params = {
        "where": ["nothing:eq:1", "budget:eq:abc", "budget:like:1", "status:eq:x", "urgent:eq:", "met:in:2026-99-99"],
        "sort": "note,what", "limit": "0",
    }  # fmt: skip
    with pytest.raises(Invalid) as caught:
        parse_query(FORM, params)
    assert [problem.field for problem in caught.value.problems] == ["where"] * 6 + ["sort"] * 2 + ["limit"]
    assert "可用" in caught.value.problems[2].message


def test_multi_dicts_are_read_too():
    from litestar.datastructures import MultiDict

    params = MultiDict([("where", "floors:eq:1"), ("where", "floors:ne:2"), ("limit", "5"), ("limit", "6")])
    query = parse_query(FORM, params)
    assert (len(query.where), query.limit) == (2, 6)
    assert parse_query(FORM, list(params.multi_items())) == query


TEXT = st.text(st.sampled_from("ab,\\: 解放é%&"), min_size=1, max_size=6).map(str.strip).filter(bool)
CONDITIONS = st.one_of(
    st.builds(Condition, st.just("budget"), st.sampled_from(["eq", "ge"]), st.decimals(-9, 9, places=2)),
    st.builds(Condition, st.just("name"), st.sampled_from(["eq", "contains", "lt"]), TEXT),
    st.builds(Condition, st.just("name"), st.just("in"), st.lists(TEXT, min_size=1, max_size=3).map(tuple)),
    st.builds(Condition, st.just("urgent"), st.just("eq"), st.booleans()),
    st.builds(Condition, st.just("tags"), st.just("contains"), st.sampled_from(["road", "water"])),
    st.builds(Condition, st.just("start"), st.sampled_from(["empty", "filled"])),
    st.builds(Condition, st.just("met"), st.just("gt"), st.just("2026-03-05T00:30:00Z")),
    st.builds(Condition, st.just("_updated_at"), st.just("gt"), st.just("2026-03-05T00:30:00.123456Z")),
)
QUERIES = st.builds(
    Query,
    where=st.lists(CONDITIONS, max_size=3).map(tuple),
    search=st.sampled_from(["", "解放 路"]),
    sort=st.lists(st.tuples(st.sampled_from(["code", "_id", "budget"]), st.booleans()), unique_by=lambda s: s[0])
    .map(tuple),
    after=st.sampled_from([None, "abc"]),
    limit=st.integers(1, 1000),
)  # fmt: skip


@given(QUERIES)
@settings(max_examples=300, deadline=None)
def test_a_query_written_as_parameters_is_read_back_as_it_was(query):
    assert parse_query(FORM, query_params(query)) == query
