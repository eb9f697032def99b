"""The history of a record in words: who did what when, field by field; no reading from the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from core.forms import Field, Form
from core.i18n import _
from core.records import LOCKED, Change
from ui.values import words

KINDS = {"create": "新建了这条内容", "update": "修改了", "delete": "移到了回收站", "restore": "从回收站恢复了"}
SOURCES = {"api": "通过接口", "import": "通过导入", "module": "由模块", "system": "由系统", "formula": "按公式重新计算"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change. `lines` of a creation are left out: the record itself shows them."""

    revision: int
    at: str
    who: str
    what: str
    source: str
    lines: tuple[Markup, ...]  # a sentence for each field
    revertable: bool
    sealed: int | None
    way: Markup  # of a step that was taken: from where to where
    comment: str


def steps(form: Form, changes: Sequence[Change], labels: Mapping[str, str], *, current: int) -> list[Step]:
    """Newest first. A step may be gone back to unless it is how things stand now."""
    return [_step(form, change, labels, current=current) for change in changes]


def _step(form: Form, change: Change, labels: Mapping[str, str], *, current: int) -> Step:
    taken = form.flow is not None and bool(change.step)
    names = [name for name in change.changes if not (form.flow and taken and name == form.flow.field)]
    lines = [] if change.kind == "create" else [_line(form, name, change.changes[name], labels) for name in names]
    return Step(
        revision=change.revision, at=change.at, who=who(change.by, labels),
        what=_title(form, change.step) if taken else _(KINDS[change.kind]),
        way=_way(form, change) if taken else Markup(""), comment=change.comment,
        source=_(SOURCES[change.source]) if change.source in SOURCES else "", lines=tuple(lines),
        revertable=change.kind in ("create", "update") and change.revision != current, sealed=change.sealed,
    )  # fmt: skip


def _title(form: Form, code: str) -> str:
    """What a step is called; its code where the form no longer has it."""
    step = form.flow.step(code) if form.flow else None
    return step.title if step else code


def _way(form: Form, change: Change) -> Markup:
    """The states that a step led from and to, as chips; one where it led to the same."""
    flow = form.flow
    sides = change.changes.get(flow.field) if flow else None
    if flow is None or sides is None:
        step = flow.step(change.step) if flow else None
        sides = (step.target,) if step else ()
    chip = Markup('<span class="chip {}">{}</span>')
    found = [flow.state(side or flow.initial) for side in sides] if flow else []
    return Markup(" → ").join(chip.format(one.color or "grey", one.title) for one in found)


def who(member: str | None, labels: Mapping[str, str]) -> str:
    """The name of a member; the system where nobody did it."""
    if member is None:
        return _("系统")
    name = labels.get(member, "")
    return name if name and name != LOCKED else _("已离开的成员")


def _line(form: Form, name: str, pair: tuple[Any, Any], labels: Mapping[str, str]) -> Markup:
    """What became of one field, as a sentence."""
    field = form.fields.get(name)
    title, (before, after) = Markup("<q>{}</q>").format(field.title if field else name), pair
    new = Markup("<ins>{}</ins>").format(_value(field, after, labels))
    if before is None:
        return escape(_("填写{field}为 {new}")).format(field=title, new=new)
    old = Markup("<del>{}</del>").format(_value(field, before, labels))
    if after is None:
        return escape(_("清空{field}，原来是 {old}")).format(field=title, old=old)
    return escape(_("把{field}从 {old} 改为 {new}")).format(field=title, old=old, new=new)


def _value(field: Field | None, value: Any, labels: Mapping[str, str]) -> str:
    """In words; as it is stored where the form no longer has the field."""
    return str(value) if field is None or value is None else words(field, value, labels)


def data_of(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """Every value of the history, so that the names of what they point to can be asked for at once."""
    found = []
    for change in changes:
        for side in (0, 1):
            values = {name: pair[side] for name, pair in change.changes.items() if pair[side] is not None}
            if values:
                found.append(values)
    return found


def state_at(data: Mapping[str, Any], changes: Sequence[Change], revision: int) -> dict[str, Any]:
    """The data as it was at `revision`: the changes since, newest first, undone one by one."""
    found = dict(data)
    for change in changes:
        if change.revision <= revision:
            break
        for name, (before, _after) in change.changes.items():
            if before is None:
                found.pop(name, None)
            else:
                found[name] = before
    return found
