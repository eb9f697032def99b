"""Every text a user sees has its English: in code, in templates and in the forms that modules bring."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from jinja2 import Environment
from jinja2 import nodes as jinja

from tests.house.source import CHINESE, ROOT, nodes, place, python_files, strings, templates, without_jinja

NOT_WORDS = {  # Chinese that is data or is matched against, never shown
    "core/demo": "people, firms and projects of the demo",
    "core/formulas/capital.py": "the numerals of payment documents, the same in every language",
}
OWN_NAMES = {"Dougong 斗拱", "中文"}  # the same in every language
PLACES = re.compile(r"\{(\w*)[^{}]*\}")


def room_of(path: Path) -> Path:
    """The folder whose `locale` holds the file's English: core, ui, or the module's own."""
    parts = path.relative_to(ROOT).parts
    return ROOT.joinpath(*parts[: 2 if parts[0] == "plugins" else 1])


def catalogues(room: Path) -> list[Path]:
    return sorted((room / "locale").rglob("*.po"))


@cache
def english(room: Path) -> dict[str, str]:
    """What the room's catalogues say; core's words may be used above it."""
    found = {} if room == ROOT / "core" else dict(english(ROOT / "core"))
    for path in catalogues(room):
        with path.open("rb") as file:
            found |= {message.id: message.string for message in read_po(file) if message.id}
    return found


def every_room() -> list[Path]:
    return [ROOT / "core", ROOT / "ui", *sorted(path.parent for path in (ROOT / "plugins").glob("*/__init__.py"))]


def in_code(path: Path) -> list[tuple[str, str]]:
    """(place, text) of each `_("…")` in a Python file."""
    return [
        (place(path, node), node.args[0].value)
        for node in nodes(path)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "_"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    ]


@cache
def template_tree(path: Path) -> jinja.Template:
    environment = Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"], autoescape=True)
    return environment.parse(path.read_text(encoding="utf-8"))


def in_template(path: Path) -> list[tuple[str, str]]:
    return [
        (f"{place(path)}:{call.lineno}", call.args[0].value)
        for call in template_tree(path).find_all(jinja.Call)
        if isinstance(call.node, jinja.Name) and call.node.name == "_" and isinstance(call.args[0], jinja.Const)
    ]


def test_every_text_in_code_and_templates_has_its_english():
    missing = []
    for path in (*python_files(), *templates()):
        found = in_code(path) if path.suffix == ".py" else in_template(path)
        missing += [f"{at}: {text}" for at, text in found if not english(room_of(path)).get(text)]
    assert not missing, f"{len(missing)} texts\n" + "\n".join(missing)


def test_a_text_to_translate_is_a_constant_with_named_places():
    """`_(f"…")` can never be found in a catalogue, and `{}` cannot change its order in another language."""
    wrong = []
    for path in python_files():
        for node in nodes(path):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_" and node.args:
                text = node.args[0]
                if isinstance(text, ast.JoinedStr | ast.BinOp):
                    wrong.append(place(path, node))
                elif isinstance(text, ast.Constant) and "" in PLACES.findall(str(text.value)):
                    wrong.append(place(path, node))
    assert not wrong, "\n".join(wrong)


def matched_against(path: Path) -> set[ast.AST]:
    """Constants that are patterns, keys to look up or words that are split: compared, not shown."""
    found: set[ast.AST] = set()
    for node in nodes(path):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of_re = isinstance(node.func.value, ast.Name) and node.func.value.id == "re"
            found |= set(node.args) if of_re else set()
            found |= {node.func.value} if node.func.attr == "split" else set()
        elif isinstance(node, ast.Dict):
            found |= {key for key in node.keys if key is not None}
    return found


def test_chinese_in_code_is_never_left_without_english():
    """A Chinese constant is a text for users: it goes through `_()` where it is shown, from the catalogue."""
    missing = []
    for path in python_files():
        if any(path.is_relative_to(ROOT / room) for room in NOT_WORDS):
            continue
        found_elsewhere = {text for _, text in in_code(path)} | OWN_NAMES
        compared = matched_against(path)
        for text in strings(path):
            sentence = len(CHINESE.findall(text.value)) > 1 and text not in compared
            known = text.value.strip() in found_elsewhere or english(room_of(path)).get(text.value)
            if sentence and not known:
                missing.append(f"{place(path, text)}: {text.value[:50]}")
    assert not missing, f"{len(missing)} texts\n" + "\n".join(missing)


def test_chinese_in_a_template_always_goes_through_translation():
    wrong = []
    for path in templates():
        plain = without_jinja(path.read_text(encoding="utf-8"))
        wrong += [
            f"{place(path)}:{n}: {line.strip()[:60]}"
            for n, line in enumerate(plain.split("\n"), 1)
            if CHINESE.search(line)
        ]
        tree = template_tree(path)
        translated = {id(argument) for call in tree.find_all(jinja.Call) for argument in call.args}
        for constant in tree.find_all(jinja.Const):
            chinese = isinstance(constant.value, str) and CHINESE.search(constant.value)
            if chinese and id(constant) not in translated and constant.value not in OWN_NAMES:
                wrong.append(f"{place(path)}:{constant.lineno}: {constant.value}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("room", every_room(), ids=lambda room: room.name)
def test_every_entry_is_complete_and_keeps_its_places(room: Path):
    wrong = []
    for path in catalogues(room):
        with path.open("rb") as file:
            for message in read_po(file):
                if not message.id:
                    continue
                source, target = str(message.id), str(message.string)
                same = sorted(PLACES.findall(source)) == sorted(PLACES.findall(target))
                if not target.strip() or message.fuzzy or not same or CHINESE.search(target):
                    wrong.append(f"{place(path)}:{message.lineno}: {source} → {target}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("room", every_room(), ids=lambda room: room.name)
def test_one_text_has_one_english(room: Path):
    said: dict[str, tuple[str, str]] = {}
    wrong = []
    for path in catalogues(room):
        with path.open("rb") as file:
            for message in read_po(file):
                first = said.setdefault(str(message.id), (str(message.string), place(path)))
                if message.id and first[0] != message.string:
                    wrong.append(f"{message.id}: {first[0]!r} in {first[1]}, {message.string!r} in {place(path)}")
    assert not wrong, "\n".join(wrong)


def test_every_form_of_a_module_has_its_english():
    missing = []
    for folder in sorted(path.parent for path in (ROOT / "schemas").glob("*/module.json")):
        path = folder / "en.json"
        words = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        manifest = json.loads((folder / "module.json").read_text(encoding="utf-8"))
        missing += _gaps(manifest, words.get("module", {}), f"{folder.name}/module.json")
        for form in sorted(folder.glob("*.json")):
            if form.name not in ("module.json", "en.json"):
                told = words.get("forms", {}).get(form.stem, {})
                missing += _form_gaps(json.loads(form.read_text(encoding="utf-8")), told, f"{folder.name}/{form.name}")
    assert not missing, "\n".join(missing)


def _gaps(source: dict, told: dict, at: str) -> list[str]:
    pairs = (("title", "title"), ("description", "description"), ("x-help", "help"))
    return [f"{at}: {here}" for here, there in pairs if source.get(here) and not told.get(there)]


def _form_gaps(form: dict, told: dict, at: str) -> list[str]:
    return _gaps(form, told, at) + _field_gaps(form.get("properties", {}), told.get("fields", {}), at)


def _field_gaps(fields: dict, told: dict, at: str) -> list[str]:
    missing = []
    for name, field in fields.items():
        words, here = told.get(name, {}), f"{at}: {name}"
        missing += _gaps(field, words, here)
        choices = field.get("x-choices") or field.get("items", {}).get("x-choices") or ()
        missing += [f"{here}: {c['title']}" for c in choices if not words.get("choices", {}).get(c["value"])]
        missing += _field_gaps(field.get("items", {}).get("properties", {}), words.get("columns", {}), here)
    return missing
