"""Words in the user's language: the current language and `_()`; not dates, money or form titles.

The source text is Chinese, the first language of the interface; `locale/en.po` beside each room
holds the English. `_()` answers at once, in the language of the current request or job.
"""

from __future__ import annotations

from contextvars import ContextVar
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

LANGUAGES = ("zh", "en")
language: ContextVar[str] = ContextVar("language", default="zh")
_catalogues: list[Path] = []


def add_catalogue(folder: Path) -> None:
    """Let a room (core, ui, a module) bring its `en.po`; a folder without one adds nothing."""
    if folder not in _catalogues:
        _catalogues.append(folder)
        _messages.cache_clear()


@cache
def _messages(lang: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for folder in _catalogues:
        for path in sorted((folder / f"{lang}.po", *(folder / "parts").glob("*.po"))):
            if path.is_file():
                with path.open("rb") as file:
                    catalogue = read_po(file)
                found.update({m.id: m.string for m in catalogue if m.id and m.string})
    return found


def translate(text: str, lang: str) -> str:
    """`text` (Chinese source) in `lang`; the source itself where no translation is known."""
    return text if lang == "zh" else _messages(lang).get(text, text)


def _(text: str, /, **values: object) -> str:
    """`text` in the current language with `{name}` places filled from `values`."""
    words = translate(text, language.get())
    return words.format(**values) if values else words


add_catalogue(Path(__file__).parent / "locale")
