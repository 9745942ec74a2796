"""One PIN lets one phone in, once; few wrong ones are taken; the disk tells nobody what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edge.aim.pin import DIGITS, FILE, TRIES, TRIES_IN_ALL, Pin, RefusedPinError

if TYPE_CHECKING:
    from pathlib import Path


def made(folder: Path) -> tuple[Pin, str]:
    return Pin.make(folder, certificate="pem", host="unit.local", boot=lambda: "first")


def loaded(folder: Path, *, boot: str = "first") -> Pin:
    pin = Pin.load(folder, boot=lambda: boot)
    assert pin is not None
    return pin


def refused(pin: Pin, said: str) -> str:
    with pytest.raises(RefusedPinError) as caught:
        pin.enter(said)
    return caught.value.why


def wrong(said: str) -> str:
    return f"{(int(said) + 1) % 10**DIGITS:0{DIGITS}}"


def test_it_lets_one_phone_in_and_no_second(tmp_path: Path) -> None:
    pin, said = made(tmp_path)
    token = pin.enter(f"{said[:4]} {said[4:]}")  # as a label prints it
    assert pin.knows(token)
    assert not pin.knows(token[:-1])
    assert not pin.knows("")
    assert refused(pin, said) == "used"
    assert refused(pin, wrong(said)) == "used"  # nobody learns which PIN was right


def test_the_phone_that_is_in_stays_in_after_a_power_cut(tmp_path: Path) -> None:
    pin, said = made(tmp_path)
    token = pin.enter(said)
    again = loaded(tmp_path, boot="second")
    assert again.knows(token)
    assert refused(again, said) == "used"


def test_the_file_is_the_owner_s_and_tells_neither_pin_nor_cookie(tmp_path: Path) -> None:
    pin, said = made(tmp_path)
    token = pin.enter(said)
    text = (tmp_path / FILE).read_text()
    assert said not in text
    assert token not in text
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_after_a_few_wrong_ones_the_right_one_is_refused_too(tmp_path: Path) -> None:
    pin, said = made(tmp_path)
    assert [refused(pin, wrong(said)) for _ in range(TRIES)] == ["wrong"] * (TRIES - 1) + ["locked"]
    assert pin.locked
    assert refused(pin, said) == "locked"
    assert refused(loaded(tmp_path), said) == "locked"  # a new start of the service is no new start of the machine


def test_a_power_cut_gives_some_tries_again_but_not_without_end(tmp_path: Path) -> None:
    _, said = made(tmp_path)
    for boot in range(TRIES_IN_ALL // TRIES):
        pin = loaded(tmp_path, boot=f"boot {boot}")
        for _ in range(TRIES):
            refused(pin, wrong(said))
    assert refused(loaded(tmp_path, boot="the last"), said) == "locked"


def test_a_new_one_ends_the_one_before(tmp_path: Path) -> None:
    pin, said = made(tmp_path)
    token = pin.enter(said)
    second, other = made(tmp_path)
    assert not second.knows(token)
    assert second.enter(other)


def test_one_that_ended_is_good_for_nothing(tmp_path: Path) -> None:
    pin, said = made(tmp_path)
    token = pin.enter(said)
    pin.end()
    assert not pin.knows(token)
    assert refused(pin, said) == "locked"
    assert Pin.load(tmp_path, boot=lambda: "first") is None


@pytest.mark.parametrize("said", ["", "abc", "1234567", "123456789", "²³", "9" * 100])
def test_what_is_no_pin_is_wrong(tmp_path: Path, said: str) -> None:
    pin, right = made(tmp_path)
    assert said != right
    assert refused(pin, said) == "wrong"


def test_a_damaged_file_is_as_none(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{")
    assert Pin.load(tmp_path, boot=lambda: "first") is None
