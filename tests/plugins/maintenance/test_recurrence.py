"""Rules of RFC 5545: the days they name, what is refused, and that none of them is followed without end."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.maintenance.recurrence import BadRule, between, clamped, fault, following, read, shifted, yearly

NEW_YEAR = date(2026, 1, 1)
D = date.fromisoformat


def named(text: str, start: str, until: str, **more) -> list[str]:
    return [one.isoformat() for one in between(read(text), D(start), D(start), D(until), **more)]


def test_the_days_of_rules_as_the_standard_has_them():
    """By hand from a calendar of 2026; the last two are examples of RFC 5545, 3.8.5.3, moved to 2026."""
    assert named("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-01-01", "2026-03-31") == ["2026-01-31", "2026-02-28", "2026-03-31"]
    assert named("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH", "2026-01-01", "2026-01-16") == [
        "2026-01-01", "2026-01-12", "2026-01-15",
    ]  # fmt: skip
    assert named("RRULE:FREQ=DAILY;COUNT=3", "2026-01-01", "2026-12-31") == ["2026-01-01", "2026-01-02", "2026-01-03"]
    assert named("FREQ=DAILY;UNTIL=20260102T000000Z", "2026-01-01", "2026-12-31") == ["2026-01-01", "2026-01-02"]
    assert named("FREQ=MONTHLY;BYDAY=1FR", "2026-01-01", "2026-02-28") == ["2026-01-02", "2026-02-06"]
    assert named("FREQ=YEARLY;BYDAY=20MO", "2026-01-01", "2027-12-31") == ["2026-05-18", "2027-05-17"]


def test_days_that_are_excluded_use_up_a_count_and_are_not_done():
    skipped = frozenset({date(2026, 1, 2)})
    assert named("FREQ=DAILY;COUNT=3", "2026-01-01", "2026-12-31", excluded=skipped) == ["2026-01-01", "2026-01-03"]


@pytest.mark.parametrize("text", [
    "", "每月", "FREQ=MONTHLY;", "FREQ=HOURLY", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;INTERVAL=99999", "INTERVAL=2",
    "FREQ=DAILY;FREQ=DAILY", "FREQ=MONTHLY;BYMONTHDAY=32", "FREQ=YEARLY;BYMONTH=13", "FREQ=WEEKLY;BYDAY=XX",
    "FREQ=DAILY;COUNT=2;UNTIL=20260101", "FREQ=DAILY;UNTIL=20261332", "FREQ=DAILY;BYHOUR=3", "FREQ=DAILY;COUNT=0",
    "FREQ=MONTHLY;BYDAY=6MO", "FREQ=MONTHLY;BYMONTH=12;BYDAY=53SU", "FREQ=YEARLY;BYMONTH=12;BYDAY=-53SU",
])  # fmt: skip
def test_what_is_no_rule_is_told_in_a_sentence(text):
    if text == "FREQ=MONTHLY;":  # a semicolon too many does no harm
        assert fault(text, NEW_YEAR) == ""
        return
    with pytest.raises(BadRule) as wrong:
        read(text)
    assert len(str(wrong.value)) > 8


@pytest.mark.parametrize("text", [
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=200", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=MONTHLY;INTERVAL=12;BYMONTH=7", "FREQ=DAILY;UNTIL=20200101",
])  # fmt: skip
def test_a_rule_that_never_happens_is_found_out(text):
    assert "一次也不会发生" in fault(text, NEW_YEAR)


def test_a_rule_that_happens_only_before_its_end_or_on_skipped_days_never_happens():
    assert fault("FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=1", NEW_YEAR) == ""
    assert fault("FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=1", NEW_YEAR, ends=date(2026, 5, 31)) != ""
    assert fault("FREQ=DAILY;COUNT=1", NEW_YEAR, excluded=frozenset({NEW_YEAR})) != ""


def test_a_floating_cycle_counts_from_the_day_the_last_was_done():
    assert following(read("FREQ=MONTHLY"), D("2026-01-31")) == D("2026-02-28")
    assert following(read("FREQ=MONTHLY;INTERVAL=3"), D("2026-01-15")) == D("2026-04-15")
    assert following(read("FREQ=WEEKLY;BYDAY=MO"), D("2026-01-01")) == D("2026-01-05")
    assert following(read("FREQ=MONTHLY;UNTIL=20260201"), D("2026-01-15")) is None
    assert following(read("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"), D("2026-01-15")) is None


def test_days_off_are_kept_or_moved_by_the_national_calendar():
    """2026-10-01 to 10-07 are free, Saturday 10-10 is worked; 2026-09-30 is a Wednesday."""
    assert shifted(D("2026-10-03"), "keep") == D("2026-10-03")
    assert shifted(D("2026-10-03"), "previous") == D("2026-09-30")
    assert shifted(D("2026-10-03"), "next") == D("2026-10-08")
    assert shifted(D("2026-10-10"), "next") == D("2026-10-10")


def test_before_the_season_comes_once_a_year():
    assert yearly("11-15", 14, D("2026-01-01"), D("2027-12-31")) == [D("2026-11-01"), D("2027-11-01")]
    assert yearly("01-05", 14, D("2026-12-01"), D("2026-12-31")) == [D("2026-12-22")]
    assert clamped(2027, "02-29") == D("2027-02-28")


RULES = st.builds(
    lambda freq, parts: ";".join([f"FREQ={freq}", *parts]),
    st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    st.lists(st.one_of(
        st.integers(1, 1000).map("INTERVAL={}".format), st.integers(1, 12).map("BYMONTH={}".format),
        st.integers(-31, 31).map("BYMONTHDAY={}".format), st.sampled_from(["BYDAY=MO", "BYDAY=-1FR", "BYDAY=53SU"]),
        st.integers(-366, 366).map("BYSETPOS={}".format), st.integers(1, 400).map("COUNT={}".format),
    ), max_size=4),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(RULES, st.integers(0, 400), st.integers(0, 400))
def test_whatever_the_rule_its_days_lie_within_in_order_and_asking_again_gives_the_same(text, early, long):
    try:
        rule = read(text)
    except BadRule:
        return
    since = NEW_YEAR + timedelta(days=early)
    until = since + timedelta(days=long)
    found = between(rule, NEW_YEAR, since, until)
    assert found == sorted(set(found)) == between(rule, NEW_YEAR, since, until)
    assert all(since <= one <= until for one in found)
    assert set(found) <= set(between(rule, NEW_YEAR, NEW_YEAR, until))
    assert len(found) <= long + 1


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40) | RULES.flatmap(lambda rule: st.text(max_size=10).map(lambda more: f"{rule};{more}")))
def test_whatever_is_typed_is_answered(text):
    assert isinstance(fault(text, NEW_YEAR), str)
