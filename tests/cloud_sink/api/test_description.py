"""The API's description: current, whole, and true."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable

from cloud_sink.api.documents import openapi
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.store.database import open_database, upgrade, writing
from cloud_sink.store.intake import take
from tests.cloud_sink.api.served import BASE, serve, store
from tests.cloud_sink.words import START, facing, fact, health, observed, stockout

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "contract" / "openapi.json"


def test_the_description_in_docs_is_current() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == openapi(), (
        "run: python -m cloud_sink.api.documents docs/contract/openapi.json"
    )


def described() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(openapi())
    return content


def test_every_example_fits_its_own_schema() -> None:
    content = described()
    shown = {name: one for name, one in content["components"]["schemas"].items() if "examples" in one}
    assert len(shown) > 15
    for name, one in shown.items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": content["components"]}
        for example in one["examples"]:
            jsonschema.validate(example, schema, jsonschema.Draft202012Validator)


def test_every_operation_is_described_and_says_who_may() -> None:
    for path, operations in described()["paths"].items():
        for method, one in operations.items():
            assert one["description"], (method, path)
            assert ("security" in one) == ("x-least-role" in one), (method, path)
            assert "422" in one["responses"], (method, path)


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("api")
    engine = open_database(f"sqlite:///{folder / 'sink.db'}")
    upgrade(engine)
    served = serve(engine, folder, store("acme"), limits={"per_second": 10_000, "burst": 100_000})
    events = [observed(1, [facing("a")]), stockout(2, "a", START), health(3, 5)]
    with writing(engine) as connection:
        take(connection, [fact(one) for one in events], [], stores=StoreBook(served.config.stores), received=START)
    key = served.by("acme").headers["Authorization"]
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", served.app, headers={"Authorization": key})
    schema.config.base_url = BASE
    yield schema, key
    engine.dispose()


@pytest.mark.parametrize(
    ("path", "method"), [(path, method) for path, one in described()["paths"].items() for method in one]
)
@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_whatever_is_asked_is_answered_as_described(
    api: Any, path: str, method: str, mode: schemathesis.GenerationMode
) -> None:
    schema, key = api

    # The same examples each time: `schemathesis run` against a running sink tries others.
    @settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
    @given(case=schema[path][method.upper()].as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        case.call_and_validate(headers={"Authorization": key})

    try:
        ask()
    except Unsatisfiable:
        assert mode is schemathesis.GenerationMode.NEGATIVE  # nothing can be wrong where nothing is asked for
