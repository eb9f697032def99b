"""Set-up says what is wrong and does nothing twice; that it works from nothing is what running the tests shows."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from core.setup import assets, browser, environment
from tests.house.source import ROOT


def test_the_sprite_holds_each_icon_once_and_nothing_that_runs():
    drawn = assets.sprite("home\nfilled/star  # favourites\n\nhome\n")
    assert re.findall(r'<symbol id="([^"]+)"', drawn) == ["filled-star", "home"]
    assert not re.search(r"<script|\son\w+=|href=", drawn)


def test_an_icon_that_does_not_exist_is_named_with_its_neighbours():
    with pytest.raises(SystemExit, match=r"no icon 'hom'; near it: .*home"):
        assets.sprite("hom")


def test_the_licences_of_what_was_fetched_go_with_it():
    text = (assets.VENDOR / "LICENSES.txt").read_text(encoding="utf-8")
    for package in ("htmx.org", "sortablejs", "echarts", "@tabler/icons"):
        assert re.search(rf"^{re.escape(package)} \d", text, re.M)


def test_a_stamp_holds_until_its_source_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(environment, "VENV", tmp_path)
    lock = tmp_path / "lock"
    lock.write_text("a==1")
    assert not environment.stamped("run", lock)
    environment.stamp("run", lock)
    assert environment.stamped("run", lock)
    lock.write_text("a==2")
    assert not environment.stamped("run", lock)


def test_without_any_way_to_a_browser_set_up_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(browser, "executable", lambda: None)
    monkeypatch.setattr(browser, "works", lambda command: False)
    monkeypatch.setattr(browser, "apt_install", lambda *packages: False)
    with pytest.raises(SystemExit, match="chromium"):
        browser.install()


def test_without_any_way_to_an_environment_set_up_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(environment, "VENV", tmp_path / "venv")
    monkeypatch.setattr(environment, "PYTHON", tmp_path / "venv" / "bin" / "python")
    monkeypatch.setattr(environment, "works", lambda command: False)
    monkeypatch.setattr(environment, "apt_install", lambda *packages: False)
    with pytest.raises(SystemExit, match=r"install python3\.\d+-venv"):
        environment.make_venv()


def test_set_up_explains_itself_when_called_wrongly():
    done = subprocess.run(
        [sys.executable, "core/setup", "everything"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "serve|test|lock" in done.stderr
