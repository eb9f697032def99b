"""Edits of a definition: add, copy, move, remove a field, set properties; pure, nothing is stored or checked here.

A field's path is its name, or "rows.column" one level down. Every function returns a new definition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.definitions.codes import CODE, code_from, free_code
from core.definitions.flows import with_mentions
from core.definitions.formulas import every_formula, read_formula
from core.definitions.properties import (
    FORMULAS,
    LONGEST_TITLE,
    PARSERS,
    PARTS,
    WrongProperty,
    keyword_of,
    may,
    properties_of,
    with_part,
)
from core.errors import NotFound, Problem
from core.forms import Form
from core.formulas import renamed as formula_renamed
from core.i18n import _

Definition = dict[str, Any]
LISTED_AT_FIRST = 6  # new forms list their first few fields by themselves


def split(path: str) -> tuple[str, str]:
    """("", name) or (rows field, column)."""
    head, _dot, tail = path.rpartition(".")
    return head, tail


def join(within: str, name: str) -> str:
    return f"{within}.{name}" if within else name


def fields_of(definition: Mapping[str, Any], within: str = "") -> Mapping[str, Any]:
    """The properties of the form, or of the rows field `within`."""
    if not within:
        return definition.get("properties", {})
    rows = definition.get("properties", {}).get(within)
    if rows is None or rows.get("x-type") != "rows":
        raise NotFound(_("没有子表 {name}", name=within))
    return rows.get("items", {}).get("properties", {})


def find(definition: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    within, name = split(path)
    fields = fields_of(definition, within)
    if name not in fields:
        raise NotFound(_("没有字段 {name}，可能刚被删除", name=path))
    return fields[name]


def required_of(definition: Mapping[str, Any], within: str = "") -> Sequence[str]:
    holder = definition["properties"][within].get("items", {}) if within else definition
    return holder.get("required", ())


def value_of(definition: Mapping[str, Any], path: str, property_: str) -> Any:
    """What a property of a field says now; None where it says nothing."""
    within, name = split(path)
    if property_ == "required":
        return name in required_of(definition, within)
    if property_ in ("listed", "key"):
        return name in definition.get("x-list" if property_ == "listed" else "x-key", ())
    if property_ == "label":
        return definition.get("x-label") == name
    field = find(definition, path)
    if property_ == "pii":
        return bool(field.get("x-pii", field["x-type"] == "idcard"))
    if property_ in PARTS:
        key, part = PARTS[property_]
        return field[key].get(part) if isinstance(field.get(key), Mapping) else None
    found = field.get(keyword_of(property_))
    return None if property_ == "default" and isinstance(found, Mapping) else found


def every_path(definition: Mapping[str, Any]) -> list[str]:
    """The paths of all fields and columns, in order."""
    found = []
    for name, field in fields_of(definition).items():
        found.append(name)
        if field.get("x-type") == "rows":
            found.extend(f"{name}.{column}" for column in fields_of(definition, name))
    return found


def _with_fields(definition: Mapping[str, Any], within: str, fields: Mapping[str, Any], **extra: Any) -> Definition:
    """The definition with other fields at one level; `extra` replaces keys beside them (None drops the key)."""
    if not within:
        return _without_none({**definition, "properties": dict(fields), **extra})
    rows = definition["properties"][within]
    items = _without_none({"type": "object", **rows.get("items", {}), "properties": dict(fields), **extra})
    return _with_fields(definition, "", {**definition["properties"], within: {**rows, "items": items}})


def _without_none(values: Mapping[str, Any]) -> Definition:
    return {key: value for key, value in values.items() if value is not None}


def blank(type_: str, title: str, *, column: bool = False) -> Definition:
    """A new field of `type_` as the palette makes it: it can be published as it is, but for references."""
    field: Definition = {"title": title, "x-type": type_}
    if type_ in ("choice", "choices"):
        field["x-choices"] = [{"value": f"option{n}", "title": _("选项 {n}", n=n)} for n in (1, 2)]
    if type_ in ("decimal", "money"):
        field["x-decimals"] = 2
    if type_ in ("phone", "idcard") and not column:
        field["x-pii"] = True
    if type_ == "rows":
        field["items"] = {"type": "object", "properties": {"item": {"title": _("名称"), "x-type": "text"}}}
    return field


def add(
    definition: Mapping[str, Any], type_: str, title: str, *, after: str = "", within: str = "", prefix: str = ""
) -> tuple[Definition, str]:
    """The definition with a new field behind `after` (at the end where that is ""), and the field's path."""
    field = blank(type_, _free_title(definition, within, title), column=bool(within))
    return _insert(definition, field, after=after, within=within, prefix=prefix)


def copy(definition: Mapping[str, Any], path: str, *, prefix: str = "") -> tuple[Definition, str]:
    """The definition with a second field like the one at `path`, right behind it."""
    within, _name = split(path)
    twin = {key: value for key, value in find(definition, path).items() if key not in ("x-slot", "x-computed")}
    title = _("{title} 副本", title=twin["title"][: LONGEST_TITLE - 8])
    twin["title"] = _free_title(definition, within, title)
    return _insert(definition, twin, after=path, within=within, prefix=prefix)


def _free_title(definition: Mapping[str, Any], within: str, title: str) -> str:
    """`title`, or with the first number behind it that no field at this level bears."""
    taken = {field["title"] for field in fields_of(definition, within).values()}
    number, free = 2, title
    while free in taken:
        free, number = f"{title} {number}", number + 1
    return free


def _insert(
    definition: Mapping[str, Any], field: Definition, *, after: str, within: str, prefix: str
) -> tuple[Definition, str]:
    fields = fields_of(definition, within)
    name = free_code(code_from(field["title"], prefix="" if within else prefix), fields)
    behind = split(after)[1] if after and split(after)[0] == within else ""
    section = fields.get(behind, {}).get("x-section")
    if section and not within:
        field = {**field, "x-section": section}
    changed: dict[str, Any] = {}
    for other, value in fields.items():
        changed[other] = value
        if other == behind:
            changed[name] = field
    changed.setdefault(name, field)
    result = _with_fields(definition, within, changed)
    return (result if within or prefix else _place_at_first(result, name)), join(within, name)


def _place_at_first(definition: Definition, name: str) -> Definition:
    """A new field of an own form goes into the list while that is short. What names the record stays open: the rule
    of the compiled form finds the name once it is known which field is the code."""
    type_ = definition["properties"][name]["x-type"]
    listed = list(definition.get("x-list", ()))
    if may(type_, "listed") and len(listed) < LISTED_AT_FIRST:
        definition = {**definition, "x-list": [*listed, name]}
    return definition


def remove(definition: Mapping[str, Any], path: str) -> Definition:
    """The definition without the field; it also leaves the list, the key and the label."""
    find(definition, path)
    within, name = split(path)
    fields = {other: value for other, value in fields_of(definition, within).items() if other != name}
    required = [other for other in required_of(definition, within) if other != name] or None
    result = _with_fields(definition, within, fields, required=required)
    return result if within else _replace_mentions(result, name, None)


def rename(definition: Mapping[str, Any], path: str, name: str) -> Definition:
    """The definition with another code for the field; WrongProperty where the code cannot be taken."""
    within, old = split(path)
    fields = fields_of(definition, within)
    if name == old:
        return dict(definition)
    if not CODE.fullmatch(name):
        raise WrongProperty(_("代码以小写字母开头，只含小写字母、数字和下划线，最多 40 个"))
    if name in fields:
        raise WrongProperty(_("代码 {name} 已被字段“{title}”使用", name=name, title=fields[name]["title"]))
    renamed = {name if other == old else other: value for other, value in fields.items()}
    required = [name if other == old else other for other in required_of(definition, within)] or None
    result = _in_formulas(_with_fields(definition, within, renamed, required=required), within, old, name)
    return result if within else _replace_mentions(result, old, name)


def _in_formulas(definition: Definition, within: str, old: str, new: str) -> Definition:
    """The definition with every formula speaking of the field by its new code."""

    def spoken(fields: Mapping[str, Any], owner: str) -> Definition:
        found = {}
        for name, field in fields.items():
            changed = dict(field)
            for key, part, text in every_formula(field):
                after = formula_renamed(text, old, new, owner=owner)
                changed[key] = {**changed[key], part: after} if part else after
            found[name] = changed
        return found

    if within:
        definition = _with_fields(definition, within, spoken(fields_of(definition, within), ""))
    fields = spoken(fields_of(definition), within)
    rules = [{**one, "when": formula_renamed(one["when"], old, new, owner=within),
              **({"field": new} if one.get("field") == old and not within else {})}
             for one in definition.get("x-rules", ())]  # fmt: skip
    return {**_with_fields(definition, "", fields), **({"x-rules": rules} if rules else {})}


def _replace_mentions(definition: Definition, old: str, new: str | None) -> Definition:
    for key in ("x-list", "x-key"):
        if old in definition.get(key, ()):
            names = [new if name == old else name for name in definition[key]]
            definition = {**definition, key: [name for name in names if name] or None}
    if definition.get("x-label") == old:
        definition = {**definition, "x-label": new}
    return with_mentions(_without_none(definition), old, new)


def move(
    definition: Mapping[str, Any], path: str, *, by: int = 0, before: str = "", after: str = "", joins: bool = True
) -> Definition:
    """The definition with the field right `before` or `after` another, else `by` places further.

    A field dropped among others joins the section of the one it was dropped at, if it `joins`.
    """
    find(definition, path)
    within, name = split(path)
    fields = dict(fields_of(definition, within))
    names = list(fields)
    anchor = split(before or after)[1]
    target = max(0, min(len(names) - 1, names.index(name) + by))
    names.remove(name)
    if anchor in names:
        target = names.index(anchor) + (0 if before else 1)
    names.insert(target, name)
    if not within and joins:
        section = fields[anchor].get("x-section") if anchor in fields else _section_at(fields, names, target)
        fields[name] = _without_none({**fields[name], "x-section": section})
    return _with_fields(definition, within, {other: fields[other] for other in names})


def _section_at(fields: Mapping[str, Any], names: Sequence[str], place: int) -> str | None:
    """The section of the field at `place`: its own if a neighbour shares it, else that of its neighbour."""
    own = fields[names[place]].get("x-section")
    near = [fields[names[n]].get("x-section") for n in (place - 1, place + 1) if 0 <= n < len(names)]
    return own if own in near or not near else near[0]  # type: ignore[no-any-return]


Parse = Callable[[Mapping[str, Any], str], Any]
Compile = Callable[[Mapping[str, Any]], Form]


def set_properties(
    definition: Mapping[str, Any], path: str, values: Mapping[str, str], *, parse_default: Parse, compiled: Compile
) -> tuple[Definition, list[Problem]]:
    """The definition with the typed `values` that can be taken, and a problem for each that cannot.

    `parse_default` reads a typed default by the field it is for; `compiled` is the form among its tenant's others,
    for formulas that read those.
    """
    within, name = split(path)
    result, problems = dict(definition), []
    allowed = properties_of(find(definition, path)["x-type"], in_rows=bool(within))
    for property_ in allowed:
        if property_ not in values or property_ not in PARSERS:
            continue
        try:
            if property_ == "default":
                value = parse_default(find(result, path), values["default"])
                if value is None and isinstance(find(result, path).get("x-default"), Mapping):
                    continue  # it is worked out: nothing fixed was typed instead
            elif property_ in FORMULAS:
                value = read_formula(compiled(result), path, values[property_], property_)
            else:
                value = PARSERS[property_](values[property_])
            result = _set(result, within, name, property_, value)
        except WrongProperty as error:
            problems.append(Problem(property_, "wrong", str(error)))
    return result, problems


def _set(definition: Definition, within: str, name: str, property_: str, value: Any) -> Definition:
    fields = fields_of(definition, within)
    if property_ == "required" and not value and name in definition.get("x-key", ()) and not within:
        raise WrongProperty(_("唯一标识必须填写；请先关闭“唯一标识”"))
    if property_ == "required":
        names = _toggle(required_of(definition, within), name, value, fields)
        return _with_fields(definition, within, fields, required=names or None)
    if property_ in ("listed", "key"):
        key = "x-list" if property_ == "listed" else "x-key"
        if property_ == "key" and value:  # what tells records apart cannot be empty
            definition = _set(definition, within, name, "required", True)
        return _without_none({**definition, key: _toggle(definition.get(key, ()), name, value) or None})
    if property_ == "label":
        current = definition.get("x-label")
        return _without_none({**definition, "x-label": name if value else None if current == name else current})
    if property_ in PARTS:
        return _with_fields(definition, within, {**fields, name: with_part(fields[name], property_, value)})
    key = keyword_of(property_)
    if value is False and property_ != "default" and not (property_ == "pii" and fields[name]["x-type"] == "idcard"):
        value = None  # what is off needs no mention; an ID card is personal unless said otherwise
    field = _without_none({**fields[name], key: value})
    return _with_fields(definition, within, {**fields, name: field})


def _toggle(names: Sequence[str], name: str, on: bool, order: Mapping[str, Any] | None = None) -> list[str]:
    kept = [other for other in names if other != name]
    if not on:
        return kept
    if name in names:
        return list(names)
    chosen = {*kept, name}
    return [other for other in order if other in chosen] if order is not None else [*kept, name]


def retype(definition: Mapping[str, Any], path: str, type_: str) -> Definition:
    """The definition with another type for the field; properties that the type has are kept, the rest is dropped."""
    within, name = split(path)
    old = find(definition, path)
    if old["x-type"] == type_:
        return dict(definition)
    keys = {keyword_of(p) for p in properties_of(type_, in_rows=bool(within))} - {"", "x-default", "x-choices"}
    if type_ in ("choice", "choices") and old["x-type"] in ("choice", "choices"):
        keys.add("x-choices")
    kept = {key: value for key, value in old.items() if key in keys}
    field = {**blank(type_, old["title"], column=bool(within)), **kept}
    fields = {**fields_of(definition, within), name: field}
    result = _with_fields(definition, within, fields)
    if within:
        return result
    for property_ in ("listed", "key", "label"):
        if not may(type_, property_):
            result = _set(result, "", name, property_, False)
    return result


def beside_section(definition: Mapping[str, Any], path: str) -> Definition:
    """The definition with the field moved behind the last of its section, so that a section stays together."""
    fields = fields_of(definition)
    if path not in fields:
        return dict(definition)
    names, section = list(fields), fields[path].get("x-section")
    place = names.index(path)
    near = [names[n] for n in (place - 1, place + 1) if 0 <= n < len(names)]
    others = [name for name in names if name != path and fields[name].get("x-section") == section]
    if not others or any(name in others for name in near):
        return dict(definition)
    rest = [name for name in names if name != path]
    rest.insert(rest.index(others[-1]) + 1, path)
    return _with_fields(definition, "", {name: fields[name] for name in rest})


def rename_section(definition: Mapping[str, Any], old: str, new: str) -> Definition:
    """The definition with another heading for the fields under `old`; "" takes the heading away."""
    fields = {
        name: _without_none({**field, "x-section": new or None}) if field.get("x-section", "") == old else field
        for name, field in fields_of(definition).items()
    }
    return _with_fields(definition, "", fields)


def with_choices(definition: Mapping[str, Any], path: str, choices: Sequence[Mapping[str, Any]]) -> Definition:
    """The definition with other choices for the field; a default that is no longer among them goes."""
    within, name = split(path)
    field = {**find(definition, path), "x-choices": list(choices)}
    values = {choice["value"] for choice in choices}
    default = field.get("x-default")
    if default is not None and not set(default if isinstance(default, list) else [default]) <= values:
        del field["x-default"]
    field.pop("enum", None)
    return _with_fields(definition, within, {**fields_of(definition, within), name: field})
