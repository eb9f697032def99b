"""The compiled validator, the reference library and the JSON Schema Test Suite say the same."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from core import exact
from core.forms.jsonschemas import compile_schema, reference_validator
from core.settings import ROOT

SUITE = Path(os.environ.get("DOUGONG_SHARED_DATA") or ROOT.parent / "shared" / "data") / "json-schema-test-suite"
DRAFT = SUITE / "tests" / "draft2020-12"
BASE = "http://localhost:1234/"

# (library, file, description of the case; "" is the whole file): why it differs. Each must really differ.
FORMATS = "we assert formats; the suite's default mode only notes them"
ESCAPES = "Python's re has no \\p{…} and \\c; definitions are checked by our own meta-schemas, which use neither"
DEVIATIONS = {
    ("compiled", "format.json", ""): FORMATS,
    ("reference", "format.json", ""): FORMATS,
    ("reference", "pattern.json", "pattern with Unicode property escape requires unicode mode"): ESCAPES,
    ("reference", "patternProperties.json", "patternProperties with Unicode property escape"): ESCAPES,
    ("reference", "type.json", "integer type matches integers"): "1.0 read exactly is a Decimal, no integer to it",
    (
        "reference",
        "vocabulary.json",
        "schema that uses custom metaschema with with no validation vocabulary",
    ): "it ignores vocabularies",
    ("reference", "optional/ecmascript-regex.json", ""): ESCAPES,
    ("reference", "optional/dependencies-compatibility.json", ""): "it dropped the old word `dependencies`",
    ("reference", "optional/float-overflow.json", ""): "its multipleOf goes through a float for such numbers",
}
FORMATS_WE_USE = ("optional/format/date.json", "optional/format/date-time.json")

pytestmark = pytest.mark.skipif(
    not DRAFT.is_dir(), reason=f"the JSON Schema Test Suite is not at {SUITE}: set DOUGONG_SHARED_DATA"
)


def files() -> list[str]:
    if not DRAFT.is_dir():
        return []
    found = [p.relative_to(DRAFT).as_posix() for p in (*DRAFT.glob("*.json"), *DRAFT.glob("optional/*.json"))]
    return sorted(found)


@cache
def remotes() -> dict[str, Any]:
    folder = SUITE / "remotes"
    paths = folder.rglob("*.json")
    return {BASE + path.relative_to(folder).as_posix(): exact.loads(path.read_bytes()) for path in paths}


def from_folder(uri: str) -> Any:
    """The suite's remotes lie in a folder: they are looked up, never fetched."""
    if uri not in remotes():
        raise LookupError(uri)
    return remotes()[uri]


def disagreements(library: str, case: dict[str, Any]) -> list[str]:
    make = compile_schema if library == "compiled" else reference_validator
    wrong = []
    for one in case["tests"]:
        try:
            said: Any = make(case["schema"], retriever=from_folder).is_valid(one["data"])
        except Exception as error:  # whatever a library raises is its answer
            said = repr(error)
        if said is not one["valid"]:
            wrong.append(f"{case['description']}: {one['description']}: {said}, not {one['valid']}")
    return wrong


@pytest.mark.parametrize("file", files())
@pytest.mark.parametrize("library", ["compiled", "reference"])
def test_the_library_says_what_the_suite_says(library: str, file: str):
    wrong, differing = [], set()
    for case in exact.loads((DRAFT / file).read_bytes()):
        known = next((k for k in ((library, file, case["description"]), (library, file, "")) if k in DEVIATIONS), None)
        found = disagreements(library, case)
        if known and found:
            differing.add(known)
        elif found:
            wrong += found
    assert not wrong, "\n".join(wrong)
    told = {key for key in DEVIATIONS if key[:2] == (library, file)}
    assert differing == told, f"listed as a deviation but agrees: {told - differing}"


@pytest.mark.parametrize("file", FORMATS_WE_USE)
@pytest.mark.parametrize("library", ["compiled", "reference"])
def test_the_formats_that_our_types_use_are_right(library: str, file: str):
    wrong = [said for case in exact.loads((DRAFT / file).read_bytes()) for said in disagreements(library, case)]
    assert not wrong, "\n".join(wrong)


def test_the_suite_is_whole():
    cases = [case for file in files() if "/" not in file for case in exact.loads((DRAFT / file).read_bytes())]
    assert sum(len(case["tests"]) for case in cases) >= 1200
