"""`Records`: everything one member may do with the records of his tenant; the work is in the modules beside."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from core import exact
from core.forms import readers_of, reads_beyond
from core.people import must_write
from core.records import arriving, bulk, reading, recomputing, references, trying, undoing, writing
from core.records.model import (
    Aggregate,
    BulkResult,
    Change,
    Count,
    Listener,
    Option,
    Page,
    Query,
    Record,
    Related,
)  # fmt: skip
from core.store import records as stored

if TYPE_CHECKING:
    from core.forms import Form, FormSet, Standing
    from core.hooks import Caller
    from core.people import Access, Action
    from core.records.trying import Trial
    from core.store import Database

EVERYTHING = Query()


class Records:
    """The records of one tenant as one member may see and change them: `ctx.records`.

    Every method checks rights itself. `form` is a form's name. What is not there and what may not be seen are
    the same NotFound.
    """

    def __init__(self, db: Database, access: Access, *, forms: FormSet, hooks: Caller) -> None:
        self.db = db
        self.access = access
        self.forms = forms
        self.hooks = hooks
        self.context: Any = None  # the Context that hooks are given; it sets itself here
        self.rare: dict[tuple[str, ...], bool] = {}  # for this room: searches that hardly anything fits
        self.memory: dict[Any, Any] = {}  # what hooks keep while one write or one set is judged; see core.independent
        self.listeners: tuple[Listener, ...] = ()  # rooms above that hear of every write in its transaction

    async def worked_out(
        self, form: Form, moved: Sequence[tuple[str, Any, str, Mapping[str, tuple[Any, Any]]]]
    ) -> dict[str, Mapping[str, Any]]:
        """For this room: records that read what (id, kind, data, changes) moved are worked out again; the new rows."""
        if form.name not in readers_of(self.forms):
            return {}
        moves = [recomputing.Move(id, kind, exact.loads(data), changes) for id, kind, data, changes in moved]
        return await recomputing.follow(self, form, moves)

    async def back_again(self, form: Form, row: dict[str, Any]) -> dict[str, Any]:
        """For this room: the row of a record out of the bin, worked out again where it reads others."""
        fields = reads_beyond(form)
        if not fields:
            return row
        done, rows = await recomputing.work_out(self, form, {row["id"]: fields}, wait=True)
        moves = [move for move in done.values() if move is not None]
        rows |= await recomputing.follow(self, form, moves) if moves else {}
        return dict(rows.get(row["id"], row))

    async def take_turns(self, name: str) -> None:
        """Inside a write: whoever names the same thing waits until this transaction ends, then sees what it wrote."""
        must_write(self.access.tenant)
        await stored.take_turns(self.db, self.tenant, name)

    async def ask_for_formulas(self, form: str) -> None:
        """For this room: a job works out what was marked."""
        await self.context.jobs.enqueue("core.formulas", {"form": form}, key=form)

    async def formulas_changed(self, form: str, fields: frozenset[str]) -> None:
        """Every record of `form` waits until its `fields` are worked out by their new formulas."""
        await recomputing.postpone_all(self, form, fields)

    @property
    def tenant(self) -> int:
        return self.access.tenant.id

    @property
    def member_id(self) -> str | None:
        """Who writes; None: the system."""
        return self.access.member.id or None

    async def get(self, form: str, id: str, *, deleted: bool = False) -> Record:
        """One record; `deleted` finds it in the bin too, for who may delete it."""
        return await reading.get(self, form, id, deleted=deleted)

    async def hold(self, form: str, id: str) -> Record:
        """The record as it is now, kept from being changed by others until the open transaction ends.

        For hooks inside a write whose check must stay true: whoever else holds it or changes it waits.
        """
        return await reading.hold(self, form, id)

    async def list(
        self, form: str, query: Query = EVERYTHING, *, action: Action = "read", labelled: Collection[str] | None = None
    ) -> Page:
        """A page of records. `action` "export" leaves only what may be exported.

        `labelled`: the fields whose references, people and files the page will call by name; all of them without it.
        """
        return await reading.list_page(self, form, query, action=action, labelled=labelled)

    async def count(
        self, form: str, query: Query = EVERYTHING, *, bound: int | None = 1000, action: Action = "read"
    ) -> Count:
        """How many records the query finds; counting stops at `bound`."""
        return await reading.count(self, form, query, bound=bound, action=action)

    async def totals(
        self, form: str, query: Query, aggregates: Sequence[Aggregate], *, by: Sequence[str] = ()
    ) -> list[dict[str, Any]]:
        """Exact totals, one line for each group of the fields `by` ("date:month" groups by month).

        A line holds the values of `by` and of each aggregate by its name; None where there was no value.
        Averages have two more decimals than their field, half up. Without `by` there is one line.
        """
        return await reading.totals(self, form, query, aggregates=aggregates, by=by)

    async def create(
        self, form: str, data: Mapping[str, Any], *, source: str = "page", id: str | None = None
    ) -> Record:
        """A new record. A field left out takes its default, None leaves it empty. Invalid with all problems.

        `id`: chosen by whoever filled it in where no server was; what is there already under it is given back.
        """
        must_write(self.access.tenant)
        if id is not None:
            return await arriving.create(self, form, data, source=source, id=id)
        return await writing.create(self, form, data, source=source)

    async def arrived(self, form: str, id: str) -> Record | None:
        """What this member has made under an id chosen elsewhere; None: nothing yet, Conflict: it is something else."""
        return await arriving.arrived(self, self.forms.get(form), id)

    async def update(
        self, form: str, id: str, changes: Mapping[str, Any], *, revision: int, source: str = "page"
    ) -> Record:
        """The record with `changes` (None empties). Outdated where somebody saved since `revision` was read."""
        must_write(self.access.tenant)
        return await writing.update(self, form, id, changes=changes, revision=revision, source=source)

    async def trial(self, form: str, changes: Mapping[str, Any], *, id: str | None = None) -> Trial:
        """What `changes` would make of a record, or of a new one, if they were saved now. Nothing is written."""
        return await trying.trial(self, form, changes, id=id)

    async def standings(self, form: str, id: str) -> Mapping[str, Standing]:
        """How the conditions of a record's fields stand: which are shown, required, read-only."""
        await self.get(form, id, deleted=True)
        return await trying.standings_of(self, form, id)

    def worth_trying(self, form: Form) -> bool:
        """Whether anything of the form depends on what is being typed."""
        return trying.worth_trying(self, form)

    async def delete(self, form: str, id: str, *, revision: int, source: str = "page") -> None:
        """Into the bin. Referred where live records refer to it."""
        must_write(self.access.tenant)
        await undoing.delete(self, form, id, revision=revision, source=source)

    async def restore(self, form: str, id: str, *, source: str = "page") -> Record:
        """Out of the bin. Conflict where its key is taken or what it refers to is in the bin."""
        must_write(self.access.tenant)
        return await undoing.restore(self, form, id, source=source)

    async def revert(
        self, form: str, id: str, *, to_revision: int, revision: int, source: str = "page"
    ) -> Record:
        """The values of the state `to_revision` again, as a new change."""
        must_write(self.access.tenant)
        return await undoing.revert(self, form, id, to_revision=to_revision, revision=revision, source=source)

    async def history(self, form: str, id: str) -> list[Change]:
        """What happened to a record, newest first, in the fields the reader may see now."""
        return await reading.history(self, form, id)

    async def options(self, form: str, field: str, text: str = "", *, limit: int = 20) -> list[Option]:
        """What the reference or person field `field` ("lines.item" for a column) may be set to."""
        return await reading.options(self, form, field, text=text, limit=limit)

    async def labels(self, form: str, records: Iterable[Record]) -> dict[str, str]:
        """id -> name of everything that these records point to, and of who made and changed them."""
        return await reading.labels(self, form, records)

    async def names(self, form: str, ids: Iterable[str]) -> dict[str, str]:
        """id -> label of records of `form`; LOCKED for those the reader may not see."""
        return await references.names(self, form, ids)

    async def related(self, form: str, id: str, *, limit: int = reading.RELATED) -> list[Related]:
        """Records of any form that refer to this one, by form and field."""
        return await reading.related(self, form, id, limit=limit)

    async def bulk(
        self,
        form: str,
        rows: Sequence[Mapping[str, Any]],
        *,
        mode: Literal["create", "upsert"] = "upsert",
        source: str = "import",
        dry_run: bool = False,
        stop_on_error: bool = False,
    ) -> BulkResult:
        """Many rows in few transactions; upsert finds the record by the form's key and changes what the row names.

        What is wrong is reported by row. `stop_on_error`: nothing is written if one row is wrong.
        """
        must_write(self.access.tenant)
        return await bulk.write(
            self, form, rows, mode=mode, source=source, dry_run=dry_run, stop_on_error=stop_on_error
        )

    async def search_everywhere(self, text: str, *, limit: int = 30) -> list[tuple[str, Record, str]]:
        """(form, record, its label) of records of all forms in which `text` stands, newest first."""
        return await reading.search_everywhere(self, text, limit=limit)
