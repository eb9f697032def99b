"""What one member may see and touch of a form's records: rights turned into filters of rows and sets of fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.errors import Forbidden
from core.i18n import _
from core.people import Access, Action, rights

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


def reaches(right: Right, access: Access, row: Mapping[str, Any]) -> bool:
    """Whether the right covers this row (its `created_by`, `department`)."""
    if right.rows == "all":
        return True
    if right.rows == "own":
        return bool(access.member.id) and row["created_by"] == access.member.id
    return row["department"] is not None and row["department"] in access.member.departments


def reaching(given: Rights, access: Access, row: Mapping[str, Any]) -> Rights:
    """Those rights that cover this row; () where it is out of reach."""
    return tuple(right for right in given if reaches(right, access, row))


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

    def visible(self, access: Access, form: Form, row: Mapping[str, Any]) -> frozenset[str]:
        """The fields of this row that may be seen."""
        names = frozenset(form.fields)
        for given in self.viewing:
            names &= shown(reaching(given, access, row), form.fields)
        return names

    def shows_everywhere(self, name: str) -> bool:
        """Whether the field is seen in every row within reach."""
        return all(right.shows(name) for given in self.viewing for right in given)


def reach(access: Access, form: Form, *, action: Action = "read", deleted: bool = False) -> Reach:
    """What a list needs: to read; for an export also to export; for the bin also to delete. Forbidden without."""
    wanted: list[Action] = ["read"] if action == "read" else ["read", action]
    rows = (granted(access, form, "delete"),) if deleted else ()
    return Reach(tuple(granted(access, form, one) for one in wanted), rows)
