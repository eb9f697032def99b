"""Computed fields that read other forms: who reads whom, circles across forms, and what a change would break."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import Problem
from core.forms.formulas import Step, every_field, formula_faults, formula_texts, plan_of
from core.forms.model import Field, Form
from core.forms.scopes import source_of
from core.formulas import Formula
from core.i18n import _

Place = tuple[str, str]  # form, field


@dataclass(frozen=True, slots=True)
class Reader:
    """A computed field that reads the form it is kept under.

    `by` is a reference: of the reader's own form where it looks through it; of the form that is read where what
    refers to the reader's records is gathered. `watched`: fields of the form that is read whose change counts.
    """

    form: str
    field: str
    by: str
    gathered: bool
    watched: frozenset[str]


def readers_of(forms: Any) -> Mapping[str, tuple[Reader, ...]]:
    """For each form of the set that is read by others, or by itself: who reads it. Found out once per set."""
    if forms.readers is None:
        found: dict[str, list[Reader]] = {}
        for form in forms.all():
            for step in plan_of(form).steps:
                for source, reader in _readers(form, step):
                    found.setdefault(source, []).append(reader)
        forms.readers = {source: tuple(some) for source, some in found.items()}
    return forms.readers  # type: ignore[no-any-return]


def _readers(form: Form, step: Step) -> Iterator[tuple[str, Reader]]:
    if step.formula is None:
        return
    name, fields = step.field.name, {field.name: field for field in every_field(form)}
    for by in {by for by, _member in step.formula.lookups}:
        watched = frozenset(member for one, member in step.formula.lookups if one == by)
        yield fields[by].ref or "", Reader(form.name, name, by, gathered=False, watched=watched)
    for owner in {what.owner for what in step.formula.gathers}:
        source, by = source_of(owner)
        used = {field for what in step.formula.gathers if what.owner == owner for field in (what.member, what.test)}
        yield source, Reader(form.name, name, by, gathered=True, watched=frozenset(used - {""} | {by}))


def reads_beyond(form: Form) -> frozenset[str]:
    """The computed fields of `form` that depend on other records, directly or by fields that do."""
    found: set[str] = set()
    for step in plan_of(form).steps:
        if step.formula and (step.formula.lookups or step.formula.gathers or step.formula.names & found):
            found.add(step.field.name)
    return frozenset(found)


def across_faults(form: Form) -> Iterator[Problem]:
    """What is wrong with how `form`, standing among others, reads them and is read by them."""
    for step in plan_of(form).steps:
        yield from _unsafe(form, step)
    circle = _circle(form)
    if circle:
        way = " → ".join(_titled(form.forms, place) for place in (*circle, circle[0]))
        message = _("公式在表单之间引用成了一圈：{way}，请改掉其中一个", way=way)
        yield Problem(f"properties.{circle[0][1]}.x-formula", "circle", message)


def _unsafe(form: Form, step: Step) -> Iterator[Problem]:
    """A key that moves by itself could meet another; personal data stays marked wherever it is copied to."""
    if step.formula is None or not (step.formula.lookups or step.formula.gathers):
        return
    place, title = f"properties.{step.field.name}.x-formula", step.field.title
    if step.field.name in form.key:
        yield Problem(place, "key", _("“{title}”是唯一标识，它的公式不能取别的记录", title=title))
    if not step.field.pii and any(one.pii for one in _looked_at(form, step.formula)):
        message = _("公式取了个人信息，请把“{title}”也标为个人信息", title=title)
        yield Problem(place, "pii", message)


def _looked_at(form: Form, formula: Formula) -> Iterator[Field]:
    for source, field in sources(form, formula):
        found = form.forms.find(source) if form.forms else None
        if found is not None and field in found.fields:
            yield found.fields[field]


def sources(form: Form, formula: Formula) -> Iterator[Place]:
    """Every (form, field) of other records that `formula` reads."""
    fields = {field.name: field for field in every_field(form)}
    for by, member in formula.lookups:
        yield fields[by].ref or "", member
    for what in formula.gathers:
        source, by = source_of(what.owner)
        yield from ((source, name) for name in (what.member, what.test, by) if name)


def _circle(form: Form) -> tuple[Place, ...]:
    """A way from a computed field of `form` through other records back to itself; () where there is none."""
    needs: dict[str, dict[str, set[Place]]] = {}

    def ahead(place: Place) -> set[Place]:
        if place[0] not in needs:
            found = form.forms.find(place[0])
            needs[place[0]] = _needs(found) if found is not None else {}
        return needs[place[0]].get(place[1], set())

    for step in plan_of(form).steps:
        start = (form.name, step.field.name)
        way: dict[Place, Place | None] = dict.fromkeys(ahead(start))
        waiting = list(way)
        while waiting:
            place = waiting.pop()
            if place == start:
                return _back(way, start)
            for one in ahead(place):
                if one not in way:
                    way[one] = place
                    waiting.append(one)
    return ()


def _needs(form: Form) -> dict[str, set[Place]]:
    found = {}
    for step in plan_of(form).steps:
        inside = {(form.name, name) for name in step.names if name != step.field.name}
        found[step.field.name] = inside | set(sources(form, step.formula)) if step.formula else inside
    return found


def _back(way: Mapping[Place, Place | None], start: Place) -> tuple[Place, ...]:
    steps, place = [start], way[start]
    while place is not None:
        steps.append(place)
        place = way[place]
    return (start, *reversed(steps[1:]))


def _titled(forms: Any, place: Place) -> str:
    form = forms.find(place[0])
    field = {one.name: one for one in every_field(form)}.get(place[1]) if form else None
    return f"“{form.title}.{field.title}”" if form and field else f"“{place[0]}.{place[1]}”"


def broken_elsewhere(form: Form, before: Any) -> Iterator[Problem]:
    """Formulas of other forms that worked `before` (a FormSet) and would not with `form` as it stands now."""
    for other in form.forms.all():
        if other.name == form.name or not _reads(other, form):
            continue
        known = {(p.field, p.code) for p in formula_faults(before.get(other.name))} if other.name in before else set()
        for fault in formula_faults(other):
            if (fault.field, fault.code) not in known:
                words = {"form": other.title, "message": fault.message}
                yield Problem("properties", "used", _("“{form}”的公式就不能用了：{message}。请先改掉它", **words))
                break


def _reads(other: Form, form: Form) -> bool:
    """Whether a formula of `other` may speak of `form`: through a reference to it, or of what of it refers there."""
    fields = every_field(other)
    texts = list(formula_texts(other, fields))
    through = any(field.ref == form.name for field in fields) and any("." in text for text in texts)
    return through or any(f"[{form.name}." in text for text in texts)
