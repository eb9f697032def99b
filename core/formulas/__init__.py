"""Formulas: a small spreadsheet-like language, checked before it runs, exact and bounded when it does."""

from core.formulas.capital import rmb_capital
from core.formulas.days import YEARS as CALENDAR_YEARS
from core.formulas.evaluating import reader
from core.formulas.formula import Formula, compile_formula, ordered
from core.formulas.functions import ALIASES, FUNCTIONS
from core.formulas.lexing import names_in
from core.formulas.model import LONGEST_FORMULA, Fault, Named, Scene, Scope, TooCostly
from core.formulas.naming import renamed, to_codes, to_titles

__all__ = [
    "ALIASES",
    "CALENDAR_YEARS",
    "FUNCTIONS",
    "LONGEST_FORMULA",
    "Fault",
    "Formula",
    "Named",
    "Scene",
    "Scope",
    "TooCostly",
    "compile_formula",
    "names_in",
    "ordered",
    "reader",
    "renamed",
    "rmb_capital",
    "to_codes",
    "to_titles",
]
