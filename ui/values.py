"""What a value looks like to a reader: words and markup for lists, records and history; nothing about typing it in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from core.forms import Field, Form, format_value
from core.i18n import _, language
from core.records import LOCKED

ZONE = ZoneInfo("Asia/Shanghai")
Painter = Callable[[Any], str]  # value -> markup of a list's cell; "" is shown as a dash by the style sheet
LINE = 60  # characters of a text shown in a list
NUMBERS = frozenset(("integer", "decimal", "money"))

SYSTEM: Mapping[str, tuple[str, str]] = {  # fields every record has: type, title
    "_created_at": ("datetime", "创建时间"),
    "_updated_at": ("datetime", "更新时间"),
    "_created_by": ("person", "创建人"),
    "_updated_by": ("person", "更新人"),
}


def system_field(name: str) -> Field:
    """One of SYSTEM as a field, so that lists and filters treat it like any other."""
    type, title = SYSTEM[name]
    return Field(name=name, type=type, title=_(title))  # type: ignore[arg-type]


def field_of(form: Form, name: str) -> Field | None:
    """The form's field or the system field of that name."""
    return form.fields.get(name) or (system_field(name) if name in SYSTEM else None)


def painter(field: Field, labels: Mapping[str, str]) -> Painter:
    """The function that draws `field` in a list; made once a column, called once a cell."""
    make = _PAINTERS.get(field.type)
    if make is not None:
        return make(field, labels)
    lang = language.get()

    def plain(value: Any) -> str:
        text = format_value(field, value, labels=labels, lang=lang)
        return str(escape(masked(field, text)))

    return plain


def masked(field: Field, text: str) -> str:
    """Personal data as a list shows it: enough to recognise, too little to misuse."""
    if not field.pii or field.type not in ("phone", "idcard") or len(text) < 8:
        return text
    head, tail = (6, 4) if field.type == "idcard" else (3, 4)
    return text[:head] + "*" * max(4, len(text) - head - tail) + text[-tail:]


def _marked(text: str) -> str:
    """`text` as markup. Letters, digits and Han need no look: most cells hold nothing else."""
    return text if text.isalnum() else str(escape(text))


def _numbers(field: Field, labels: Mapping[str, str]) -> Painter:
    places = 0 if field.type == "integer" else field.decimals

    def draw(value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            return str(escape(value))
        text = f"{value:,.{places}f}"
        return f'<span class="minus">{text}</span>' if value < 0 else text

    return draw


def _texts(field: Field, labels: Mapping[str, str]) -> Painter:
    def draw(value: Any) -> str:
        text = " ".join(str(value).split())
        return _marked(text if len(text) <= LINE else text[: LINE - 1] + "…")

    return draw


def _plain(field: Field, labels: Mapping[str, str]) -> Painter:
    return lambda value: str(escape(value))


def _choices(field: Field, labels: Mapping[str, str]) -> Painter:
    chips = {
        choice.value: f'<span class="chip {choice.color or "grey"}">{escape(choice.title)}</span>'
        for choice in field.choices
    }

    def draw(value: Any) -> str:
        values = value if isinstance(value, list) else [value]
        return "".join(chips.get(one) or f'<span class="chip outline">{escape(one)}</span>' for one in values)

    return draw


def _names(field: Field, labels: Mapping[str, str]) -> Painter:
    def draw(value: Any) -> str:
        label = labels.get(value, LOCKED) if isinstance(value, str) else LOCKED
        return locked() if label == LOCKED else _marked(label)

    return draw


def _counts(one: str) -> Callable[[Field, Mapping[str, str]], Painter]:
    def make(field: Field, labels: Mapping[str, str]) -> Painter:
        return lambda value: str(escape(_(one, n=len(value)))) if isinstance(value, list) else str(escape(value))

    return make


_PAINTERS: Mapping[str, Callable[[Field, Mapping[str, str]], Painter]] = {
    "integer": _numbers, "decimal": _numbers, "money": _numbers, "text": _texts, "longtext": _texts, "date": _plain,
    "choice": _choices, "choices": _choices, "reference": _names, "person": _names,
    "file": _counts("{n} 个文件"), "photo": _counts("{n} 张"), "rows": _counts("{n} 行"),
}  # fmt: skip


def waiting() -> str:
    """The sign beside a value that waits to be worked out again."""
    text = escape(_("正在重新计算，稍后刷新"))
    return f' <span class="overdue" title="{text}" role="img" aria-label="{text}">⟳</span>'


def locked() -> str:
    """The sign of what the reader may not see."""
    return f'<span class="locked" title="{escape(_("您没有权限查看"))}">🔒</span>'


def words(field: Field, value: Any, labels: Mapping[str, str]) -> str:
    """`value` in plain words, for history and summaries; a dash for nothing."""
    if field.type == "rows" and isinstance(value, list):
        return "\n".join(_row_words(field, row, labels) for row in value) or "—"
    text = format_value(field, value, labels=labels, lang=language.get()) if value is not None else ""
    return masked(field, text) or "—"


def _row_words(field: Field, row: Any, labels: Mapping[str, str]) -> str:
    if not isinstance(row, Mapping):
        return str(row)
    return "，".join(f"{c.title} {words(c, row[c.name], labels)}" for c in field.columns if c.name in row)


def detail(field: Field, value: Any, labels: Mapping[str, str]) -> Markup:
    """`value` on the record's own page: links, chips, pictures; rows are drawn by the template."""
    if field.type == "reference" and field.ref and isinstance(value, str):
        label = labels.get(value, LOCKED)
        link = Markup('<a href="/forms/{}/{}">{}</a>').format(field.ref, value, label)
        return Markup(locked()) if label == LOCKED else link
    if field.type in ("file", "photo") and isinstance(value, list):
        return _attachments(field, value, labels)
    if field.type == "phone" and isinstance(value, str):
        return Markup('<a href="tel:{}">{}</a>').format(value, value)
    if field.type == "place" and isinstance(value, Mapping):
        return _place(value)
    if field.type in ("longtext", "text"):
        return escape(str(value))
    if field.type in _PAINTERS:
        return Markup(painter(field, labels)(value)) + _unit(field)
    return escape(format_value(field, value, labels=labels, lang=language.get()))


def _unit(field: Field) -> Markup:
    return Markup(' <span class="faint">{}</span>').format(field.unit) if field.unit else Markup("")


def _attachments(field: Field, ids: Sequence[str], labels: Mapping[str, str]) -> Markup:
    parts = []
    for id in ids:
        name = labels.get(id, _("文件"))
        if field.type == "photo":
            inside = Markup('<img src="/files/{}" alt="{}" loading="lazy" width="96" height="96">').format(id, name)
        else:
            inside = escape(name)
        parts.append(Markup('<a href="/files/{}" target="_blank" rel="noopener">{}</a>').format(id, inside))
    kind = "shots" if field.type == "photo" else "attached"
    return Markup('<div class="{}">{}</div>').format(kind, Markup("").join(parts))


def _place(value: Mapping[str, Any]) -> Markup:
    text = str(value.get("address") or "")
    if "lat" in value and "lng" in value:
        spot = Markup('<span class="faint nowrap">{}, {}</span>').format(value["lat"], value["lng"])
        return escape(text) + Markup(" ") + spot
    return escape(text)


def ago(moment: str, *, now: datetime | None = None) -> str:
    """A stored instant as people say it: 刚刚, 5 分钟前, 昨天 16:20, 3月5日, 2025-12-01."""
    when = datetime.fromisoformat(moment)
    here = (now or datetime.now(UTC)).astimezone(ZONE)
    seconds, local = (here - when).total_seconds(), when.astimezone(ZONE)
    if seconds < 60:
        return _("刚刚")
    if seconds < 3600:
        return _("{n} 分钟前", n=int(seconds // 60))
    days = (here.date() - local.date()).days
    if days == 0:
        return _("今天 {time}", time=f"{local:%H:%M}")
    if days == 1:
        return _("昨天 {time}", time=f"{local:%H:%M}")
    return f"{local:%m-%d %H:%M}" if local.year == here.year else f"{local:%Y-%m-%d}"


def exact_time(moment: str) -> str:
    """The same instant to the second, for the title beside it."""
    return datetime.fromisoformat(moment).astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")


def when(moment: str) -> Markup:
    """Relative words with the exact instant on hover."""
    return Markup('<time datetime="{}" title="{}">{}</time>').format(moment, exact_time(moment), ago(moment))
