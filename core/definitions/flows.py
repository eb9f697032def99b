"""States and steps as a designer edits them: what was typed becomes x-states and x-flow; nothing is stored here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from core.definitions import choices
from core.definitions.codes import code_from, free_code
from core.definitions.formulas import read_condition
from core.definitions.properties import WrongProperty
from core.forms.law import COMMENTS, MOST_STATES, MOST_STEPS
from core.formulas import renamed as formula_renamed
from core.i18n import _

LONGEST_STEP, LONGEST_MESSAGE = 20, 200
ALL, SOME = "all", "some"  # what a state keeps: all of the record, or some fields

Definition = dict[str, Any]


class Typed(Protocol):
    def one(self, name: str, default: str = "") -> str: ...
    def all(self, name: str) -> list[str]: ...
    def has(self, name: str) -> bool: ...


def edit(definition: Mapping[str, Any], typed: Typed, *, overlay: bool) -> Definition:
    """The definition after one edit of its states or steps; WrongProperty says what cannot be taken."""
    what, _colon, place = typed.one("do").partition(":")
    if what == "begin" and not overlay:
        return _begun(definition, typed.one("holder"))
    if "x-states" not in definition:
        raise WrongProperty(_("这张表单还没有启用状态"))
    if what == "states":
        return _with_states(definition, typed, place, overlay=overlay)
    if what == "step":
        return _with_step(definition, typed.one("step"), typed)
    if overlay:
        raise WrongProperty(_("模块的状态和步骤不能增减，也不能改变走向"))
    if what == "end":
        return {key: value for key, value in definition.items() if key not in ("x-states", "x-flow")}
    steps = {"add": _added, "remove": _removed, "up": _raised, "down": _lowered}
    if what not in steps:
        raise WrongProperty(_("没有这种修改：{op}", op=what[:20]))
    return {**definition, "x-flow": steps[what](definition, place, typed)}


def _begun(definition: Mapping[str, Any], holder: str) -> Definition:
    """A choice of the form becomes its state; without one, a new field with three states to begin with."""
    fields = dict(definition.get("properties", {}))
    if not holder:
        holder = free_code("state", fields)
        titles = ((_("待处理"), "grey"), (_("处理中"), "blue"), (_("已完成"), "green"))
        values = ("todo", "doing", "done")
        made = [{"value": v, "title": t, "color": c} for v, (t, c) in zip(values, titles, strict=True)]
        names = {field["title"] for field in fields.values()}
        title = _("状态") if _("状态") not in names else _("办理状态")
        fields[holder] = {"title": title, "x-type": "choice", "x-choices": made}
        listed = definition.get("x-list")
        definition = {**definition, **({"x-list": [*listed, holder]} if listed else {})}
    field = fields.get(holder)
    if field is None or field["x-type"] != "choice" or not field.get("x-choices"):
        raise WrongProperty(_("请选择一个单选字段作为状态"))
    states = [choice["value"] for choice in field["x-choices"]]
    fields[holder] = {key: value for key, value in field.items() if key not in ("x-default", "x-formula")}
    flow = [
        {"code": f"to_{code_from(after['value'])}", "title": _("转为{state}", state=after["title"])[:LONGEST_STEP],
         "from": [before["value"]], "to": after["value"]}
        for before, after in zip(field["x-choices"], field["x-choices"][1:], strict=False)
    ]  # fmt: skip
    return {**definition, "properties": fields, "x-states": {"field": holder, "initial": states[0]}, "x-flow": flow}


def _with_states(definition: Mapping[str, Any], typed: Typed, place: str, *, overlay: bool) -> Definition:
    said = definition["x-states"]
    fields, holder = definition["properties"], said["field"]
    known = fields[holder]["x-choices"]
    rows = known if overlay else _rows(known, typed, place)
    codes = [row["value"] for row in rows]
    per_state = {code: _state(code, typed, said, fields, overlay=overlay) for code in codes}
    initial = typed.one("initial") if not overlay and typed.one("initial") in codes else said["initial"]
    states = {code: one for code, one in per_state.items() if one}
    fresh = {"field": holder, "initial": initial if initial in codes else codes[0]}
    result = {**definition, "x-states": {**fresh, **({"states": states} if states else {})}}
    if not overlay:
        result["properties"] = {**fields, holder: {k: v for k, v in fields[holder].items() if k != "enum"}}
        result["properties"][holder]["x-choices"] = rows
        result["x-flow"] = _among(definition.get("x-flow", ()), codes)
    return result


def _rows(known: Sequence[Mapping[str, Any]], typed: Typed, place: str) -> list[dict[str, Any]]:
    values, titles = typed.all("choice_value"), typed.all("choice_title")
    colors = typed.all("choice_color")
    if typed.one("new_state").strip():
        values, titles, colors = [*values, ""], [*titles, typed.one("new_state")], [*colors, ""]
    rows = choices.from_rows(values, titles, colors, known=known)
    what, _colon, number = place.partition(":")
    at = int(number) if number.isascii() and number.isdigit() and len(number) < 4 else 0
    if what == "remove":
        rows = choices.remove(rows, at)
    elif what in ("up", "down"):
        rows = choices.shift(rows, at, -1 if what == "up" else 1)
    if not 1 <= len(rows) <= MOST_STATES:
        raise WrongProperty(_("状态要有 1 到 {n} 个", n=MOST_STATES))
    return rows


def _state(
    code: str, typed: Typed, said: Mapping[str, Any], fields: Mapping[str, Any], *, overlay: bool
) -> dict[str, Any]:
    old = (said.get("states") or {}).get(code) or {}
    if not typed.has(f"lock.{code}"):  # a state that was not on the page keeps what it says
        return dict(old)
    names = [name for name in fields if name != said["field"]]
    chosen = set(typed.all(f"read_only.{code}"))
    lock = typed.one(f"lock.{code}")
    kept: Any = True if lock == ALL else [name for name in names if name in chosen] if lock == SOME else []
    wanted = set(typed.all(f"required.{code}"))
    required = [name for name in names if name in wanted]
    final = bool(old.get("final")) if overlay else code in typed.all("final")
    found = {"final": final, "read_only": kept, "required": required}
    return {key: value for key, value in found.items() if value}


def _among(steps: Iterable[Mapping[str, Any]], codes: Sequence[str]) -> list[dict[str, Any]]:
    """The steps without those that lead from or to a state that is gone."""
    found = []
    for step in steps:
        sources = [code for code in step["from"] if code in codes]
        if sources and step["to"] in codes:
            found.append({**step, "from": sources})
    return without_steps(found)


def without_steps(steps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The steps, none of them apart from one that is not there."""
    codes = {step["code"] for step in steps}
    found = []
    for step in steps:
        apart = [code for code in step.get("apart", ()) if code in codes]
        rest = {key: value for key, value in step.items() if key != "apart"}
        found.append({**rest, **({"apart": apart} if apart else {})})
    return found


def _with_step(definition: Mapping[str, Any], code: str, typed: Typed) -> Definition:
    """The definition with one step as typed; what was not on the page stays."""
    steps = definition.get("x-flow", [])
    old = next((step for step in steps if step["code"] == code), None)
    if old is None:
        raise WrongProperty(_("没有这个步骤，可能刚被改掉"))
    fresh = {**old, **_typed_step(definition, code, typed)}
    tidy = {key: value for key, value in fresh.items() if value not in (None, "", [])}
    return {**definition, "x-flow": [tidy if step["code"] == code else step for step in steps]}


def _typed_step(definition: Mapping[str, Any], code: str, typed: Typed) -> dict[str, Any]:
    states = [one["value"] for one in definition["properties"][definition["x-states"]["field"]]["x-choices"]]
    found: dict[str, Any] = {}
    if typed.has("title"):
        found["title"] = _step_title(typed.one("title"))
    if typed.has("to"):
        sources = [one for one in states if one in typed.all("from")]
        if not sources or typed.one("to") not in states:
            raise WrongProperty(_("请选择步骤从哪些状态开始、到哪个状态"))
        found |= {"from": sources, "to": typed.one("to")}
    if typed.has("when"):
        found["when"] = read_condition(definition, typed.one("when"))
        found["message"] = " ".join(typed.one("message").split())[:LONGEST_MESSAGE]
    if typed.has("comment"):  # the boxes that may all be empty came with it
        found["comment"] = typed.one("comment") if typed.one("comment") in COMMENTS else "optional"
        found["roles"] = list(dict.fromkeys(typed.all("role")))
        found["required"] = [name for name in definition["properties"] if name in typed.all("required")]
        others = [step["code"] for step in definition.get("x-flow", ()) if step["code"] != code]
        found["apart"] = [one for one in others if one in typed.all("apart")]
    return found


def _step_title(text: str) -> str:
    title = " ".join(text.split())
    if not title or len(title) > LONGEST_STEP:
        raise WrongProperty(_("步骤的名称用一个动词，1 到 {n} 个字，例如 提交、批准", n=LONGEST_STEP))
    return title


def _added(definition: Mapping[str, Any], place: str, typed: Typed) -> list[dict[str, Any]]:
    steps = [dict(step) for step in definition.get("x-flow", ())]
    if len(steps) >= MOST_STEPS:
        raise WrongProperty(_("步骤太多了，最多 {n} 个", n=MOST_STEPS))
    title = _step_title(typed.one("title"))
    code = free_code(code_from(title, fallback="step"), {step["code"] for step in steps})
    return [*steps, {"code": code, "title": title, **_way(definition, typed)}]


def _way(definition: Mapping[str, Any], typed: Typed) -> dict[str, Any]:
    found = _typed_step(definition, "", typed)
    return {"from": found["from"], "to": found["to"]} if "to" in found else {}


def _removed(definition: Mapping[str, Any], place: str, typed: Typed) -> list[dict[str, Any]]:
    return without_steps([step for step in definition.get("x-flow", ()) if step["code"] != place])


def _raised(definition: Mapping[str, Any], place: str, typed: Typed) -> list[dict[str, Any]]:
    return _moved(definition, place, -1)


def _lowered(definition: Mapping[str, Any], place: str, typed: Typed) -> list[dict[str, Any]]:
    return _moved(definition, place, 1)


def _moved(definition: Mapping[str, Any], code: str, by: int) -> list[dict[str, Any]]:
    steps = [dict(step) for step in definition.get("x-flow", ())]
    at = next((n for n, step in enumerate(steps) if step["code"] == code), None)
    if at is not None:
        steps.insert(max(0, at + by), steps.pop(at))
    return steps


def with_mentions(definition: Definition, old: str, new: str | None) -> Definition:
    """The definition whose states and steps speak of a field by its new code, or (None) no longer of it."""
    said = definition.get("x-states")
    if said is None:
        return definition
    if said["field"] == old and new is None:
        return {key: value for key, value in definition.items() if key not in ("x-states", "x-flow")}

    def names(given: Any) -> Any:
        return given if given is True else [new if one == old else one for one in given if one != old or new]

    def tidy(one: Mapping[str, Any]) -> dict[str, Any]:
        found = {key: names(value) if key in ("read_only", "required") else value for key, value in one.items()}
        return {key: value for key, value in found.items() if value != []}

    states = {code: tidy(one) for code, one in (said.get("states") or {}).items()}
    holder = new if said["field"] == old else said["field"]
    steps = [tidy(step) for step in definition.get("x-flow", ())]
    if new:
        steps = [{**s, "when": formula_renamed(s["when"], old, new, owner="")} if s.get("when") else s for s in steps]
    return {**definition, "x-states": {**said, "field": holder, "states": states}, "x-flow": steps}
