"""Forms: the dialect read, checked, compiled, overlaid and compared; values parsed, cleaned, checked and shown."""

from core.forms.checking import check
from core.forms.compiling import OWN, compile_form
from core.forms.computing import Standing, allowed, broken, compute, standings
from core.forms.definitions import check_definition, check_overlay
from core.forms.dependence import Reader, readers_of, reads_beyond, sources
from core.forms.differences import Breaking, breaking_check, diff_definitions
from core.forms.filters import checked_filter, filter_of, filter_scope, operand_of, places, typed_filter
from core.forms.flows import way_of
from core.forms.formset import FormSet, StoredDefinition
from core.forms.formulas import downstream, plan_of, said, trial
from core.forms.identity import idcard_check_digit, uscc_check_digit
from core.forms.jsonschemas import compile_schema, described_schema, field_schema, json_schema, pattern_fault
from core.forms.model import Choice, Field, FieldType, Flow, Form, Manifest, Rule, State, Step, When
from core.forms.modules import Catalogue, installed_folders, load_modules, settings_form
from core.forms.overlays import Merged, apply_overlay, base_value, merge, three_way_check
from core.forms.properties import PROPERTIES, Property
from core.forms.scopes import MAY_BE_COMPUTED, scope_of, source_of, whole_scope
from core.forms.slots import ALL_SLOTS, SLOTS, assign_slots, changed_slots, key_of, slot_value, slot_values
from core.forms.texts import ID
from core.forms.types import FIELD_TYPES, Kind, is_empty
from core.forms.unreadable import ValueParseError
from core.forms.values import clean, defaults, format_value, parse_value

__all__ = [
    "ALL_SLOTS",
    "FIELD_TYPES",
    "ID",
    "MAY_BE_COMPUTED",
    "OWN",
    "PROPERTIES",
    "SLOTS",
    "Breaking",
    "Catalogue",
    "Choice",
    "Field",
    "FieldType",
    "Flow",
    "Form",
    "FormSet",
    "Kind",
    "Manifest",
    "Merged",
    "Property",
    "Reader",
    "Rule",
    "Standing",
    "State",
    "Step",
    "StoredDefinition",
    "ValueParseError",
    "When",
    "allowed",
    "apply_overlay",
    "assign_slots",
    "base_value",
    "breaking_check",
    "broken",
    "changed_slots",
    "check",
    "check_definition",
    "check_overlay",
    "checked_filter",
    "clean",
    "compile_form",
    "compile_schema",
    "compute",
    "defaults",
    "described_schema",
    "diff_definitions",
    "downstream",
    "field_schema",
    "filter_of",
    "filter_scope",
    "format_value",
    "idcard_check_digit",
    "installed_folders",
    "is_empty",
    "json_schema",
    "key_of",
    "load_modules",
    "merge",
    "operand_of",
    "parse_value",
    "pattern_fault",
    "places",
    "plan_of",
    "readers_of",
    "reads_beyond",
    "said",
    "scope_of",
    "settings_form",
    "slot_value",
    "slot_values",
    "source_of",
    "sources",
    "standings",
    "three_way_check",
    "trial",
    "typed_filter",
    "uscc_check_digit",
    "way_of",
    "whole_scope",
]
