"""The critical path method: cases worked by hand, and what must hold of every network."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.progress.network import Activity, Link, Looped, build
from plugins.progress.scheduling import Dates, Options, Schedule, schedule
from plugins.progress.worktime import ALWAYS, WorkCalendar, instant, moment

DAY = 480
FIRST = date(2026, 1, 1)
WEEK = WorkCalendar(first=FIRST)
SEVEN = WorkCalendar(week=WEEK.week[:1] * 7, first=FIRST)
CLOCK = WorkCalendar(week=ALWAYS.week, first=FIRST)
MONDAY = instant(datetime(2026, 3, 2, 8))


def work(id: str, days: float, calendar: WorkCalendar = WEEK, **more) -> Activity:
    return Activity(id=id, duration=round(days * calendar.minutes_per_day), calendar=calendar, **more)


def run(activities, links, **options) -> Schedule:
    return schedule(build(activities, links), Options(**{"start": MONDAY, **options}))


def of(dates: Dates) -> tuple[float, float, float, float]:
    """Early start, early finish, total and free float in days since the Monday, all on the five-day week."""
    zero = WEEK.worked(MONDAY)
    early = (WEEK.worked(dates.start) - zero, WEEK.worked(dates.finish) - zero)
    return tuple(value / DAY for value in (*early, dates.total_float or 0, dates.free_float or 0))


def at(text: str) -> int:
    return instant(datetime.fromisoformat(text))


def text(value: int) -> str:
    return f"{moment(value):%m-%d %H:%M}"


def test_a_textbook_network_has_the_dates_and_floats_of_the_book():
    """Seven activities, finish to start; worked by hand, forward and backward.

    A3; B4 and C2 after A; D5 after B; E3 after B and C; F6 after C; G2 after D, E and F.
    """
    plan = run(
        [work(id, days) for id, days in zip("ABCDEFG", (3, 4, 2, 5, 3, 6, 2), strict=True)],
        [Link(*pair) for pair in ("AB", "AC", "BD", "BE", "CE", "CF", "DG", "EG", "FG")],
    )
    assert {id: of(dates) for id, dates in plan.dates.items()} == {
        "A": (0, 3, 0, 0), "B": (3, 7, 0, 0), "C": (3, 5, 1, 0), "D": (7, 12, 0, 0),
        "E": (7, 10, 2, 2), "F": (5, 11, 1, 1), "G": (12, 14, 0, 0),
    }  # fmt: skip
    assert {id for id, dates in plan.dates.items() if dates.critical} == set("ABDG")
    assert {id for id, dates in plan.dates.items() if dates.longest} == set("ABDG")
    assert plan.dates["E"].drivers == ("B",)
    assert plan.dates["E"].independent_float == 2 * DAY
    assert plan.dates["F"].independent_float == 0  # its start may be held a day later by C


def test_each_type_of_link_holds_what_it_says():
    """搭接: A 10 days; B starts 3 days after A's start, C ends 2 after A's end, D ends 15 after A's start, E FS + 1."""
    plan = run(
        [work("A", 10), work("B", 4), work("C", 5), work("D", 6), work("E", 2)],
        [Link("A", "B", "SS", 3 * DAY), Link("A", "C", "FF", 2 * DAY), Link("A", "D", "SF", 15 * DAY),
         Link("A", "E", "FS", DAY)],
    )  # fmt: skip
    assert {id: of(dates)[:2] for id, dates in plan.dates.items()} == {
        "A": (0, 10), "B": (3, 7), "C": (7, 12), "D": (9, 15), "E": (11, 13),
    }  # fmt: skip
    assert plan.dates["A"].total_float == 0  # held by D


def test_a_lead_lets_the_next_begin_before():
    plan = run([work("A", 5), work("B", 3)], [Link("A", "B", "FS", -2 * DAY)])
    assert of(plan.dates["B"])[:2] == (3, 6)


@pytest.mark.parametrize(
    ("calendar", "lag", "start"),
    [
        ("predecessor", 5 * DAY, "06-13 08:00"),
        ("successor", 5 * DAY, "06-11 08:00"),
        ("elapsed", 5 * 1440, "06-11 08:00"),
    ],
)
def test_the_calendar_of_the_lag_moves_the_date(calendar, lag, start):
    """A five-day week, then a seven-day one, FS + 5 days: another day by the calendar in which the lag is counted."""
    plan = run(
        [work("A", 1), work("B", 2, SEVEN)], [Link("A", "B", "FS", lag, calendar)], start=at("2026-06-05T08:00")
    )
    assert text(plan.dates["B"].start) == start


def test_what_ends_on_friday_evening_hands_over_at_once_to_who_works_at_weekends():
    plan = run([work("A", 5), work("B", 1, CLOCK)], [Link("A", "B")])
    assert text(plan.dates["A"].finish) == "03-06 17:00"
    assert text(plan.dates["B"].start) == "03-06 17:00"


def test_constraints_move_or_warn():
    plan = run(
        [work("A", 2, constraint="SNET", constraint_at=at("2026-03-05T08:00")),
         work("B", 2, constraint="FNET", constraint_at=at("2026-03-13T17:00")),
         work("C", 2, constraint="FNLT", constraint_at=at("2026-03-04T17:00")),
         work("D", 1, constraint="MSO", constraint_at=at("2026-03-03T08:00")),
         work("E", 1, deadline=at("2026-03-02T12:00"))],
        [Link("A", "C"), Link("C", "D")],
    )  # fmt: skip
    assert text(plan.dates["A"].start) == "03-05 08:00"
    assert text(plan.dates["B"].finish) == "03-13 17:00"
    assert plan.dates["C"].total_float == -6 * DAY  # D starts on the 3rd, one day in; C ends on the 10th, seven in
    assert text(plan.dates["D"].start) == "03-03 08:00"
    violated = {(flaw.activities[0], flaw.detail) for flaw in plan.flaws if flaw.code == "violated"}
    assert violated == {("C", "FNLT"), ("D", "MSO"), ("E", "deadline")}


def test_as_late_as_possible_uses_free_float_only():
    plan = run(
        [work("A", 2), work("B", 2, constraint="ALAP"), work("C", 8), work("D", 1)],
        [Link("A", "B"), Link("A", "C"), Link("B", "D"), Link("C", "D")],
    )
    assert of(plan.dates["B"]) == (8, 10, 0, 0)
    assert of(plan.dates["D"])[:2] == (10, 11)


def test_a_progressed_plan_keeps_what_happened_and_puts_the_rest_after_the_data_date():
    monday = at("2026-03-09T08:00")
    plan = run(
        [work("A", 5, actual_start=MONDAY, actual_finish=at("2026-03-10T17:00")),
         work("B", 4, actual_start=at("2026-03-11T08:00"), percent=50), work("C", 3)],
        [Link("A", "B"), Link("B", "C")], data_date=at("2026-03-12T17:00"),
    )  # fmt: skip
    assert text(plan.dates["A"].finish) == "03-10 17:00"
    assert text(plan.dates["B"].start) == "03-11 08:00"
    assert text(plan.dates["B"].finish) == "03-16 17:00"
    assert text(plan.dates["C"].start) == "03-17 08:00"
    assert plan.dates["A"].total_float is None
    assert all(dates.finish > monday for dates in plan.dates.values())


@pytest.mark.parametrize(("mode", "finish"), [("retained", "03-12 17:00"), ("override", "03-09 17:00")])
def test_what_began_out_of_sequence_waits_or_goes_on(mode, finish):
    """B began although A is not done: A has three days left, B two."""
    plan = run(
        [work("A", 7, actual_start=MONDAY, remaining=3 * DAY),
         work("B", 3, actual_start=at("2026-03-05T08:00"), remaining=2 * DAY)],
        [Link("A", "B")], data_date=at("2026-03-05T17:00"), mode=mode,
    )  # fmt: skip
    assert text(plan.dates["A"].finish) == "03-10 17:00"
    assert text(plan.dates["B"].finish) == finish
    assert (("out_of_sequence", ("B",)) in {(f.code, f.activities) for f in plan.flaws}) == (mode == "retained")


def test_an_actual_date_after_the_data_date_is_told():
    plan = run([work("A", 1, actual_start=at("2026-03-20T08:00"))], [], data_date=at("2026-03-05T17:00"))
    assert [flaw.code for flaw in plan.flaws] == ["actual_future"]


def test_a_summary_lasts_as_long_as_what_is_in_it_and_hands_its_links_to_its_children():
    plan = run(
        [work("S", 0, kind="summary"), work("A", 2, parent="S"), work("B", 5, parent="S"), work("C", 1), work("Z", 2)],
        [Link("Z", "S"), Link("S", "C")],
    )
    assert of(plan.dates["S"])[:2] == (2, 7)
    assert of(plan.dates["A"]) == (2, 4, 3, 3)
    assert of(plan.dates["C"])[:2] == (7, 8)
    assert plan.dates["S"].critical


def test_a_level_of_effort_lasts_from_what_starts_it_to_what_ends_it_and_drives_nothing():
    plan = run(
        [work("A", 3), work("B", 4), work("L", 1, kind="loe"), work("C", 1)],
        [Link("A", "B"), Link("A", "L", "SS"), Link("B", "L", "FF"), Link("L", "C")],
    )
    assert of(plan.dates["L"])[:2] == (0, 7)
    assert of(plan.dates["C"])[:2] == (0, 1)
    assert not plan.dates["L"].critical


def test_with_a_date_to_keep_the_longest_path_and_the_critical_differ():
    plan = run([work("A", 5), work("B", 3)], [], must_finish=at("2026-03-03T17:00"))
    assert plan.dates["A"].total_float == -3 * DAY
    assert plan.dates["B"].critical
    assert plan.dates["A"].longest
    assert not plan.dates["B"].longest


def test_milestones_take_no_time_and_stand_where_they_belong():
    plan = run(
        [work("A", 5), work("M", 0, kind="finish_milestone"), work("N", 0, kind="start_milestone"), work("B", 1)],
        [Link("A", "M"), Link("A", "N"), Link("N", "B")],
    )
    assert text(plan.dates["M"].finish) == "03-06 17:00"
    assert text(plan.dates["N"].start) == "03-09 08:00"


def test_a_loop_is_named_in_its_order():
    with pytest.raises(Looped) as caught:
        build([work(id, 1) for id in "XABC"], [Link("X", "A"), Link("A", "B"), Link("B", "C"), Link("C", "A")])
    assert caught.value.loop in {("A", "B", "C"), ("B", "C", "A"), ("C", "A", "B")}


def test_links_that_hang_are_left_out_and_told():
    plan = run([work("A", 1), work("B", 1)], [Link("A", "gone"), Link("A", "A")])
    assert {flaw.code for flaw in plan.flaws} == {"dangling", "self", "isolated"}


# What must hold of every network (domain X, 9 and 10)

networks = st.integers(2, 9).flatmap(
    lambda count: st.tuples(
        st.lists(
            st.tuples(st.integers(0, 8), st.sampled_from([WEEK, WEEK, SEVEN, CLOCK])), min_size=count, max_size=count
        ),
        st.lists(
            st.tuples(
                st.integers(0, count - 1), st.integers(0, count - 1), st.sampled_from(["FS", "SS", "FF", "SF"]),
                st.integers(-2, 3), st.sampled_from(["predecessor", "successor", "elapsed"]),
            ),
            max_size=14,
        ),
    )
)  # fmt: skip


def network_of(drawn):
    sizes, pairs = drawn
    activities = [work(str(n), days, calendar) for n, (days, calendar) in enumerate(sizes)]
    links = [Link(str(min(a, b)), str(max(a, b)), type, lag * DAY, of) for a, b, type, lag, of in pairs if a != b]
    return activities, links


def holds(link: Link, plan: Schedule, by_id: dict[str, Activity]) -> bool:
    """The link's inequality in the successor's working time."""
    one, other = by_id[link.before].calendar, by_id[link.after].calendar
    before, after = plan.dates[link.before], plan.dates[link.after]
    value = before.start if link.type in ("SS", "SF") else before.finish
    if link.lag_calendar == "elapsed":
        value += link.lag
    elif link.lag_calendar == "predecessor" or one is other:
        worked = one.worked(value) + link.lag
        value = one.finishing(worked) if link.lag or link.type in ("FS", "FF") else one.starting(worked)
    bound = other.worked(value) + (link.lag if link.lag_calendar == "successor" and one is not other else 0)
    held = other.worked(after.start if link.type in ("FS", "SS") else after.finish)
    return held >= bound


@given(networks)
def test_every_link_is_kept_and_floats_are_in_order(drawn):
    activities, links = network_of(drawn)
    by_id = {activity.id: activity for activity in activities}
    plan = run(activities, links)
    for link in links:
        assert holds(link, plan, by_id), link
    for dates in plan.dates.values():
        assert dates.total_float is not None
        assert dates.total_float >= 0
        assert 0 <= (dates.free_float or 0) <= dates.total_float
        assert 0 <= (dates.independent_float or 0) <= (dates.free_float or 0)
    assert plan.finish == max(dates.finish for dates in plan.dates.values())
    assert any(dates.longest for dates in plan.dates.values())


@given(networks, st.data())
def test_one_more_link_never_makes_the_plan_end_earlier(drawn, data):
    activities, links = network_of(drawn)
    plan = run(activities, links)
    places = st.lists(st.integers(0, len(activities) - 1), min_size=2, max_size=2, unique=True)
    before, after = sorted(data.draw(places))
    more = Link(str(before), str(after), data.draw(st.sampled_from(["FS", "SS", "FF", "SF"])), DAY)
    assert run(activities, [*links, more]).finish >= plan.finish


@given(networks, st.data())
def test_a_delay_within_free_float_moves_nothing_and_within_total_float_not_the_end(drawn, data):
    """On one calendar, where a float is one number for all."""
    activities, links = network_of(drawn)
    activities = [work(a.id, a.duration / a.calendar.minutes_per_day) for a in activities]
    plan = run(activities, links)
    late = data.draw(st.sampled_from(activities))
    dates = plan.dates[late.id]
    for amount in (dates.free_float, dates.total_float):
        start = WEEK.starting(WEEK.worked(dates.start) + (amount or 0))
        moved = run(
            [work(a.id, a.duration / DAY, constraint="SNET", constraint_at=start) if a.id == late.id else a
             for a in activities], links,
        )  # fmt: skip
        assert WEEK.worked(moved.finish) == WEEK.worked(plan.finish)
        if amount == dates.free_float:
            others = {id: one.start for id, one in moved.dates.items() if id != late.id}
            assert others == {id: one.start for id, one in plan.dates.items() if id != late.id}


def test_two_runs_agree():
    activities, links = network_of((([(3, WEEK), (2, SEVEN), (4, CLOCK)]), [(0, 1, "SS", 1, "successor")]))
    assert run(activities, links).dates == run(activities, links).dates
