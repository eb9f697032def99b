"""A role's rules as a table of forms and actions, and back; pure values, no requests and no saving."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from core.people import ACTIONS, ROWS

READS = ("read", "export")  # these share the fields that may be seen, WRITES those that may be changed
WRITES = ("create", "update", "import")
WHOLE = ("create", "import")  # nobody's rows yet: allowed or not
Rule = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Choice:
    """Which fields: all, only `names`, or all but `names`."""

    mode: Literal["all", "only", "except"] = "all"
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table. `cells`: action -> rows, without what is not granted here."""

    pattern: str  # "*", "module.*" or a form's name
    title: str
    fields: Sequence[tuple[str, str]] = ()  # (name, title) of a form's fields; none for whole modules
    cells: Mapping[str, str] = field(default_factory=dict)
    see: Choice = Choice()
    edit: Choice = Choice()
    when: str = ""  # a formula: of the form's records those for which it is true

    @property
    def kind(self) -> str:
        return "all" if self.pattern == "*" else "module" if self.pattern.endswith(".*") else "form"

    def inherited(self, action: str, above: Sequence[Line]) -> str:
        """The widest rows that a line above grants here already."""
        own = {"*", self.pattern.partition(".")[0] + ".*"} - {self.pattern}
        granted = [line.cells[action] for line in above if line.pattern in own and action in line.cells]
        return next((rows for rows in ROWS if rows in granted), "")


def laid_out(rules: Sequence[Rule], lines: Sequence[Line]) -> tuple[list[Line], list[int]]:
    """`lines` filled from `rules`, and the places of those rules that the table cannot show.

    A rule that does not fit whole stays whole: nothing is lost by opening and saving a role.
    """
    filled = {line.pattern: line for line in lines}
    rest = []
    for place, rule in enumerate(rules):
        tried = dict(filled)
        if all(_put(tried, pattern, rule) for pattern in rule["forms"]):
            filled = tried
        else:
            rest.append(place)
    return [filled[line.pattern] for line in lines], rest


def _put(lines: dict[str, Line], pattern: str, rule: Rule) -> bool:
    line = lines.get(pattern)
    if line is None:
        return False
    chosen = _choice_of(rule)
    actions = rule["actions"]
    rows = rule.get("rows", "all")
    if any(action in line.cells for action in actions):
        return False
    when = rule.get("when", "")
    if (line.cells or (when and line.kind != "form")) and line.when != when:
        return False
    if rows != "all" and any(action in WHOLE for action in actions):
        return False
    if chosen.mode != "all":
        known = {name for name, _title in line.fields}
        if "delete" in actions or not chosen.names <= known:
            return False
    see, edit = line.see, line.edit
    if any(action in READS for action in actions):
        if any(action in READS for action in line.cells) and see != chosen:
            return False
        see = chosen
    if any(action in WRITES for action in actions):
        if any(action in WRITES for action in line.cells) and edit != chosen:
            return False
        edit = chosen
    cells = {**line.cells, **dict.fromkeys(actions, rows)}
    lines[pattern] = replace(line, cells=cells, see=see, edit=edit, when=when)
    return True


def _choice_of(rule: Rule) -> Choice:
    fields, hidden = rule.get("fields"), frozenset(rule.get("except") or ())
    if fields is not None:
        return Choice("only", frozenset(fields) - hidden)
    return Choice("except", hidden) if hidden else Choice()


def rules_of(lines: Iterable[Line]) -> list[dict[str, Any]]:
    """The shortest list of rules that says what the table shows: lines that grant the same share one."""
    merged: dict[tuple[Any, ...], list[str]] = {}
    for line in lines:
        groups: dict[tuple[str, Choice], list[str]] = {}
        for action in ACTIONS:
            if action in line.cells:
                chosen = line.see if action in READS else line.edit if action in WRITES else Choice()
                groups.setdefault((line.cells[action], chosen), []).append(action)
        for (rows, chosen), actions in groups.items():
            own = (line.when, line.pattern) if line.when else ("", "")  # a condition speaks of one form's fields
            merged.setdefault((rows, chosen, tuple(actions), own), []).append(line.pattern)
    return [
        {
            "forms": patterns, "actions": list(actions), "rows": rows, **_fields(chosen),
            **({"when": when} if when else {}),
        }
        for (rows, chosen, actions, (when, _form)), patterns in merged.items()
    ]  # fmt: skip


def _fields(chosen: Choice) -> dict[str, list[str]]:
    if chosen.mode == "only":
        return {"fields": sorted(chosen.names)}
    return {"except": sorted(chosen.names)} if chosen.mode == "except" and chosen.names else {}


def read_back(lines: Sequence[Line], posted: Mapping[str, Sequence[str]]) -> list[Line]:
    """`lines` as the posted form says: `c:<pattern>:<action>`, `see:<pattern>`, `see-fields:<pattern>`, ..."""
    found = []
    for line in lines:
        cells = {}
        for action in ACTIONS:
            rows = (posted.get(f"c:{line.pattern}:{action}") or [""])[0]
            if rows in (("all",) if action in WHOLE else ROWS):
                cells[action] = rows
        found.append(
            Line(
                pattern=line.pattern,
                title=line.title,
                fields=line.fields,
                cells=cells,
                see=_posted_choice(line, posted, name="see"),
                edit=_posted_choice(line, posted, name="edit"),
                when=(posted.get(f"when:{line.pattern}") or [""])[0].strip() if line.kind == "form" else "",
            )
        )
    return found


def _posted_choice(line: Line, posted: Mapping[str, Sequence[str]], *, name: str) -> Choice:
    mode = (posted.get(f"{name}:{line.pattern}") or ["all"])[0]
    names = frozenset(posted.get(f"{name}-fields:{line.pattern}") or ()) & {n for n, _title in line.fields}
    if mode == "only":
        return Choice("only", names)
    return Choice("except", names) if mode == "except" and names else Choice()
