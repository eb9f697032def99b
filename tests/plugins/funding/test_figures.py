"""The cash flow of twelve months and the picture of the flow, from plain values."""

from __future__ import annotations

from decimal import Decimal

from plugins.funding.figures import month_after, roll
from plugins.funding.flow import Link, draw, rows

D = Decimal


def test_what_happened_replaces_the_plan_and_the_running_month_takes_whichever_is_more():
    """Before the window 100 came and 40 went: it opens with 60. In May 50 come, 30 of which were planned as 500; in
    June (now) 10 went but 25 are planned; in July 200 are to go: 60 + 50 - 25 - 200 = -115."""
    months = roll(
        "2026-06", {"2025-01": D(100), "2026-05": D(50)}, {"2025-02": D(40), "2026-06": D(10)},
        {"2026-05": (D(500), D(0)), "2026-06": (D(0), D(25)), "2026-07": (D(0), D(200))},
    )  # fmt: skip
    assert (len(months), months[0].name, months[-1].name) == (12, "2026-01", "2026-12")
    closing = {one.name: one.closing for one in months}
    assert [closing[name] for name in ("2026-04", "2026-05", "2026-06", "2026-07")] == [60, 110, 85, -115]
    assert [one.opening for one in months[1:]] == [one.closing for one in months[:-1]]


def test_months_go_over_the_year():
    assert (month_after("2026-11", 2), month_after("2026-01", -1)) == ("2027-01", "2025-12")


def test_bands_are_as_wide_as_their_sums_and_each_keeps_its_rows():
    """30 and 10 of one source: of 360 units of height, 270 and 90."""
    links = [Link("a", "x", D(30), "/1"), Link("a", "y", D(10), "/2")]
    picture = draw({"a": ("甲", 0), "x": ("乙", 1), "y": ("丙", 1), "unused": ("丁", 2)}, links)
    assert [band.width for band in picture.bands] == [270, 90]
    assert {(row["start"], row["end"], row["amount"], row["url"]) for row in rows(picture)} == {
        ("甲", "乙", 30, "/1"), ("甲", "丙", 10, "/2"),
    }  # fmt: skip
    assert draw({}, []).bands == ()
