"""Full-text search inside lists, counts and totals: by the index alone where all may be seen, else looked at again.

A reader from whom some texts are hidden must not find records by them. The index does not know fields, so what
it finds for such a reader is compared once more with the texts shown to him.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core import exact
from core.errors import Invalid, Problem
from core.i18n import _
from core.records.grams import matches, runs, searchable, texts_of
from core.store import record_query
from core.store import search as stored_search
from core.store.record_query import AnyOf, Compare, Fragment, Operand, RecordQuery

if TYPE_CHECKING:
    from core.forms.model import Form
    from core.records.records import Records
    from core.records.sight import Reach

LONGEST = 200  # signs of one search
STEP = 500  # candidates looked at in one go
ROUNDS = 40  # statements for one page
CANDIDATES = 20_000  # candidates looked at for one total


def looked_for(search: str) -> list[str]:
    """The runs that a search looks for; each is a part of one statement, so that there is an end to them."""
    if len(search) > LONGEST:
        raise Invalid([Problem("q", "too_long", _("搜索最多 {n} 个字", n=LONGEST))])
    return runs(search)


async def _searching(
    records: Records, form: Form, query: RecordQuery, *, search: str
) -> tuple[RecordQuery, list[str]]:
    """The query narrowed by the index, and the runs looked for; [] where nothing is searched."""
    if not search.strip():
        return query, []
    wanted = looked_for(search)
    if not wanted:
        return replace(query, where=(*query.where, AnyOf(()))), []
    db, tenant, key = records.db, records.tenant, (form.name, *wanted)
    if key not in records.rare:  # a list asks for a page, and for how many there are
        records.rare[key] = await stored_search.is_rare(db, tenant, form.name, runs=wanted)
    sql, args = stored_search.condition(db, tenant, form.name, runs=wanted, rare=records.rare[key])
    return replace(query, where=(*query.where, Fragment(sql, tuple(args)))), wanted


def _must_look(form: Form, within: Reach) -> bool:
    """Whether some searched text is hidden under some right."""
    names = [name for name, field in form.fields.items() if searchable(field)]
    return not all(within.shows_everywhere(name) for name in names)


def _finder(records: Records, form: Form, *, wanted: Sequence[str], within: Reach) -> Callable[[Any], bool]:
    """A function that looks at a row again: whether the texts shown to the reader have what is wanted."""
    visible = within.viewer(records.access, form)
    return lambda row: matches(wanted, texts_of(form, exact.loads(row["data"]), fields=visible(row)))


async def fetch_page(
    records: Records, form: Form, query: RecordQuery, *, search: str, within: Reach
) -> tuple[list[Any], str | None]:
    """The rows of one page that match, and the cursor of the next.

    Where candidates are looked at again a page may be short though more follow: work for one page is bounded.
    """
    query, wanted = await _searching(records, form, query, search=search)
    if not wanted or not _must_look(form, within):
        return await record_query.fetch_page(records.db, query)
    found: list[Any] = []
    fits, after = _finder(records, form, wanted=wanted, within=within), query.after
    for _round in range(ROUNDS):
        # never more than are still wanted, so that the cursor stands behind the last row that was looked at
        step = replace(query, after=after, limit=query.limit - len(found))
        rows, after = await record_query.fetch_page(records.db, step)
        found += [row for row in rows if fits(row)]
        if after is None or len(found) >= query.limit:
            break
    return found, after


async def count(
    records: Records, form: Form, query: RecordQuery, *, search: str, within: Reach, bound: int | None
) -> tuple[int, bool]:
    """How many match, and whether that is all of them."""
    query, wanted = await _searching(records, form, query, search=search)
    if not wanted or not _must_look(form, within):
        return await record_query.count(records.db, query, bound=bound)
    most = CANDIDATES if bound is None else bound
    ids, whole = await _verified(records, form, query, wanted=wanted, within=within, most=most)
    return len(ids), whole


async def narrowed(
    records: Records, form: Form, query: RecordQuery, *, search: str, within: Reach
) -> RecordQuery:
    """The query with the search in it, ready for totals."""
    query, wanted = await _searching(records, form, query, search=search)
    if not wanted or not _must_look(form, within):
        return query
    ids, whole = await _verified(records, form, query, wanted=wanted, within=within, most=CANDIDATES)
    if not whole:
        raise Invalid([Problem("q", "too_broad", _("找到的太多，请输入更长的关键字"))])
    return replace(query, where=(*query.where, Compare(Operand(column="id"), "in", tuple(ids))))


async def _verified(
    records: Records, form: Form, query: RecordQuery, *, wanted: Sequence[str], within: Reach, most: int
) -> tuple[list[str], bool]:
    """Up to `most` ids that match, out of a bounded number of candidates; whether these are all."""
    fits = _finder(records, form, wanted=wanted, within=within)
    found: list[str] = []
    after: str | None = None
    for _round in range(CANDIDATES // STEP):
        step = replace(query, after=after, limit=STEP)
        rows, after = await record_query.fetch_page(records.db, step)
        found += [row["id"] for row in rows if fits(row)]
        if after is None or len(found) > most:
            break
    return found[:most], after is None and len(found) <= most
