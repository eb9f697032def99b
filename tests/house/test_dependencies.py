"""What is asked for is used, and what is used is asked for: pyproject.toml against the imports."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import packages_distributions

from tests.house.source import ROOT, imports, place, python_files

OURS = {"core", "ui", "plugins", "schemas", "tests"}
NOT_IMPORTED = {  # used without an import of ours
    "orjson": "Piccolo takes it when it is there",
    "uvloop": "Granian's event loop",
}
BY_EXTRA = {"postgres": "asyncpg", "sqlite": "aiosqlite", "uvloop": "uvloop"}  # Piccolo's and Granian's


def declared(*groups: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = list(project["project"]["dependencies"])
    for group in groups:
        listed += project["dependency-groups"][group]
    named = {re.match(r"[\w.-]+", one).group().lower() for one in listed}
    extras = {extra for one in listed for extra in re.findall(r"\[([\w,]+)\]", one)}
    return named | {BY_EXTRA[name] for extra in extras for name in extra.split(",")}


def imported(*rooms: str) -> dict[frozenset[str], str]:
    """The distributions that may bring an imported name → a place that imports it."""
    home = packages_distributions()
    found: dict[frozenset[str], str] = {}
    for path in python_files(*rooms):
        for node, name, _ in imports(path):
            top = name.split(".")[0]
            if top not in sys.stdlib_module_names and top not in OURS:
                bringing = frozenset(one.lower().replace("_", "-") for one in home.get(top, [top]))
                found.setdefault(bringing, place(path, node))
    return found


def test_the_platform_imports_only_what_it_asks_for():
    wrong = {at: names for names, at in imported("core", "ui", "plugins").items() if not names & declared()}
    assert not wrong


def test_the_tests_import_only_what_is_asked_for():
    wrong = {at: names for names, at in imported("tests").items() if not names & declared("test")}
    assert not wrong


def test_nothing_is_asked_for_and_never_used():
    used = {name for names in imported("core", "ui", "plugins") for name in names} | NOT_IMPORTED.keys()
    assert declared() - set(BY_EXTRA.values()) - used == set()
