"""The typed edits a designer may make: one function per edit, from a draft and what was typed to the draft after it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.definitions import choices, edits, flows, overlays
from core.definitions.codes import code_from, free_code
from core.definitions.edits import Definition
from core.definitions.model import Draft
from core.definitions.properties import LONGEST_SECTION, LONGEST_TITLE, PARSERS, WrongProperty, kindred
from core.errors import Invalid, Problem
from core.forms import FIELD_TYPES, ValueParseError, compile_form, parse_value
from core.forms.law import MOST_COLUMNS, MOST_FIELDS
from core.forms.overlays import SAFE, merge
from core.i18n import _

OWN_PREFIX = "x_"  # fields of the tenant in a module's form: the module will never use such a name
ICON = re.compile(r"[a-z][a-z0-9-]{0,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    definition: Definition
    hidden: frozenset[str] = frozenset()
    selected: str = ""
    problems: tuple[Problem, ...] = ()
    message: str = ""
    touched: tuple[str, ...] = ()  # properties that are not what they were
    accept: bool = False  # overlay: what the module changed meanwhile has been seen


class Typed:
    """What came with an edit: text by name, sometimes several under one name."""

    def __init__(self, values: Mapping[str, Sequence[str]]) -> None:
        self._values = values

    def one(self, name: str, default: str = "") -> str:
        """The last of the name: a box that is ticked comes behind its hidden "0"."""
        return self._values[name][-1] if self._values.get(name) else default

    def all(self, name: str) -> list[str]:
        return list(self._values.get(name, ()))

    def has(self, name: str) -> bool:
        return name in self._values

    def number(self, name: str) -> int:
        text = self.one(name)
        return int(text) if re.fullmatch(r"-?\d{1,4}", text) else 0


def perform(draft: Draft, op: str, typed: Typed) -> Change:
    """The draft after the edit `op`. Invalid where the edit is unknown or cannot be made at all."""
    action = ACTIONS.get(op)
    if action is None:
        raise Invalid([Problem("op", "unknown", _("没有这种修改：{op}", op=op[:20]))])
    try:
        return action(draft, typed)
    except WrongProperty as error:
        return _unchanged(draft, typed.one("field"), Problem(op, "wrong", str(error)))


def _unchanged(draft: Draft, selected: str, *problems: Problem) -> Change:
    return Change(
        definition=dict(draft.definition), hidden=draft.hidden, selected=selected, problems=problems
    )


def _changed(draft: Draft, definition: Definition, selected: str, **more: Any) -> Change:
    return Change(definition=definition, hidden=more.pop("hidden", draft.hidden), selected=selected, **more)


def _add(draft: Draft, typed: Typed) -> Change:
    type_, within, after = typed.one("type"), typed.one("within"), typed.one("after")
    if type_ not in FIELD_TYPES or (within and not FIELD_TYPES[type_].in_rows):
        raise WrongProperty(_("这里不能添加这种字段"))
    if draft.shipped(within):
        raise WrongProperty(_("模块自带的明细表不能加列；请新建一个自己的明细字段"))
    if len(edits.fields_of(draft.definition, within)) >= (MOST_COLUMNS if within else MOST_FIELDS):
        raise WrongProperty(_("字段太多了，最多 {n} 个", n=MOST_COLUMNS if within else MOST_FIELDS))
    title = " ".join(typed.one("title").split())[:LONGEST_TITLE] or _(FIELD_TYPES[type_].title)
    prefix = OWN_PREFIX if draft.overlay and not within else ""
    definition, path = edits.add(draft.definition, type_, title, after=after, within=within, prefix=prefix)
    if typed.one("before"):
        definition = edits.move(definition, path, before=typed.one("before"))
    return _changed(draft, definition, path)


def _copy(draft: Draft, typed: Typed) -> Change:
    prefix = OWN_PREFIX if draft.overlay and "." not in typed.one("field") else ""
    if draft.shipped(typed.one("field")) and "." in typed.one("field"):
        raise WrongProperty(_("模块自带的明细表不能加列；请新建一个自己的明细字段"))
    definition, path = edits.copy(draft.definition, typed.one("field"), prefix=prefix)
    return _changed(draft, definition, path)


def _move(draft: Draft, typed: Typed) -> Change:
    path = typed.one("field")
    if draft.shipped(path) and "." in path:
        raise WrongProperty(_("模块自带的明细表，列的顺序不能改"))
    places = {"before": typed.one("before"), "after": typed.one("after")}
    definition = edits.move(draft.definition, path, by=typed.number("by"), joins=not draft.shipped(path), **places)
    return _changed(draft, definition, path)


def _remove(draft: Draft, typed: Typed) -> Change:
    path = typed.one("field")
    title = edits.find(draft.definition, path)["title"]
    within, name = edits.split(path)
    names = list(edits.fields_of(draft.definition, within))
    place = names.index(name)
    beside = names[place + 1] if place + 1 < len(names) else names[place - 1] if place else ""
    following = edits.join(within, beside) if beside else within
    if draft.shipped(path):
        if within:
            raise WrongProperty(_("模块自带的明细表，列不能删除"))
        hidden = draft.hidden | {name}
        trial = overlays.derive(draft.base or {}, draft.definition, hidden)
        if name not in merge(draft.base or {}, trial).hidden:
            raise WrongProperty(_("“{title}”是模块必填、唯一标识或名称字段，不能隐藏", title=title))
        message = _("已隐藏“{title}”，可随时恢复显示", title=title)
        return _changed(draft, dict(draft.definition), path, hidden=hidden, message=message)
    if within and len(names) == 1:
        raise WrongProperty(_("明细表至少要有一列；不需要时请删除整个明细"))
    return _changed(draft, edits.remove(draft.definition, path), following, message=_("已删除“{title}”", title=title))


def _show(draft: Draft, typed: Typed) -> Change:
    name = typed.one("field")
    return _changed(draft, dict(draft.definition), name, hidden=draft.hidden - {name})


def _set(draft: Draft, typed: Typed) -> Change:
    path = typed.one("field")
    field = edits.find(draft.definition, path)
    shipped = draft.shipped(path)
    values = {name: typed.one(name) for name in PARSERS if typed.has(name) and (not shipped or name in SAFE)}
    if shipped and "." in path:
        values = {}
    if typed.has("default") and field["x-type"] == "choices":
        values["default"] = "\n".join(typed.all("default"))
    definition, problems = edits.set_properties(
        draft.definition, path, values, parse_default=_parse_default, compiled=draft.compiled
    )
    if shipped:
        definition, refused = _only_allowed(draft, definition, path)
        problems += refused
    if "section" in values and not any(p.field == "section" for p in problems):
        definition = edits.beside_section(definition, path)
    before = draft.definition
    touched = tuple(n for n in values if edits.value_of(definition, path, n) != edits.value_of(before, path, n))
    if not draft.fixed(path) and not shipped:
        definition, path, wrong = _rename(draft, definition, path, typed)
        problems += wrong
    return _changed(draft, definition, path, problems=tuple(problems), touched=touched)


def _only_allowed(draft: Draft, definition: Definition, name: str) -> tuple[Definition, list[Problem]]:
    """Without what a tenant may not change in a field of the module, and why not."""
    overlay = overlays.derive(draft.base or {}, definition, draft.hidden)
    merged = merge(draft.base or {}, overlay)
    refused = []
    for finding in merged.findings:
        place = finding.field.removeprefix("items.")
        item = overlay["items"][int(place)] if finding.code == "unsafe" and place.isdigit() else {}
        if item.get("name") == name:
            refused.append(Problem(item.get("property", "hidden"), "refused", finding.message))
    return (merged.definition if refused else definition), refused


def _rename(draft: Draft, definition: Definition, path: str, typed: Typed) -> tuple[Definition, str, list[Problem]]:
    """The code follows the title until the designer sets another, or the field is published."""
    within, name = edits.split(path)
    prefix = OWN_PREFIX if draft.overlay and not within else ""
    old_title, title = edits.find(draft.definition, path)["title"], edits.find(definition, path)["title"]
    wanted = typed.one("code", name).strip()
    if wanted == name:
        automatic = re.sub(r"_\d+$", "", name) == re.sub(r"_\d+$", "", code_from(old_title, prefix=prefix))
        if title == old_title or not automatic:
            return definition, path, []
        others = [other for other in edits.fields_of(definition, within) if other != name]
        wanted = free_code(code_from(title, prefix=prefix), others)
    try:
        if prefix and not wanted.startswith(prefix):
            raise WrongProperty(_("加在模块表单上的字段，代码以 {prefix} 开头", prefix=prefix))
        renamed = edits.rename(definition, path, wanted)
    except WrongProperty as error:
        return definition, path, [Problem("code", "wrong", str(error))]
    return renamed, edits.join(within, wanted), []


def _parse_default(field: Mapping[str, Any], text: str) -> Any:
    text = text.strip()
    if not text:
        return None
    if (field["x-type"], text) in (("date", "today"), ("datetime", "now"), ("person", "me")):
        return text
    given: Any = text.split("\n") if field["x-type"] == "choices" else text
    try:
        form = compile_form("own.draft", {"properties": {"default": field}}, version="0")
        return parse_value(form.fields["default"], given)
    except ValueParseError as error:
        raise WrongProperty(error.message) from None


def _type(draft: Draft, typed: Typed) -> Change:
    path, type_ = typed.one("field"), typed.one("type")
    if type_ not in FIELD_TYPES or draft.shipped(path) or ("." in path and not FIELD_TYPES[type_].in_rows):
        raise WrongProperty(_("这个字段不能改成这种类型"))
    was = edits.find(draft.published or {}, path)["x-type"] if draft.fixed(path) else type_
    if type_ not in kindred(was):
        raise WrongProperty(_("已有数据的字段不能改成这种类型；请新建一个字段"))
    return _changed(draft, edits.retype(draft.definition, path, type_), path)


def _choices(draft: Draft, typed: Typed) -> Change:
    path = typed.one("field")
    field = edits.find(draft.definition, path)
    if field["x-type"] not in ("choice", "choices") or (draft.shipped(path) and "." in path):
        raise WrongProperty(_("这个字段的选项不能改"))
    known = field.get("x-choices", [])
    rows = choices.from_rows(
        typed.all("choice_value"), typed.all("choice_title"), typed.all("choice_color"), known=known
    ) if typed.has("choice_title") else [dict(choice) for choice in known]  # fmt: skip
    what, _colon, place = typed.one("do").partition(":")
    number = int(place) if place.isascii() and place.isdigit() and len(place) < 6 else 0
    changed = {
        "add": lambda: choices.add(rows),
        "remove": lambda: choices.remove(rows, number),
        "up": lambda: choices.shift(rows, number, -1),
        "down": lambda: choices.shift(rows, number, 1),
        "paste": lambda: choices.paste(rows, typed.one("paste")),
    }.get(what, lambda: rows)()
    return _changed(draft, edits.with_choices(draft.definition, path, changed), path)


def _form(draft: Draft, typed: Typed) -> Change:
    """Properties of the form itself."""
    if draft.overlay:
        raise WrongProperty(_("模块表单的名称和图标由模块决定"))
    definition, problems = dict(draft.definition), []
    for name, key, longest in (("title", "title", LONGEST_TITLE), ("description", "description", 500)):
        if not typed.has(name):
            continue
        text = " ".join(typed.one(name).split())
        if len(text) > longest or (name == "title" and not text):
            wrong = _("最多 {n} 个字，现在有 {m} 个", n=longest, m=len(text)) if text else _("请填写名称")
            problems.append(Problem(f"form.{name}", "wrong", wrong))
        else:
            definition[key] = text
    if typed.has("icon") and ICON.fullmatch(typed.one("icon")):
        definition["x-icon"] = typed.one("icon")
    if typed.has("menu"):
        definition["x-menu"] = typed.one("menu") == "1"
    if typed.has("label"):
        definition["x-label"] = typed.one("label") if typed.one("label") in definition["properties"] else None
    if definition.get("x-menu") is True:
        del definition["x-menu"]
    tidy = {key: value for key, value in definition.items() if value not in (None, "")}
    return _changed(draft, tidy, "", problems=tuple(problems))


def _columns(draft: Draft, typed: Typed) -> Change:
    """The columns of the list, in order; or the fields of the key."""
    if draft.overlay:
        raise WrongProperty(_("模块表单的列由模块决定；可在字段上打开或关闭“在列表中显示”"))
    key = "x-key" if typed.one("of") == "key" else "x-list"
    fields = draft.definition["properties"]
    names = [n for n in dict.fromkeys(typed.all("column") or draft.definition.get(key, ())) if n in fields]
    what, _colon, place = typed.one("do").partition(":")
    if what == "remove" and place in names:
        names.remove(place)
    elif what in ("up", "down") and place in names:
        at = names.index(place)
        names.insert(max(0, at + (-1 if what == "up" else 1)), names.pop(at))
    add = typed.one("add")
    if add in fields and add not in names:
        names.append(add)
    definition = {**draft.definition, key: names}
    return _changed(draft, definition if names else {k: v for k, v in definition.items() if k != key}, "")


def _section(draft: Draft, typed: Typed) -> Change:
    """Another heading for all fields of a section."""
    if draft.overlay:
        raise WrongProperty(_("模块表单的分组由模块决定"))
    old, new = typed.one("old"), " ".join(typed.one("new").split())
    if len(new) > LONGEST_SECTION:
        raise WrongProperty(_("最多 {n} 个字，现在有 {m} 个", n=LONGEST_SECTION, m=len(new)))
    return _changed(draft, edits.rename_section(draft.definition, old, new), typed.one("field"))


def _accept(draft: Draft, typed: Typed) -> Change:
    """The newer module has been looked at: what has no effect goes, what both changed stays the tenant's way."""
    return _changed(draft, dict(draft.definition), typed.one("field"), accept=True)


def _flow(draft: Draft, typed: Typed) -> Change:
    """States and steps; of a module's form only what its tenant may set."""
    definition = flows.edit(draft.definition, typed, overlay=draft.overlay)
    if not draft.overlay:
        return _changed(draft, definition, "")
    base = draft.base or {}
    overlay = overlays.derive(base, definition, draft.hidden)
    merged = merge(base, overlay)
    refused = [p.message for p in merged.findings if p.code == "unsafe"]
    if refused:
        raise WrongProperty(refused[0])
    return _changed(draft, merged.definition, "")


ACTIONS: Mapping[str, Callable[[Draft, Typed], Change]] = {
    "add": _add, "copy": _copy, "move": _move, "remove": _remove, "show": _show, "set": _set, "type": _type,
    "choices": _choices, "form": _form, "columns": _columns, "section": _section, "accept": _accept,
    "flow": _flow,
}  # fmt: skip
