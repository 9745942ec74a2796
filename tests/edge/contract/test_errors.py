"""What an error says is one line, whatever name it tells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.errors import ImageError, one_line


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("Bia Sài Gòn 33\u0303 🍺.jpg", "Bia Sài Gòn 33\u0303 🍺.jpg", id="any script as it is"),
        pytest.param("new\nline\r.jpg", "new line .jpg", id="lines are joined"),
        pytest.param("\x1b[2J\x07.jpg", "\\x1b[2J\\x07.jpg", id="a terminal is told nothing"),
        pytest.param("\u202egpj.exe", "\\u202egpj.exe", id="nor to write backwards"),
        pytest.param(b"caf\xe9.jpg".decode(errors="surrogateescape"), "caf\\udce9.jpg", id="bytes that are no UTF-8"),
    ],
)
def test_a_name_is_told_as_one_line(name: str, said: str) -> None:
    assert one_line(name) == said
    assert (
        str(ImageError(f"{name}: the file is empty", "take it again")) == f"{said}: the file is empty (take it again)"
    )


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_whatever_is_told_can_be_printed(text: str) -> None:
    told = one_line(text)
    assert told.isprintable()
    assert told.encode("utf-8").decode("utf-8") == told
    assert one_line(told) == told
