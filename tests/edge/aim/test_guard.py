"""Who is heard: whoever asks for this device by its name, from its own page."""

from __future__ import annotations

import pytest

from edge.aim.guard import is_for_us, is_from_us, set_cookie, token_of

OURS = {
    "host": "10.0.0.7:8443",
    "origin": "https://10.0.0.7:8443",
    "content-type": "application/json",
    "sec-fetch-site": "same-origin",
}


@pytest.mark.parametrize(
    ("host", "heard"),
    [
        ("10.0.0.7:8443", True),
        ("unit.local:8443", True),
        ("UNIT.local.:8443", True),
        ("10.0.0.7", False),  # another port
        ("10.0.0.8:8443", False),
        ("evil.example:8443", False),  # DNS rebinding
        ("unit.local.evil.example:8443", False),
        ("10.0.0.7:8443@evil.example", False),
        ("10.0.0.7:port", False),
        ("", False),
        (None, False),
    ],
)
def test_a_host_has_to_be_ours(host: str | None, heard: bool) -> None:  # noqa: FBT001 - a table
    names = {"unit.local"}
    assert is_for_us(host, names=names, address="10.0.0.7", port=8443, secure=True) == heard


@pytest.mark.parametrize(
    ("host", "address"), [("[fe80::1]:8443", "fe80::1%eth0"), ("10.0.0.7:8443", "::ffff:10.0.0.7")]
)
def test_addresses_are_written_in_several_ways(host: str, address: str) -> None:
    assert is_for_us(host, names=(), address=address, port=8443, secure=True)


def test_the_usual_port_need_not_be_said() -> None:
    assert is_for_us("10.0.0.7", names=(), address="10.0.0.7", port=443, secure=True)
    assert not is_for_us("10.0.0.7", names=(), address="10.0.0.7", port=443, secure=False)


@pytest.mark.parametrize(
    "changed",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://10.0.0.7:8443"},
        {"origin": "null"},
        {"origin": ""},
        {"sec-fetch-site": "cross-site"},
        {"content-type": "text/plain"},  # what a form of another page can send
        {"content-type": ""},
    ],
)
def test_a_change_has_to_come_from_our_page(changed: dict[str, str]) -> None:
    assert is_from_us(OURS, scheme="https")
    assert not is_from_us(OURS | changed, scheme="https")


def test_the_cookie_is_bound_to_address_path_and_https_and_no_script_reads_it() -> None:
    made = set_cookie("abc", secure=True, seconds=60)
    assert made == "__Host-aim=abc; Path=/; HttpOnly; SameSite=Strict; Max-Age=60; Secure"
    assert token_of("a=b; __Host-aim=abc", secure=True) == "abc"
    assert token_of("aim=abc", secure=True) == ""
    assert token_of(None, secure=True) == ""
