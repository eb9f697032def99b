"""How things look in JSON: records, changes, forms, runs; always objects, numbers as they are stored."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from core.people import ACTIONS
from core.records.model import LOCKED
from core.records.transfer import Counts, Run

if TYPE_CHECKING:
    from core.context import Context
    from core.errors import Problem
    from core.forms import Field, Form, Step
    from core.records.model import Change, Page, Record


def record_shape(record: Record, *, fields: Collection[str] | None = None) -> dict[str, Any]:
    """`hidden` names the fields that the reader may not see: absent from `data` otherwise means empty."""
    chosen = record.data if fields is None else {name: record.data[name] for name in record.data if name in fields}
    hidden = sorted(name for name in record.hidden if fields is None or name in fields) if record.hidden else []
    return {
        "id": record.id,
        "form": record.form,
        "version": record.version,
        "revision": record.revision,
        "data": chosen,
        "hidden": hidden,
        "overdue": sorted(name for name in record.overdue if fields is None or name in fields),
        "created_at": record.created_at,
        "created_by": record.created_by,
        "updated_at": record.updated_at,
        "updated_by": record.updated_by,
        "department": record.department,
        "deleted_at": record.deleted_at,
    }


def page_shape(page: Page, *, fields: Collection[str] | None = None) -> dict[str, Any]:
    return {
        "records": [record_shape(record, fields=fields) for record in page.records],
        "next": page.next,
        "labels": labels_shape(page.labels),
    }


def labels_shape(labels: Mapping[str, str]) -> dict[str, str]:
    return {id: label for id, label in labels.items() if label != LOCKED}


def change_shape(change: Change) -> dict[str, Any]:
    return {
        "id": change.id,
        "kind": change.kind,
        "revision": change.revision,
        "at": change.at,
        "by": change.by,
        "source": change.source,
        "changes": {name: {"before": pair[0], "after": pair[1]} for name, pair in change.changes.items()},
        "step": change.step or None,
        "comment": change.comment or None,
        "sealed": change.sealed,
    }


def problem_shape(problem: Problem) -> dict[str, str]:
    return {"field": problem.field, "code": problem.code, "message": problem.message}


def problems_shape(problems: Iterable[Problem]) -> list[dict[str, str]]:
    return [problem_shape(problem) for problem in problems]


def form_shape(ctx: Context, form: Form, *, visible: Collection[str]) -> dict[str, Any]:
    """A form as its reader may use it; fields that no right shows him are named in `hidden`."""
    return {
        "name": form.name,
        "title": form.title,
        "description": form.description,
        "version": form.version,
        "module": form.module,
        "key": list(form.key),
        "label": form.label,
        "list": list(form.list),
        "actions": [action for action in ACTIONS if ctx.can(form.name, action)],
        "fields": [field_shape(field) for name, field in form.fields.items() if name in visible],
        "hidden": sorted(form.fields.keys() - set(visible)),
        "flow": _flow_shape(form, visible),
    }


def _flow_shape(form: Form, visible: Collection[str]) -> dict[str, Any] | None:
    """The states and steps of a form, for who may see the states."""
    flow = form.flow
    if flow is None or flow.field not in visible:
        return None
    states = [
        {
            "code": one.code, "title": one.title, "final": one.final, "locked": one.read_only is None,
            "read_only": sorted((one.read_only or frozenset()) & set(visible)),
            "required": sorted(one.required & set(visible)),
        }
        for one in flow.states.values()
    ]  # fmt: skip
    return {"field": flow.field, "initial": flow.initial, "states": states, "steps": [*map(step_shape, flow.steps)]}


def step_shape(step: Step) -> dict[str, Any]:
    return {
        "code": step.code, "title": step.title, "from": list(step.sources), "to": step.target,
        "roles": list(step.roles), "required": list(step.required), "comment": step.comment,
        "apart": list(step.apart),
    }  # fmt: skip


def field_shape(field: Field) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "name": field.name, "title": field.title, "type": field.type, "required": field.required,
        "help": field.help, "unit": field.unit, "section": field.section,
    }  # fmt: skip
    if field.computed:
        shape["computed"] = True
    if field.choices:
        shape["choices"] = [{"value": choice.value, "title": choice.title} for choice in field.choices]
    if field.ref:
        shape["ref"] = field.ref
    if field.numeric:
        shape |= {"decimals": field.decimals, "minimum": field.minimum, "maximum": field.maximum}
    if field.max_length is not None:
        shape["max_length"] = field.max_length
    if field.columns:
        shape["columns"] = [field_shape(column) for column in field.columns]
    return shape


def run_shape(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "form": run.form,
        "state": run.state,
        "mode": run.options.mode,
        "all_or_nothing": run.options.whole,
        "blank": run.options.blank,
        "done": run.done,
        "total": run.total,
        "columns": [{"header": column.header, "field": column.field or None} for column in run.columns],
        "checked": _counts(run.checked),
        "written": _counts(run.written),
        "error": run.error,
        "result_file": run.result_file,
        "created_at": run.created_at,
        "updated_at": run.updated_at,
    }


def _counts(counts: Counts | None) -> dict[str, Any] | None:
    if counts is None:
        return None
    rows = [{"row": row.number, "problems": problems_shape(row.problems)} for row in counts.rows]
    return {"new": counts.new, "changed": counts.changed, "same": counts.same, "wrong": counts.wrong, "rows": rows}
