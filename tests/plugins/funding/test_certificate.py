"""Certificates worked by hand: this period, the advance taken back in three ways, retention, settlement."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.funding.certificate import Before, Claim, Terms, allowed, certify, held, recovery

D = Decimal
TERMS = Terms(price=D(1000000), ratio=D(80), retention=D(3), advance=D(200000), materials=D(60))


def test_a_period_without_recovery_pays_its_share_less_retention_and_deductions():
    """300,000 to date, 100,000 before: 200,000 x 80 % = 160,000; 3 % are 6,000; 4,000 of deductions, 1,000 of bonus:
    151,000; 20,000 went to the wage account: 131,000 net. The threshold of 666,666.67 is not reached."""
    claim = Claim(to_date=D(300000), deductions=D(4000), bonus=D(1000), wages=D(20000))
    made = certify(TERMS, claim, Before(to_date=D(100000)))
    assert (made.this, made.progress, made.recovered, made.withheld) == (200000, 160000, 0, 6000)
    assert (made.payable, made.net) == (151000, 131000)


def test_from_the_threshold_on_the_materials_share_is_taken_back():
    """T = 1,000,000 - 200,000 / 0.6 = 666,666.67. From 600,000 to 800,000: (800,000 - T) x 0.6 = 80,000.
    From 800,000 to 1,000,000: 120,000, and with it all 200,000 are back."""
    assert recovery(TERMS, Claim(to_date=D(800000)), Before(to_date=D(600000))) == 80000
    rest = Before(to_date=D(800000), recovered=D(80000))
    assert recovery(TERMS, Claim(to_date=D(1000000)), rest) == 120000


def test_equal_instalments_begin_with_their_period_and_the_last_takes_the_rest():
    """100,000 over three periods from the third: 33,333.33, 33,333.34 (66,666.67 due), 33,333.33."""
    terms = replace(TERMS, advance=D(100000), recovery="equal", first=3, instalments=3)
    taken = [D(0)]
    for period in range(1, 7):
        taken.append(recovery(terms, Claim(period=period), Before(recovered=sum(taken))))
    assert taken[1:] == [0, 0, D("33333.33"), D("33333.34"), D("33333.33"), 0]


def test_in_proportion_a_quarter_of_the_work_takes_back_a_quarter_of_the_advance():
    terms = replace(TERMS, recovery="proportional")
    assert recovery(terms, Claim(to_date=D(250000)), Before()) == 50000
    assert recovery(terms, Claim(to_date=D(1200000)), Before(recovered=D(50000))) == 150000


def test_settlement_pays_what_was_held_back_of_progress_and_takes_the_rest_of_the_advance():
    """900,000 settled, 640,000 of progress certified for 800,000, 24,000 retained, 150,000 of 200,000 recovered:
    900,000 - 640,000 = 260,000; less 50,000 of advance; less 27,000 - 24,000 of retention = 207,000."""
    terms = replace(TERMS, settlement=D(900000))
    before = Before(to_date=D(800000), progress=D(640000), recovered=D(150000), withheld=D(24000))
    made = certify(terms, Claim(kind="settlement", to_date=D(900000)), before)
    assert (made.progress, made.recovered, made.withheld, made.net) == (260000, 50000, 3000, 207000)
    assert allowed(terms) == 873000


def test_an_advance_and_a_release_are_what_was_asked_and_take_nothing():
    for kind in ("advance", "retention"):
        made = certify(TERMS, Claim(kind=kind, amount=D(5000)), Before())
        assert (made.recovered, made.withheld, made.net) == (0, 0, 5000)
    assert held(Before(withheld=D(30000), released=D(10000))) == 20000


def test_each_line_is_rounded_half_up_to_the_cent():
    """0.25 x 50 % = 0.125 -> 0.13; 0.25 x 2 % = 0.005 -> 0.01."""
    made = certify(Terms(price=D(1), ratio=D(50), retention=D(2)), Claim(to_date=D("0.25")), Before())
    assert (made.progress, made.withheld) == (D("0.13"), D("0.01"))


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(st.integers(0, 40000000), min_size=1, max_size=12),
    way=st.sampled_from(["threshold", "equal", "proportional"]),
)
def test_whatever_is_measured_never_more_is_recovered_than_was_advanced(steps, way):
    terms = replace(TERMS, recovery=way, first=2, instalments=4)
    before = Before()
    for period, step in enumerate(steps, 1):
        claim = Claim(period=period, to_date=before.to_date + D(step) / 100)
        made = certify(terms, claim, before)
        before = replace(
            before, to_date=claim.to_date, recovered=before.recovered + made.recovered,
            withheld=before.withheld + made.withheld, progress=before.progress + made.progress,
        )  # fmt: skip
        assert made.recovered >= 0
        assert made.payable == made.progress - made.recovered - made.withheld
    assert before.recovered <= terms.advance
    if before.to_date >= terms.price and way != "equal":
        assert before.recovered == pytest.approx(terms.advance, abs=D("0.10"))
