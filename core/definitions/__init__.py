"""The room of definitions: drafts of forms, publishing them, and the switches of modules."""

from core.definitions.drafts import (
    create_form,
    discard_draft,
    edit,
    open_draft,
    redo,
    rename_form,
    save_draft,
    undo,
)
from core.definitions.edits import value_of
from core.definitions.formulas import formula_example, shown_condition, shown_formula
from core.definitions.model import (
    Draft,
    Fitness,
    FormState,
    ModuleState,
    Outcome,
    Preview,
    Published,
    Unfit,
    Version,
)
from core.definitions.overview import overview
from core.definitions.places import by_property, wrong_paths
from core.definitions.properties import CONDITIONS, FORMULAS, WrongProperty, kindred, pattern_matches, properties_of
from core.definitions.publishing import (
    draft_form,
    drop_form,
    findings_of,
    hidden_values,
    preview,
    problems_of,
    publish,
    published_form,
    restore_version,
    version,
    versions,
)
from core.definitions.rebuild import REBUILD, progress, rebuild, rebuild_all
from core.definitions.switches import change_settings, settings_of, state, states, switch, switched_together
from core.definitions.upgrading import keep_up

__all__ = [
    "CONDITIONS", "FORMULAS", "REBUILD", "Draft", "Fitness", "FormState", "ModuleState", "Outcome", "Preview",
    "Published", "Unfit", "Version",
    "WrongProperty", "by_property", "change_settings", "create_form", "discard_draft", "draft_form",
    "drop_form", "edit", "findings_of", "formula_example", "hidden_values", "keep_up", "kindred", "open_draft",
    "overview", "pattern_matches", "preview", "problems_of", "progress", "properties_of", "publish", "published_form",
    "rebuild", "rebuild_all", "redo", "rename_form", "restore_version", "save_draft", "settings_of",
    "shown_condition", "shown_formula", "state", "states", "switch", "switched_together", "undo", "value_of",
    "version", "versions", "wrong_paths",
]  # fmt: skip
