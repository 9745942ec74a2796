"""A desired configuration on disk: whole or not there, and given up when the agent does not last under it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edge.device.overlay import MOST_STARTS, OverlayFile

if TYPE_CHECKING:
    from pathlib import Path

WISH = b'{"health_every": "1m"}'


def test_a_document_is_there_after_a_restart_byte_for_byte(tmp_path: Path) -> None:
    OverlayFile(tmp_path).keep('{ "hours" : {} , "Tên" : "ü" }'.encode())
    assert OverlayFile(tmp_path).begin() == '{ "hours" : {} , "Tên" : "ü" }'.encode()


def test_an_empty_document_takes_it_back(tmp_path: Path) -> None:
    file = OverlayFile(tmp_path)
    file.keep(WISH)
    file.keep(b"")
    assert file.begin() is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"document": 5}', b"[]"])
def test_a_file_that_cannot_be_read_is_set_aside(tmp_path: Path, content: bytes) -> None:
    file = OverlayFile(tmp_path)
    file.path.write_bytes(content)
    assert file.begin() is None
    assert not file.path.exists()
    assert [one.name for one in tmp_path.iterdir()] == ["desired-config.json.aside"]


def test_a_document_under_which_no_start_lasted_is_set_aside_and_known_again(tmp_path: Path) -> None:
    OverlayFile(tmp_path).keep(WISH)
    starts = [OverlayFile(tmp_path).begin() for _ in range(MOST_STARTS)]
    assert starts == [WISH] * (MOST_STARTS - 1) + [None]
    assert OverlayFile(tmp_path).was_set_aside(WISH)
    assert not OverlayFile(tmp_path).was_set_aside(b"{}")


def test_a_document_under_which_a_start_lasted_is_kept_whatever_comes(tmp_path: Path) -> None:
    file = OverlayFile(tmp_path)
    file.keep(WISH)
    file.lasted()
    assert [OverlayFile(tmp_path).begin() for _ in range(3 * MOST_STARTS)] == [WISH] * 3 * MOST_STARTS


def test_a_new_document_has_its_own_starts(tmp_path: Path) -> None:
    file = OverlayFile(tmp_path)
    file.keep(WISH)
    file.begin()
    file.keep(b"{}")
    assert OverlayFile(tmp_path).begin() == b"{}"
