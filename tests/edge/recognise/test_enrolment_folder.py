"""A tree of one folder a SKU with its CSV: what is read, and how each mistake is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edge.contract.catalogue import Sku
from edge.contract.errors import CatalogueError
from edge.recognise.enrolment_folder import described_in, read_tree

if TYPE_CHECKING:
    from pathlib import Path


def tree(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    (folder / "pictures").mkdir(exist_ok=True)
    return folder / "pictures"


def listing(folder: Path, text: str) -> Path:
    path = folder / "skus.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_folders_are_skus_and_pictures_come_by_name(tmp_path: Path) -> None:
    folders, without = read_tree(tree(tmp_path, "cola/2.JPG", "cola/1.png", "cola/notes.txt", "ale/a.webp", "read.me"))
    assert [(folder.sku, [path.name for path in folder.pictures]) for folder in folders] == [
        ("ale", ["a.webp"]),
        ("cola", ["1.png", "2.JPG"]),
    ]
    assert without == []


def test_hidden_folders_are_passed_over(tmp_path: Path) -> None:
    folders, _ = read_tree(tree(tmp_path, "cola/1.png", ".thumbnails/1.png"))
    assert [folder.sku for folder in folders] == ["cola"]


def test_the_csv_says_what_a_sku_is_and_empty_values_say_nothing(tmp_path: Path) -> None:
    # As a spreadsheet saves it: byte order mark, quotes, spaces behind commas.
    csv = listing(tmp_path, '\ufeffsku, name,brand,gtin\ncola,"Cola, 330 ml",Cola,\nale,Ale,,\n')
    folders, without = read_tree(tree(tmp_path, "cola/1.png"), csv)
    assert described_in(folders[0], None) == Sku(id="cola", name="Cola, 330 ml", brand="Cola", owner="unknown")
    assert without == ["ale"]


def test_what_was_known_stays_where_the_csv_is_silent(tmp_path: Path) -> None:
    before = Sku(id="cola", name="Old", brand="Cola", owner="Cola Ltd", life_cycle="planned")
    folders, _ = read_tree(tree(tmp_path, "cola/1.png"), listing(tmp_path, "sku,name\ncola,New\n"))
    assert described_in(folders[0], before) == before.model_copy(update={"name": "New"})


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ((), "pictures: no folder in it"),
        (("a b/1.png",), "a b: its name is no SKU id"),
        (("cola/notes.txt",), "cola: no picture in it"),
    ],
)
def test_a_tree_that_makes_no_sense_is_one_clear_error(tmp_path: Path, names: tuple[str, ...], said: str) -> None:
    with pytest.raises(CatalogueError, match=said):
        read_tree(tree(tmp_path, *names))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: has no column sku"),
        ("name\nCola\n", "line 1: has no column sku"),
        ("sku,colour\ncola,red\n", "line 1: column 'colour' is none of its columns"),
        ("sku,name\ncola,Cola\ncola,Ale\n", "line 3: cola stands twice"),
        ("sku,name\n,Cola\n", "line 2: has no sku"),
        ("sku,name\ncola,Cola,330\n", "line 2: more values than columns"),
        ("sku\nale\n", "does not list cola"),
    ],
)
def test_a_csv_that_makes_no_sense_is_one_clear_error(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(CatalogueError, match=said):
        read_tree(tree(tmp_path, "cola/1.png"), listing(tmp_path, text))


def test_a_csv_of_another_encoding_is_named(tmp_path: Path) -> None:
    csv = tmp_path / "skus.csv"
    csv.write_bytes("sku,name\ncola,Café\n".encode("latin-1"))
    with pytest.raises(CatalogueError, match="is not UTF-8"):
        read_tree(tree(tmp_path, "cola/1.png"), csv)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [("gtin", "9521234543214", "wrong check digit"), ("package", "barrel", "can, bottle")],
)
def test_a_value_that_is_not_allowed_names_line_and_column(tmp_path: Path, column: str, value: str, said: str) -> None:
    folders, _ = read_tree(tree(tmp_path, "cola/1.png"), listing(tmp_path, f"sku,{column}\nale,\ncola,{value}\n"))
    with pytest.raises(CatalogueError, match=rf"skus\.csv: line 3: {column}: .*{said}"):
        described_in(folders[0], None)


def test_a_missing_tree_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="gone: is no folder"):
        read_tree(tmp_path / "gone")
