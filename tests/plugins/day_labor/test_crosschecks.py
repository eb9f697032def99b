"""The eleven cross-checks one by one on plain values, each with what just passes beside what just does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.day_labor.crosschecks import CODES, Attendance, Limits, Line, Site, Ticket, Worker, check, due
from plugins.day_labor.punches import paired

D = Decimal
DAY = date(2026, 11, 3)
LIMITS = Limits(deadlines={"foreman": 1, "production": 2, "manager": 3})


def at(hour: float, day: date = DAY) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour)


def worker(id="w", **more) -> Worker:
    data = {"id": id, "name": id, "crew": "c", "entered": date(2026, 1, 1), "trained": date(2026, 1, 2)}
    return Worker(**{**data, **more})


def ticket(id="a", start=8, end=17, hours=9, **more) -> Ticket:
    data = {
        "id": id,
        "number": id,
        "day": DAY,
        "span": (at(start), at(end)),
        "crew": "c",
        "project": "p",
        "place": f"部位{id}",
        "content": f"内容{id}",
        "lines": [Line(worker="w", trade="mason", hours=D(hours))],
    }
    return Ticket(**{**data, **more})


def there(start=7, end=18, **more) -> dict:
    return {("w", DAY): Attendance(worker="w", day=DAY, spans=[(at(start), at(end))], **more)}


def codes(*tickets, workers=None, attendance=None, scopes=None, limits=LIMITS) -> list[tuple[str, str]]:
    site = Site(
        tickets=tickets, workers={"w": worker()} if workers is None else workers,
        attendance=there() if attendance is None else attendance, scopes=scopes or {}, limits=limits,
    )  # fmt: skip
    return [(one.ticket, one.code) for one in check(site)]


def test_a_good_ticket_has_no_finding():
    assert codes(ticket()) == []


def test_1_the_same_man_at_the_same_time_on_two_tickets_of_any_project():
    assert codes(ticket("a", 8, 12, 4), ticket("b", 12, 16, 4, project="q")) == []
    assert codes(ticket("a", 8, 12, 4), ticket("b", 11.5, 16, 4, project="q")) == [("a", "overlap"), ("b", "overlap")]


def test_2_more_hours_than_attendance_and_tolerance_piece_work_counted():
    assert codes(ticket(hours=D("9.5")), attendance=there(8, 17)) == []
    assert codes(ticket(hours=D("9.6")), attendance=there(8, 17)) == [("a", "over_attendance")]
    assert codes(ticket(hours=8), attendance=there(8, 17, piece_hours=D(2))) == [("a", "over_attendance")]
    assert codes(ticket(hours=8), attendance={}) == [("a", "over_attendance")]


def test_3_time_outside_the_punches():
    assert codes(ticket(start=7.5, end=16), attendance=there(8, 17)) == []
    assert codes(ticket(start=7, end=16), attendance=there(8, 17)) == [("a", "outside_punch")]


def test_4_who_may_not_work():
    for wrong in (
        worker(blacklisted=True),
        worker(entered=None),
        worker(entered=date(2026, 11, 4)),
        worker(left=date(2026, 11, 2)),
        worker(trained=None),
        worker(trained=date(2026, 11, 4)),
    ):
        assert codes(ticket(), workers={"w": wrong}) == [("a", "unregistered")]
    assert codes(ticket(), workers={}) == [("a", "unregistered")]
    assert codes(ticket(), workers={"w": worker(left=DAY, trained=DAY, entered=DAY)}) == []


def test_5_a_man_of_another_crew():
    assert codes(ticket(), workers={"w": worker(crew="other")}) == [("a", "other_crew")]
    assert codes(ticket(), workers={"w": worker(crew=None)}) == []


def test_6_too_many_hours_in_a_day_over_all_tickets():
    night = {("w", DAY): Attendance(worker="w", day=DAY, spans=[(at(0), at(24))])}
    assert codes(ticket("a", 0, 8, 8), ticket("b", 8, 16, 8), attendance=night) == []
    long = codes(ticket("a", 0, 8, 8), ticket("b", 8, 17, 9), attendance=night)
    assert long == [("a", "too_long"), ("b", "too_long")]


def test_7_the_same_work_written_twice():
    one = ticket("a", 8, 12, 4, place="2号楼 地库", content="清理 2 号楼地库积水及淤泥，装袋外运")
    other = ticket("b", 13, 17, 4, place="2 号楼地库", content="清理2号楼地库积水淤泥装袋外运。")
    assert codes(one, other) == [("a", "similar"), ("b", "similar")]
    assert codes(one, replace(other, place="3 号楼")) == []
    assert codes(one, replace(other, content="外墙脚手架局部加固")) == []


def test_8_skilled_pay_for_unskilled_work():
    assert codes(ticket(job="general")) == [("a", "wrong_trade")]
    assert codes(ticket(job="mason")) == []


def test_9_work_that_the_contract_pays_already():
    scopes = {"c": ["内墙抹灰修补"]}
    assert codes(ticket(content="三层内墙抹灰修补两处"), scopes=scopes) == [("a", "inside_contract")]
    assert codes(ticket(content="清运垃圾"), scopes=scopes) == []
    assert codes(ticket(content="三层内墙抹灰修补两处"), scopes={"other": ["内墙抹灰修补"]}) == []


def test_10_a_gap_in_the_paper_numbers_of_a_crew():
    pads = [ticket(str(n), n, n + 1, 1, paper=f"A{n:04}") for n in (8, 9, 12)]
    site = Site(tickets=pads, workers={"w": worker()}, attendance=there(), scopes={}, limits=LIMITS)
    (found,) = check(site)
    assert (found.ticket, found.code, found.detail["gap"]) == ("12", "paper_gap", "0010–0011")


def test_11_signed_after_its_limit():
    good = {"foreman": date(2026, 11, 4), "production": date(2026, 11, 5), "manager": date(2026, 11, 6)}
    assert codes(ticket(signed=good)) == []
    for kind, day in good.items():
        assert codes(ticket(signed={**good, kind: day + timedelta(days=1)})) == [("a", "signed_late")]
    assert due(DAY, "production", LIMITS) == date(2026, 11, 5)


def test_only_what_is_asked_for_is_told_in_the_order_of_the_checks():
    site = Site(
        tickets=[ticket("a", job="general"), ticket("b")],
        workers={"w": worker(trained=None)},
        attendance={},
        scopes={},
        limits=LIMITS,
    )
    told = [one.code for one in check(site, ["a"])]
    assert told == sorted(told, key=CODES.index)
    assert {"overlap", "over_attendance", "unregistered", "too_long", "wrong_trade"} == set(told)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 22), st.integers(1, 6)), min_size=2, max_size=7))
def test_tickets_of_one_man_without_overlap_never_pay_an_hour_twice(spans):
    """Whatever the checks let through together fits side by side into the day."""
    tickets = [ticket(str(n), start, start + length, length) for n, (start, length) in enumerate(spans)]
    site = Site(tickets=tickets, workers={"w": worker()}, attendance={}, scopes={}, limits=LIMITS)
    doubled = {one.ticket for one in check(site) if one.code == "overlap"}
    clean = [one for one in tickets if one.id not in doubled]
    hours = {start + n for one in clean for start, end in [spans[int(one.id)]] for n in range(end)}
    assert len(hours) == sum(spans[int(one.id)][1] for one in clean)


def test_punches_are_paired_and_a_missing_half_counts_nothing():
    day = {"in1": "2026-11-03T00:00:00Z", "out1": "2026-11-03T04:00:00Z", "in2": "2026-11-03T05:00:00Z"}
    assert (paired(day).hours, paired(day).missing) == (4, ("out2",))
    assert paired({**day, "out2": "2026-11-03T09:30:00Z"}).hours == D("8.5")
    night = {"in1": "2026-11-03T10:00:00Z", "out1": "2026-11-03T18:00:00Z"}
    assert paired(night).hours == 8
    assert paired({**day, "out2": "2026-11-03T03:00:00Z"}).wrong == ("out2",)
    assert paired({}).hours == 0
