"""A headless Chromium and a Chinese font for the browser tests: found, or fetched where that can be done."""

from __future__ import annotations

import shutil
import subprocess

from core.setup.environment import PYTHON, apt_install, say, works

NAMES = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    *("/usr/bin/chromium", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
)
FONT = "fonts-wqy-microhei"  # 5 MB, and every Chinese character that a test page shows
OWN = (
    "from playwright.sync_api import sync_playwright as s; import os, sys\n"
    "with s() as p: sys.exit(not os.path.exists(p.chromium.executable_path))"
)
HELP = (
    "No Chromium for the browser tests, and none could be installed: install Debian's packages"
    f" `chromium {FONT}`, or put Chromium or Chrome on PATH, and run `make test` again."
)


def install() -> None:
    """Make sure of both; a missing font only spoils pictures, a missing browser stops."""
    if shutil.which("fc-list") and not chinese_font():
        apt_install(FONT)
    if executable() or own_browser():
        return
    if apt_install("chromium", FONT):
        return
    say("Fetching Chromium with playwright, the first time only")
    if not works([str(PYTHON), "-m", "playwright", "install", "chromium"]):
        raise SystemExit(HELP)


def executable() -> str | None:
    """The Chromium of this machine; None leaves it to playwright to use one that it fetched."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def chinese_font() -> bool:
    listed = subprocess.run(["fc-list", ":lang=zh"], capture_output=True, text=True, check=False)
    return bool(listed.stdout.strip())


def own_browser() -> bool:
    """Whether playwright has fetched a Chromium of its own before."""
    return works([str(PYTHON), "-c", OWN])
