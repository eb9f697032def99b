"""`python3 core/setup WHAT`: finds a Python that is new enough and does the parts that WHAT needs."""

import os
import shutil
import sys

OLDEST = (3, 11)
NEWER = ("python3.13", "python3.12", "python3.11", "python3.14")
WANTED = {"serve": "run", "test": "test", "lock": "lock"}


def main():
    if sys.version_info < OLDEST:
        use_a_newer_python()
    if len(sys.argv) != 2 or sys.argv[1] not in WANTED:
        raise SystemExit("usage: python3 core/setup " + "|".join(WANTED))
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    from core.setup import assets, browser, environment, locks

    if sys.argv[1] == "lock":
        return locks.write()
    environment.install(WANTED[sys.argv[1]])
    assets.install()
    if sys.argv[1] == "test":
        browser.install()


def use_a_newer_python():
    """Start this script again under the first Python of NEWER that works; so this file reads on old ones."""
    for name in NEWER:
        path = shutil.which(name)
        if path and os.system(path + " -c '' >/dev/null 2>&1") == 0:
            os.execv(path, [path] + sys.argv)
    found = ".".join(str(part) for part in sys.version_info[:3])
    raise SystemExit("Python 3.11 or newer is needed, this is " + found + ". Set PYTHON=/path/to/python3.11")


main()
