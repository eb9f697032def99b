"""What the page about the API shows: forms, fields, and requests ready to copy; the page itself is a template."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from core import exact
from core.api.openapi import readable
from core.forms import FIELD_TYPES
from core.i18n import _
from core.people import rights

if TYPE_CHECKING:
    from core.context import Context
    from core.forms import Field, Form

_SAMPLES: dict[str, Any] = {
    "text": "example", "longtext": "example", "integer": 3, "decimal": Decimal("12.5"), "money": Decimal("1234.50"),
    "date": "2026-03-05", "datetime": "2026-03-05T00:30:00Z", "boolean": True, "phone": "13800138000",
    "idcard": "11010519491231002X", "uscc": "91350100M000100Y43", "place": {"address": "1 Renmin Road"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Example:
    """One request as a command, and what it is for. `try_it`: an address that only reads."""

    title: str
    command: str
    try_it: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One field as the page lists it."""

    name: str
    title: str
    type: str
    required: bool
    notes: str


def guide(ctx: Context, wanted: str, *, base: str) -> dict[str, Any]:
    """Everything the page shows: the forms to choose from, and the chosen one in full."""
    forms = [form for form in ctx.forms.all() if ctx.can(form.name, "read")]
    chosen = next((form for form in forms if form.name == wanted), forms[0] if forms else None)
    shown: dict[str, Any] = {"forms": forms, "chosen": chosen, "base": base}
    if chosen is not None:
        shown["lines"] = [_line(ctx, chosen.fields[name]) for name in readable(ctx, chosen)]
        shown["examples"] = _examples(ctx, chosen, base)
    return shown


def _line(ctx: Context, field: Field) -> Line:
    notes = [field.help] if field.help else []
    if field.computed:
        notes.append(_("自动计算，不能写入"))
    if field.choices:
        notes.append("；".join(f"{choice.value} {choice.title}" for choice in field.choices))
    if field.ref:
        target = ctx.forms.find(field.ref)
        notes.append(_("“{title}”中一条的 id", title=target.title if target else field.ref))
    if field.numeric and field.decimals:
        notes.append(_("{number} 位小数", number=field.decimals))
    if field.unit:
        notes.append(_("单位：{unit}", unit=field.unit))
    return Line(field.name, field.title, _(FIELD_TYPES[field.type].title), field.required, "；".join(notes))


def _examples(ctx: Context, form: Form, base: str) -> list[Example]:
    records = f"/api/v1/forms/{form.name}/records"
    found = [
        Example(_("列出"), _curl(base, f"{records}?limit=5"), f"{records}?limit=5"),
        Example(_("筛选和排序"), _curl(base, _filtered(form, records)), _filtered(form, records)),
    ]
    numbers = [name for name in readable(ctx, form) if form.fields[name].numeric]
    totals = f"/api/v1/forms/{form.name}/totals" + (f"?sum={numbers[0]}" if numbers else "")
    found.append(Example(_("合计"), _curl(base, totals), totals))
    if ctx.can(form.name, "create"):
        found.append(Example(_("新增"), _curl(base, records, "POST", {"data": _sample(ctx, form)})))
        bulk = {"mode": "upsert" if form.key else "create", "records": [_sample(ctx, form)]}
        found.append(Example(_("批量新增或更新"), _curl(base, f"{records}/bulk", "POST", bulk)))
    if ctx.can(form.name, "update"):
        change = {"data": dict(list(_sample(ctx, form).items())[-1:]), "revision": 1}
        found.append(Example(_("修改"), _curl(base, f"{records}/ID", "PATCH", change)))
    if ctx.can(form.name, "delete"):
        found.append(Example(_("删除（进回收站）"), _curl(base, f"{records}/ID?revision=1", "DELETE")))
    if ctx.can(form.name, "import"):
        imports = f"/api/v1/forms/{form.name}/imports"
        found.append(
            Example(_("导入文件"), _curl(base, imports, "POST", more=" \\\n  -F file=@data.xlsx -F dry_run=true"))
        )
    if ctx.can(form.name, "export"):
        address = f"/api/v1/forms/{form.name}/export?kind=xlsx"
        found.append(Example(_("导出文件"), _curl(base, address, more=" \\\n  -o data.xlsx")))
    return found


def _filtered(form: Form, records: str) -> str:
    field = next((f for f in form.fields.values() if f.type in ("choice", "text", "date")), None)
    where = f"where={field.name}:filled&" if field else ""
    return f"{records}?{where}sort=-_updated_at&limit=5"


def _sample(ctx: Context, form: Form) -> dict[str, Any]:
    """The required fields with believable values; with none required, the first few."""
    given = rights(ctx.access, form.name, "create")
    shown = [field for name, field in form.fields.items() if any(right.shows(name) for right in given)]
    fields = [field for field in shown if not field.computed]
    chosen = [field for field in fields if field.required] or fields[:3]
    return {field.name: _value(field) for field in chosen}


def _value(field: Field) -> Any:
    if field.choices:
        value = field.choices[0].value
        return [value] if field.type == "choices" else value
    if field.type in ("reference", "person"):
        return "ID"
    if field.type in ("file", "photo"):
        return ["ID"]
    if field.type == "rows":
        return [{column.name: _value(column) for column in field.columns if column.required}]
    return _SAMPLES.get(field.type, "example")


def _curl(base: str, path: str, method: str = "GET", body: Any = None, *, more: str = "") -> str:
    """A command for a shell; every part is quoted."""
    parts = ["curl"] + ([] if method == "GET" else [f"-X {method}"])
    parts.append(shlex.quote(f"{base}{path}"))
    command = " ".join(parts) + " \\\n  -H 'Authorization: Bearer dg_…'"
    if body is not None:
        command += " \\\n  -H 'Content-Type: application/json' \\\n  -d " + shlex.quote(exact.dumps(body))
    return command + more
