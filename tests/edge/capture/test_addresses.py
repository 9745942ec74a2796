"""Addresses of cameras are shown without what must not be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.capture.address import shown


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("rtsp://10.0.0.5/stream1", "rtsp://10.0.0.5/stream1"),
        ("rtsps://admin:pw@cam.local:322/a/b", "rtsps://cam.local:322/a/b"),
        ("rtsp://10.0.0.5/s?user=admin&password=pw", "rtsp://10.0.0.5/s"),
        ("rtsp://10.0.0.5/user=admin&password=pw&channel=1", "rtsp://10.0.0.5/user=***&password=***&channel=1"),
        ("rtsp://10.0.0.5/Streaming;PWD=pw/1", "rtsp://10.0.0.5/Streaming;PWD=***/1"),
        ("http://[fe80::1]:80/still.jpg#pw", "http://[fe80::1]:80/still.jpg"),
    ],
)
def test_what_is_shown_of_an_address(url: str, public: str) -> None:
    assert shown(url) == public


@given(
    st.text(min_size=1), st.text(st.characters(codec="ascii", categories=["L", "N"])), st.sampled_from(["", "/stream"])
)
def test_whatever_a_password_holds_none_of_it_is_shown(password: str, user: str, path: str) -> None:
    assert shown(f"rtsp://{user}:{password}@10.0.0.5:554{path}") == f"rtsp://10.0.0.5:554{path}"
