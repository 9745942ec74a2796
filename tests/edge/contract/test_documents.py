"""The generated documents are current, and say what the models enforce."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from edge.contract.documents import asyncapi, documents, schemas
from tests.edge.contract.examples import EXAMPLES

DOCS = Path(__file__).resolve().parents[3] / "docs" / "contract"


def test_the_documents_in_docs_are_current() -> None:
    written = {str(path.relative_to(DOCS)): path.read_text() for path in DOCS.rglob("*.json")}
    del written["openapi.json"]  # the collector's
    assert written == documents(), "run: python -m edge.contract.documents docs/contract"


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_an_event_of_each_type_fits_its_published_schema(name: str) -> None:
    content = json.loads(EXAMPLES[name].model_dump_json())
    jsonschema.validate(content, schemas()[name], jsonschema.Draft202012Validator)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_the_published_schema_refuses_an_event_without_data(name: str) -> None:
    content = json.loads(EXAMPLES[name].model_dump_json())
    del content["data"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, schemas()[name], jsonschema.Draft202012Validator)


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    document = asyncapi()
    references = [value for text in json.dumps(document).split('"$ref": "')[1:] for value in [text.split('"')[0]]]
    assert references
    for reference in references:
        if reference.startswith("./schemas/"):
            assert (DOCS / reference).is_file()
            continue
        place = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
