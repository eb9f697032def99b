"""The locks, written anew from pyproject.toml and package.json; versions and hashes only, no address."""

from __future__ import annotations

import json
import os
import subprocess

from core.setup import environment
from core.setup.environment import PYTHON, ROOT, say

COMPILE = [
    *("pip", "compile", "--quiet", "--no-config", "--universal", "--python-version", "3.11", "--upgrade"),
    *("--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--no-build"),
    *("--custom-compile-command", "make lock"),
]


def write() -> None:
    environment.make_venv()
    uv = environment.VENV / "bin" / "uv"
    if not uv.exists():
        say("Fetching uv")
        subprocess.run([str(PYTHON), "-m", "pip", "install", "--quiet", "uv"], check=True)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "UV_")) or k == "UV_DEFAULT_INDEX"}
    run, test = ["pyproject.toml"], ["pyproject.toml", "--group", "test", "--constraint", "requirements.txt"]
    for name, more in (("", run), ("-test", test), ("-node", ["--group", "node"])):
        say(f"requirements{name}.txt")
        command = [str(uv), *COMPILE, *more, "--output-file", f"requirements{name}.txt"]
        subprocess.run(command, cwd=ROOT, env=kept, check=True)
    say("package-lock.json")
    subprocess.run([*environment.npm(), "install", "--package-lock-only", "--silent"], cwd=ROOT, check=True)
    path = ROOT / "package-lock.json"
    lock = json.loads(path.read_text(encoding="utf-8"))
    for package in lock["packages"].values():
        package.pop("funding", None)  # addresses, of no use to `npm ci`
        package.pop("resolved", None)
    path.write_text(json.dumps(lock, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
