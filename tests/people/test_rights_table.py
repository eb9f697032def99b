"""A role's rules as a table and back: nothing is lost, nothing is granted by looking."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.people import ACTIONS, ROWS
from core.people.access import rules_of as values_of
from core.people.model import Rules
from ui.rights import Choice, Line, laid_out, read_back, rules_of

FIELDS = (("code", "编号"), ("price", "单价"), ("note", "备注"))
LINES = [
    Line(pattern="*", title="所有表单"),
    Line(pattern="m.*", title="模块：全部"),
    Line(pattern="m.x", title="甲", fields=FIELDS),
    Line(pattern="m.y", title="乙", fields=FIELDS),
]


def table(*rules):
    lines, rest = laid_out(rules, LINES)
    return {line.pattern: line for line in lines}, rest


def test_a_rule_fills_its_cells():
    lines, rest = table({"forms": ["m.x"], "actions": ["read", "update"], "rows": "own"})
    assert lines["m.x"].cells == {"read": "own", "update": "own"}
    assert lines["m.y"].cells == {}
    assert rest == []


def test_what_a_line_above_grants_is_shown_below():
    lines, _rest = table({"forms": ["m.*"], "actions": ["read"], "rows": "department"})
    assert lines["m.x"].inherited("read", list(lines.values())) == "department"
    assert lines["m.x"].inherited("update", list(lines.values())) == ""
    assert lines["m.*"].inherited("read", list(lines.values())) == ""


def test_seen_and_changed_fields_are_chosen_apart():
    lines, rest = table(
        {"forms": ["m.x"], "actions": ["read"], "except": ["price"]},
        {"forms": ["m.x"], "actions": ["update"], "fields": ["note"]},
    )
    assert lines["m.x"].see == Choice("except", frozenset({"price"}))
    assert lines["m.x"].edit == Choice("only", frozenset({"note"}))
    assert rest == []


def test_what_the_table_cannot_show_is_kept_aside_whole():
    for rule in (
        {"forms": ["off.form"], "actions": ["read"]},  # its module is off
        {"forms": ["m.*"], "actions": ["read"], "except": ["price"]},  # fields of a whole module
        {"forms": ["m.x"], "actions": ["read"], "fields": ["gone"]},  # a field that is no longer there
        {"forms": ["m.x"], "actions": ["create"], "rows": "own"},
        {"forms": ["m.x", "off.form"], "actions": ["read"]},
    ):
        lines, rest = table(rule)
        assert rest == [0], rule
        assert not any(line.cells for line in lines.values())


def test_two_rules_for_one_cell_stay_two_rules():
    lines, rest = table(
        {"forms": ["m.x"], "actions": ["read"], "rows": "own"},
        {"forms": ["m.x"], "actions": ["read"], "rows": "all", "fields": ["code"]},
    )
    assert lines["m.x"].cells == {"read": "own"}
    assert rest == [1]


def test_a_posted_table_is_read_back():
    posted = {
        "c:m.x:read": ["department"],
        "c:m.x:create": ["all"],
        "c:m.x:delete": ["everything"],  # nonsense grants nothing
        "c:m.y:create": ["own"],
        "see:m.x": ["only"],
        "see-fields:m.x": ["code", "evil"],
    }
    lines = read_back(LINES, posted)
    assert rules_of(lines) == [
        {"forms": ["m.x"], "actions": ["read"], "rows": "department", "fields": ["code"]},
        {"forms": ["m.x"], "actions": ["create"], "rows": "all"},
    ]


def test_lines_that_grant_the_same_share_a_rule():
    lines, _rest = table({"forms": ["m.x", "m.y"], "actions": ["read", "export"], "rows": "all"})
    assert rules_of(lines.values()) == [{"forms": ["m.x", "m.y"], "actions": ["read", "export"], "rows": "all"}]


NAMES = st.lists(st.sampled_from(["code", "price", "note"]), unique=True)
RULE = st.fixed_dictionaries(
    {
        "forms": st.lists(st.sampled_from(["*", "m.*", "m.x", "m.y", "off.z"]), min_size=1, max_size=3, unique=True),
        "actions": st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=4, unique=True),
        "rows": st.sampled_from(ROWS),
    },
    optional={"fields": NAMES, "except": NAMES},
)


@given(rules=st.lists(RULE, max_size=5))
def test_opening_and_saving_a_role_changes_no_right(rules):
    lines, rest = laid_out(rules, LINES)
    saved = [*rules_of(lines), *(rules[place] for place in rest)]
    before, after = (Rules(tuple(values_of("r", "r", rules=found))) for found in (rules, saved))
    for form in ("m.x", "m.y", "m.z", "off.z"):
        for action in ACTIONS:

            def shown(held, form=form, action=action):
                return {
                    (right.rows, name)
                    for right in held.rights(form, action)
                    for name in ("code", "price", "note")
                    if right.shows(name)
                }

            assert shown(before) == shown(after)
