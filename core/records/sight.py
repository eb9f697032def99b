"""What one member may see and touch of a form's records: rights turned into filters of rows and sets of fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core import exact
from core.clock import now
from core.errors import Forbidden, Invalid, Problem
from core.forms import filter_of
from core.formulas import Scene, TooCostly
from core.i18n import _
from core.people import ACTIONS, Access, Action, rights

if TYPE_CHECKING:
    from core.forms.model import Form
    from core.people.model import Right, Rights

_REFUSALS = {
    "read": "您没有权限查看“{form}”",
    "create": "您没有权限新增“{form}”",
    "update": "您没有权限修改“{form}”",
    "delete": "您没有权限删除“{form}”",
    "import": "您没有权限导入“{form}”",
    "export": "您没有权限导出“{form}”",
}


def refusal(form: Form, action: Action) -> Forbidden:
    return Forbidden(_(_REFUSALS[action], form=form.title))


def granted(access: Access, form: Form, action: Action) -> Rights:
    """The rights to do `action`; Forbidden where there is none."""
    found = rights(access, form.name, action)
    if not found:
        raise refusal(form, action)
    return found


def scene_of(access: Access, *, old: Mapping[str, Any] | None = None, at: str | None = None) -> Scene:
    """What formulas may know besides the values: who asks, and when (now, or `at`)."""
    member = access.member
    return Scene(
        now=at or now(), me=member.id or None, department=member.department, roles=member.role_names, old=old or {}
    )


def reaches(right: Right, access: Access, row: Mapping[str, Any]) -> bool:
    """Whether the right covers this row by who made it (its `created_by`, `department`), conditions apart."""
    if right.rows == "all":
        return True
    if right.rows == "own":
        return bool(access.member.id) and row["created_by"] == access.member.id
    return row["department"] is not None and row["department"] in access.member.departments


def reaching(
    given: Rights, access: Access, form: Form, row: Mapping[str, Any], *, data: Mapping[str, Any] | None = None
) -> Rights:
    """Those rights that cover this row; () where it is out of reach. `data`: the row's values, if known already."""
    found = tuple(right for right in given if reaches(right, access, row))
    if not any(right.when for right in found):
        return found
    values = exact.loads(row["data"]) if data is None else data
    scene = scene_of(access)
    return tuple(right for right in found if not right.when or fulfilled(form, right.when, values, scene))


def conditional(access: Access, form: Form) -> bool:
    """Whether some right to the form's records has a condition, so that a row's data are needed to judge it."""
    return any(right.when for action in ACTIONS for right in rights(access, form.name, action))


def fulfilled(form: Form, when: str, values: Mapping[str, Any], scene: Scene) -> bool:
    """Whether a right's condition is true of these values. What cannot be worked out (any more) grants nothing."""
    formula = filter_of(form, when)
    try:
        return formula is not None and formula.value(values, scene) is True
    except TooCostly:
        return False


def confine(
    access: Access, form: Form, action: Action, row: Mapping[str, Any], *, data: Mapping[str, Any], asked: Iterable[str]
) -> None:
    """Invalid where the record, as it would be stored, is out of reach of the rights by which it is written.

    Without this a record could be written into a part of the data, or out of it, that the writer may not write.
    """
    given = rights(access, form.name, action)
    if not any(right.when for right in given):
        return
    after = reaching(given, access, form, row, data=data)
    beyond = [name for name in asked if name in form.fields and not any(right.shows(name) for right in after)]
    if not after:
        message = _("这样保存以后，这条“{form}”就不在您可以填写的范围内了", form=form.title)
        raise Invalid([Problem("", "scope", message)])
    if beyond:
        raise Invalid([_beyond(form, name) for name in beyond])


def _beyond(form: Form, name: str) -> Problem:
    message = _("这样保存以后，您就没有权限填写“{field}”了", field=form.fields[name].title)
    return Problem(name, "scope", message)


def shown(given: Rights, names: Iterable[str]) -> frozenset[str]:
    """The fields that some of the rights show."""
    return frozenset(name for name in names if any(right.shows(name) for right in given))


def showing(given: Rights, name: str) -> Rights:
    """The rights that show the field `name`: only their rows may be filtered, sorted, summed or searched by it."""
    return tuple(right for right in given if right.shows(name))


@dataclass(frozen=True, slots=True)
class Reach:
    """The rights that bound one look at a form's records: all of them must cover a row.

    Those of `viewing` also say which fields are seen; those of `rows` (to delete, for the bin) only which rows.
    """

    viewing: tuple[Rights, ...]
    rows: tuple[Rights, ...] = ()

    def viewer(self, access: Access, form: Form) -> Callable[[Mapping[str, Any]], frozenset[str]]:
        """A function that says which fields of a row may be seen; asked for many rows, it answers each kind once."""
        answers: dict[tuple[Rights, ...], frozenset[str]] = {}

        def fields_of(covering: tuple[Rights, ...]) -> frozenset[str]:
            found = answers.get(covering)
            if found is None:
                found = frozenset(form.fields)
                for given in covering:
                    found &= shown(given, form.fields)
                answers[covering] = found
            return found

        if all(right.rows == "all" and not right.when for given in self.viewing for right in given):
            everywhere = fields_of(self.viewing)
            return lambda row: everywhere
        return lambda row: fields_of(tuple(reaching(given, access, form, row) for given in self.viewing))

    def shows_everywhere(self, name: str) -> bool:
        """Whether the field is seen in every row within reach."""
        return all(right.shows(name) for given in self.viewing for right in given)


def reach(access: Access, form: Form, *, action: Action = "read", deleted: bool = False) -> Reach:
    """What a list needs: to read; for an export also to export; for the bin also to delete. Forbidden without."""
    wanted: list[Action] = ["read"] if action == "read" else ["read", action]
    rows = (granted(access, form, "delete"),) if deleted else ()
    return Reach(tuple(granted(access, form, one) for one in wanted), rows)
