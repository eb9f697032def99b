"""Warranties end when the law says; service clocks run, stand still and end to the minute."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.maintenance import desk
from plugins.maintenance.service import due, elapsed, local, running, shifts, stored
from plugins.maintenance.terms import months_after, seasons_after, term

LAW = {
    "years_waterproof": 5, "seasons_heating": 2, "years_electric": 2, "years_pipes": 2, "years_equipment": 2,
    "years_decoration": 2, "years_structure": 50, "heating_from": "11-15", "heating_to": "03-15",
    "cooling_from": "06-01", "cooling_to": "09-30",
}  # fmt: skip
D = date.fromisoformat
OFFICE = shifts("08:30-12:00 14:00-17:30")  # seven hours


def until(kind: str, start: str, *, life: int | None = None, **more) -> tuple[str | None, str | None]:
    found = term({"kind": kind, "start": start, **more}, LAW, design_life=life)
    return tuple(one and one.isoformat() for one in (found.legal, found.until))


def test_a_heating_season_is_a_season_and_not_twelve_months():
    """Accepted before the season of 2026/27: two seasons end in March 2028, not two years after acceptance."""
    assert seasons_after(D("2026-10-20"), 2, "11-15", "03-15") == D("2028-03-15")
    assert seasons_after(D("2026-11-15"), 2, "11-15", "03-15") == D("2028-03-15")
    # accepted in the middle of a season: that one does not count
    assert seasons_after(D("2026-12-01"), 2, "11-15", "03-15") == D("2029-03-15")
    assert seasons_after(D("2027-02-01"), 1, "11-15", "03-15") == D("2028-03-15")
    assert seasons_after(D("2026-05-01"), 2, "06-01", "09-30") == D("2027-09-30")


def test_the_minimum_of_article_40_and_what_was_agreed():
    assert until("waterproof", "2026-03-15") == ("2031-03-15", "2031-03-15")
    assert until("electric", "2024-02-29") == ("2026-02-28", "2026-02-28")
    assert until("structure", "2026-03-15", life=70) == ("2096-03-15", "2096-03-15")
    assert until("structure", "2026-03-15") == ("2076-03-15", "2076-03-15")
    assert until("heating", "2026-10-20") == ("2028-03-15", "2028-03-15")
    assert until("decoration", "2026-03-15", agreed=3, agreed_unit="years") == ("2028-03-15", "2029-03-15")
    assert until("heating", "2026-10-20", agreed=3, agreed_unit="seasons")[1] == "2029-03-15"
    assert until("other", "2026-03-15") == (None, None)
    assert until("other", "2026-01-31", agreed=1) == (None, "2026-02-28")


@settings(max_examples=80, deadline=None)
@given(st.dates(D("2000-01-01"), D("2060-01-01")), st.integers(1, 5))
def test_a_later_acceptance_never_ends_sooner_and_each_season_is_whole(start, seasons):
    end = seasons_after(start, seasons, "11-15", "03-15")
    assert seasons_after(start + timedelta(days=1), seasons, "11-15", "03-15") >= end
    assert (end - start).days >= 365 * (seasons - 1) + 120
    assert months_after(start, 24) > start


def test_working_hours_are_read_or_refused():
    assert shifts("08:30-12:00 14:00-17:30") is not None
    for text in ("", "8-12", "12:00-08:00", "08:00-12:00 11:00-13:00", "24:00-25:00"):
        assert shifts(text) is None


def test_a_working_clock_jumps_over_nights_and_holidays():
    """From Wednesday 2026-09-30 17:00: half an hour that day, then 10-08, 8:30 to 10:00, after the holidays."""
    assert due(datetime(2026, 9, 30, 17), Decimal(2), OFFICE) == datetime(2026, 10, 8, 10)
    assert due(datetime(2026, 9, 30, 12, 30), Decimal("3.5"), OFFICE) == datetime(2026, 9, 30, 17, 30)
    assert due(datetime(2026, 9, 30, 17), Decimal(2)) == datetime(2026, 9, 30, 19)
    assert elapsed(datetime(2026, 9, 30, 17), datetime(2026, 10, 8, 10), OFFICE) == timedelta(hours=2)


def test_a_clock_stands_still_while_waiting():
    start, hour = datetime(2026, 3, 2, 8), timedelta(hours=1)
    pause = (start + hour, start + 5 * hour)
    assert due(start, Decimal(4), pauses=[pause]) == start + 8 * hour
    assert due(start, Decimal(4), pauses=[(start + hour, None)]) is None
    assert due(start, Decimal(1), pauses=[(start + 2 * hour, None)]) == start + hour  # it was over before
    assert running(start, start + 8 * hour, [pause]) == 4 * hour


INSTANTS = st.integers(0, 480_000).map(lambda minutes: datetime(2026, 1, 1) + timedelta(minutes=minutes))
PAUSES = st.lists(st.tuples(INSTANTS, st.integers(1, 3000)), max_size=4).map(
    lambda rows: [(begin, begin + timedelta(minutes=n)) for begin, n in rows]
)


@settings(max_examples=60, deadline=None)
@given(INSTANTS, st.integers(0, 200), PAUSES, st.sampled_from([(), OFFICE]))
def test_by_the_due_time_the_clock_has_run_for_just_so_long(start, hours, pauses, clock):
    end = due(start, Decimal(hours), clock, pauses)
    assert end is not None
    assert end >= start
    waits = sorted(pauses)
    merged = []
    for begin, finish in waits:  # pauses may overlap
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], finish))
        else:
            merged.append((begin, finish))
    stood = sum((elapsed(max(b, start), min(f, end), clock) for b, f in merged), timedelta())
    assert elapsed(start, end, clock) - stood == timedelta(hours=hours)


SLA = {"respond_normal": Decimal(24), "restore_normal": Decimal(168), "clock_normal": "always", "working_hours": "",
       "respond_urgent": Decimal(2), "restore_urgent": Decimal(7), "clock_urgent": "working"}  # fmt: skip


def walk(data: dict, *steps: tuple[str, datetime]) -> dict:
    for status, at in steps:
        data = data | {"status": status}
        data |= desk.order(data, SLA, at)
        data = {name: value for name, value in data.items() if value is not None}
    return data


def test_an_order_through_waiting_and_being_sent_back():
    """Reported Monday 8:00 with 168 h; waits a day, is thought done for two, ends on Thursday of week two."""
    monday, day, hour = datetime(2026, 3, 2, 8), timedelta(days=1), timedelta(hours=1)
    begun = {"kind": "corrective", "priority": "normal", "reported_at": stored(monday)}
    found = walk(begun, ("created", monday), ("accepted", monday + hour), ("in_progress", monday + 2 * hour))
    assert local(found["respond_due"]) == monday + day
    assert local(found["due"]) == monday + 7 * day
    assert found["responded"] == "yes"
    assert local(found["started_at"]) == monday + 2 * hour
    found = walk(found, ("waiting", monday + day), ("in_progress", monday + 2 * day))
    assert local(found["due"]) == monday + 8 * day
    found = walk(found, ("done", monday + 3 * day))
    assert (found["on_time"], found["repair_hours"]) == ("yes", Decimal(48))
    found = walk(found, ("in_progress", monday + 5 * day))
    assert "finished_at" not in found
    assert len(found["reopenings"]) == 1
    found = walk(found, ("done", monday + 10 * day), ("verified", monday + 11 * day))
    assert local(found["due"]) == monday + 10 * day
    assert local(found["finished_at"]) == monday + 10 * day
    assert (found["on_time"], found["repair_hours"]) == ("yes", Decimal(24 * 7))


def test_an_urgent_order_counts_working_hours_where_the_tenant_says_so():
    friday = datetime(2026, 3, 6, 17)  # office hours of the setting are empty: then the clock runs day and night
    data = {"kind": "corrective", "priority": "urgent", "reported_at": stored(friday)}
    assert local(walk(data, ("created", friday))["due"]) == friday + timedelta(hours=7)
    office = SLA | {"working_hours": "08:30-12:00 14:00-17:30"}
    assert local(desk.order(data, office, friday)["due"]) == datetime(2026, 3, 9, 17)


@pytest.mark.parametrize(("finished", "met"), [("2026-03-10T15:59:00Z", "yes"), ("2026-03-10T16:00:00Z", "no")])
def test_planned_work_is_on_time_within_its_window(finished, met):
    data = {"kind": "preventive", "priority": "normal", "reported_at": "2026-03-01T00:00:00Z", "status": "done",
            "due": "2026-03-10T15:59:00Z", "started_at": "2026-03-10T01:00:00Z", "finished_at": finished}  # fmt: skip
    found = desk.order(data, SLA, datetime(2026, 4, 1))
    assert found["on_time"] == met
    assert found["respond_due"] is None
    assert local(found["responded_at"]) == datetime(2026, 3, 10, 9)
