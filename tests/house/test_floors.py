"""Imports go down, never up or sideways; modules come in by the door; set-up stands alone."""

from __future__ import annotations

import ast
import sys

import core
from tests.house.source import ROOT, imports, nodes, place, python_files

FLOORS = (  # from the ground up; each room may use those before it
    *("errors", "arithmetic", "clock", "dates", "exact", "i18n", "settings"),
    *("store", "formulas", "forms", "people", "jobs", "hooks", "records", "flow", "definitions", "archive", "backups"),
    *("notices", "webhooks", "alerts"),
    *("context", "menu", "platform", "web", "api", "app", "demo", "testing", "cli", "__main__"),
)
APART = "setup"  # runs before any package is installed


def room_of(dotted: str) -> str | None:
    """The room of core that a dotted name leads to: `core.forms.model.Form` and `core.Form` are "forms"."""
    parts = dotted.split(".")
    if parts[0] != "core" or len(parts) < 2:
        return None
    home = core._HOME.get(parts[1])  # a public name, by the door
    return home.split(".")[1] if home else parts[1]


def test_every_room_of_core_has_its_floor():
    rooms = {path.relative_to(ROOT / "core").parts[0].removesuffix(".py") for path in python_files("core")}
    assert rooms - {"__init__", APART} <= set(FLOORS)


def test_imports_in_core_go_down():
    wrong = []
    for path in python_files("core"):
        room = path.relative_to(ROOT / "core").parts[0].removesuffix(".py")
        if room in ("__init__", APART):
            continue
        for node, name, typing_only in imports(path):
            target = room_of(name)
            if target in FLOORS and FLOORS.index(target) > FLOORS.index(room) and not typing_only:
                wrong.append(f"{place(path, node)} ({room}) imports {name} ({target}), which is above it")
    assert not wrong, "\n".join(wrong)


def test_core_never_imports_the_interface_or_a_module():
    wrong = [
        f"{place(path, node)} imports {name}"
        for path in python_files("core")
        for node, name, _ in imports(path)
        if name.split(".")[0] in ("ui", "plugins", "tests")
    ]
    assert not wrong, "\n".join(wrong)


def test_a_module_imports_nothing_of_the_house_but_the_door():
    wrong = []
    for path in python_files("plugins"):
        own = "plugins." + path.relative_to(ROOT / "plugins").parts[0]
        for node, name, _ in imports(path):
            house = name.split(".")[0] in ("core", "ui", "plugins", "tests")
            by_the_door = name in {f"core.{public}" for public in core.__all__}
            if house and not by_the_door and not f"{name}.".startswith(f"{own}."):
                wrong.append(f"{place(path, node)} imports {name}; only `from core import …` is allowed")
    assert not wrong, "\n".join(wrong)


def test_the_interface_imports_no_module_and_no_test():
    wrong = [
        f"{place(path, node)} imports {name}"
        for path in python_files("ui")
        for node, name, _ in imports(path)
        if name.split(".")[0] in ("plugins", "tests")
    ]
    assert not wrong, "\n".join(wrong)


def test_every_public_name_of_the_door_is_there():
    missing = [name for name in core.__all__ if not hasattr(core, name)]
    assert not missing
    assert sorted(core.__all__) == sorted(set(core.__all__))


def test_the_door_opens_without_any_package():
    """Set-up goes through it before there are any, and a low room is used without the rooms above."""
    wrong = [
        f"{place(ROOT / 'core' / '__init__.py', node)} imports {name}"
        for node, name, typing_only in imports(ROOT / "core" / "__init__.py")
        if name.split(".")[0] not in sys.stdlib_module_names and not typing_only
    ]
    assert not wrong, "\n".join(wrong)


def test_set_up_runs_on_the_standard_library_alone():
    wrong = [
        f"{place(path, node)} imports {name}"
        for path in (ROOT / "core" / APART).glob("*.py")
        for node, name, _ in imports(path)
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith("core.setup")
    ]
    assert not wrong, "\n".join(wrong)


def test_no_import_error_is_caught():
    """A missing package must stop the start, not switch something off."""
    wrong = []
    for path in python_files():
        for node in nodes(path):
            caught = ast.unparse(node.type) if isinstance(node, ast.ExceptHandler) and node.type else ""
            if "ImportError" in caught or "ModuleNotFoundError" in caught:
                wrong.append(place(path, node))
    assert not wrong, "\n".join(wrong)
