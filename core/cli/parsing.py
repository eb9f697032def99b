"""Which commands there are: each subject adds its own; errors become one line and an exit code."""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys

from core.cli import backing, moving, operating, persons, serving, upkeep
from core.errors import DougongError
from core.i18n import language
from core.store import StoreError

HELP = """examples, in the order of an installation's life:
  dougong serve --demo            serve on http://127.0.0.1:8000 with two demo tenants
  dougong tenant linxi "Linxi works office" --admin wang --name "Wang Zhiqiang"
                                  open a tenant; prints its administrator's first password
  dougong licence set linxi --edition professional --seats 20
  dougong operator add ops        who may do all that in a browser, at /operator
  dougong user add linxi li --name "Li Na" --role editor
  dougong token add linxi wang --name "nightly import"
  dougong import linxi partners.company companies.xlsx --dry-run
  dougong backup var/backup.tar.gz
  dougong verify                  look for edited, removed or reordered history, in every tenant

`dougong COMMAND --help` says more about each, with examples.

settings, from the environment:
  DATABASE_URL      sqlite:///path or postgres://user:password@host/name; else SQLite in DOUGONG_DATA
  DOUGONG_DATA      folder of the database and of uploaded files; ./var without it
  DOUGONG_VENDOR_KEY  public key of the vendor whose licence files alone count; any licence without it

exit codes: 0 all right, 1 refused or something found wrong (one line says what), 2 not understood, 130 Ctrl+C"""

SUBJECTS = (serving, upkeep, persons, operating, moving, backing)


def main(arguments: list[str] | None = None) -> None:
    options = parser().parse_args(arguments)
    before = language.set("zh" if os.environ.get("LANG", "").startswith("zh") else "en")
    try:
        sys.exit(options.run(options) or 0)
    except (DougongError, StoreError) as error:
        sys.exit(f"dougong: {error}")
    except (OSError, sqlite3.OperationalError) as error:
        sys.exit(f"dougong: {_said(error)}")
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        language.reset(before)


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(
        prog="dougong", description="Dougong 斗拱", epilog=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = whole.add_subparsers(required=True, metavar="command")
    for subject in SUBJECTS:
        subject.add(commands)
    return whole


def _said(error: Exception) -> str:
    """`No such file or directory: 'x'` instead of Python's `[Errno 2] ...`."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error) or type(error).__name__
