"""The states and steps of a form: compiled from its definition, and checked for sense; taking a step is core.flow's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.errors import Problem
from core.forms.law import MOST_STATES
from core.forms.model import Choice, Field, Flow, State, Step
from core.i18n import _


def flow_of(body: Mapping[str, Any], fields: Mapping[str, Field], *, lang: str) -> Flow | None:
    """The flow of a definition; None where it has none, or where old stock names a field that is gone."""
    said = body.get("x-states")
    holder = fields.get(said.get("field") or "") if isinstance(said, Mapping) else None
    if said is None or holder is None or holder.type != "choice":
        return None
    per_state = said.get("states") or {}
    words = ((body.get("x-translations") or {}).get(lang) or {}).get("steps") or {}
    states = {one.value: _state(one, per_state.get(one.value) or {}) for one in holder.choices}
    steps = tuple(_step(one, words.get(one["code"]) or {}) for one in body.get("x-flow") or ())
    return Flow(field=holder.name, initial=said["initial"], states=states, steps=steps)


def _state(choice: Choice, said: Mapping[str, Any]) -> State:
    fixed = said.get("read_only") or ()
    return State(
        code=choice.value,
        title=choice.title,
        color=choice.color,
        final=said.get("final", False),
        read_only=None if fixed is True else frozenset(fixed),
        required=frozenset(said.get("required") or ()),
    )


def _step(said: Mapping[str, Any], words: Mapping[str, str]) -> Step:
    return Step(
        code=said["code"],
        title=words.get("title") or said["title"],
        sources=tuple(said["from"]),
        target=said["to"],
        roles=tuple(said.get("roles") or ()),
        when=said.get("when") or "",
        message=words.get("message") or said.get("message") or "",
        required=tuple(said.get("required") or ()),
        comment=said.get("comment", "optional"),
        apart=tuple(said.get("apart") or ()),
    )


def flow_faults(definition: Mapping[str, Any]) -> Iterator[Problem]:
    """What makes no sense in the states and steps of a definition that keeps the law; conditions apart."""
    said, steps = definition.get("x-states"), definition.get("x-flow") or ()
    if said is None:
        if steps:
            yield Problem("x-flow", "states", _("有办理步骤却没有状态，请先在 x-states 里说明状态字段"))
        return
    properties = definition["properties"]
    holder = properties.get(said["field"])
    if holder is None or holder["x-type"] != "choice":
        yield Problem("x-states.field", "field", _("状态字段应是本表单的一个单选字段，请换一个"))
        return
    if holder.get("x-computed") or holder.get("x-formula"):
        yield Problem("x-states.field", "field", _("状态只由办理步骤改变，不能再用公式或模块计算"))
    states = [choice["value"] for choice in holder["x-choices"]]
    if len(states) > MOST_STATES:
        yield Problem("x-states.field", "limit", _("状态太多了，最多 {n} 个", n=MOST_STATES))
    yield from _start(said, holder, states)
    names = properties.keys() - {said["field"]}
    for code, one in (said.get("states") or {}).items():
        place = f"x-states.states.{code}"
        yield from _among(place, [code], states, state=True)
        for key in ("read_only", "required"):
            listed = one.get(key) if isinstance(one.get(key), list) else ()
            yield from _among(f"{place}.{key}", listed or (), names)
    yield from _step_faults(definition, states, names)


def _start(said: Mapping[str, Any], holder: Mapping[str, Any], states: list[str]) -> Iterator[Problem]:
    yield from _among("x-states.initial", [said["initial"]], states, state=True, one=True)
    if holder.get("x-default", said["initial"]) != said["initial"]:
        message = _("状态字段的默认值应与起始状态一致，或者不写")
        yield Problem(f"properties.{said['field']}.x-default", "default", message)


def _step_faults(definition: Mapping[str, Any], states: list[str], names: Any) -> Iterator[Problem]:
    steps = definition.get("x-flow") or ()
    codes = [one["code"] for one in steps]
    ends = {code for code, one in (definition["x-states"].get("states") or {}).items() if one.get("final")}
    typed = {name for name in names if not definition["properties"][name].get("x-computed")}
    for number, one in enumerate(steps):
        place = f"x-flow.{number}"
        if codes.index(one["code"]) < number:
            yield Problem(f"{place}.code", "repeated", _("步骤“{code}”重复了，请换个代码", code=one["code"]))
        yield from _among(f"{place}.from", one["from"], states, state=True)
        yield from _among(f"{place}.to", [one["to"]], states, state=True, one=True)
        for source in one["from"]:
            if source in ends:
                message = _("“{state}”是终态，不能再有步骤；请取消终态或去掉它", state=source)
                yield Problem(f"{place}.from", "final", message)
        yield from _among(f"{place}.required", one.get("required") or (), typed)
        for other in one.get("apart") or ():
            if other not in codes or other == one["code"]:
                message = _("没有另一个叫“{code}”的步骤，请核对写法", code=other)
                yield Problem(f"{place}.apart", "step", message)


def _among(place: str, given: Any, known: Any, *, state: bool = False, one: bool = False) -> Iterator[Problem]:
    for number, name in enumerate(given):
        if name not in known:
            text = _("没有叫“{name}”的状态，请从状态字段的选项中选") if state else _("没有叫“{name}”的可填字段，请核对")
            yield Problem(place if state or one else f"{place}.{number}", "field", text.format(name=name))


def role_faults(definition: Mapping[str, Any], roles: Any) -> Iterator[Problem]:
    """Steps of a module's form whose roles neither the module nor the platform offers."""
    for number, one in enumerate(definition.get("x-flow") or ()):
        for role in one.get("roles") or ():
            if role not in roles:
                message = _("没有叫“{role}”的角色，请在 module.json 的 roles 里写上它", role=role)
                yield Problem(f"x-flow.{number}.roles", "role", message)


def step_words_faults(definition: Mapping[str, Any]) -> Iterator[Problem]:
    """Translations of steps that are not there."""
    codes = {one["code"] for one in definition.get("x-flow") or ()}
    for lang, words in (definition.get("x-translations") or {}).items():
        for code in words.get("steps") or {}:
            if code not in codes:
                message = _("没有另一个叫“{code}”的步骤，请核对写法", code=code)
                yield Problem(f"x-translations.{lang}.steps.{code}", "step", message)


def diff_flows(old: Flow | None, new: Flow | None, titles: Mapping[str, str]) -> list[str]:
    """What a new version changes of states and steps, a sentence each."""
    if new is None:
        return [_("不再有状态和办理步骤；状态变回普通字段，可以直接修改")] if old else []
    if old is None:
        names = _("、").join(state.title for state in new.states.values())
        return [_("启用状态：{names}；此后只能通过办理步骤改变状态", names=names)]
    said = []
    if old.field != new.field:
        said.append(_("状态改由另一个字段记载，此后只能通过办理步骤改变它"))
    if old.initial != new.initial:
        said.append(_("新建的内容从“{state}”开始", state=new.state(new.initial).title))
    for code, state in new.states.items():
        said += _state_changes(old.states.get(code), state, titles)
    before = {one.code: one for one in old.steps}
    after = {one.code: one for one in new.steps}
    fresh = [one for code, one in after.items() if code not in before]
    said += [_("新增步骤“{step}”：{way}", step=one.title, way=way_of(new, one)) for one in fresh]
    said += [_("删除步骤“{step}”", step=one.title) for code, one in before.items() if code not in after]
    for code, one in after.items():
        if code in before:
            said += _step_changes(new, before[code], one)
    if not said and list(before) != list(after):
        said.append(_("调整步骤的顺序"))
    return said


def way_of(flow: Flow, step: Step) -> str:
    """From where to where a step leads, in titles."""
    return f"{_('、').join(flow.state(one).title for one in step.sources)} → {flow.state(step.target).title}"


def _state_changes(old: State | None, new: State, titles: Mapping[str, str]) -> list[str]:
    old = old or State(code=new.code, title=new.title)
    said = []
    if old.final != new.final:
        text = _("“{state}”改为终态") if new.final else _("“{state}”不再是终态")
        said.append(text.format(state=new.title))
    if old.read_only != new.read_only:
        fixed = _("全部内容") if new.read_only is None else _listed(new.read_only, titles)
        said.append(_("“{state}”时不能修改：{fields}", state=new.title, fields=fixed))
    if old.required != new.required:
        said.append(_("“{state}”时必须填写：{fields}", state=new.title, fields=_listed(new.required, titles)))
    return said


def _listed(names: Any, titles: Mapping[str, str]) -> str:
    return _("、").join(title for name, title in titles.items() if name in names) or _("无")


def _step_changes(flow: Flow, old: Step, new: Step) -> list[str]:
    said = []
    if old.title != new.title:
        said.append(_("步骤改名：“{old}”改为“{new}”", old=old.title, new=new.title))
    if (old.sources, old.target) != (new.sources, new.target):
        said.append(_("步骤“{step}”改为：{way}", step=new.title, way=way_of(flow, new)))
    parts = {
        _("办理角色"): (old.roles, new.roles),
        _("条件"): ((old.when, old.message), (new.when, new.message)),
        _("要填写的字段"): (old.required, new.required),
        _("意见要求"): (old.comment, new.comment),
        _("职责分离"): (old.apart, new.apart),
    }
    changed = _("、").join(name for name, (before, after) in parts.items() if before != after)
    return [*said, _("修改步骤“{step}”的{parts}", step=new.title, parts=changed)] if changed else said
