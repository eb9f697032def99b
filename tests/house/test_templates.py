"""What a page may contain: nothing that the content policy forbids, nothing from outside, no silent htmx."""

from __future__ import annotations

import json
import re

from babel.messages.pofile import read_po

from tests.house.source import CHINESE, ROOT, place, python_files, strings, tags, templates, tracked, without_jinja

STATIC = ROOT / "ui" / "static"
FETCHED = {"icons.svg", "LICENSES.txt", *json.loads((ROOT / "package.json").read_text())["vendor"]}
REQUESTS = ("hx-get", "hx-post", "hx-put", "hx-patch", "hx-delete", "hx-action")


def test_there_are_templates_to_look_at():
    assert templates()


def test_no_template_has_a_script_or_a_style_inside():
    wrong = []
    for path in templates():
        text = path.read_text(encoding="utf-8")
        for line, name, attributes in tags(text):
            if name == "style" or "style" in attributes or (name == "script" and "src" not in attributes):
                wrong.append(f"{place(path)}:{line}: <{name}>")
            bad = [a for a in attributes if re.match(r"on[a-z]|hx-on|@|x-on|:", a)]
            bad += [a for a, value in attributes.items() if value.strip().lower().startswith(("javascript:", "js:"))]
            wrong += [f"{place(path)}:{line}: {name} {attribute}" for attribute in bad]
    assert not wrong, "\n".join(wrong)


def test_no_script_writes_code_or_styles_into_the_page():
    """`eval`, `new Function`, inline handlers and style attributes: the content policy would refuse them."""
    forbidden = re.compile(r"\beval\(|new Function\(|setAttribute\(\s*[\"'](on|style)|document\.write|javascript:")
    wrong = [
        f"{place(path)}:{number}: {line.strip()[:80]}"
        for path in tracked()
        if path.suffix == ".js" and path.relative_to(ROOT).parts[0] in ("ui", "plugins")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if forbidden.search(line)
    ]
    assert not wrong, "\n".join(wrong)


def test_every_element_that_asks_says_where_the_answer_goes():
    """htmx 4 inherits nothing unless told: a missing target swaps into the wrong place, silently."""
    wrong = [
        f"{place(path)}:{line}: <{name} {' '.join(attributes)}>"
        for path in templates()
        for line, name, attributes in tags(path.read_text(encoding="utf-8"))
        if any(request in attributes for request in REQUESTS) and not ({"hx-target", "hx-swap"} <= attributes.keys())
    ]
    assert not wrong, "\n".join(wrong)


def test_every_form_that_posts_carries_the_token():
    """By the csrf field, in the form or by a macro that starts it; a form of htmx alone needs it as well."""
    wrong = []
    for path in templates():
        plain = path.read_text(encoding="utf-8")
        for match in re.finditer(r"<form\b[^>]*method=\"post\".*?(</form>|\Z)", plain, re.S | re.I):
            if "csrf" not in match.group():
                wrong.append(f"{place(path)}:{plain.count(chr(10), 0, match.start()) + 1}")
    assert not wrong, "\n".join(wrong)


def test_nothing_is_loaded_from_outside():
    address = re.compile(r"(?:https?:)?//(?!www\.w3\.org/)[\w-]+\.[\w.-]+")
    wrong = []
    for path in tracked():
        if path.suffix not in (".html", ".css", ".js", ".svg") or path.relative_to(ROOT).parts[0] == "tests":
            continue
        plain = without_jinja(path.read_text(encoding="utf-8"))
        wrong += [f"{place(path)}: {found}" for found in address.findall(plain)]
    assert not wrong, "\n".join(wrong)


def test_every_static_file_named_is_there():
    wrong = []
    for path in templates():
        for name in re.findall(r"static\(\s*[\"']([^\"']+)[\"']\s*\)", path.read_text(encoding="utf-8")):
            fetched = name.removeprefix("vendor/") if name.startswith("vendor/") else ""
            module, _slash, rest = name.partition("/")  # a module's own files lie under its name
            known = (STATIC / name).is_file() or (ROOT / "plugins" / module / "static" / rest).is_file()
            if not known and fetched not in FETCHED:
                wrong.append(f"{place(path)}: {name}")
    assert not wrong, "\n".join(wrong)


def test_every_icon_named_is_on_the_list():
    lines = (ROOT / "ui" / "icons.txt").read_text(encoding="utf-8").splitlines()
    listed = {line.split("#")[0].strip().replace("/", "-") for line in lines}
    wrong = []
    for path in templates():
        for name in re.findall(r"\bicon\(\s*[\"']([\w-]+)[\"']", path.read_text(encoding="utf-8")):
            if name not in listed:
                wrong.append(f"{place(path)}: {name}")
    for path in python_files():
        for name in re.findall(r"\bicon=[\"']([\w-]+)[\"']", path.read_text(encoding="utf-8")):
            if name not in listed:
                wrong.append(f"{place(path)}: {name}")
    for path in (ROOT / "schemas").rglob("*.json"):
        for name in re.findall(r"\"(?:x-icon|icon)\":\s*\"([\w-]+)\"", path.read_text(encoding="utf-8")):
            if name not in listed:
                wrong.append(f"{place(path)}: {name}")
    assert not wrong, "\n".join(wrong)


def test_no_word_of_the_machine_is_shown():
    """Texts for users speak of their trade. Programs that call the API are told the names they must send."""
    machine = re.compile(r"\b(records?|slots?|schemas?|revisions?|overlays?|tuples?)\b(?!/)|租户ID|记录集", re.I)
    wrong = []
    for path in templates():
        shown = re.sub(r"<[^>]*>", " ", without_jinja(path.read_text(encoding="utf-8")))
        wrong += [f"{place(path)}: {found}" for found in machine.findall(shown)]
    for path in python_files("core", "ui", "plugins"):
        for text in strings(path):
            shown = re.sub(r"\{.*?\}", "", text.value)
            if CHINESE.search(shown) and machine.search(shown) and not path.is_relative_to(ROOT / "core" / "api"):
                wrong.append(f"{place(path, text)}: {text.value}")
    for path in ROOT.glob("*/**/*.po"):
        with path.open("rb") as file:
            for message in read_po(file):
                if message.id and machine.search(str(message.string)) and not machine.search(str(message.id)):
                    wrong.append(f"{place(path)}:{message.lineno}: {message.string}")
    assert not wrong, "\n".join(wrong)
