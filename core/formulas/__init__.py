"""Formulas: a small spreadsheet-like language, checked before it runs, exact and bounded when it does."""

from core.formulas.capital import rmb_capital
from core.formulas.compiling import Places, compiled
from core.formulas.days import YEARS as CALENDAR_YEARS
from core.formulas.evaluating import reader
from core.formulas.filtering import condition
from core.formulas.formula import Formula, compared, compile_formula, ordered
from core.formulas.functions import ALIASES, FUNCTIONS
from core.formulas.lexing import names_in
from core.formulas.model import LONGEST_FORMULA, RELATED, Fault, Gathered, Named, Scene, Scope, TooCostly
from core.formulas.naming import renamed, to_codes, to_titles
from core.formulas.parsing import fault

__all__ = [
    "ALIASES",
    "CALENDAR_YEARS",
    "FUNCTIONS",
    "LONGEST_FORMULA",
    "RELATED",
    "Fault",
    "Formula",
    "Gathered",
    "Named",
    "Places",
    "Scene",
    "Scope",
    "TooCostly",
    "compared",
    "compile_formula",
    "compiled",
    "condition",
    "fault",
    "names_in",
    "ordered",
    "reader",
    "renamed",
    "rmb_capital",
    "to_codes",
    "to_titles",
]
