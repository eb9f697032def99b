"""Whatever writes records asks the tenant's licence first: the one guard of the one write path."""

from __future__ import annotations

import ast

from tests.house.source import ROOT, nodes, parse, place

READS = {
    "tenant", "member_id", "get", "hold", "list", "count", "totals", "history", "options", "labels", "names", "related",
    "search_everywhere", "arrived",
}  # fmt: skip
# what follows from a write that was asked for, or says what would come of one
FOLLOWS = {
    "ask_for_formulas", "back_again", "formulas_changed", "standings", "trial", "worked_out", "worth_trying",
}  # fmt: skip


def test_every_method_of_records_reads_or_asks_whether_anything_may_be_written():
    tree = parse(ROOT / "core" / "records" / "records.py")
    (records,) = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Records"]
    methods = [node for node in records.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    unguarded = {
        method.name
        for method in methods
        if not method.name.startswith("_") and "must_write(self.access.tenant)" not in ast.unparse(method)
    }
    assert unguarded - FOLLOWS == READS, "a new way of writing begins with must_write(self.access.tenant)"


# Reached only by way of Records, or of what stands beside it with a guard of its own.
# `_worked_out` follows from what was written before: it waits for no licence.
BEHIND = {"create", "update", "delete", "restore", "revert", "_all_or_nothing", "through", "_worked_out"}


def test_every_transaction_on_records_lies_behind_that_question():
    unguarded = []
    for path in (ROOT / "core" / "records").glob("*.py"):
        for node in nodes(path):
            if not isinstance(node, ast.AsyncFunctionDef) or "records.db.write()" not in ast.unparse(node):
                continue
            if node.name not in BEHIND and "must_write(" not in ast.unparse(node):
                unguarded.append(place(path, node))
    assert not unguarded, "\n".join(unguarded)
