"""Reading modules from their folders: module.json, forms, translations; JSON only, no database, no Python."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from core.errors import BadForm, Problem
from core.forms.compiling import compile_form
from core.forms.definitions import broken_rules, check_definition
from core.forms.dependence import sources
from core.forms.flows import role_faults
from core.forms.formset import FormSet
from core.forms.formulas import plan_of
from core.forms.model import Catalogue, Form, Manifest
from core.forms.resolving import resolved
from core.forms.sense import translation_faults
from core.i18n import LANGUAGES, _

GROUP = "dougong.plugins"  # entry points of packages installed from elsewhere
API = 1
BUILT_IN_ROLES = ("admin", "editor", "viewer")  # what core.people gives every tenant
_TRANSLATIONS = tuple(lang for lang in LANGUAGES if lang != "zh")


def load_modules(paths: Path | Iterable[Path], *, site: Path | None = None, installed: bool = True) -> Catalogue:
    """Read every module under `paths` (folders of module folders) and of installed packages.

    `site/schemas/<module>/<form>.json`, where it exists, stands for the module's own file. BadForm names every
    file at fault, the place in it, and what to do. Files that have not changed are read and checked once in a process.
    """
    roots = [paths] if isinstance(paths, Path) else list(paths)
    folders = [folder for root in roots for folder in _module_folders(root)]
    if installed:
        folders += installed_folders()
    places = [*folders, *([site / "schemas"] if site else [])]
    files = [file for place in places for file in sorted(place.rglob("*.json"))]
    stamps = tuple((file, *_stamp(file)) for file in files)
    return _read(tuple(folders), site, stamps)


def _stamp(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=4)
def _read(folders: tuple[Path, ...], site: Path | None, stamps: tuple[tuple[Path, int, int], ...]) -> Catalogue:
    """`stamps` stand for what is in the files."""
    reading = _Reading(site)
    for folder in folders:
        reading.module(folder)
    reading.together()
    if reading.problems:
        raise _bad(reading.problems)
    names = sorted(reading.manifests)
    forms = {name: resolved(reading.forms[name]) for name in sorted(reading.forms)}
    return Catalogue({name: reading.manifests[name] for name in names}, forms)


def installed_folders() -> list[Path]:
    """`<package>/schemas/<module>` of packages that announce a module; their Python is not imported here."""
    found = []
    for point in entry_points(group=GROUP):
        package = point.value.partition(":")[0].partition(".")[0]
        spec = importlib.util.find_spec(package)
        places = [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []
        folder = next((p / "schemas" / point.name for p in places if (p / "schemas" / point.name).is_dir()), None)
        if folder is None:
            words = _("安装包 {package} 声明了模块 {name}，但里面没有 schemas/{name} 文件夹")
            message = words.format(package=package, name=point.name)
            raise BadForm(f"{package}: {point.name}", [Problem("", "missing", message)])
        found.append(folder)
    return found


def settings_form(manifest: Manifest, lang: str = "zh") -> Form | None:
    """The settings of a module as a form, so that one set of widgets and checks serves them; None: it has none."""
    if not manifest.settings.get("properties"):
        return None
    return compile_form(f"{manifest.name}.settings", manifest.settings, version=manifest.version, lang=lang)


def _module_folders(root: Path) -> list[Path]:
    if not root.is_dir():
        raise BadForm(str(root), [Problem("", "missing", _("没有这个文件夹，请核对模块所在的路径"))])
    return sorted(folder for folder in root.iterdir() if folder.is_dir() and any(folder.glob("*.json")))


def _bad(problems: Mapping[str, list[Problem]]) -> BadForm:
    if len(problems) == 1:
        source, only = next(iter(problems.items()))
        return BadForm(source, only)
    both = [
        Problem(f"{source}: {p.field}" if p.field else source, p.code, p.message)
        for source, found in problems.items()
        for p in found
    ]
    return BadForm(_("{n} 个模块文件有错", n=len(problems)), both)


class _Reading:
    """Files read so far and what is wrong with them."""

    def __init__(self, site: Path | None) -> None:
        self.site = site
        self.manifests: dict[str, Manifest] = {}
        self.forms: dict[str, dict[str, Any]] = {}
        self.problems: dict[str, list[Problem]] = {}
        self.sources: dict[str, str] = {}  # form or module -> its file

    def module(self, folder: Path) -> None:
        source = f"{folder.name}/module.json"
        if not (folder / "module.json").is_file():
            return self._wrong(source, "", "missing", _("这个文件夹里有表单，却没有 module.json，请补上"))
        body = self._json(folder / "module.json", source)
        if body is None:
            return None
        found = list(broken_rules("module", body))
        if not found and body["name"] != folder.name:
            message = _("模块名“{name}”与文件夹名“{folder}”不同，请改成一样", name=body["name"], folder=folder.name)
            found = [Problem("name", "name", message)]
        if not found and body["name"] in self.manifests:
            found = [Problem("name", "taken", _("已有一个叫“{name}”的模块，请改名或移走一个", name=body["name"]))]
        if found:
            self.problems[source] = found
            return None
        words = {lang: self._words(folder, lang) for lang in _TRANSLATIONS}
        self._forms(folder, body, words)
        self._translated_forms(folder, body, words)
        self.manifests[body["name"]] = _manifest(body, words)
        self.sources[body["name"]] = source
        self._settings(body["name"], source)
        return None

    def together(self) -> None:
        """What can only be seen when every module is there."""
        for name, manifest in self.manifests.items():
            for place, other in enumerate(manifest.requires):
                if other not in self.manifests:
                    message = _("需要的模块“{name}”没有找到，请安装它，或从 requires 中删去", name=other)
                    self._wrong(self.sources[name], f"requires.{place}", "missing", message)
            if name in _needed_by(name, self.manifests):
                message = _("模块之间互相需要（{name}），请去掉一个方向的 requires", name=name)
                self._wrong(self.sources[name], "requires", "cycle", message)
        forms = self._standing_together()
        for name, definition in self.forms.items():
            if self.sources[name] not in self.problems:
                found = check_definition(
                    definition, name=name, known_forms=self.forms.keys(), forms=forms, standing=name in forms
                )
                if not found:
                    found += [*self._strangers(name, definition, forms), *self._roles(name, definition)]
                if found:
                    self.problems[self.sources[name]] = found

    def _standing_together(self) -> FormSet:
        """The forms that are there and keep the law, with all modules on."""
        whole = {name: resolved(definition) for name, definition in self.forms.items()}
        good = {name: one for name, one in whole.items() if not list(broken_rules("form", one))}
        manifests = {
            name: replace(one, forms=tuple(form for form in one.forms if f"{name}.{form}" in good))
            for name, one in self.manifests.items()
        }
        return FormSet(Catalogue(manifests, good), enabled=frozenset(manifests))

    def _strangers(self, name: str, definition: Mapping[str, Any], forms: FormSet) -> Iterable[Problem]:
        """A form may point only at forms of modules that its own module names, and read only those."""
        module = name.partition(".")[0]
        manifest = self.manifests.get(module)
        allowed = {module, *(manifest.requires if manifest else ()), *(manifest.uses if manifest else ())}
        for field in compile_form(name, definition, version="0").fields.values():
            for one in (field, *field.columns):
                other = (one.ref or "").partition(".")[0]
                if other and other not in allowed:
                    message = _("“{title}”指向模块“{module}”，请在 module.json 的 requires 或 uses 中写上它",
                                title=one.title, module=other)  # fmt: skip
                    yield Problem(f"properties.{field.name}.x-ref", "reference", message)
        placed = forms.get(name)
        for step in plan_of(placed).steps:
            for source, _field in sources(placed, step.formula) if step.formula else ():
                other = source.partition(".")[0]
                if other not in allowed:
                    message = _("“{title}”的公式读取模块“{module}”，请在 module.json 的 requires 或 uses 中写上它",
                                title=step.field.title, module=other)  # fmt: skip
                    yield Problem(f"properties.{step.field.name}.x-formula", "reference", message)

    def _roles(self, name: str, definition: Mapping[str, Any]) -> Iterable[Problem]:
        """A step may name the roles that its module offers, and those that every tenant has."""
        manifest = self.manifests.get(name.partition(".")[0])
        offered = {role["code"] for role in (manifest.roles if manifest else ())}
        return role_faults(definition, offered.union(BUILT_IN_ROLES))

    def _forms(self, folder: Path, body: Mapping[str, Any], words: Mapping[str, Any]) -> None:
        others = {"module.json", *(f"{lang}.json" for lang in LANGUAGES)}
        present = {path.stem for path in folder.glob("*.json") if path.name not in others}
        for name in sorted(present - set(body["forms"])):
            message = _("module.json 的 forms 里没有“{name}”，请加上，或删去这个文件", name=name)
            self._wrong(f"{folder.name}/{name}.json", "", "unlisted", message)
        for place, name in enumerate(body["forms"]):
            path = self._file(folder, name)
            if not path.is_file():
                message = _("没有文件 {name}.json，请补上，或从 forms 中删去", name=name)
                self._wrong(f"{folder.name}/module.json", f"forms.{place}", "missing", message)
                continue
            source = f"{folder.name}/{name}.json"
            definition = self._json(path, source)
            if definition is not None:
                full = f"{folder.name}.{name}"
                self.forms[full] = _with_words(definition, name, words)
                self.sources[full] = source

    def _file(self, folder: Path, name: str) -> Path:
        own = self.site / "schemas" / folder.name / f"{name}.json" if self.site else None
        return own if own is not None and own.is_file() else folder / f"{name}.json"

    def _words(self, folder: Path, lang: str) -> dict[str, Any]:
        path = folder / f"{lang}.json"
        source = f"{folder.name}/{lang}.json"
        body = self._json(path, source) if path.is_file() else None
        if body is None:
            return {}
        found = list(broken_rules("translation", body))
        if found:
            self.problems[source] = found
        return {} if found else body

    def _translated_forms(self, folder: Path, body: Mapping[str, Any], words: Mapping[str, Any]) -> None:
        """A translation names only what exists; its faults are told with its own file and place."""
        roles = {role["code"] for role in body.get("roles", ())}
        for lang, spoken in words.items():
            source = f"{folder.name}/{lang}.json"
            for code in (spoken.get("module") or {}).get("roles") or {}:
                if code not in roles:
                    message = _("没有叫“{name}”的角色，请核对写法", name=code)
                    self._wrong(source, f"module.roles.{code}", "field", message)
            for name in list(spoken.get("forms") or {}):
                definition = self.forms.get(f"{folder.name}.{name}")
                if definition is None:
                    self._wrong(source, f"forms.{name}", "field", _("没有叫“{form}”的表单，请核对写法", form=name))
                elif not list(broken_rules("form", definition)):
                    prefix = f"x-translations.{lang}."
                    for p in translation_faults(resolved(definition)):
                        if p.field.startswith(prefix):
                            place = f"forms.{name}.{p.field.removeprefix(prefix)}"
                            self._wrong(source, place, p.code, p.message)
                            self.forms[f"{folder.name}.{name}"] = {**definition, "x-translations": {}}

    def _settings(self, name: str, source: str) -> None:
        settings = self.manifests[name].settings
        if settings:
            for p in check_definition(settings, name=f"{name}.settings", known_forms=None):
                self._wrong(source, f"settings.{p.field}", p.code, p.message)

    def _json(self, path: Path, source: str) -> dict[str, Any] | None:
        try:
            body = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal, object_pairs_hook=_once)
        except UnicodeDecodeError:
            self._wrong(source, "", "encoding", _("文件不是 UTF-8 编码，请另存为 UTF-8"))
        except json.JSONDecodeError as error:
            words = _("第 {line} 行第 {column} 列不是有效的 JSON，请检查逗号、引号和括号")
            self._wrong(source, "", "json", words.format(line=error.lineno, column=error.colno))
        except _Twice as error:
            self._wrong(source, str(error), "repeated", _("“{key}”写了两次，请删去一个", key=str(error)))
        else:
            if isinstance(body, dict):
                return body
            self._wrong(source, "", "type", _("文件内容应是一个 JSON 对象"))
        return None

    def _wrong(self, source: str, place: str, code: str, message: str) -> None:
        self.problems.setdefault(source, []).append(Problem(place, code, message))


class _Twice(ValueError):
    """A key that stands twice in one object: JSON's last one would win in silence."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    body = dict(pairs)
    if len(body) < len(pairs):
        keys = [key for key, _value in pairs]
        raise _Twice(next(key for key in keys if keys.count(key) > 1))
    return body


def _with_words(definition: Mapping[str, Any], name: str, words: Mapping[str, Any]) -> dict[str, Any]:
    spoken = {lang: (body.get("forms") or {}).get(name) for lang, body in words.items()}
    found = {lang: body for lang, body in spoken.items() if body}
    if not found:
        return dict(definition)
    return {**definition, "x-translations": {**definition.get("x-translations", {}), **found}}


def _manifest(body: Mapping[str, Any], words: Mapping[str, Any]) -> Manifest:
    spoken = {lang: one.get("module") or {} for lang, one in words.items()}
    roles = tuple(
        {**role, "titles": {"zh": role["title"], **_each(spoken, "roles", role["code"])}}
        for role in body.get("roles", ())
    )
    return Manifest(
        name=body["name"],
        api=body["api"],
        version=body["version"],
        titles={"zh": body["title"], **{lang: one["title"] for lang, one in spoken.items() if one.get("title")}},
        descriptions={
            "zh": body.get("description", ""),
            **{lang: one["description"] for lang, one in spoken.items() if one.get("description")},
        },
        icon=body.get("icon", "cube"),
        requires=tuple(body.get("requires", ())),
        uses=tuple(body.get("uses", ())),
        forms=tuple(body["forms"]),
        roles=roles,
        settings=_settings(body, spoken),
    )


def _settings(body: Mapping[str, Any], spoken: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as a definition of their own, with the module's title."""
    if not (body.get("settings") or {}).get("properties"):
        return {}
    words = {lang: {"fields": one["settings"]} for lang, one in spoken.items() if one.get("settings")}
    whole = {"title": body["title"], **body["settings"]}
    return {**whole, "x-translations": words} if words else whole


def _each(spoken: Mapping[str, Any], part: str, key: str) -> dict[str, str]:
    return {lang: one[part][key] for lang, one in spoken.items() if (one.get(part) or {}).get(key)}


def _needed_by(name: str, manifests: Mapping[str, Manifest]) -> set[str]:
    """Everything that `name` needs, by however many steps."""
    found: set[str] = set()
    ahead = list(manifests[name].requires)
    while ahead:
        one = ahead.pop()
        if one not in found and one in manifests:
            found.add(one)
            ahead.extend(manifests[one].requires)
    return found
