"""The hooks a module may implement. Start-up hooks are plain functions, request hooks `async def`.

A hook returns; it never edits what it was given. Results are gathered in the order of module names,
and nothing may depend on that order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.alerts import AlertRule
    from core.context import Context
    from core.errors import Problem
    from core.forms.model import Form
    from core.hooks.model import MenuItem, Panel
    from core.jobs import JobKind
    from core.records.model import Change, Record

PROJECT = "dougong"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

STARTUP_HOOKS = ("register_routes", "register_jobs")
TENANT_HOOKS = (
    "record_compute", "record_validate", "record_saved", "record_committed",
    "record_panels", "home_panels", "menu_items", "alerts",
)  # fmt: skip


class Specification:
    @hookspec
    def register_routes(self) -> Sequence[Any]:  # type: ignore[empty-body]
        """Pages and endpoints of the module, made with `core.get`, `core.post`.

        Sent once at start. Every route lies under `/<module>/`, names its permission, and answers 404 to
        tenants that have the module off. Nothing may be read from a database here.
        """

    @hookspec
    def register_jobs(self) -> Sequence[JobKind]:  # type: ignore[empty-body]
        """Kinds of work that the module does beside requests or by the calendar, each named `<module>.<kind>`.

        Sent once at start. A job of a tenant that has the module off waits until it is on again; its schedule rests.
        Nothing may be read from a database here, and nothing may be enqueued.
        """

    @hookspec
    async def record_compute(self, ctx: Context, form: Form, data: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Values that follow from others, as {field: value}; a value of None empties the field.

        Sent on every write of any form, before the checks, inside the transaction. Not sent for deletes and
        restores. May read through `ctx.records`; must not write.
        """

    @hookspec
    async def record_validate(
        self, ctx: Context, form: Form, data: Mapping[str, Any], before: Record | None
    ) -> Sequence[Problem] | None:
        """What is wrong beyond the form's own checks. `before` is None on create.

        Sent after compute and the form's checks, only when those found nothing, inside the transaction, on
        create, update and restore, and on delete with `data` empty. May read; must not write. In bulk writes each row
        is stored before the next is judged, unless the hook is marked `independent`.
        """

    @hookspec
    async def record_saved(self, ctx: Context, form: Form, record: Record, change: Change) -> None:
        """The record has been written, the transaction is still open: write what must be written with it.

        Sent for create, update, delete and restore. An error undoes the whole write. May write other records
        through `ctx.records`; must not write the same one. Bulk writes send it row by row.
        """

    @hookspec
    async def record_committed(self, ctx: Context, form: Form, record: Record, change: Change) -> None:
        """The write is on disk. Sent after commit; not sent when the write was undone. Errors are logged only."""

    @hookspec
    async def record_panels(self, ctx: Context, form: Form, record: Record) -> Sequence[Panel] | None:
        """Blocks shown on the record's page. Not sent for lists, the API or exports."""

    @hookspec
    async def home_panels(self, ctx: Context) -> Sequence[Panel] | None:
        """Blocks on the tenant's home page for this member: what is wrong today, what comes next."""

    @hookspec
    async def menu_items(self, ctx: Context) -> Sequence[MenuItem] | None:
        """Pages of the module for the menu, beside its forms, which are there by themselves."""

    @hookspec
    async def alerts(self, ctx: Context) -> Sequence[AlertRule] | None:
        """The module's alert rules: what it can measure, and the thresholds a tenant starts with.

        Sent once per version of the tenant's definitions; nothing may be measured here. Each rule's
        `measure(ctx)` is awaited later, as the installation itself, after changes of the forms it watches and
        once a day. It gives every subject that has a value; subjects it leaves out have cleared. It may read
        through `ctx.records`; must not write.
        """
