"""No schema and no definition ever makes the house look elsewhere, and no pattern makes it hang."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import jsonschema
import jsonschema_rs
import pytest

from core.forms import check, check_definition, clean, compile_form, compile_schema, pattern_fault
from core.forms.jsonschemas import reference_validator
from tests.forms.samples import small


@pytest.fixture
def outside() -> Iterator[tuple[str, list[str]]]:
    """A server on loopback that answers any path with a schema, and the paths it was asked for."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "application/schema+json")
            self.end_headers()
            self.wfile.write(b'{"type": "integer"}')

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()
    thread.join()


def schemas(url: str) -> list[dict[str, Any]]:
    return [
        {"$ref": f"{url}/ref.json"},
        {"properties": {"a": {"$ref": f"{url}/inside.json#/x"}}},
        {"$dynamicRef": f"{url}/dynamic.json"},
        {"$id": f"{url}/base/", "properties": {"a": {"$ref": "relative.json"}}},
        {"$defs": {"x": {"$id": f"{url}/x.json", "$ref": "y.json"}}, "$ref": "#/$defs/x"},
        {"$schema": f"{url}/meta.json", "type": "integer"},
        {"$ref": "file:///etc/hostname"},
    ]


def test_the_libraries_themselves_would_fetch(outside: tuple[str, list[str]]):
    """The proof that the tests below prove something."""
    url, asked = outside
    assert jsonschema_rs.validator_for({"$ref": f"{url}/rs.json"}).is_valid(1)
    with pytest.warns(DeprecationWarning, match="remote"):
        assert jsonschema.Draft202012Validator({"$ref": f"{url}/py.json"}).is_valid(1)
    assert asked == ["/rs.json", "/py.json"]


@pytest.mark.parametrize("number", range(7))
def test_neither_library_fetches_when_we_run_it(outside: tuple[str, list[str]], number: int):
    url, asked = outside
    schema = schemas(url)[number]
    for run in (lambda: compile_schema(schema), lambda: reference_validator(schema)):
        with suppress(Exception):  # whether it answers or refuses: it does not ask
            run().is_valid({"a": 1})
    assert asked == []


@pytest.mark.parametrize("number", range(5))
def test_a_reference_out_of_the_schema_is_refused(outside: tuple[str, list[str]], number: int):
    url, _ = outside
    with pytest.raises(ValueError):
        compile_schema(schemas(url)[number])


def test_a_definition_that_refers_away_is_refused_and_nothing_is_fetched(outside: tuple[str, list[str]]):
    url, asked = outside
    for prop in (
        {"$ref": f"{url}/f.json"},
        {"x-type": "text", "$ref": f"{url}/f.json"},
        {"$ref": "#/$defs/missing"},
        {"$ref": "#/properties/other"},
        {"x-type": "rows", "items": {"properties": {"a": {"title": "a", "$ref": f"{url}/f.json"}}}},
        {"x-type": "rows", "items": {"$ref": f"{url}/f.json"}},
    ):
        definition = small(it=prop)
        assert check_definition(definition, name="demo.it", known_forms=())
        check(compile_form("demo.it", definition, version="1"), {"it": "x"})
    assert check_definition({**small(it={"x-type": "text"}), "$ref": f"{url}/f"}, name="demo.it", known_forms=())
    assert asked == []


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|a)*$", "^([a-zA-Z]+)*$", "(.*a){12}$", "^(.*?,){11}P"])
def test_a_pattern_that_would_hang_others_is_answered_in_milliseconds(pattern: str):
    definition = small(it={"x-type": "text", "pattern": pattern, "maxLength": 500})
    assert check_definition(definition, name="demo.it", known_forms=()) == []
    form = compile_form("demo.it", definition, version="1")
    check(form, {"it": "a"})
    begun = time.perf_counter()
    assert check(form, clean(form, {"it": "a" * 499 + "!"}))
    assert time.perf_counter() - begun < 0.05


@pytest.mark.parametrize(
    "pattern", ["(?=a)b", "(?<!a)b", r"(a)\1", "[", "a{1000}{1000}", "(((a{100}){100}){100}){100}"]
)
def test_a_pattern_that_no_linear_engine_runs_is_refused_at_publish(pattern: str):
    begun = time.perf_counter()
    found = check_definition(small(it={"x-type": "text", "pattern": pattern}), name="demo.it", known_forms=())
    assert [(p.field, p.code) for p in found] == [("properties.it.pattern", "pattern")]
    assert time.perf_counter() - begun < 1
    assert pattern_fault(pattern)
