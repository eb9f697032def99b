"""One search over everything the member may see, grouped by form."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from litestar import Response

from core.context import Context
from core.forms import Form
from core.records import Record
from core.web import Request, get, page
from ui.values import masked

LIMIT = 100
SHOWN = 10  # of each form; the list has them all
TEXTS = frozenset(("text", "longtext", "phone", "idcard", "uscc"))
BEFORE, LENGTH = 12, 60  # of the piece of text around what was found


@dataclass(frozen=True, slots=True)
class Hit:
    id: str
    label: str
    piece: str


@dataclass(slots=True)
class Group:
    form: Form
    hits: list[Hit] = field(default_factory=list)
    more: bool = False


@get("/search", permission="records")
async def search(ctx: Context, request: Request) -> Response[Any]:
    """Records by a piece of their text, and forms by their title."""
    text = " ".join(request.query_params.get("q", "").split())
    groups: dict[str, Group] = {}
    found = await ctx.records.search_everywhere(text, limit=LIMIT) if text else []
    for name, record, label in found:
        form = ctx.forms.get(name)
        group = groups.setdefault(name, Group(form))
        if len(group.hits) < SHOWN:
            group.hits.append(Hit(record.id, label, piece(form, record, text, label)))
        else:
            group.more = True
    wanted = text.lower()
    forms = [form for form in ctx.forms.all() if wanted and wanted in form.title.lower() and ctx.can(form.name, "read")]
    return page(ctx, "records/search.html", {"text": text, "groups": list(groups.values()), "forms": forms})


def piece(form: Form, record: Record, text: str, label: str) -> str:
    """The words around the place where it was found, unless the label shows it already."""
    wanted = text.lower()
    if wanted in label.lower():
        return ""
    for name, item in form.fields.items():
        value = record.data.get(name)
        if item.type in TEXTS and isinstance(value, str) and wanted in value.lower():
            at = value.lower().index(wanted)
            cut = value[max(0, at - BEFORE) : at + LENGTH].replace("\n", " ")
            before, after = "…" if at > BEFORE else "", "…" if at + LENGTH < len(value) else ""
            return f"{item.title} {before}{masked(item, cut)}{after}"
    return ""


routes = [search]
