"""What a folder and a bucket do alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from cloud_sink.evidence.compare import copy
from cloud_sink.evidence.folder import Folder
from cloud_sink.evidence.place import name_of
from edge.contract.topics import Address
from tests.cloud_sink.evidence.conftest import photograph

if TYPE_CHECKING:
    from pathlib import Path

    from cloud_sink.evidence.place import EvidencePlace


def test_a_photograph_is_kept_shown_listed_and_deleted(place: EvidencePlace) -> None:
    name, content = photograph()
    assert place.get(name) is None
    assert not place.has(name, len(content))
    place.put(name, content)
    assert place.get(name) == content
    assert (place.has(name, len(content)), place.has(name, len(content) + 1)) == (True, False)
    (kept,) = place.walk()
    assert (kept.name, kept.bytes) == (name, len(content))
    assert abs(kept.at - datetime.now(UTC)) < timedelta(minutes=5)
    place.remove([name])
    assert place.get(name) is None
    assert list(place.walk()) == []


def test_the_same_photograph_again_changes_nothing(place: EvidencePlace) -> None:
    name, content = photograph()
    place.put(name, content)
    place.put(name, content)
    assert place.get(name) == content
    assert len(list(place.walk())) == 1


def test_the_same_bytes_of_two_tenants_are_two_photographs(place: EvidencePlace) -> None:
    ours, content = photograph()
    theirs, _ = photograph(device=Address("rival", "s1", "d1"))
    place.put(ours, content)
    assert place.get(theirs) is None
    place.put(theirs, content)
    place.remove([ours])
    assert (place.get(ours), place.get(theirs)) == (None, content)


def test_many_are_deleted_though_some_are_gone(place: EvidencePlace) -> None:
    many = [photograph(f"number {number}") for number in range(30)]
    for name, content in many[::2]:
        place.put(name, content)
    place.remove([name for name, _ in many])
    assert list(place.walk()) == []
    place.remove([])


def test_photographs_move_from_place_to_place(place: EvidencePlace, tmp_path: Path) -> None:
    many = dict(photograph(f"number {number}") for number in range(5))
    for name, content in many.items():
        place.put(name, content)
    backup, other = Folder(tmp_path / "backup", lasting=False), Folder(tmp_path / "other")
    assert copy(place, backup) == copy(place, backup) == copy(backup, other) == 5
    assert {kept.name: other.get(kept.name) for kept in other.walk()} == many


@pytest.mark.parametrize(
    "key",
    [
        "../s1/d1/{sha}.jpg",
        "acme/../d1/{sha}.jpg",
        "/acme/s1/d1/{sha}.jpg",
        "acme/s1/d1/../{sha}.jpg",
        "acme/s1/d1/{sha}.jpg/x",
        "acme/s1/d1/{sha}.jpg\n",
        "acme/s1/{sha}.jpg",
        "Acme/s1/d1/{sha}.jpg",
        "acme/s1/d1/{sha}.html",
        "acme/s1/d1/abc.jpg",
    ],
)
def test_nothing_else_is_taken_for_a_photograph(key: str) -> None:
    name, _ = photograph()
    assert name_of(name.key) == name
    assert name_of(key.format(sha=name.sha256)) is None


def test_a_folder_lists_nothing_else_that_lies_there(tmp_path: Path) -> None:
    place = Folder(tmp_path)
    name, content = photograph()
    place.put(name, content)
    place.path(name).with_name(".half-written").write_bytes(b"x")
    place.path(name).with_name("note.jpg").write_bytes(b"x")
    assert [kept.name for kept in place.walk()] == [name]
    assert list(Folder(tmp_path / "missing").walk()) == []
