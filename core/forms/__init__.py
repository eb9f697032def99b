"""Forms: the dialect read, checked, compiled, overlaid and compared; values parsed, cleaned, checked and shown."""

from core.forms.checking import check
from core.forms.compiling import OWN, compile_form
from core.forms.computing import broken, compute
from core.forms.definitions import check_definition, check_overlay
from core.forms.differences import Breaking, breaking_check, diff_definitions
from core.forms.formset import FormSet, StoredDefinition
from core.forms.formulas import MAY_BE_COMPUTED, plan_of, scope_of, trial
from core.forms.identity import idcard_check_digit, uscc_check_digit
from core.forms.jsonschemas import compile_schema, described_schema, field_schema, json_schema, pattern_fault
from core.forms.model import Choice, Field, FieldType, Form, Manifest, Rule
from core.forms.modules import Catalogue, installed_folders, load_modules, settings_form
from core.forms.overlays import Merged, apply_overlay, base_value, merge, three_way_check
from core.forms.properties import PROPERTIES, Property
from core.forms.slots import ALL_SLOTS, SLOTS, assign_slots, changed_slots, key_of, slot_value, slot_values
from core.forms.types import FIELD_TYPES, Kind, is_empty
from core.forms.unreadable import ValueParseError
from core.forms.values import clean, defaults, format_value, parse_value

__all__ = [
    "ALL_SLOTS",
    "FIELD_TYPES",
    "MAY_BE_COMPUTED",
    "OWN",
    "PROPERTIES",
    "SLOTS",
    "Breaking",
    "Catalogue",
    "Choice",
    "Field",
    "FieldType",
    "Form",
    "FormSet",
    "Kind",
    "Manifest",
    "Merged",
    "Property",
    "Rule",
    "StoredDefinition",
    "ValueParseError",
    "apply_overlay",
    "assign_slots",
    "base_value",
    "breaking_check",
    "broken",
    "changed_slots",
    "check",
    "check_definition",
    "check_overlay",
    "clean",
    "compile_form",
    "compile_schema",
    "compute",
    "defaults",
    "described_schema",
    "diff_definitions",
    "field_schema",
    "format_value",
    "idcard_check_digit",
    "installed_folders",
    "is_empty",
    "json_schema",
    "key_of",
    "load_modules",
    "merge",
    "parse_value",
    "pattern_fault",
    "plan_of",
    "scope_of",
    "settings_form",
    "slot_value",
    "slot_values",
    "three_way_check",
    "trial",
    "uscc_check_digit",
]
