"""What the formulas of a form read besides the record itself: through its references, and of what refers to it.

Fetched by the system, not under the rights of whoever writes: the field that keeps the answer has rights of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core import exact
from core.arithmetic import EXACT
from core.forms import plan_of, source_of
from core.formulas import Gathered, Scene
from core.records.queries import operand
from core.store import record_query
from core.store import records as stored
from core.store.record_query import Compare, Group, RecordQuery, Total

if TYPE_CHECKING:
    from core.forms.model import Form
    from core.records.records import Records

Values = Mapping[str, Any]
_BATCH = 500  # ids in one statement


class Surroundings:
    """What was fetched for some records of one form, kept while one transaction lasts.

    `lock`: what is looked at cannot be changed by others until the transaction ends, so that nothing is stored of
    it that is no longer so.
    """

    def __init__(self, records: Records, form: Form, *, lock: bool = False) -> None:
        self.records, self.form, self.lock = records, form, lock
        plan = plan_of(form)
        self._members: dict[str, set[str]] = defaultdict(set)  # reference -> what is looked up through it
        for by, member in plan.lookups:
            self._members[by].add(member)
        self._gathers = plan.gathers
        self._seen: dict[tuple[str, str], Values] = {}  # (form, id) -> data; {} where it is not there
        self._totals: dict[str, dict[Gathered, Any]] = {}

    async def learn(self, datas: Iterable[Values], *, ids: Iterable[str] = ()) -> None:
        """Fetch what the records `datas` point to, and the totals over what refers to the records `ids`."""
        if self._members:
            await self._look(datas)
        if self._gathers:
            fresh = [id for id in dict.fromkeys(ids) if id not in self._totals]
            for start in range(0, len(fresh), _BATCH):
                await self._gather(fresh[start : start + _BATCH])

    async def _look(self, datas: Iterable[Values]) -> None:
        wanted: dict[str, set[str]] = defaultdict(set)
        for data in datas:
            for by in self._members:
                id, target = data.get(by), self._target(by)
                if isinstance(id, str) and (target, id) not in self._seen:
                    wanted[target].add(id)
        for target, some in sorted(wanted.items()):
            rows = await stored.read_data(self.records.db, self.records.tenant, target, ids=some, lock=self.lock)
            for id in some:
                self._seen[target, id] = exact.loads(rows[id]) if id in rows else {}

    def _target(self, by: str) -> str:
        field = self.form.fields.get(by) or self.form.hidden[by]
        return field.ref or ""

    async def _gather(self, ids: Sequence[str]) -> None:
        self._totals |= {id: {} for id in ids}
        groups: dict[tuple[str, str, Any], list[Gathered]] = defaultdict(list)
        for what in self._gathers:
            groups[what.owner, what.test, what.wanted].append(what)
        for (owner, test, wanted), some in groups.items():
            name, by = source_of(owner)
            source = self.records.forms.find(name)
            if source is None:
                continue
            where = [Compare(operand(source, by), "in", tuple(ids))]
            if test:
                one = operand(source, test)
                where.append(Compare(one, "empty") if wanted is None else Compare(one, "eq", wanted))
            query = RecordQuery(tenant=self.records.tenant, form=name, where=tuple(where))
            sums = [total for n, what in enumerate(some) for total in _totals(source, what, n)]
            lines = await record_query.totals(
                self.records.db, query, totals=sums, by=(Group(operand(source, by)),)
            )
            for line in lines:
                self._totals[line["by"][0]].update({what: _value(line, what, n) for n, what in enumerate(some)})

    def scene(self, data: Values, *, id: str | None, scene: Scene) -> Scene:
        """`scene` with what was learned for the record `id` (None: a new one) with this data."""
        if not self._members and not self._gathers:
            return scene
        lookups = {}
        for by, members in self._members.items():
            found = self._seen.get((self._target(by), data.get(by, "")), {})
            lookups |= {(by, member): found.get(member) for member in members}
        gathered = self._totals.get(id or "", {})
        return replace(scene, lookups=lookups, gathered=gathered)


def _totals(source: Form, what: Gathered, n: int) -> list[Total]:
    """An average is worked out from sum and number, exactly."""
    if not what.member:
        return [Total(f"{n}", "count")]
    one = operand(source, what.member)
    if what.function == "avg":
        return [Total(f"{n}", "sum", one), Total(f"{n}:count", "count", one)]
    return [Total(f"{n}", what.function, one)]  # type: ignore[arg-type]


def _value(line: Mapping[str, Any], what: Gathered, n: int) -> Any:
    value = line[f"{n}"]
    if what.function == "avg" and value is not None:
        return EXACT.divide(EXACT.create_decimal(value), line[f"{n}:count"])
    return value
