"""Words as people type and read them: text, yes or no, choices, names of things, places."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from core.forms.model import Choice, Field
from core.forms.unreadable import cannot_read
from core.i18n import _, translate

TEXT_LENGTH, LONGTEXT_LENGTH = 200, 20_000  # where the form sets no limit
ID = "^[0-9A-HJKMNP-TV-Z]{16}$"  # of records, members, files: see core.clock.new_id
# besides controls: what turns the direction of writing or has no width, so that two texts look alike
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\u200b\u2060\u202a-\u202e\u2066-\u2069]")
_SEPARATOR = re.compile(r"[、,，;；/|\n]")
_EXACT_FLOAT = 10**15
_YES = frozenset("是 有 对 真 √ ✓ ✔ 1 y yes true t on 已 ☑".split())
_NO = frozenset("否 无 不 没有 错 假 × ✗ ✘ 0 n no false f off 未 ☐".split())
_PLACE = re.compile(r"(.*?)\s*[(（]\s*(-?\d{1,3}(?:\.\d+)?)\s*[,，]\s*(-?\d{1,3}(?:\.\d+)?)\s*[)）]", re.S)


def parse_text(field: Field, given: Any) -> str:
    """The text as typed. A number cell is the code that it shows: 110101.0 is "110101"."""
    if isinstance(given, bool):
        return "TRUE" if given else "FALSE"
    if isinstance(given, float):
        if abs(given) >= _EXACT_FLOAT:
            raise cannot_read(field, f"{given:.0f}", _lost_digits(), code="digits")
        given = format(Decimal(format(given, ".15g")).normalize(), "f")
    return str(given)


def _lost_digits() -> str:
    return _("表格把它当作数字，末几位已经丢失；请在表格里把这一列设为“文本”后重新填写")


def clean_text(field: Field, value: Any) -> Any:
    """One line, trimmed, without control characters."""
    if not isinstance(value, str):
        return value
    if not value.isprintable():  # what is printable holds nothing to replace
        value = _CONTROL.sub("", value.replace("\r\n", " ").replace("\n", " ").replace("\t", " "))
    return value.strip()


def clean_longtext(field: Field, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return _CONTROL.sub("", value.replace("\r\n", "\n").replace("\r", "\n")).strip()


def show_text(field: Field, value: Any) -> str:
    return str(value)


def text_schema(field: Field) -> dict[str, Any]:
    pattern = {"pattern": field.pattern} if field.pattern else {}
    return {"type": "string", "minLength": 1, "maxLength": field.max_length or TEXT_LENGTH, **pattern}


def explain_text(field: Field, value: Any) -> tuple[str, str]:
    return "pattern", _("格式不对：{help}", help=field.help) if field.help else _("格式不对")


def longtext_schema(field: Field) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": field.max_length or LONGTEXT_LENGTH}


def parse_boolean(field: Field, given: Any) -> bool:
    if isinstance(given, bool):
        return given
    word = unicodedata.normalize("NFKC", parse_text(field, given)).strip().casefold()
    if word in _YES or word in _NO:
        return word in _YES
    raise cannot_read(field, given, _("请填“是”或“否”"), code="boolean")


def show_boolean(field: Field, value: Any, lang: str) -> str:
    return translate("是" if value else "否", lang) if isinstance(value, bool) else str(value)


def parse_choice(field: Field, given: Any) -> str:
    found = _choice(field, parse_text(field, given))
    if found is None:
        raise cannot_read(field, given, choice_hint(field), code="choice")
    return found


def parse_choices(field: Field, given: Any) -> list[str]:
    """Values or titles, in the form's order, each once; a title may itself hold a separator."""
    whole = parse_text(field, given) if not isinstance(given, list | tuple) else None
    parts = list(given) if whole is None else _split_titles(field, whole)
    chosen = set()
    for part in parts:
        found = _choice(field, parse_text(field, part))
        if found is None:
            raise cannot_read(field, part, choice_hint(field), code="choice")
        chosen.add(found)
    return [choice.value for choice in field.choices if choice.value in chosen]


def choice_hint(field: Field) -> str:
    titles = [choice.title for choice in field.choices]
    shown = _("、").join(titles[:8]) + ("……" if len(titles) > 8 else "")
    return _("请从这些里选：{choices}", choices=shown)


def _choice(field: Field, text: str) -> str | None:
    text = text.strip()
    for same in (str, _folded):
        for choice in field.choices:
            if same(text) in map(same, (choice.value, choice.title, *choice.others)):
                return choice.value
    return None


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().replace(" ", "")


def _split_titles(field: Field, text: str) -> list[str]:
    if _choice(field, text) is not None:
        return [text]
    titles = {title for choice in field.choices for title in (choice.title, *choice.others)}
    names = sorted((title for title in titles if _SEPARATOR.search(title)), key=len)
    kept: dict[str, str] = {}
    for place, name in enumerate(reversed(names)):  # longest first: shield titles that hold a separator
        mark = chr(0xF0000 + place)
        kept[mark] = name
        text = text.replace(name, mark)
    parts = (part.strip() for part in _SEPARATOR.split(text))
    return [kept.get(part, part) for part in parts if part]


def show_choice(field: Field, value: Any) -> str:
    return choice_title(field.choices, value)


def show_choices(field: Field, value: Any, lang: str) -> str:
    if not isinstance(value, list | tuple):
        return choice_title(field.choices, value)
    return ("、" if lang == "zh" else ", ").join(choice_title(field.choices, one) for one in value)


def choice_title(choices: tuple[Choice, ...], value: Any) -> str:
    return next((choice.title for choice in choices if choice.value == value), str(value))


def choice_schema(field: Field) -> dict[str, Any]:
    return {"type": "string", "enum": [choice.value for choice in field.choices]}


def choices_schema(field: Field) -> dict[str, Any]:
    bounds = items_bounds(field, len(field.choices))
    return {"type": "array", "items": choice_schema(field), "uniqueItems": True, **bounds}


def items_bounds(field: Field, most: int) -> dict[str, Any]:
    return {"minItems": field.min_items or 1, "maxItems": min(field.max_items or most, most)}


def parse_ids(field: Field, given: Any) -> list[str]:
    parts = given if isinstance(given, list | tuple) else re.split(r"[,;，；、\s]+", parse_text(field, given))
    return [str(part).strip() for part in parts if str(part).strip()]


def show_label(field: Field, value: Any, labels: Mapping[str, str]) -> str:
    return labels.get(value, value) if isinstance(value, str) else str(value)


def show_files(field: Field, value: Any, labels: Mapping[str, str], lang: str) -> str:
    if not isinstance(value, list | tuple):
        return str(value)
    names = [labels.get(one) for one in value if isinstance(one, str)]
    if all(names) and len(names) == len(value):
        return ("、" if lang == "zh" else ", ").join(str(name) for name in names)
    return translate("{n} 个文件", lang).format(n=len(value))


def parse_place(field: Field, given: Any) -> dict[str, Any]:
    """An address, with its position in brackets where it is known: 人民路 1 号（31.298, 120.585）."""
    if isinstance(given, Mapping):
        return dict(given)
    text = parse_text(field, given).strip()
    found = _PLACE.fullmatch(text)
    if not found or not found[1]:
        return {"address": text}
    return {"address": found[1], "lat": Decimal(found[2]), "lng": Decimal(found[3])}


def clean_place(field: Field, value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    cleaned = {key: _exact(clean_text(field, one)) for key, one in value.items()}
    return {key: one for key, one in cleaned.items() if one is not None and one != ""}


def _exact(value: Any) -> Any:
    return Decimal(repr(value)) if isinstance(value, float) else value


def show_place(field: Field, value: Any) -> str:
    if not isinstance(value, Mapping):
        return str(value)
    address = str(value.get("address", ""))
    return f"{address} ({value['lat']}, {value['lng']})" if "lat" in value and "lng" in value else address


def place_schema(field: Field) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "address": {"type": "string", "minLength": 1, "maxLength": 300},
            "lat": {"type": "number", "minimum": -90, "maximum": 90},
            "lng": {"type": "number", "minimum": -180, "maximum": 180},
        },
        "required": ["address"],
        "dependentRequired": {"lat": ["lng"], "lng": ["lat"]},
        "additionalProperties": False,
    }
