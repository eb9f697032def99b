"""The eleven cross-checks of day labour on plain values: what does not fit, by ticket; no database, no clock."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from difflib import SequenceMatcher
from itertools import pairwise

from plugins.day_labor.punches import Span, hours_of, outside

CODES = (
    "overlap", "over_attendance", "outside_punch", "unregistered", "other_crew", "too_long", "similar",
    "wrong_trade", "inside_contract", "paper_gap", "signed_late",
)  # fmt: skip
BLIND = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    id: str
    name: str
    crew: str | None
    entered: date | None = None
    left: date | None = None
    trained: date | None = None
    blacklisted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    worker: str | None
    trade: str
    hours: Decimal
    heads: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    id: str
    number: str
    day: date
    span: Span | None
    lines: Sequence[Line]
    crew: str | None = None
    project: str | None = None
    place: str = ""
    content: str = ""
    job: str = ""  # the trade that the work asks for
    paper: str = ""
    signed: Mapping[str, date] = field(default_factory=dict)  # kind of signature -> its day


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendance:
    worker: str
    day: date
    spans: Sequence[Span]
    piece_hours: Decimal = Decimal(0)
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a tenant may set."""

    tolerance: Decimal = Decimal("0.5")  # hours
    most_hours: Decimal = Decimal(16)  # a man a day
    similar: int = 80  # per cent
    deadlines: Mapping[str, int] = field(default_factory=dict)  # kind of signature -> days after the work


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    code: str
    ticket: str
    line: int | None = None
    worker: str | None = None
    detail: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """All that the checks look at. `scopes`: crew -> works that its contract already pays."""

    tickets: Sequence[Ticket]
    workers: Mapping[str, Worker]
    attendance: Mapping[tuple[str, date], Attendance]
    scopes: Mapping[str, Sequence[str]]
    limits: Limits


def check(site: Site, only: Iterable[str] | None = None) -> list[Finding]:
    """Every finding, of all tickets or of those in `only`, in the order of tickets and checks."""
    found = [one for each in _CHECKS for one in each(site)]
    wanted = None if only is None else set(only)
    place = {ticket.id: number for number, ticket in enumerate(site.tickets)}
    kept = [one for one in found if wanted is None or one.ticket in wanted]
    return sorted(kept, key=lambda one: (place[one.ticket], CODES.index(one.code), one.line or 0))


def _by_worker(site: Site) -> dict[tuple[str, date], list[tuple[Ticket, int, Line]]]:
    found: dict[tuple[str, date], list[tuple[Ticket, int, Line]]] = defaultdict(list)
    for ticket in site.tickets:
        for number, line in enumerate(ticket.lines):
            if line.worker:
                found[line.worker, ticket.day].append((ticket, number, line))
    return found


def _overlaps(site: Site) -> Iterator[Finding]:
    """The same man at the same time on two tickets, of whatever project."""
    spans: dict[str, list[tuple[Span, Ticket, int]]] = defaultdict(list)
    for ticket in site.tickets:
        for number, line in enumerate(ticket.lines):
            if line.worker and ticket.span:
                spans[line.worker].append((ticket.span, ticket, number))
    for worker, held in spans.items():
        held.sort(key=lambda one: one[0])
        for place, (span, ticket, number) in enumerate(held):
            for other_span, other, other_number in held[place + 1 :]:
                if other_span[0] >= span[1]:
                    break
                yield Finding(code="overlap", ticket=ticket.id, line=number, worker=worker, detail=_other(other))
                yield Finding(code="overlap", ticket=other.id, line=other_number, worker=worker, detail=_other(ticket))


def _other(ticket: Ticket) -> dict[str, str]:
    return {"other": ticket.number, "id": ticket.id}


def _attended(site: Site) -> Iterator[Finding]:
    """More hours on tickets (and at piece work) than the man was there, or was there at all."""
    for (worker, day), held in _by_worker(site).items():
        there = site.attendance.get((worker, day))
        if there is not None and not there.complete and not there.spans:
            was = Decimal(0)
        else:
            was = hours_of(there.spans) if there else Decimal(0)
        claimed = sum((line.hours for _ticket, _number, line in held), there.piece_hours if there else Decimal(0))
        if claimed > was + site.limits.tolerance:
            for ticket, number, _line in held:
                told = {"claimed": f"{claimed.normalize():f}", "was": f"{was.normalize():f}"}
                yield Finding(code="over_attendance", ticket=ticket.id, line=number, worker=worker, detail=told)


def _punched(site: Site) -> Iterator[Finding]:
    """Work outside the time between punches; who has no complete pair is told by the check of hours."""
    slack = timedelta(seconds=float(site.limits.tolerance * 3600))
    for ticket in site.tickets:
        for number, line in enumerate(ticket.lines):
            there = site.attendance.get((line.worker or "", ticket.day))
            if there and there.spans and ticket.span:
                whole = [(there.spans[0][0], there.spans[-1][1])]
                if outside(ticket.span, whole) > max(slack, BLIND):
                    yield Finding(code="outside_punch", ticket=ticket.id, line=number, worker=line.worker)


def _registered(site: Site) -> Iterator[Finding]:
    """Unknown, not yet entered, already gone, untrained or blacklisted."""
    for ticket in site.tickets:
        for number, line in enumerate(ticket.lines):
            if line.worker and (why := unfit(site.workers.get(line.worker), ticket.day)):
                yield Finding(
                    code="unregistered", ticket=ticket.id, line=number, worker=line.worker, detail={"why": why}
                )


def unfit(worker: Worker | None, day: date) -> str:
    """Why the man may not work that day; "" where he may."""
    if worker is None:
        return "unknown"
    if worker.blacklisted:
        return "blacklisted"
    if worker.entered is None or worker.entered > day:
        return "not_entered"
    if worker.left is not None and worker.left < day:
        return "left"
    return "untrained" if worker.trained is None or worker.trained > day else ""


def _crews(site: Site) -> Iterator[Finding]:
    for ticket in site.tickets:
        for number, line in enumerate(ticket.lines):
            worker = site.workers.get(line.worker or "")
            if worker and worker.crew and ticket.crew and worker.crew != ticket.crew:
                yield Finding(code="other_crew", ticket=ticket.id, line=number, worker=worker.id)


def _long(site: Site) -> Iterator[Finding]:
    """More hours in a day than a man may work, over all his tickets."""
    for (worker, _day), held in _by_worker(site).items():
        hours = sum((line.hours for _ticket, _number, line in held), Decimal(0))
        if hours > min(site.limits.most_hours, Decimal(24)):
            for ticket, number, _line in held:
                told = {"hours": f"{hours.normalize():f}"}
                yield Finding(code="too_long", ticket=ticket.id, line=number, worker=worker, detail=told)


def _alike(site: Site) -> Iterator[Finding]:
    """The same work at the same place on the same day, written twice."""
    days: dict[tuple[date, str | None], list[Ticket]] = defaultdict(list)
    for ticket in site.tickets:
        days[ticket.day, ticket.project].append(ticket)
    for held in days.values():
        for place, ticket in enumerate(held):
            for other in held[place + 1 :]:
                if plain(ticket.place) == plain(other.place) and same(ticket.content, other.content, site.limits):
                    yield Finding(code="similar", ticket=ticket.id, detail=_other(other))
                    yield Finding(code="similar", ticket=other.id, detail=_other(ticket))


def plain(text: str) -> str:
    """The text without spaces and signs, for comparing."""
    return re.sub(r"[\W_]+", "", text).casefold()


def same(one: str, other: str, limits: Limits) -> bool:
    first, second = plain(one), plain(other)
    return bool(first and second) and SequenceMatcher(None, first, second).ratio() * 100 >= limits.similar


def _trades(site: Site) -> Iterator[Finding]:
    """Paid as one trade for the work of another: skilled rates for unskilled work."""
    for ticket in site.tickets:
        for number, line in enumerate(ticket.lines):
            if ticket.job and line.trade and line.trade != ticket.job:
                told = {"paid": line.trade, "job": ticket.job}
                yield Finding(code="wrong_trade", ticket=ticket.id, line=number, worker=line.worker, detail=told)


def _inside(site: Site) -> Iterator[Finding]:
    """Work that the crew's own contract already pays for."""
    for ticket in site.tickets:
        for item in site.scopes.get(ticket.crew or "", ()):
            if contains(ticket.content, item, site.limits):
                yield Finding(code="inside_contract", ticket=ticket.id, detail={"item": item})
                break


def contains(content: str, item: str, limits: Limits) -> bool:
    """Whether the item, or so many per cent of its pairs of signs, stand in the content."""
    text, wanted = plain(content), plain(item)
    if len(wanted) < 2:
        return False
    pairs = [wanted[place : place + 2] for place in range(len(wanted) - 1)]
    return wanted in text or sum(pair in text for pair in pairs) * 100 >= limits.similar * len(pairs)


def _papers(site: Site) -> Iterator[Finding]:
    """A number of the paper pads left out: a ticket that is missing, or may still come with any date."""
    pads: dict[tuple[str | None, str], dict[int, Ticket]] = defaultdict(dict)
    for ticket in site.tickets:
        split = re.fullmatch(r"(.*?)(\d{1,9})", ticket.paper.strip())
        if split:
            pads[ticket.crew, split[1]][int(split[2])] = ticket
    for held in pads.values():
        numbers = sorted(held)
        for before, number in pairwise(numbers):
            if number - before > 1:
                width = len(re.fullmatch(r".*?(\d{1,9})", held[number].paper.strip())[1])  # type: ignore[index]
                gap = f"{before + 1:0{width}}" + (f"–{number - 1:0{width}}" if number - before > 2 else "")
                yield Finding(code="paper_gap", ticket=held[number].id, detail={"gap": gap})


def _late(site: Site) -> Iterator[Finding]:
    for ticket in site.tickets:
        late = [kind for kind, day in ticket.signed.items() if day > due(ticket.day, kind, site.limits)]
        if late:
            yield Finding(code="signed_late", ticket=ticket.id, detail={"who": late[-1]})


def due(day: date, kind: str, limits: Limits) -> date:
    """The last day on which a signature is in time."""
    return day + timedelta(days=limits.deadlines.get(kind, 10_000))


def span_of(start: datetime | None, end: datetime | None) -> Span | None:
    return (start, end) if start and end and start < end else None


_CHECKS = (
    _overlaps, _attended, _punched, _registered, _crews, _long, _alike, _trades, _inside, _papers, _late,
)  # fmt: skip
