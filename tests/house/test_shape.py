"""How a file looks: short, one sentence at its head, plain names, nothing dangerous, nothing left open."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

from tests.house.source import ROOMS, ROOT, nodes, parse, place, python_files, strings, tracked

FILE_LINES = 400
FUNCTION_LINES = 50
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "base", "common", "misc", "shared"}
SQL = re.compile(
    r"\b(SELECT\s|INSERT\s+(OR\s+\w+\s+)?INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|(CREATE|DROP|ALTER)\s+(TABLE|INDEX|UNIQUE)"
    r"|ORDER\s+BY|GROUP\s+BY|WHERE\s|JOIN\s|IS\s+(NOT\s+)?NULL|PRAGMA\s|BEGIN\s+IMMEDIATE)"
    r"|(?i:\bselect\s.+\sfrom\s)"
)


def test_no_file_is_longer_than_one_can_hold_in_mind():
    long = []
    for path in tracked():
        kept = path.relative_to(ROOT).parts[0] in ROOMS and path.suffix in (".py", ".html", ".js", ".css")
        lines = len(path.read_text(encoding="utf-8").splitlines()) if kept else 0
        if lines > FILE_LINES:
            long.append(f"{place(path)}: {lines} lines")
    assert not long, "\n".join(long)


def test_no_function_is_longer_than_a_screen():
    long = []
    for path in python_files():
        for node in nodes(path):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = node.end_lineno - node.lineno + 1
                if lines > FUNCTION_LINES:
                    long.append(f"{place(path, node)} {node.name}: {lines} lines")
    assert not long, "\n".join(long)


def test_every_module_says_in_a_sentence_what_lives_there():
    wrong = []
    for path in python_files(*ROOMS, "tests"):
        text = ast.get_docstring(parse(path)) or ""
        head = " ".join(text.split("\n\n")[0].split())
        if not head.endswith((".", ":", "?")) or len(head) > 240:
            wrong.append(f"{place(path)}: {head[:60]!r}")
    assert not wrong, "\n".join(wrong)


def test_no_module_has_a_name_that_says_nothing():
    wrong = [
        place(path)
        for path in python_files(*ROOMS, "tests")
        if EMPTY_NAMES & {part.removesuffix(".py") for part in path.relative_to(ROOT).parts}
    ]
    assert not wrong, "\n".join(wrong)


def test_only_the_store_knows_sql():
    wrong = [
        f"{place(path, text)}: {text.value.strip()[:60]!r}"
        for path in python_files()
        if not path.is_relative_to(ROOT / "core" / "store")
        for text in strings(path)
        if SQL.search(text.value)
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_is_evaluated_executed_or_unpickled():
    forbidden = {"eval", "exec", "compile", "__import__", "pickle.loads", "pickle.load", "marshal.loads", "os.system"}
    wrong = []
    for path in python_files():
        if path.is_relative_to(ROOT / "core" / "setup"):
            continue  # runs on the developer's machine, before there is anything to attack
        for node in nodes(path):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in forbidden:
                wrong.append(f"{place(path, node)}: {ast.unparse(node.func)}")
    assert not wrong, "\n".join(wrong)


def test_nothing_is_left_open():
    wrong = []
    for path in tracked():
        if path.suffix not in (".py", ".html", ".js", ".css") or path.is_relative_to(ROOT / "tests" / "house"):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if re.search(r"\b(TODO|FIXME|XXX|HACK)\b|raise NotImplementedError", line):
                wrong.append(f"{place(path)}:{number}: {line.strip()[:80]}")
    assert not wrong, "\n".join(wrong)


def test_no_exception_is_swallowed():
    """A handler of everything that neither raises, reports nor answers hides what went wrong."""
    wrong = []
    for path in python_files():
        for node in nodes(path):
            everything = isinstance(node, ast.ExceptHandler) and (
                node.type is None or ast.unparse(node.type) in ("Exception", "BaseException")
            )
            if everything and all(isinstance(inner, ast.Pass | ast.Continue) for inner in node.body):
                wrong.append(place(path, node))
    assert not wrong, "\n".join(wrong)


def test_the_linter_has_nothing_to_say():
    ruff = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "concise", "--quiet", "."]
    done = subprocess.run(ruff, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_room_has_its_readme():
    rooms = {ROOT / "core", ROOT / "ui", ROOT / "plugins", ROOT / "schemas", ROOT / "tests"}
    for parent in ("core", "plugins"):
        rooms |= {path.parent for path in (ROOT / parent).glob("*/*.py")}
    missing = sorted(place(room) for room in rooms if not (room / "README.md").is_file())
    assert not missing, "\n".join(missing)
