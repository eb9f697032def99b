"""Thresholds and hysteresis, as properties of every rule and every course of values."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from core.alerts import Rule, level_of, turn

D = Decimal
AT = "2026-11-25T08:00:00.000000Z"
NO_MARGIN = D(0)
values = st.decimals(min_value=-1000, max_value=1000, places=2)
some_margins = st.decimals(min_value=0, max_value=50, places=2)


@st.composite
def rules(draw: st.DrawFn, *, margins=some_margins) -> Rule:
    direction = draw(st.sampled_from(("above", "below")))
    limits = sorted(draw(st.lists(values, min_size=1, max_size=4)), reverse=direction == "below")
    chosen = sorted(draw(st.sets(st.integers(1, 4), min_size=len(limits), max_size=len(limits))))
    return Rule(
        code="own.x", title="t", metric="m", unit="", direction=direction,
        levels=dict(zip(chosen, limits, strict=True)), strict=draw(st.frozensets(st.sampled_from(chosen))),
        margin=draw(margins),
    )  # fmt: skip


def reached(rule: Rule, level: int, value: Decimal, margin: Decimal = NO_MARGIN) -> bool:
    """The plain words of the rule, spelt out another way than the code has them."""
    limit = rule.levels[level] - margin if rule.direction == "above" else rule.levels[level] + margin
    if rule.direction == "above":
        return value > limit if level in rule.strict else value >= limit
    return value < limit if level in rule.strict else value <= limit


@given(rules(), values)
def test_from_nothing_the_worst_level_that_is_reached_counts(rule: Rule, value: Decimal):
    wanted = max((level for level in rule.levels if reached(rule, level, value)), default=0)
    assert level_of(rule, value) == wanted


@given(rules(margins=st.just(D(0))), values, st.integers(0, 4))
def test_without_a_margin_the_past_does_not_count(rule: Rule, value: Decimal, before: int):
    assert level_of(rule, value, before=before) == level_of(rule, value)


@given(rules(), values, st.integers(0, 4))
def test_a_level_is_left_only_when_the_value_has_passed_its_threshold_by_the_margin(rule: Rule, value, before: int):
    level = level_of(rule, value, before=before)
    assert level >= level_of(rule, value)  # the past only ever keeps an alert
    for kept in rule.levels:
        if kept <= before and reached(rule, kept, value, rule.margin):
            assert level >= kept
        elif kept > level:
            assert not reached(rule, kept, value)


@given(rules(), st.lists(values, max_size=30))
def test_a_value_that_trembles_within_the_margin_does_not_open_and_close(rule: Rule, course: list[Decimal]):
    """Along any course, a level changes only by passing a threshold one way or threshold and margin the other."""
    before = 0
    for value in course:
        level = level_of(rule, value, before=before)
        if level > before:
            assert reached(rule, level, value)
        if level < before:
            assert not any(reached(rule, one, value, rule.margin) for one in rule.levels if level < one <= before)
        before = level


def test_the_limit_itself_is_within_bounds_where_the_level_is_strict():
    rule = Rule(
        code="m.x", title="t", metric="m", unit="%", levels={2: D(80), 3: D(90), 4: D(100)}, strict=frozenset({4})
    )
    found = [level_of(rule, D(text)) for text in ("79.99", "80", "90", "100", "100.01")]
    assert found == [0, 2, 3, 3, 4]


def test_a_condition_has_the_one_level_of_its_rule():
    rule = Rule(code="own.x", title="t", metric="m", unit="", levels={}, condition=True, severity=3)
    assert [level_of(rule, one) for one in (True, False, None)] == [3, 0, 0]


def row(state: str, severity: int, **more) -> dict:
    return {"state": state, "severity": severity, "live": 1, "until_at": None, **more}


def test_what_becomes_of_an_alert_follows_from_its_state_and_the_new_level():
    assert turn(None, 0, at=AT) == ("", {})
    assert turn(None, 2, at=AT)[0] == "opened"
    assert turn(row("acknowledged", 2), 3, at=AT) == ("raised", {"state": "open", "severity": 3})
    assert turn(row("acknowledged", 3), 2, at=AT) == ("lowered", {"severity": 2})
    assert turn(row("open", 3), 3, at=AT) == ("", {})
    assert turn(row("open", 3), 0, at=AT)[1] == {"state": "auto_closed", "live": 0, "closed_at": AT}


def test_what_a_person_resolved_comes_back_only_when_it_grows_worse_or_after_it_has_cleared():
    assert turn(row("resolved", 3), 3, at=AT) == ("", {})
    assert turn(row("resolved", 3), 2, at=AT) == ("", {})
    assert turn(row("resolved", 3), 4, at=AT) == ("opened", {"live": 0})
    assert turn(row("resolved", 3), 0, at=AT) == ("", {"live": 0})


def test_what_was_suppressed_wakes_when_its_time_is_over_or_it_grows_worse():
    later, earlier = "2026-12-01T00:00:00.000000Z", "2026-11-01T00:00:00.000000Z"
    assert turn(row("suppressed", 3, until_at=later), 3, at=AT) == ("", {})
    assert turn(row("suppressed", 3, until_at=later), 2, at=AT) == ("", {})
    assert turn(row("suppressed", 3, until_at=later), 4, at=AT)[0] == "raised"
    assert turn(row("suppressed", 3, until_at=earlier), 3, at=AT)[0] == "woken"
    assert turn(row("suppressed", 3, until_at=earlier), 0, at=AT)[0] == "auto_closed"
