"""The network that is scheduled: activities and links as given, checked and put in order; no dates are computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from plugins.progress.worktime import WorkCalendar

Kind = Literal["task", "start_milestone", "finish_milestone", "summary", "loe"]
LinkType = Literal["FS", "SS", "FF", "SF"]
LagCalendar = Literal["predecessor", "successor", "elapsed"]
ConstraintKind = Literal["ASAP", "ALAP", "SNET", "SNLT", "FNET", "FNLT", "MSO", "MFO"]

MILESTONES = ("start_milestone", "finish_milestone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One line of the plan. Times are instants (minutes, see worktime), durations working minutes.

    `remaining` counts from the data date, of an activity that has begun; None: in proportion to `percent`.
    """

    id: str
    name: str = ""
    kind: Kind = "task"
    duration: int = 0
    calendar: WorkCalendar
    parent: str | None = None
    constraint: ConstraintKind = "ASAP"
    constraint_at: int | None = None
    deadline: int | None = None
    actual_start: int | None = None
    actual_finish: int | None = None
    remaining: int | None = None
    percent: float = 0.0  # done, 0 to 100

    @property
    def span(self) -> int:
        """Working minutes that are planned: none for a milestone."""
        return 0 if self.kind in MILESTONES else self.duration

    @property
    def left(self) -> int:
        """Working minutes still to do."""
        if self.actual_finish is not None:
            return 0
        if self.actual_start is None:
            return self.span
        if self.remaining is not None:
            return self.remaining
        return round(self.span * (100 - min(max(self.percent, 0), 100)) / 100)


@dataclass(frozen=True, slots=True)
class Link:
    """`lag` in working minutes of the lag's calendar, or elapsed minutes; negative is a lead."""

    before: str
    after: str
    type: LinkType = "FS"
    lag: int = 0
    lag_calendar: LagCalendar = "predecessor"


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with the input, or worth knowing. `code`: loop, dangling, self, isolated, empty_calendar,
    actual_future, actual_order, violated, out_of_sequence."""

    code: str
    activities: tuple[str, ...]
    detail: str = ""


class Looped(ValueError):
    """Activities that wait for one another. `loop`: their ids in order, the first also follows the last."""

    def __init__(self, loop: Sequence[str]) -> None:
        super().__init__(" → ".join([*loop, loop[0]]))
        self.loop = tuple(loop)


@dataclass(frozen=True)
class Network:
    """Activities by place in topological order of their links; links by place of their ends.

    Only what carries time is in it: a summary's links are carried by its lowest activities, through a start and a
    finish of its own (activities of no duration, named "id<" and "id>"), so that ten thousand children cost ten
    thousand links and not their square.
    """

    activities: tuple[Activity, ...]
    place: Mapping[str, int]
    incoming: tuple[tuple[tuple[int, Link], ...], ...]  # by place: (place of the one before, link)
    outgoing: tuple[tuple[tuple[int, Link], ...], ...]
    summaries: tuple[Activity, ...]  # deepest first
    children: Mapping[str, tuple[str, ...]]
    flaws: tuple[Flaw, ...] = field(default=())

    def helper(self, place: int) -> bool:
        """Whether the place holds a summary's start or finish rather than an activity of the plan."""
        return self.activities[place].id[-1:] in ("<", ">")


def build(activities: Iterable[Activity], links: Iterable[Link]) -> Network:
    """The network in order; Looped names a loop. Dangling links are left out and told as flaws."""
    given = {activity.id: activity for activity in activities}
    children: dict[str, list[str]] = {}
    for activity in given.values():
        if activity.parent in given:
            children.setdefault(activity.parent, []).append(activity.id)
    summaries = {id for id in given if given[id].kind == "summary" or id in children}
    flaws, sound = _sound(given, links)
    carriers = {id: activity for id, activity in given.items() if id not in summaries}
    sound = _carried(given, summaries, children, sound, carriers)
    order = _ordered(carriers, sound)
    place = {id: at for at, id in enumerate(order)}
    incoming: list[list[tuple[int, Link]]] = [[] for _ in order]
    outgoing: list[list[tuple[int, Link]]] = [[] for _ in order]
    for link in sound:
        incoming[place[link.after]].append((place[link.before], link))
        outgoing[place[link.before]].append((place[link.after], link))
    lonely = [id for id in order if not incoming[place[id]] and not outgoing[place[id]]]
    if len(order) > 1:
        flaws += [Flaw("isolated", (id,)) for id in lonely]
    return Network(
        activities=tuple(carriers[id] for id in order),
        place=place,
        incoming=tuple(map(tuple, incoming)),
        outgoing=tuple(map(tuple, outgoing)),
        summaries=tuple(given[id] for id in _deepest_first(given, summaries)),
        children={id: tuple(found) for id, found in children.items()},
        flaws=tuple(flaws),
    )


def _sound(given: Mapping[str, Activity], links: Iterable[Link]) -> tuple[list[Flaw], list[Link]]:
    """Links whose ends are there and differ, each pair and type once with the longest lag; and what was left out."""
    flaws: list[Flaw] = []
    kept: dict[tuple[str, str, str, str], Link] = {}
    for link in links:
        if link.before not in given or link.after not in given:
            flaws.append(Flaw("dangling", (link.before, link.after)))
        elif link.before == link.after:
            flaws.append(Flaw("self", (link.before,)))
        else:
            key = (link.before, link.after, link.type, link.lag_calendar)
            if key not in kept or kept[key].lag < link.lag:
                kept[key] = link
    return flaws, list(kept.values())


def _carried(
    given: Mapping[str, Activity],
    summaries: set[str],
    children: Mapping[str, Sequence[str]],
    links: list[Link],
    carriers: dict[str, Activity],
) -> list[Link]:
    """The links with those of summaries handed to starts and finishes, which `carriers` gains."""
    found = []
    for link in links:
        before, after = link.before, link.after
        if before in summaries:
            before = _end_of(given[before], "<" if link.type in ("SS", "SF") else ">", carriers)
        if after in summaries:
            # a summary has no duration of its own to be pulled by its finish: every link holds back its start
            after = _end_of(given[after], "<", carriers)
        found.append(Link(before, after, link.type, link.lag, link.lag_calendar))
    for id in summaries:
        for sign, of in (("<", "SS"), (">", "FF")):
            if id + sign in carriers:
                for leaf in _leaves(id, children, summaries):
                    ends = (id + sign, leaf) if sign == "<" else (leaf, id + sign)
                    found.append(Link(*ends, "SS" if of == "SS" else "FF"))
    return found


def _end_of(summary: Activity, sign: str, carriers: dict[str, Activity]) -> str:
    id = summary.id + sign
    kind: Kind = "start_milestone" if sign == "<" else "finish_milestone"
    carriers.setdefault(id, Activity(id=id, name=summary.name, kind=kind, calendar=summary.calendar))
    return id


def _leaves(id: str, children: Mapping[str, Sequence[str]], summaries: set[str]) -> list[str]:
    found, waiting = [], list(children.get(id, ()))
    while waiting:
        child = waiting.pop()
        if child in summaries:
            waiting += children.get(child, ())
        else:
            found.append(child)
    return found


def _ordered(carriers: Mapping[str, Activity], links: Sequence[Link]) -> list[str]:
    """Every activity after those before it (Kahn 1962); ties keep the order of the plan."""
    after: dict[str, list[str]] = {id: [] for id in carriers}
    missing = dict.fromkeys(carriers, 0)
    for link in links:
        after[link.before].append(link.after)
        missing[link.after] += 1
    ready = [id for id, count in missing.items() if not count]
    for id in ready:  # grows while it is walked
        for following in after[id]:
            missing[following] -= 1
            if not missing[following]:
                ready.append(following)
    if len(ready) < len(carriers):
        raise Looped(_loop(after, {id for id, count in missing.items() if count}))
    return ready


def _loop(after: Mapping[str, Sequence[str]], among: set[str]) -> list[str]:
    """One loop among activities of which each has one before it that waits too."""
    before: dict[str, str] = {}
    for id in sorted(among):
        for following in after[id]:
            if following in among:
                before.setdefault(following, id)
    walked: dict[str, int] = {}
    id = min(among)
    while id not in walked:
        walked[id] = len(walked)
        id = before[id]
    loop = [one for one, at in walked.items() if at >= walked[id]]
    loop.reverse()
    return [one.rstrip("<>") for one in loop]


def _deepest_first(given: Mapping[str, Activity], summaries: set[str]) -> list[str]:
    """Summaries with those inside others before them; Looped where the tree bites its tail."""
    depth: dict[str, int] = {}
    for id in summaries:
        trail: list[str] = []
        step: str | None = id
        while step in given and step not in depth:
            if step in trail:
                raise Looped(trail[trail.index(step) :])
            trail.append(step)
            step = given[step].parent
        level = depth.get(step, -1) if step else -1
        for one in reversed(trail):
            level += 1
            depth[one] = level
    return sorted(summaries, key=lambda id: -depth[id])
