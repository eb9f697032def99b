"""Whatever is typed and stored: nothing raises, nothing explodes, and sums agree with a naive interpreter."""

from __future__ import annotations

import operator
import time
from decimal import Decimal as D
from decimal import localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.arithmetic import EXACT
from core.formulas import FUNCTIONS, Formula, TooCostly, compile_formula, to_codes, to_titles
from tests.formulas.world import SCENE, SCOPE, VALUES, answer

WORDS = [*FUNCTIONS, *SCOPE.names, *"+-*/^&%=<>(),.“[\n01"]
WORDS += ["OLD", "lines.amount", "project.name", "<>", '"a"', "2.5", "TRUE", "NULL"]


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join)))
def test_no_text_makes_the_compiler_or_its_answer_raise(text):
    found = compile_formula(text, SCOPE)
    to_titles(to_codes(text, SCOPE), SCOPE)
    if isinstance(found, Formula):
        found.value(VALUES, SCENE)
        found.value({}, SCENE)
    else:
        assert found
        assert all(fault.message and fault.line > 0 and fault.column > 0 for fault in found)


numbers = st.decimals(min_value=-(10**6), max_value=10**6, places=2)
trees = st.recursive(
    numbers.map(lambda number: ("n", number)),
    lambda below: st.tuples(st.sampled_from("+-*/"), below, below),
    max_leaves=12,
)


def spelled(tree):
    if tree[0] == "n":
        return f"({tree[1]:f})"
    return f"({spelled(tree[1])} {tree[0]} {spelled(tree[2])})"


def naive(tree):
    if tree[0] == "n":
        return tree[1]
    one, other = naive(tree[1]), naive(tree[2])
    if one is None or other is None or (tree[0] == "/" and other == 0):
        return None
    acts = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
    return acts[tree[0]](one, other)


@settings(max_examples=300, deadline=None)
@given(trees)
def test_arithmetic_agrees_with_a_naive_interpreter(tree):
    with localcontext(EXACT):
        expected = naive(tree)
    assert answer(spelled(tree), {}) == expected


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.none() | numbers, st.none() | numbers), max_size=30))
def test_sums_over_rows_agree_with_a_naive_interpreter(rows):
    lines = [{k: v for k, v in (("amount", a), ("quantity", q)) if v is not None} for a, q in rows]
    values = {"lines": lines}
    amounts = [a for a, _q in rows if a is not None]
    assert answer("SUM(lines.amount)", values) == sum(amounts, D(0))
    assert answer("COUNT(lines.amount)", values) == len(amounts)
    assert answer("MAX(lines.amount)", values) == max(amounts, default=None)
    products = sum((a * q for a, q in rows if a is not None and q is not None), D(0))
    assert answer("SUMPRODUCT(lines.amount, lines.quantity)", values) == products


def test_too_much_text_or_too_many_rows_end_in_a_clear_refusal():
    with pytest.raises(TooCostly):
        answer(" & ".join(["name"] * 20), {"name": "长" * 50_000})
    with pytest.raises(TooCostly):
        answer("SUM(lines.amount)", {"lines": [{}] * 10_001})


def test_the_dearest_formula_answers_within_a_bound():
    worst = "SUM(" + ",".join(["SUMPRODUCT(lines.amount,lines.amount)"] * 80) + ")"
    rows = {"lines": [{"amount": D("123456789012.34")}] * 500}
    tower = "2^" * 10 + "2.5 + 1.0000001^99999999999999 + 9^99.5^3"
    strange = "+".join(f"unknown_name_{n}" for n in range(50)) + "".join(f"+SUM(x{n},y{n},z{n})" for n in range(8))
    started = time.perf_counter()
    compile_formula(strange, SCOPE)
    answer(worst, rows)
    answer(tower)
    assert time.perf_counter() - started < 5
