"""What git may keep: our own files only, locks without addresses, nothing of one machine."""

from __future__ import annotations

import json
import re
import tomllib

import yaml

from tests.house.source import ROOT, place, tracked

TOP = {
    *("core", "plugins", "schemas", "ui", "tests", "pyproject.toml", "docker-compose.yml", "Dockerfile", ".ci"),
    *("README.md", "CHANGELOG.md", "LICENSE", "Makefile", ".gitignore", ".dockerignore", ".npmrc"),
    *("package.json", "package-lock.json", "requirements.txt", "requirements-test.txt", "requirements-node.txt"),
}
LOCKS = ("package-lock.json", "requirements.txt", "requirements-test.txt", "requirements-node.txt")
LARGEST = 400_000  # bytes: the test lock, all hashes, is the biggest file we write


def test_the_top_level_is_fixed():
    found = {path.relative_to(ROOT).parts[0] for path in tracked()}
    assert found - TOP == set()
    assert {name for name in TOP if not (ROOT / name).exists()} == set()


def test_no_lock_names_a_host():
    for name in LOCKS:
        text = (ROOT / name).read_text(encoding="utf-8")
        assert not re.search(r"://|--(extra-)?index-url|--find-links|--trusted-host|\"resolved\"", text), name
    settings = (ROOT / ".npmrc").read_text(encoding="utf-8")
    assert "registry=" not in settings.replace("omit-lockfile-registry-resolved=", "")
    assert "omit-lockfile-registry-resolved=true" in settings
    assert not [path for path in tracked() if path.name in ("uv.lock", "pylock.toml", "poetry.lock")]


def test_every_locked_package_has_its_hash():
    for name in LOCKS[1:]:
        entries = re.split(r"\n(?=[a-z0-9])", (ROOT / name).read_text(encoding="utf-8"))[1:]
        assert entries
        assert not [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry or "==" not in entry]
    packages = json.loads((ROOT / LOCKS[0]).read_text(encoding="utf-8"))["packages"]
    assert not [name for name, package in packages.items() if name and "integrity" not in package]


def test_every_dependency_says_why_it_is_there():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)
    groups = [project["project"]["dependencies"], *project["dependency-groups"].values()]
    wanted = [name for group in groups for name in group]
    silent = [name for name in wanted if not re.search(rf"\"{re.escape(name)}\",\s+# \w", text)]
    assert not silent


def test_the_locks_hold_what_is_asked_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    asked = {
        "requirements.txt": project["project"]["dependencies"],
        "requirements-test.txt": project["project"]["dependencies"] + groups["test"],
        "requirements-node.txt": groups["node"],
    }
    for name, wanted in asked.items():
        locked = set(re.findall(r"^([\w.-]+)==", (ROOT / name).read_text(encoding="utf-8"), re.M))
        assert {re.match(r"[\w.-]+", one).group() for one in wanted} <= locked, f"{name}: run `make lock`"
    manifest = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    first = json.loads((ROOT / LOCKS[0]).read_text(encoding="utf-8"))["packages"][""]
    assert {k: first.get(k) for k in ("dependencies", "devDependencies")} == {
        k: manifest.get(k) for k in ("dependencies", "devDependencies")
    }


def test_nothing_made_by_others_is_kept():
    """Front-end files are fetched at set-up; nothing minified, bundled, compiled or large is committed."""
    wrong = []
    for path in tracked():
        strange = re.search(r"\.min\.|\.map$|\.(whl|zip|gz|woff2?|ttf|otf|so|dll|exe|pyc|db|sqlite)$", path.name)
        fetched = {"node_modules", "vendor", ".venv", "dist", "build"} & set(path.relative_to(ROOT).parts)
        if strange or fetched or path.stat().st_size > LARGEST:
            wrong.append(place(path))
        elif path.suffix in (".js", ".css", ".html", ".svg"):
            longest = max((len(line) for line in path.read_text(encoding="utf-8").splitlines()), default=0)
            if longest > 2000:
                wrong.append(f"{place(path)}: a line of {longest} characters")
    assert not wrong, "\n".join(wrong)


def test_nothing_of_one_machine_is_kept():
    places = re.compile("/" + r"(work|root|home/\w+|tmp/\w+)/\w")
    wrong = []
    for path in tracked():
        if path.suffix in (".png", ".xlsx") or path.name in LOCKS:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if places.search(line):
                wrong.append(f"{place(path)}:{number}: {line.strip()[:80]}")
    assert not wrong, "\n".join(wrong)


def test_the_composed_services_are_ours_and_postgresql():
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    assert set(services) == {"app", "db"}
    assert services["app"]["environment"]["DATABASE_URL"].startswith("postgres://")
    assert services["app"]["depends_on"]["db"]["condition"] == "service_healthy"
    assert "pg_isready" in services["db"]["healthcheck"]["test"]


def test_ci_does_what_a_developer_does():
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    commands = [line for line in lines if line and not line.startswith("#")]
    assert commands == ["set -eu", 'cd "$(dirname "$0")/.."', "exec make test"]
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
