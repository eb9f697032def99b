"""From what a writer asked for to what would be stored: merging, cleaning, checking and telling; no database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from core import exact
from core.errors import Problem
from core.forms import broken, check, clean, compute, key_of, slot_values, standings
from core.formulas import Scene
from core.i18n import _
from core.records.grams import grams, texts_of

if TYPE_CHECKING:
    from core.forms.model import Field, Flow, Form


@dataclass(frozen=True, slots=True)
class Touch:
    """Which fields of one record its writer may see, and which write."""

    visible: frozenset[str]
    writable: frozenset[str]
    locked: frozenset[str] = frozenset()  # that the record's state keeps as they are
    sealed: bool = False  # its state keeps all of it
    state: str = ""  # the title of that state


@dataclass(frozen=True, kw_only=True)
class Draft:
    """One record as it would be stored. `data` and `before` hold every field, also those its writer may not see."""

    before: Mapping[str, Any]
    data: Mapping[str, Any]
    asked: frozenset[str]  # fields the writer gave
    computed: frozenset[str] = frozenset()  # fields that modules gave
    preset: Mapping[str, Any] = field(default_factory=dict)  # of a new record: the fixed defaults of all its fields
    fresh: frozenset[str] = frozenset()  # of a new record: fields nobody mentioned
    problems: tuple[Problem, ...] = ()

    @cached_property
    def changes(self) -> dict[str, tuple[Any, Any]]:
        """field -> (before, after), only where they differ."""
        if not self.before:
            return {name: (None, value) for name, value in self.data.items()}
        names = [*self.data, *(name for name in self.before if name not in self.data)]
        pairs = {name: (self.before.get(name), self.data.get(name)) for name in names}
        return {name: pair for name, pair in pairs.items() if differ(*pair)}


def differ(one: Any, other: Any) -> bool:
    """Whether two values are not the same; 1 and 1.0 are, true and 1 are not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is not other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) != len(other) or any(map(differ, one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() != other.keys() or any(differ(value, other[key]) for key, value in one.items())
    return one != other


def known(form: Form, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part of stored data that the form knows, hidden fields included."""
    if data.keys() <= form.fields.keys():
        return data
    return {name: value for name, value in data.items() if name in form.fields or name in form.hidden}


def every_field(form: Form) -> dict[str, Field]:
    """The form's fields and those that an overlay hides."""
    return {**form.fields, **form.hidden}


def propose(
    form: Form,
    *,
    before: Mapping[str, Any],
    changes: Mapping[str, Any],
    touch: Touch,
    cleaned: Mapping[str, Any] | None = None,
) -> Draft:
    """`before` with the `changes` its writer may make; a value of None, or an empty one, empties the field.

    What a module computes is not for writers to give: such values are dropped without a word. A state is not
    either, and another one than it has is a problem: nobody shall believe that it was changed.
    `cleaned`: the changes as clean() leaves them, if that is known already.
    """
    problems, asked = [], {}
    for name, value in changes.items():
        if name not in form.fields:
            message = _("“{form}”没有“{field}”这一项", form=form.title, field=name)
            problems.append(Problem(name, "unknown", message))
        elif form.flow and name == form.flow.field:
            problems += _state_problems(form, before, value, touch=touch)
        elif form.fields[name].computed:
            continue
        elif name in touch.locked and name in touch.visible:
            if differ(before.get(name), value):
                problems.append(_locked_problem(form, name, touch))
        elif name in touch.writable:
            asked[name] = value
        elif name not in touch.visible or differ(before.get(name), value):
            message = _("您没有权限填写“{field}”", field=form.fields[name].title)
            problems.append(Problem(name, "forbidden", message))
    if cleaned is None or len(asked) < len(changes):
        data = _merged(form, before=before, values=asked)
    else:
        data = {**{name: value for name, value in before.items() if name not in asked}, **cleaned}
    if form.flow and form.flow.field not in data and (asked or not before):
        data[form.flow.field] = form.flow.initial
    return Draft(before=before, data=data, asked=frozenset(asked), problems=tuple(problems))


def _state_problems(form: Form, before: Mapping[str, Any], value: Any, *, touch: Touch) -> list[Problem]:
    flow = form.flow
    if flow is None or (flow.field in touch.visible and _keeps_state(flow, before, value)):
        return []
    if flow.field not in touch.visible:
        return [Problem(flow.field, "forbidden", _("您没有权限填写“{field}”", field=form.fields[flow.field].title))]
    words = {"field": form.fields[flow.field].title, "state": flow.state(flow.state_of(before)).title}
    if before:
        message = _("“{field}”只能通过办理步骤改变，现在是“{state}”", **words)
    else:
        message = _("新增的内容都从“{state}”开始，“{field}”以后由办理步骤改变", **words)
    return [Problem(flow.field, "state", message)]


def _keeps_state(flow: Flow, before: Mapping[str, Any], value: Any) -> bool:
    return value == flow.state_of(before) or (not before.get(flow.field) and value in (None, ""))


def _locked_problem(form: Form, name: str, touch: Touch) -> Problem:
    message = _("“{field}”在“{state}”时不能修改", field=form.fields[name].title, state=touch.state)
    return Problem(name, "locked", message)


def bound(form: Form, touch: Touch, data: Mapping[str, Any]) -> Touch:
    """The touch as the state of the stored record leaves it."""
    if form.flow is None:
        return touch
    state = form.flow.state(form.flow.state_of(data))
    locked = frozenset(form.fields) if state.read_only is None else state.read_only
    return replace(
        touch,
        writable=touch.writable - locked - {form.flow.field},
        locked=locked,
        sealed=state.read_only is None,
        state=state.title,
    )


def moved(form: Form, draft: Draft, target: str) -> Draft:
    """The draft in another state."""
    assert form.flow is not None
    return replace(draft, data={**draft.data, form.flow.field: target})


def demanded(form: Form, draft: Draft, names: Iterable[str]) -> list[Problem]:
    """Which of the fields `names`, that a state or step asks for, are still empty."""
    state = form.flow.state(form.flow.state_of(draft.data)).title if form.flow else ""
    known_fields = every_field(form)
    return [
        Problem(name, "required", _("“{state}”时必须填写“{field}”", state=state, field=known_fields[name].title))
        for name in sorted(names)
        if name in known_fields and name not in draft.data
    ]


def begun(form: Form, draft: Draft, *, preset: Mapping[str, Any], given: Iterable[str]) -> Draft:
    """A new record with its fixed defaults. What was not `given` may still take one that is worked out; a field
    that was emptied (None) stays empty."""
    given = set(given)
    values = {name: value for name, value in preset.items() if name not in given}
    fresh = frozenset(name for name in form.fields if name not in given)
    return replace(draft, data={**values, **draft.data}, preset=preset, fresh=fresh)


def with_computed(form: Form, draft: Draft, *, answers: Iterable[Mapping[str, Any]]) -> Draft:
    """The draft with the values that modules computed from it."""
    values = {name: value for answer in answers for name, value in answer.items()}
    strange = values.keys() - every_field(form).keys()
    if strange:
        raise ValueError(f"record_compute: {form.name} has no field {', '.join(sorted(strange))}")
    data = _merged(form, before=draft.data, values=values)
    fresh = frozenset(name for name in values if differ(draft.data.get(name), data.get(name)))
    if form.flow and form.flow.field in fresh:
        raise ValueError(f"record_compute: the state of {form.name} is changed by steps only")
    return replace(draft, data=data, computed=draft.computed | fresh)


def with_formulas(form: Form, draft: Draft, *, scene: Scene) -> Draft:
    """The draft with the values of the form's formulas."""
    values, problems = compute(form, draft.data, scene, fresh=draft.fresh)
    if problems:
        draft = replace(draft, problems=(*draft.problems, *problems))
    return with_computed(form, draft, answers=[values]) if values else draft


def _merged(form: Form, *, before: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    fresh = clean(form, {name: value for name, value in values.items() if value is not None})
    kept = {name: value for name, value in before.items() if name not in values}
    return {**kept, **fresh}


def checked(form: Form, draft: Draft, *, touch: Touch, scene: Scene) -> Draft:
    """The draft with what is wrong by the form's own rules, as far as its writer is told."""
    refused = {problem.field for problem in draft.problems}
    found = [problem for problem in check(form, known(form, draft.data)) if root(problem) not in refused]
    missing = {root(problem) for problem in found}
    if form.flow:
        required = form.flow.state(form.flow.state_of(draft.data)).required - missing - refused
        found += demanded(form, draft, required)
    problems = (*draft.problems, *told(draft, found, touch=touch, creating=not draft.before))
    problems += tuple(told(draft, _unmet(form, draft, scene), touch=touch, creating=not draft.before))
    problems += tuple(_ruled_out(form, draft, touch=touch, scene=scene))
    return replace(draft, problems=problems) if problems else draft


def _unmet(form: Form, draft: Draft, scene: Scene) -> list[Problem]:
    """Fields that must be filled in under their conditions and are not, or were changed though they may not be."""
    found = []
    fields = every_field(form)
    for name, state in standings(form, draft.data, scene).items():
        title = _("“{title}”", title=fields[name].title)
        if state.required and name not in draft.data:
            found.append(Problem(name, "required", title + _("必须填写")))
        elif state.readonly and name in draft.asked and _altered(form, draft, name, scene):
            found.append(Problem(name, "readonly", title + _("现在是只读的，不能修改")))
    return found


def _altered(form: Form, draft: Draft, name: str, scene: Scene) -> bool:
    """Whether the writer gave the field another value than it would have without him."""
    if draft.before:
        return differ(draft.before.get(name), draft.data.get(name))
    without = {key: value for key, value in draft.data.items() if key != name}
    without |= {name: draft.preset[name]} if name in draft.preset else {}
    values, _problems = compute(form, without, scene, fresh=frozenset({name}))
    return differ(values.get(name, without.get(name)), draft.data.get(name))


def _ruled_out(form: Form, draft: Draft, *, touch: Touch, scene: Scene) -> list[Problem]:
    """The rules that the draft breaks, as far as its writer caused that or can mend it."""
    found = []
    for _rule, names, problem in broken(form, draft.data, scene):
        if not draft.before or names & (draft.changes.keys() | touch.writable):
            found.append(problem)
    return discreet(found, touch=touch)


def root(problem: Problem) -> str:
    """The field that holds the place at fault."""
    return problem.field.partition(".")[0]


def told(draft: Draft, problems: Sequence[Problem], *, touch: Touch, creating: bool) -> list[Problem]:
    """Those problems that the writer caused or can mend; what hidden values are stays untold.

    A stored value that no longer fits the form does not stop somebody who may not mend it.
    """
    found: dict[tuple[str, str, str], Problem] = {}
    for problem in problems:
        name = root(problem)
        if not name or name in draft.asked:
            telling = problem
        elif name in touch.writable and (creating or name in touch.visible):
            telling = problem
        elif name in draft.computed:
            telling = problem if name in touch.visible else untold()
        else:
            continue
        found[(telling.field, telling.code, telling.message)] = telling
    return list(found.values())


def discreet(problems: Iterable[Problem], *, touch: Touch) -> list[Problem]:
    """What modules object to: all of it counts, but words about a hidden field are replaced."""
    found = []
    for problem in problems:
        seen = not root(problem) or root(problem) in touch.visible or root(problem) in touch.writable
        found.append(problem if seen else untold())
    return found


def untold() -> Problem:
    return Problem("", "refused", _("有一项您看不到的内容不符合要求，请联系有权限的同事"))


def data_text(form: Form, data: Mapping[str, Any]) -> str:
    """The data as stored: fields in the form's order, then what the form no longer knows."""
    ordered = {name: data[name] for name in form.fields if name in data}
    ordered.update((name, data[name]) for name in sorted(data.keys() - ordered.keys()))
    return exact.dumps(ordered)


def slots_of(form: Form) -> tuple[str, ...]:
    """The slots that the form fills."""
    return tuple(sorted(field.slot for field in every_field(form).values() if field.slot))


def derived(form: Form, data: Mapping[str, Any], *, slots: Sequence[str]) -> dict[str, Any]:
    """The columns that follow from the data: `key` and every one of `slots`."""
    values = slot_values(form, data)
    return {"key": key_of(form, data), **{slot: values.get(slot) for slot in slots}}


def grams_of(form: Form, data: Mapping[str, Any]) -> str:
    """The record's tokens for full-text search."""
    return grams(texts_of(form, data))
