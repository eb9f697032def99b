"""Names of what typed values, filters and history point to, and which fields a member may see or fill; no markup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from core.forms import Field, Form
from core.people import rights
from core.records import Record

if TYPE_CHECKING:
    from core.context import Context
    from core.records import Condition


def bearer(form: Form, data: Mapping[str, Any], *, by: str | None = None) -> Record:
    """A record that was never stored, to ask for the names of what its values point to."""
    return Record(
        id="", form=form.name, version=form.version, revision=0, data=data, created_at="", created_by=by,
        updated_at="", updated_by=None, department=None,
    )  # fmt: skip


async def names_of(
    ctx: Context, form: Form, values: Iterable[Mapping[str, Any]], people: Iterable[str | None] = ()
) -> dict[str, str]:
    """Names for every id in these data and for these members."""
    asked = [bearer(form, data) for data in values] + [bearer(form, {}, by=one) for one in people if one]
    return await ctx.records.labels(form.name, asked) if asked else {}


async def names_in(ctx: Context, form: Form, conditions: Iterable[Condition]) -> dict[str, str]:
    """Names for the ids in filters."""
    values, people = [], []
    for one in conditions:
        ids = one.value if isinstance(one.value, tuple | list) else (one.value,)
        field = form.fields.get(one.field)
        if field is None and one.field.endswith("_by"):
            people += [id for id in ids if isinstance(id, str)]
        elif field is not None and field.type in ("reference", "person"):
            values += [{one.field: id} for id in ids if isinstance(id, str)]
    return await names_of(ctx, form, values, people) if values or people else {}


def unseen(ctx: Context, form: Form) -> frozenset[str]:
    """Fields that the member may not see in any record of the form."""
    given = rights(ctx.access, form.name, "read")
    return frozenset(name for name in form.fields if not any(right.shows(name) for right in given))


def writable(ctx: Context, form: Form, action: str) -> list[Field]:
    """Fields that the member may fill when creating or changing a record; none where nothing may be changed now."""
    if ctx.closed:
        return []
    given = rights(ctx.access, form.name, action)  # type: ignore[arg-type]
    return [
        field for name, field in form.fields.items() if not field.computed and any(right.shows(name) for right in given)
    ]


def allowed(ctx: Context, form: Form) -> SimpleNamespace:
    """What the member may do with records of the form, for templates (a dict would hide "update" behind its method).

    `closed` says why nothing may be changed now, to who could otherwise.
    """
    actions = ("read", "create", "update", "delete", "import", "export")
    found = {action: ctx.can(form.name, action) for action in actions}  # type: ignore[arg-type]
    writes = [action for action in actions if action not in ("read", "export") and found[action]]
    closed = ctx.closed if writes else ""
    if closed:
        found |= dict.fromkeys(writes, False)
    return SimpleNamespace(**found, share=ctx.may("forms") and not closed, closed=closed)
