"""The door of the house: the names a module may use; everything else under `core` may change without notice.

Names are fetched on first use, so that a low room can be used without the rooms above it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

_ROOMS = {
    "core.alerts": ("Alert", "AlertRule", "Measure"),
    "core.context": ("Context",),
    "core.errors": ("BadForm", "Conflict", "DougongError", "Forbidden", "Invalid", "NotFound", "Problem"),
    "core.forms.model": ("Field", "Form"),
    "core.formulas.days": ("networkdays", "workday"),
    "core.hooks": ("MenuItem", "Panel", "for_forms", "hookimpl", "independent"),
    "core.i18n": ("_", "add_catalogue"),
    "core.jobs": ("Job", "JobKind"),
    "core.records.model": ("Aggregate", "Change", "Condition", "Page", "Query", "Record"),
    "core.records.transfer": ("Sheet", "read_sheet"),
    "core.web": ("get", "page", "post", "redirect"),
}
_HOME = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = [
    "Aggregate", "Alert", "AlertRule", "BadForm", "Change", "Condition", "Conflict", "Context", "DougongError",
    "Field", "Forbidden", "Form", "Invalid", "Job", "JobKind", "Measure", "MenuItem", "NotFound", "Page",
    "Panel", "Problem", "Query", "Record", "Sheet", "_", "add_catalogue", "for_forms", "get", "hookimpl",
    "independent", "networkdays", "page", "post", "read_sheet", "redirect", "workday",
]  # fmt: skip

if TYPE_CHECKING:
    from core.alerts import Alert, AlertRule, Measure
    from core.context import Context
    from core.errors import BadForm, Conflict, DougongError, Forbidden, Invalid, NotFound, Problem
    from core.forms.model import Field, Form
    from core.formulas.days import networkdays, workday
    from core.hooks import MenuItem, Panel, for_forms, hookimpl, independent
    from core.i18n import _, add_catalogue
    from core.jobs import Job, JobKind
    from core.records.model import Aggregate, Change, Condition, Page, Query, Record
    from core.records.transfer import Sheet, read_sheet
    from core.web import get, page, post, redirect


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'core' has no public name {name!r}; see core.__all__")
    return getattr(import_module(_HOME[name]), name)
