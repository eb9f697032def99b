"""The source tree as the house tests see it: files, syntax trees, imports, texts; no rule of its own."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("core", "ui", "plugins")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@cache
def python_files(*rooms: str) -> tuple[Path, ...]:
    """Every Python file in `rooms` (core, ui and plugins if none is named)."""
    return tuple(sorted(path for room in rooms or ROOMS for path in (ROOT / room).rglob("*.py")))


@cache
def templates() -> tuple[Path, ...]:
    return tuple(sorted(path for room in ("ui", "plugins") for path in (ROOT / room).rglob("*.html")))


@cache
def tracked() -> tuple[Path, ...]:
    """What git keeps, and what it would keep were it added."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return tuple(path for path in paths if path.is_file())


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Every node of a file, in no order to rely on."""
    return tuple(ast.walk(parse(path)))


def place(path: Path, node: ast.AST | None = None) -> str:
    """`core/forms/model.py:12`, as an editor opens it."""
    line = f":{node.lineno}" if node is not None else ""
    return f"{path.relative_to(ROOT)}{line}"


def imports(path: Path) -> Iterator[tuple[ast.stmt, str, bool]]:
    """(statement, absolute dotted name, only for type checkers?), wherever in the file it stands."""
    typing_only = {
        inner
        for node in nodes(path)
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
        for inner in ast.walk(node)
    }
    package = path.parent.relative_to(ROOT).parts
    for node in nodes(path):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name, node in typing_only
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            source = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                yield node, f"{source}.{alias.name}", node in typing_only


@cache
def strings(path: Path) -> tuple[ast.Constant, ...]:
    """The text constants of a file that are not docstrings; the parts of f-strings too."""
    skipped = {node.value for node in nodes(path) if isinstance(node, ast.Expr)}
    texts = (node for node in nodes(path) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return tuple(node for node in texts if node not in skipped)


def without_jinja(text: str) -> str:
    """HTML as a browser would count its lines and attributes: `{{ }}` becomes `§`, statements vanish."""
    text = re.sub(r"\{#.*?#\}", _blank(""), text, flags=re.S)
    text = re.sub(r"\{%.*?%\}", _blank(""), text, flags=re.S)
    return re.sub(r"\{\{.*?\}\}", _blank("§"), text, flags=re.S)


def _blank(word: str):
    return lambda match: word + "\n" * match.group().count("\n")


def tags(text: str) -> Iterator[tuple[int, str, dict[str, str]]]:
    """(line, name, attributes) of each opening tag in a template."""
    plain = without_jinja(text)
    for match in re.finditer(r"<([a-zA-Z][\w-]*)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>", plain):
        found = re.findall(r"([^\s=\"'/]+)(?:\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>]+))?", match.group(2))
        attributes = {name.lower(): value.strip("\"'") for name, value in found}
        yield plain.count("\n", 0, match.start()) + 1, match.group(1).lower(), attributes
