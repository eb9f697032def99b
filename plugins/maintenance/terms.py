"""How long a warranty lasts: years to the day, heating and cooling by whole seasons; no database, no clock.

The minima are those of Article 40 of the regulations on construction quality, kept as settings of the tenant.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from plugins.maintenance.recurrence import clamped

YEARLY = ("waterproof", "electric", "pipes", "equipment", "decoration")  # parts whose minimum is so many years
SEASONAL = {"heating": ("heating_from", "heating_to"), "cooling": ("cooling_from", "cooling_to")}


@dataclass(frozen=True, slots=True)
class Term:
    legal: date | None  # the day on which the legal minimum ends; None: the law names none
    until: date | None  # the last day of the warranty: of the two terms the longer


def months_after(start: date, months: int) -> date:
    """The day of the same number so many months on; the last of the month where there is none (Civil Code, 201-202)."""
    count = start.year * 12 + start.month - 1 + months
    year, month = divmod(count, 12)
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


def seasons_after(start: date, seasons: int, begins: str, ends: str) -> date:
    """The last day of the n-th whole season after `start`; one that had begun before does not count."""
    first = start.year if clamped(start.year, begins) >= start else start.year + 1
    last = first + max(seasons, 1) - 1
    turns = ends < begins  # over the New Year
    return clamped(last + turns, ends)


def term(data: Mapping[str, Any], settings: Mapping[str, Any], *, design_life: int | None) -> Term:
    """What a warranty comes to; `data` is the record, `design_life` that of its asset, in years."""
    start, kind = date.fromisoformat(data["start"]), data["kind"]
    legal = _legal(start, kind, settings, design_life)
    known = [one for one in (legal, agreed_until(data, settings)) if one is not None]
    return Term(legal, max(known, default=None))


def _legal(start: date, kind: str, settings: Mapping[str, Any], design_life: int | None) -> date | None:
    if kind == "structure":
        return months_after(start, 12 * (design_life or int(settings["years_structure"])))
    if kind in SEASONAL:
        begins, ends = SEASONAL[kind]
        return seasons_after(start, int(settings["seasons_heating"]), settings[begins], settings[ends])
    return months_after(start, 12 * int(settings[f"years_{kind}"])) if kind in YEARLY else None


def agreed_until(data: Mapping[str, Any], settings: Mapping[str, Any]) -> date | None:
    """The day on which the term of the contract ends; None where it names none."""
    start, kind = date.fromisoformat(data["start"]), data["kind"]
    number, unit = data.get("agreed"), data.get("agreed_unit", "months")
    if number is None:
        return None
    if unit == "seasons":
        begins, ends = SEASONAL.get(kind, SEASONAL["heating"])
        return seasons_after(start, int(number), settings[begins], settings[ends])
    return months_after(start, int(number) * (12 if unit == "years" else 1))
