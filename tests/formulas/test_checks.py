"""What is wrong with a formula is said before it runs: line, column, what to write instead."""

from __future__ import annotations

import pytest

from core.formulas import (
    ALIASES,
    FUNCTIONS,
    Formula,
    Scope,
    compile_formula,
    names_in,
    ordered,
    renamed,
    to_codes,
    to_titles,
)
from tests.formulas.world import SCOPE, faults

WRONG = [
    ("amont * 2", (1, 1, "amount")), ("1 +\n  税律", (2, 3, "税率")), ("ROND(1)", (1, 1, "ROUND")), ("TODAY", (1, 1, "TODAY()")),
    ("ROUND()", (1, 1, "")), ("IF(ok)", (1, 1, "")), ("IF(1, 2)", (1, 4, "")), ("IF(ok, 1, \"a\")", (1, 11, "")),
    ("IFS(ok, 1, ok)", (1, 1, "")), ("name + 1", (1, 1, "&")), ("1 + name", (1, 5, "&")), ("-name", (1, 2, "")),
    ("lines.amount + 1", (1, 1, "SUM()")), ("lines.amount > 1", (1, 14, "CONTAINS()")), ("SUM(lines)", (1, 5, "")),
    ("start = \"2025-01-01\"", (1, 7, "DATE()")), ("start + finish", (1, 7, "")), ("1 - start", (1, 5, "")), ("ok < FALSE", (1, 4, "=")),
    ("YEAR(\"2025-01-01\")", (1, 6, "DATE()")), ("amount.x", (1, 1, "")), ("lines.amoun", (1, 7, "amount")), ("同名 + 1", (1, 1, "")),
    ("OLD(1)", (1, 1, "")), ("OLD(project.name)", (1, 1, "")), ("1 < 2 < 3", (1, 7, "")), ("COALESCE(lines.amount)", (1, 10, "")),
    ("1 +", (1, 4, "")), ("(1", (1, 3, "")), ("1)", (1, 2, "")), ("\"abc", (1, 1, "")), ("a.b.c", (1, 4, "")), ("", (1, 1, "")),
    ("1 2", (1, 3, "")), ("#", (1, 1, "")), ("[x", (1, 1, "")), ("lines.", (1, 7, "")), ("SUM(1 2)", (1, 7, "")), ("1" * 40, (1, 1, "")),
]  # fmt: skip


@pytest.mark.parametrize(("text", "fault"), WRONG, ids=[text for text, _fault in WRONG])
def test_a_wrong_formula_is_told_by_place_with_advice(text, fault):
    assert faults(text) == [fault]


def test_all_that_is_wrong_is_told_at_once():
    assert len(faults("amont + lins.amount + ROND(1)")) == 3


def test_kept_formulas_speak_of_codes_and_name_the_code_for_a_title():
    assert faults("税率 + 1", Scope(SCOPE.names, spoken=False)) == [(1, 1, "rate")]


def test_what_is_too_long_or_too_deep_is_refused_before_it_runs():
    assert faults("1+" * 3000 + "1") == [(1, 1, "")]
    for deep in ("(" * 500 + "1" + ")" * 500, "-" * 500 + "1", "+".join(["1"] * 500), "ABS(" * 200 + "1" + ")" * 200):
        assert len(faults(deep)) == 1


def test_titles_become_codes_and_codes_titles_in_place():
    kept = to_codes("ROUND( 税率 * [合同金额（含税）],2) & 明细.金额 & 同名", SCOPE)
    assert kept == "ROUND( rate * amount,2) & lines.amount & 同名"
    assert to_titles("rate*amount + SUM(lines.amount) + twin_a", SCOPE) == "税率*[合同金额（含税）] + SUM(明细.金额) + twin_a"
    assert to_codes("“没有结束", SCOPE) == "“没有结束"


def test_a_field_is_renamed_wherever_it_is_named_and_nowhere_else():
    assert renamed("rate + lines.rate & \"rate\"", "rate", "share") == "share + lines.rate & \"rate\""
    assert renamed("rate + lines.rate", "rate", "share", owner="lines") == "rate + lines.share"


def test_the_names_of_a_formula_are_known_without_compiling_it():
    assert names_in("ROUND(a * b.c, 2) & \"d\" & e") == {"a", "b", "e"}
    assert names_in("\"") == frozenset()


def test_formulas_run_in_the_order_of_what_they_need_and_circles_are_named():
    assert ordered({"c": frozenset("b"), "b": frozenset("a"), "a": frozenset("x")}) == ["a", "b", "c"]
    assert ordered({"a": frozenset("a")}) == ["a"]
    assert sorted(ordered({"a": frozenset("b"), "b": frozenset("c"), "c": frozenset("b")})) == ["b", "c"]


def test_a_formula_knows_what_it_needs():
    found = compile_formula("amount + SUM(lines.amount) + OLD(rate) + LEN(project.name)", SCOPE)
    assert isinstance(found, Formula)
    assert found.names == {"amount", "lines", "project"}
    assert found.lookups == {("project", "name")}


def test_every_function_stands_in_the_table_of_the_readme():
    from core.settings import ROOT

    readme = (ROOT / "core" / "formulas" / "README.md").read_text(encoding="utf-8")
    for name, function in FUNCTIONS.items():
        assert f"`{function.usage}`" in readme, name
    assert all(f"`{alias}" in readme for alias in ALIASES)
