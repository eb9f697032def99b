"""Front-end files: fetched by npm under its lock, a few copied to where pages find them, icons in one sprite."""

from __future__ import annotations

import difflib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from core.setup import environment
from core.setup.environment import ROOT, digest, say

MODULES = ROOT / "node_modules"
VENDOR = ROOT / "ui" / "static" / "vendor"
PACKAGE = ROOT / "package.json"
LOCK = ROOT / "package-lock.json"
ICONS = ROOT / "ui" / "icons.txt"
DRAWINGS = MODULES / "@tabler" / "icons" / "icons"
LICENCE_FILES = ("LICENSE", "LICENSE.md", "LICENSE.txt", "LICENCE", "NOTICE")


def install() -> None:
    """node_modules as locked and ui/static/vendor as listed; nothing is done where both are so already."""
    fetched = MODULES / ".dougong"
    if not fetched.exists() or fetched.read_text() != digest(LOCK):
        say("Fetching front-end files with npm, the first time only")
        npm = environment.npm()
        done = subprocess.run([*npm, "ci", "--loglevel=error"], cwd=ROOT, env=surroundings(npm), check=False)
        if done.returncode:
            raise SystemExit("npm could not fetch the front-end files: see above; then run the same command again.")
        fetched.write_text(digest(LOCK))
    copied, wanted = VENDOR / ".dougong", digest(LOCK, PACKAGE, ICONS, Path(__file__))
    if not copied.exists() or copied.read_text() != wanted:
        copy()
        copied.write_text(wanted)


def surroundings(npm: list[str]) -> dict[str, str]:
    """npm's environment: its own node on the path, and the certificates that the system trusts."""
    path = os.pathsep.join([str(Path(npm[0]).parent), os.environ.get("PATH", "")])
    return {"NODE_USE_SYSTEM_CA": "1", **os.environ, "PATH": path}


def copy() -> None:
    """ui/static/vendor anew: the files that package.json lists, their licences and the sprite."""
    listed = json.loads(PACKAGE.read_text(encoding="utf-8"))["vendor"]
    fresh = VENDOR.with_name("vendor.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name, source in listed.items():
        shutil.copyfile(MODULES / source, fresh / name)
    (fresh / "icons.svg").write_text(sprite(ICONS.read_text(encoding="utf-8")), encoding="utf-8")
    (fresh / "LICENSES.txt").write_text(licences([*listed.values(), "@tabler/icons/"]), encoding="utf-8")
    shutil.rmtree(VENDOR, ignore_errors=True)
    fresh.rename(VENDOR)


def sprite(listing: str) -> str:
    """One SVG of symbols for the icons in `listing`: a Tabler name a line, `filled/` before a filled one."""
    names = [line.split("#")[0].strip() for line in listing.splitlines()]
    symbols = [symbol(name) for name in sorted({name for name in names if name})]
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def symbol(name: str) -> str:
    kind, _, plain = ("outline/" + name if "/" not in name else name).partition("/")
    path = DRAWINGS / kind / f"{plain}.svg"
    if not path.is_file():
        near = difflib.get_close_matches(plain, [p.stem for p in (DRAWINGS / kind).glob("*.svg")], n=5)
        raise SystemExit(f"ui/icons.txt: Tabler has no icon {name!r}; near it: {', '.join(near) or 'nothing'}")
    text = re.sub(r"<!--.*?-->", "", path.read_text(encoding="utf-8"), flags=re.S)
    drawing = re.search(r"<svg[^>]*>(.*)</svg>", text, re.S)
    paint = (
        'fill="currentColor"'
        if kind == "filled"
        else 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"'
    )
    shapes = re.sub(r"\s*\n\s*", "", drawing.group(1)).strip()
    shapes = re.sub(r'<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*/>', "", shapes)
    return f'<symbol id="{name.replace("/", "-")}" viewBox="0 0 24 24" {paint}>{shapes}</symbol>'


def licences(sources: list[str]) -> str:
    """The licence of every package that a file comes from, as these licences ask."""
    parts = []
    for package in sorted({"/".join(s.split("/")[: 2 if s.startswith("@") else 1]) for s in sources}):
        about = json.loads((MODULES / package / "package.json").read_text(encoding="utf-8"))
        head = f"{package} {about['version']} ({about.get('license', 'see below')})"
        texts = [MODULES / package / name for name in LICENCE_FILES]
        parts.append("\n\n".join([head, *(t.read_text(encoding="utf-8") for t in texts if t.is_file())]))
    return ("\n" + "=" * 78 + "\n").join(parts) + "\n"
