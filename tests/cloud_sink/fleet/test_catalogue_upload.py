"""Catalogues: read line by line, compared with what holds, and followed by the book of products."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from cloud_sink.fleet.catalogue_upload import changes, read_catalogue, write_catalogue
from cloud_sink.fleet.products import ProductBook, ProductData
from cloud_sink.store import catalogues
from cloud_sink.store.database import writing
from edge.contract.catalogue import Sku

if TYPE_CHECKING:
    from cloud_sink.store.database import Database

HEADER = b"sku,name,brand,owner,package,category,gtin,life_cycle\n"
COLA = Sku(id="cola", name="Cola, 330 ml", brand="Lurra", owner="Own Co.", gtin="9520000000004", package="can")
TEA = Sku(id="tea", name="Tea", brand="Veld", owner="Other Co.")
NOW = datetime(2026, 3, 14, tzinfo=UTC)


def test_what_is_written_reads_the_same() -> None:
    assert read_catalogue(write_catalogue([TEA, COLA]).encode()).skus == (COLA, TEA)


@pytest.mark.parametrize(
    ("lines", "line", "column", "said"),
    [
        (b"cola,Cola,,Own Co.,can,,,\n", 2, "brand", "is empty"),
        (b"cola,Cola,Lurra,Own Co.,tin,,,\n", 2, "package", "'can'"),
        (b"cola,Cola,Lurra,Own Co.,can,,9520000000005,\n", 2, "gtin", "it would be 4"),
        (b"cola,Cola,Lurra,Own Co.,,,,\ncola,Tea,Lurra,Own Co.,,,,\n", 3, "sku", "stands on line 2 already"),
        (b"a,A,L,O,,,9520000000004,\nb,B,L,O,,,09520000000004,\n", 3, "gtin", "stands on line 2 already"),
        (b"no cola,Cola,Lurra,Own Co.,,,,\n", 2, "sku", "pattern"),
    ],
)
def test_a_fault_names_its_line_and_column(lines: bytes, line: int, column: str, said: str) -> None:
    read = read_catalogue(HEADER + lines)
    assert read.skus == ()
    assert [(one.line, one.column) for one in read.faults] == [(line, column)]
    assert said in read.faults[0].said


def test_changes_tell_what_is_added_changed_and_left_out() -> None:
    renamed = COLA.model_copy(update={"name": "Cola"})
    water = TEA.model_copy(update={"id": "water"})
    found = changes({"cola": COLA, "tea": TEA}, {"cola": renamed, "water": water})
    assert [(one.sku, one.what, one.fields) for one in found] == [
        ("cola", "changed", ("name",)),
        ("tea", "removed", ()),
        ("water", "added", ()),
    ]
    assert changes({"cola": COLA}, {"cola": COLA}) == []


def test_what_a_tenant_uploads_holds_for_it_alone_and_wins() -> None:
    book = ProductBook({"cola": COLA})
    book.tell("acme", [COLA.model_copy(update={"name": "Theirs"}), TEA])
    assert {sku: one.name for sku, one in book.of("acme").items()} == {"cola": "Theirs", "tea": "Tea"}
    assert {sku: one.name for sku, one in book.of("rival").items()} == {"cola": "Cola, 330 ml"}


def test_the_book_follows_the_database(database: Database) -> None:
    data = ProductData(database, {"cola": COLA})
    assert not data.refresh()
    for skus in ([TEA], [TEA], [TEA.model_copy(update={"name": "Green tea"})]):
        with writing(database) as connection:
            catalogues.add_version(connection, "acme", write_catalogue(skus), skus=1, note="", at=NOW, who="mai")
    assert data.refresh()
    assert data.book.of("acme")["tea"].name == "Green tea"
    assert data.book.of("acme")["cola"] == COLA
    assert not data.refresh()
    with writing(database) as connection:
        assert [one.version for one in catalogues.versions(connection, "acme")] == [2, 1]
