"""The critical path method on working time: early and late dates, floats, the longest path; nothing is stored.

Precedence diagrams with four link types and lags (搭接网络, JGJ/T 121-2015 and GB/T 13400): forward
`ES_j >= EF_i + lag` (FS), `ES_j >= ES_i + lag` (SS), `EF_j >= EF_i + lag` (FF), `EF_j >= ES_i + lag` (SF); backward
the mirror image. Each activity is computed in working minutes of its own calendar, so that 17:00 and the next 08:00
are one and the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from plugins.progress.network import Activity, Flaw, Link, Network
from plugins.progress.worktime import WorkCalendar

Mode = Literal["retained", "override"]
FROM_START = ("SS", "SF")
TO_START = ("FS", "SS")
HARD_EARLY = ("MSO", "MFO")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`start`: the plan's first instant; `data_date`: up to when is known what happened (`start` if nothing).

    `mode`: what has begun before its predecessors ended waits for them ("retained" logic) or goes on ("override").
    """

    start: int
    data_date: int | None = None
    must_finish: int | None = None
    mode: Mode = "retained"
    critical_float: int = 0  # total float up to which an activity is critical, in minutes

    @property
    def now(self) -> int:
        return self.start if self.data_date is None else max(self.start, self.data_date)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """Instants of one activity; floats in working minutes of its calendar, None where they mean nothing."""

    start: int
    finish: int
    late_start: int
    late_finish: int
    total_float: int | None = None
    free_float: int | None = None
    independent_float: int | None = None
    critical: bool = False
    longest: bool = False  # on the longest path: driving links back from the latest finish
    drivers: tuple[str, ...] = ()  # the activities before it that hold its start


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    dates: Mapping[str, Dates]  # of every activity of the plan, summaries too
    start: int
    finish: int
    flaws: tuple[Flaw, ...] = ()
    options: Options = field(repr=False)


def schedule(network: Network, options: Options) -> Schedule:
    """Dates and floats of the whole network. Raises CalendarEmpty where a calendar has no working time."""
    work = _Passes(network, options)
    work.forward()
    work.backward()
    work.floats()
    return work.result()


class _Passes:
    """Arrays by place, in working minutes of each place's own calendar. `es` of what has begun is where it goes on."""

    def __init__(self, network: Network, options: Options) -> None:
        self.network, self.options = network, options
        self.acts = network.activities
        self.cals: list[WorkCalendar] = [activity.calendar for activity in self.acts]
        self.left = [activity.left for activity in self.acts]
        size = len(self.acts)
        self.es, self.ef = [0] * size, [0] * size
        self.ls, self.lf = [0] * size, [0] * size
        self.begun = [0] * size  # where it began, if it has
        self.tf: list[int | None] = [None] * size
        self.ff: list[int | None] = [None] * size
        self.free: list[int | None] = [None] * size  # independent float
        self.drivers: list[list[int]] = [[] for _ in range(size)]
        self.flaws: list[Flaw] = list(network.flaws)
        self._now: dict[int, int] = {}

    def now(self, cal: WorkCalendar) -> int:
        if id(cal) not in self._now:
            self._now[id(cal)] = cal.worked(self.options.now)
        return self._now[id(cal)]

    # forward

    def forward(self) -> None:
        for place, activity in enumerate(self.acts):
            if activity.actual_finish is not None:
                self._done(place, activity)
            elif activity.kind == "loe":
                self._hammock(place)
            else:
                self._early(place, activity)
        ends = [self.finish_of(p) for p, a in enumerate(self.acts) if a.kind != "loe"]
        self.finish = max(ends, default=self.options.now)

    def _done(self, place: int, activity: Activity) -> None:
        cal, finish = self.cals[place], activity.actual_finish
        assert finish is not None
        start = activity.actual_start if activity.actual_start is not None else finish
        self.begun[place] = self.es[place] = cal.worked(start)
        self.ef[place] = max(cal.worked(finish), self.es[place])
        if max(start, finish) > self.options.now and self.options.data_date is not None:
            self.flaws.append(Flaw("actual_future", (activity.id,)))
        if finish < start:
            self.flaws.append(Flaw("actual_order", (activity.id,)))

    def _early(self, place: int, activity: Activity) -> None:
        cal, left = self.cals[place], self.left[place]
        begun = activity.actual_start is not None
        if begun:
            assert activity.actual_start is not None
            self.begun[place] = cal.worked(activity.actual_start)
            if activity.actual_start > self.options.now and self.options.data_date is not None:
                self.flaws.append(Flaw("actual_future", (activity.id,)))
        bound, drivers = self.now(cal), []
        for before, link in self.network.incoming[place]:
            if self._ignored(before, link, begun=begun):
                continue
            held = self.bound(before, place, link)
            if link.type not in TO_START:
                held -= left
            if held > bound:
                bound, drivers = held, [before]
            elif held == bound:
                drivers.append(before)
        if begun and drivers and bound > self.now(cal):
            self.flaws.append(Flaw("out_of_sequence", (activity.id,)))
        limited = self._constrained(place, activity, bound) if not begun else bound
        self.es[place], self.ef[place] = limited, limited + left
        self.drivers[place] = drivers if limited == bound else []

    def _ignored(self, before: int, link: Link, *, begun: bool) -> bool:
        """Links that hold nothing back: from a level of effort; of what has begun, its start and, in override, all."""
        if self.acts[before].kind == "loe":
            return True
        if not begun:
            return False
        return link.type == "SS" or (self.options.mode == "override" and self.acts[before].actual_finish is None)

    def _constrained(self, place: int, activity: Activity, bound: int) -> int:
        kind, at = activity.constraint, activity.constraint_at
        if at is None or kind in ("ASAP", "ALAP", "SNLT", "FNLT"):
            return bound
        wanted = self.cals[place].worked(at) - (self.left[place] if kind in ("FNET", "MFO") else 0)
        if kind in HARD_EARLY:
            if bound > wanted:
                self.flaws.append(Flaw("violated", (activity.id,), kind))
            return max(wanted, self.now(self.cals[place]))
        return max(bound, wanted)

    def _hammock(self, place: int) -> None:
        """A level of effort lasts from what starts it to what ends it; it drives nothing."""
        starts = [self.now(self.cals[place])]
        finishes: list[int] = []
        for before, link in self.network.incoming[place]:
            (starts if link.type in TO_START else finishes).append(self.bound(before, place, link))
        self.es[place] = max(starts)
        self.ef[place] = max([*finishes, self.es[place]] if finishes else [self.es[place] + self.left[place]])

    def bound(self, before: int, after: int, link: Link) -> int:
        """Where the link holds the start (FS, SS) or finish (FF, SF) of `after`, in its working minutes."""
        one, other = self.cals[before], self.cals[after]
        from_start = link.type in FROM_START
        value = self._start(before) if from_start else self.ef[before]
        if one is other and not (link.lag and link.lag_calendar == "elapsed"):
            return value + link.lag
        early = from_start or self._point(before)
        if link.lag_calendar == "elapsed":
            return other.worked(_at(one, value, start=early) + link.lag)
        if link.lag_calendar == "successor":
            return other.worked(_at(one, value, start=early)) + link.lag
        return other.worked(_at(one, value + link.lag, start=early and link.lag <= 0))

    def _point(self, place: int) -> bool:
        """Whether it takes no time and stands where work goes on, as everything but the end of something does."""
        return not self.left[place] and self.acts[place].kind != "finish_milestone"

    def _start(self, place: int) -> int:
        return self.begun[place] if self.acts[place].actual_start is not None else self.es[place]

    # backward

    def backward(self) -> None:
        end = self.options.must_finish if self.options.must_finish is not None else self.finish
        ends: dict[int, int] = {}
        for place in range(len(self.acts) - 1, -1, -1):
            activity, cal, left = self.acts[place], self.cals[place], self.left[place]
            if activity.actual_finish is not None or activity.kind == "loe":
                self.ls[place], self.lf[place] = self.es[place], self.ef[place]
                continue
            if id(cal) not in ends:
                ends[id(cal)] = cal.worked(end)
            late = ends[id(cal)]
            for after, link in self.network.outgoing[place]:
                if self._slack_counts(after, link):
                    held = self.unbound(place, after, link, self.ls[after], self.lf[after])
                    late = min(late, held + left if link.type in FROM_START else held)
            late = self._late_constraint(place, activity, late)
            self.lf[place], self.ls[place] = late, late - left
            self.tf[place] = late - self.ef[place]

    def _slack_counts(self, after: int, link: Link) -> bool:
        activity = self.acts[after]
        if activity.actual_finish is not None or activity.kind == "loe":
            return False
        return not (activity.actual_start is not None and link.type == "SS")

    def unbound(self, before: int, after: int, link: Link, start: int, finish: int) -> int:
        """How far the link lets `before` go, in its working minutes, when `after` stands at `start` and `finish`.

        A finish may slide to where work goes on without costing `after` a minute: the latest of equal instants counts.
        """
        one, other = self.cals[before], self.cals[after]
        value = start if link.type in TO_START else finish
        if one is other and not (link.lag and link.lag_calendar == "elapsed"):
            return value - link.lag
        early = link.type in FROM_START or self._point(before)
        if link.lag_calendar == "elapsed":
            return _held(one, other.starting(value) - link.lag, early=early)
        if link.lag_calendar == "successor":
            return _held(one, other.starting(value - link.lag), early=early)
        return _held(one, other.starting(value), early=early and link.lag <= 0) - link.lag

    def _late_constraint(self, place: int, activity: Activity, late: int) -> int:
        kind, at = activity.constraint, activity.constraint_at
        if activity.deadline is not None and self.cals[place].worked(activity.deadline) < self.ef[place]:
            self.flaws.append(Flaw("violated", (activity.id,), "deadline"))
        if at is None or kind not in ("SNLT", "FNLT", "MSO", "MFO"):
            return late
        wanted = self.cals[place].worked(at) + (self.left[place] if kind in ("SNLT", "MSO") else 0)
        if kind in HARD_EARLY:
            return wanted
        if self.ef[place] > wanted:
            self.flaws.append(Flaw("violated", (activity.id,), kind))
        return min(late, wanted)

    # floats

    def floats(self) -> None:
        """Free float from the early dates of what follows, last first, so that what is as late as possible moves."""
        ends: dict[int, int] = {}
        for place in range(len(self.acts) - 1, -1, -1):
            activity, cal, left = self.acts[place], self.cals[place], self.left[place]
            if self.tf[place] is None:
                continue
            if id(cal) not in ends:
                ends[id(cal)] = cal.worked(self.finish)
            slacks = [
                self._slack(place, after, link)
                for after, link in self.network.outgoing[place]
                if self._slack_counts(after, link)
            ]
            free = min([*slacks, ends[id(cal)] - self.ef[place]])  # a lead may let it pass the plan's end
            self.ff[place] = max(free, 0)
            if activity.constraint == "ALAP" and activity.actual_start is None and free > 0:
                self.es[place] += free
                self.ef[place] += free
                self.ff[place] = 0
                self.tf[place] = self.lf[place] - self.ef[place]
            self.free[place] = max(self._latest(place, left) + (self.ff[place] or 0), 0)

    def _slack(self, place: int, after: int, link: Link) -> int:
        allowed = self.unbound(place, after, link, self.es[after], self.ef[after])
        slack = allowed - (self._start(place) if link.type in FROM_START else self.ef[place])
        if self.network.helper(after):  # the end of a summary holds nothing itself: what follows it does
            slack += self.ff[after] or 0
        return slack

    def _latest(self, place: int, left: int) -> int:
        """How much its start is held by predecessors at their latest, as a negative amount: 0 if not at all."""
        held = 0
        for before, link in self.network.incoming[place]:
            if self.acts[before].actual_finish is not None or self.acts[before].kind == "loe":
                continue
            one, other = self.cals[before], self.cals[place]
            value = self.ls[before] if link.type in FROM_START else self.lf[before]
            early = self._start(before) if link.type in FROM_START else self.ef[before]
            moved = value - early
            if one is not other:
                moved = other.worked(one.finishing(value)) - other.worked(one.finishing(early))
            bound = self.bound(before, place, link) - (0 if link.type in TO_START else left)
            held = min(held, self.es[place] - (bound + moved))
        return held

    # results

    def start_of(self, place: int) -> int:
        activity = self.acts[place]
        if activity.actual_start is not None:
            return activity.actual_start
        if activity.kind == "finish_milestone":
            return self.finish_of(place)
        return self.cals[place].starting(self.es[place])

    def finish_of(self, place: int) -> int:
        activity = self.acts[place]
        if activity.actual_finish is not None:
            return activity.actual_finish
        return _at(self.cals[place], self.ef[place], start=self._point(place) and activity.actual_start is None)

    def longest(self) -> set[int]:
        """Places reached from the latest finish by links that drive."""
        waiting = [
            place
            for place, activity in enumerate(self.acts)
            if activity.kind != "loe" and activity.actual_finish is None and self.finish_of(place) == self.finish
        ]
        found: set[int] = set()
        while waiting:
            place = waiting.pop()
            if place not in found:
                found.add(place)
                waiting += [before for before in self.drivers[place] if self.acts[before].actual_finish is None]
        return found

    def result(self) -> Schedule:
        longest, limit = self.longest(), self.options.critical_float
        dates: dict[str, Dates] = {}
        for place, activity in enumerate(self.acts):
            if self.network.helper(place):
                continue
            total = self.tf[place]
            cal = self.cals[place]
            late_finish = _at(cal, self.lf[place], start=self._point(place))
            dates[activity.id] = Dates(
                start=self.start_of(place),
                finish=self.finish_of(place),
                late_start=cal.starting(self.ls[place]) if activity.actual_start is None else activity.actual_start,
                late_finish=activity.actual_finish if activity.actual_finish is not None else late_finish,
                total_float=total,
                free_float=self.ff[place],
                independent_float=self.free[place],
                critical=total is not None and total <= limit,
                longest=place in longest,
                drivers=tuple(self.acts[before].id.rstrip("<>") for before in self.drivers[place]),
            )
        _roll_up(self.network, dates, self.options.now)
        start = min((one.start for one in dates.values()), default=self.options.now)
        return Schedule(
            dates=dates, start=start, finish=self.finish, flaws=tuple(self.flaws), options=self.options
        )


def _at(cal: WorkCalendar, worked: int, *, start: bool) -> int:
    return cal.starting(worked) if start else cal.finishing(worked)


def _held(cal: WorkCalendar, limit: int, *, early: bool) -> int:
    """The last working minute no later than `limit`; what begins (`early`) there would begin only after a pause."""
    worked = cal.worked(limit)
    return worked - 1 if early and worked and cal.starting(worked) > limit else worked


def _roll_up(network: Network, dates: dict[str, Dates], now: int) -> None:
    """Summaries last from the first start to the last finish of what is in them."""
    for summary in network.summaries:
        inside = [dates[child] for child in network.children.get(summary.id, ()) if child in dates]
        if not inside:
            dates[summary.id] = Dates(start=now, finish=now, late_start=now, late_finish=now)
            continue
        floats: Sequence[int] = [one.total_float for one in inside if one.total_float is not None]
        dates[summary.id] = Dates(
            start=min(one.start for one in inside),
            finish=max(one.finish for one in inside),
            late_start=min(one.late_start for one in inside),
            late_finish=max(one.late_finish for one in inside),
            total_float=min(floats, default=None),
            critical=any(one.critical for one in inside),
            longest=any(one.longest for one in inside),
        )

