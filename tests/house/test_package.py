"""What an installed package holds: templates, styles, forms and words as well as code; nothing of tests or data."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.house.source import ROOT, tracked

KINDS = (".py", ".html", ".css", ".js", ".svg", ".po", ".json", ".txt")


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_an_installed_package_has_every_file_of_the_rooms(content: set[str]):
    kept = {path.relative_to(ROOT).as_posix() for path in tracked() if path.suffix in KINDS}
    wanted = {name for name in kept if name.split("/")[0] in ("core", "ui", "plugins", "schemas")}
    assert wanted - content == set()


def test_an_installed_package_has_what_set_up_fetched(content: set[str]):
    fetched = {path.relative_to(ROOT).as_posix() for path in (ROOT / "ui" / "static" / "vendor").glob("[!.]*")}
    assert {Path(name).name for name in fetched} >= {"htmx.min.js", "icons.svg", "LICENSES.txt"}
    assert fetched - content == set()


def test_an_installed_package_has_nothing_else(content: set[str]):
    tops = {name.split("/")[0] for name in content}
    assert {top for top in tops if not top.startswith("dougong-")} == {"core", "ui", "plugins", "schemas"}
    assert any(name.endswith("/licenses/LICENSE") for name in content)
