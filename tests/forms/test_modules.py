"""Modules are read from their folders as JSON; a wrong file stops the start and is named with place and remedy."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadForm, NotFound
from core.forms import FormSet, StoredDefinition, check, compile_form, defaults, load_modules, settings_form
from core.forms.modules import installed_folders
from core.settings import ROOT
from tests.forms.samples import small

MANIFEST = {"name": "demo", "api": 1, "version": "1.0.0", "title": "演示", "forms": ["thing"]}
THING = {**small(code={"x-type": "text"}, kind={"x-type": "choice", "x-choices": [{"value": "a", "title": "甲"}]})}


@pytest.fixture
def house(tmp_path: Path) -> Callable[..., Path]:
    """Writes files of modules: house({"demo/module.json": {...}}) -> the folder of modules."""

    def build(files: dict[str, Any], *, folder: str = "schemas") -> Path:
        for name, content in files.items():
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), "utf-8")
        return tmp_path / folder

    return build


def files(**changes: Any) -> dict[str, Any]:
    return {"demo/module.json": {**MANIFEST, **changes}, "demo/thing.json": THING}


def refused(root: Path, **options: Any) -> BadForm:
    with pytest.raises(BadForm) as caught:
        load_modules([root], installed=False, **options)
    return caught.value


def test_two_json_files_are_a_module(house: Callable[..., Path]):
    catalogue = load_modules(house(files()), installed=False)
    manifest = catalogue.manifests["demo"]
    assert (manifest.title("zh"), manifest.title("en"), manifest.version) == ("演示", "演示", "1.0.0")
    assert list(catalogue.forms) == ["demo.thing"]


def test_every_shipped_module_loads():
    catalogue = load_modules([ROOT / "schemas"])
    assert {"cost_center", "partners"} <= set(catalogue.manifests)


@pytest.mark.parametrize(
    ("change", "source", "place", "words"),
    [
        ({"demo/module.json": "{"}, "demo/module.json", "", "第 1 行第 2 列"),
        ({"demo/module.json": '{"name": "a", "name": "b"}'}, "demo/module.json", "name", "写了两次"),
        ({"demo/module.json": "[]"}, "demo/module.json", "", "JSON 对象"),
        ({"demo/module.json": {**MANIFEST, "name": "other"}}, "demo/module.json", "name", "与文件夹名“demo”不同"),
        ({"demo/module.json": {**MANIFEST, "api": 2}}, "demo/module.json", "api", "只能是“1”"),
        ({"demo/module.json": {**MANIFEST, "version": "1"}}, "demo/module.json", "version", "写法不对"),
        ({"demo/module.json": {**MANIFEST, "author": "x"}}, "demo/module.json", "author", "不认识"),
        (
            {"demo/module.json": {**MANIFEST, "forms": ["thing", "more"]}},
            "demo/module.json",
            "forms.1",
            "没有文件 more.json",
        ),
        ({"demo/module.json": {**MANIFEST, "requires": ["gone"]}}, "demo/module.json", "requires.0", "没有找到"),
        ({"demo/module.json": {**MANIFEST, "requires": ["demo"]}}, "demo/module.json", "requires", "互相需要"),
        ({"demo/extra.json": THING}, "demo/extra.json", "", "forms 里没有“extra”"),
        ({"demo/thing.json": {**THING, "x-label": "gone"}}, "demo/thing.json", "x-label", "没有叫“gone”的字段"),
        ({"demo/thing.json": "\ufeff{}"}, "demo/thing.json", "", "不是有效的 JSON"),
        ({"lost/thing.json": THING}, "lost/module.json", "", "没有 module.json"),
        ({"demo/en.json": {"module": {"name": "x"}}}, "demo/en.json", "module.name", "不认识"),
        ({"demo/en.json": {"forms": {"gone": {"title": "x"}}}}, "demo/en.json", "forms.gone", "没有叫“gone”的表单"),
        (
            {"demo/en.json": {"module": {"roles": {"gone": "x"}}}},
            "demo/en.json",
            "module.roles.gone",
            "没有叫“gone”的角色",
        ),
        (
            {"demo/en.json": {"forms": {"thing": {"fields": {"kind": {"choices": {"b": "B"}}}}}}},
            "demo/en.json",
            "forms.thing.fields.kind.choices.b",
            "没有值为“b”的选项",
        ),
        (
            {"demo/module.json": {**MANIFEST, "settings": {"properties": {"it": {"title": "x", "x-type": "colour"}}}}},
            "demo/module.json",
            "settings.properties.it.x-type",
            "不在可用的值里",
        ),
    ],
)
def test_a_wrong_file_is_named_with_place_and_remedy(
    house: Callable[..., Path], change: dict[str, Any], source: str, place: str, words: str
):
    error = refused(house({**files(), **change}))
    assert error.source == source
    assert [p.field for p in error.problems] == [place]
    assert words in error.problems[0].message
    assert source in str(error)


def test_every_wrong_file_is_told_at_once(house: Callable[..., Path]):
    error = refused(house({**files(), "demo/thing.json": {}, "more/module.json": {}, "demo/en.json": "x"}))
    assert {p.field.partition(":")[0] for p in error.problems} == {
        "demo/thing.json",
        "more/module.json",
        "demo/en.json",
    }


def test_a_file_that_is_not_utf8_is_named(house: Callable[..., Path]):
    root = house(files())
    (root / "demo" / "thing.json").write_bytes('{"title": "样表"}'.encode("gb18030"))
    assert [p.code for p in refused(root).problems] == ["encoding"]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path):
    assert "没有这个文件夹" in refused(tmp_path / "gone").problems[0].message


def test_two_modules_of_one_name_are_refused(house: Callable[..., Path]):
    first, second = house(files()), house(files(), folder="other")
    with pytest.raises(BadForm, match="已有一个叫“demo”的模块"):
        load_modules([first, second], installed=False)


def test_a_reference_to_another_module_must_be_declared(house: Callable[..., Path]):
    pointing = {**small(it={"x-type": "reference", "x-ref": "demo.thing"})}
    manifest = {**MANIFEST, "name": "more", "forms": ["link"]}
    both = {**files(), "more/module.json": manifest, "more/link.json": pointing}
    error = refused(house(both))
    assert (error.source, error.problems[0].field) == ("more/link.json", "properties.it.x-ref")
    both["more/module.json"] = {**manifest, "uses": ["demo"]}
    assert "more.link" in load_modules(house(both), installed=False).forms


def test_modules_that_require_one_another_are_refused(house: Callable[..., Path]):
    manifest = {**MANIFEST, "name": "more", "requires": ["demo"]}
    root = house({**files(requires=["more"]), "more/module.json": manifest, "more/thing.json": THING})
    assert {p.code for p in refused(root).problems} == {"cycle"}


def test_translations_reach_the_compiled_form(house: Callable[..., Path]):
    words = {
        "module": {"title": "Demo", "description": "For trying", "roles": {"clerk": "Clerk"}},
        "forms": {"thing": {"title": "Thing", "fields": {"kind": {"title": "Kind", "choices": {"a": "A"}}}}},
    }
    role = {"code": "clerk", "title": "办事员", "rules": [{"forms": ["demo.*"], "actions": ["read"]}]}
    catalogue = load_modules(house({**files(roles=[role]), "demo/en.json": words}), installed=False)
    manifest = catalogue.manifests["demo"]
    assert (manifest.title("en"), manifest.description("en")) == ("Demo", "For trying")
    assert manifest.roles[0]["titles"] == {"zh": "办事员", "en": "Clerk"}
    made = compile_form("demo.thing", catalogue.forms["demo.thing"], version="1", lang="en")
    assert (made.title, made.fields["kind"].title, made.fields["kind"].choices[0].title) == ("Thing", "Kind", "A")
    assert made.fields["code"].title == "code"


def test_a_site_may_replace_a_form(house: Callable[..., Path], tmp_path: Path):
    root = house(files())
    house({"schemas/demo/thing.json": {**THING, "title": "本地"}}, folder="site")
    catalogue = load_modules(root, site=tmp_path / "site", installed=False)
    assert catalogue.forms["demo.thing"]["title"] == "本地"


def test_settings_are_a_form_of_their_own(house: Callable[..., Path]):
    settings = {"properties": {"limit": {"title": "上限", "x-type": "integer", "minimum": 1, "x-default": 80}}}
    words = {"module": {"settings": {"limit": {"title": "Limit"}}}}
    catalogue = load_modules(house({**files(settings=settings), "demo/en.json": words}), installed=False)
    made = settings_form(catalogue.manifests["demo"], "en")
    assert made is not None
    assert made.fields["limit"].title == "Limit"
    assert defaults(made) == {"limit": 80}
    assert [p.code for p in check(made, {"limit": 0})] == ["too_small"]
    assert settings_form(load_modules(house(files(), folder="b"), installed=False).manifests["demo"]) is None


def test_an_installed_package_brings_its_own_schemas(house: Callable[..., Path], monkeypatch: pytest.MonkeyPatch):
    """Found by its entry point; its Python is not imported to read its forms."""
    package = house({f"schemas/{name}": body for name, body in files().items()}, folder="site-packages/dougong_demo")
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    info = package.parent / "dougong_demo-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: dougong-demo\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[dougong.plugins]\ndemo = dougong_demo\n")
    monkeypatch.syspath_prepend(str(package.parent))
    assert installed_folders() == [package / "schemas" / "demo"]
    assert list(load_modules([]).forms) == ["demo.thing"]
    assert "dougong_demo" not in sys.modules
    (package / "schemas" / "demo" / "module.json").unlink()
    (package / "schemas" / "demo" / "thing.json").unlink()
    (package / "schemas" / "demo").rmdir()
    with pytest.raises(BadForm, match="schemas/demo"):
        installed_folders()


@pytest.fixture
def forms() -> FormSet:
    catalogue = load_modules([ROOT / "schemas"], installed=False)
    own = {"own.street": StoredDefinition("own.street", 2, {**small(code={"x-type": "text"}), "title": "街道"})}
    item = {"op": "add", "name": "grade", "field": {"title": "等级", "x-type": "text", "x-slot": "t10"}}
    overlays = {
        "partners.company": StoredDefinition("partners.company", 4, {"items": [item]}, frozenset({"t10"})),
        "gone.form": StoredDefinition("gone.form", 1, {"items": [item]}),
    }
    return FormSet(catalogue, own=own, overlays=overlays, enabled=frozenset({"partners"}))


def test_a_tenant_has_the_forms_of_its_modules_and_its_own(forms: FormSet):
    assert forms.names() == ("partners.company", "partners.contact", "partners.review", "own.street")
    assert "own.street" in forms
    assert "cost_center.project" not in forms
    assert forms.get("own.street").version == "2"
    assert forms.get("own.street") is forms.get("own.street")


def test_a_form_of_a_module_that_is_off_is_not_found(forms: FormSet):
    with pytest.raises(NotFound):
        forms.get("cost_center.project")
    assert forms.find("gone.form") is None


def test_an_overlay_is_laid_over_and_versioned(forms: FormSet):
    made = forms.get("partners.company")
    assert made.version == "1+4"
    assert made.fields["grade"].owner == "tenant"
    assert made.slot_of("grade") is None
    assert made.slot_of("name") == "t2"


def test_the_menu_groups_forms_by_module(forms: FormSet):
    shown = [(manifest.name if manifest else None, [form.title for form in group]) for manifest, group in forms.menu()]
    assert shown == [("partners", ["往来单位", "联系人", "履约评价"]), (None, ["街道"])]


def test_what_refers_to_a_form_is_known(forms: FormSet):
    assert [(form.name, field.name) for form, field in forms.referring("partners.company")] == [
        ("partners.contact", "company"), ("partners.review", "company"),
    ]  # fmt: skip


def test_the_same_forms_speak_another_language(forms: FormSet):
    assert forms.in_language("en").get("partners.contact").title == "Contacts"
    assert forms.in_language("zh") is forms
