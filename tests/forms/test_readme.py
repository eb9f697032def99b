"""The examples in schemas/README.md and core/forms/README.md are true."""

from __future__ import annotations

import json
import re
from pathlib import Path

from core.forms import check_definition, check_overlay, compile_form, load_modules
from core.settings import ROOT


def blocks(path: Path) -> list[dict]:
    return [json.loads(text) for text in re.findall(r"```json\n(.*?)```", path.read_text(encoding="utf-8"), re.S)]


def test_the_example_module_loads_beside_the_shipped_ones(tmp_path: Path):
    module, form, _formulas, _conditions, _states, words = blocks(ROOT / "schemas" / "README.md")
    keeper = {"code": "keeper", "title": "保管员", "rules": [{"forms": ["vehicles.*"], "actions": ["read"]}]}
    limit = {"properties": {"limit": {"title": "限额", "x-type": "integer"}}}
    folder = tmp_path / "vehicles"
    folder.mkdir()
    whole = {**module, "requires": ["partners"], "roles": [keeper], "settings": limit}
    for name, body in (("module", whole), ("vehicle", form), ("en", words)):
        (folder / f"{name}.json").write_text(json.dumps(body), encoding="utf-8")
    catalogue = load_modules([ROOT / "schemas", tmp_path], installed=False)
    made = compile_form("vehicles.vehicle", catalogue.forms["vehicles.vehicle"], version="1", lang="en")
    assert made.fields["kind"].choices[1].title == "Truck"


def test_the_examples_of_formulas_and_conditions_may_be_published():
    for example in blocks(ROOT / "schemas" / "README.md")[2:4]:
        assert check_definition({"title": "付款", **example}, name="own.payment", known_forms=()) == []


def test_the_example_overlay_may_be_published():
    (overlay,) = blocks(ROOT / "core" / "forms" / "README.md")
    base = load_modules([ROOT / "schemas"], installed=False).forms["partners.company"]
    assert check_overlay(overlay, name="partners.company", base=base, known_forms=()) == []
