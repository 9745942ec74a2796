"""What the messages of door and cooler sensors mean."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.config import StatusFields
from edge.contract.config.cooler import OPEN_WORDS
from edge.contract.errors import SourceError
from edge.device.sensor_words import read_status, says_open


@pytest.mark.parametrize(
    ("message", "key", "words", "is_open"),
    [
        ("open\n", None, OPEN_WORDS, True),
        ("closed", None, OPEN_WORDS, False),
        ("1\n", None, OPEN_WORDS, True),
        ("0\n", None, OPEN_WORDS, False),
        ("ON", None, OPEN_WORDS, True),
        ("closed\nopen\n\n", None, OPEN_WORDS, True),
        ('{"contact": false, "battery": 98}', "contact", ("false",), True),
        ('{"contact": true}', "contact", ("false",), False),
        ('{"door": {"state": "Opened"}}', "door.state", OPEN_WORDS, True),
        ('{"a": 1}\n{"a": 0}', "a", OPEN_WORDS, False),
    ],
)
def test_what_a_door_sensor_says(message: str, key: str | None, words: tuple[str, ...], *, is_open: bool) -> None:
    assert says_open(message, key=key, words=words) is is_open


@pytest.mark.parametrize(
    ("message", "key", "named"),
    [
        ("", None, "says nothing"),
        (" \n", None, "says nothing"),
        ("open", "contact", "JSON"),
        ("{}", "contact", "contact"),
    ],
)
def test_a_door_sensor_that_says_nothing_is_told_with_the_mend(message: str, key: str | None, named: str) -> None:
    with pytest.raises(SourceError, match=named):
        says_open(message, key=key, words=OPEN_WORDS)


@pytest.mark.parametrize(
    ("message", "celsius", "power", "light"),
    [
        ('{"cabinet_celsius": 4.5, "power": true, "light": false}', 4.5, True, False),
        ('{"cabinet_celsius": "4.26", "power": "ON", "light": 0}', 4.26, True, False),
        ('{"cabinet_celsius": null, "power": "unknown"}', None, None, None),
        ('{"cabinet_celsius": 850.0, "power": 1}', None, True, None),
        ('{"cabinet_celsius": NaN, "light": "off"}', None, None, False),
        ('{"cabinet_celsius": true}', None, None, None),
    ],
    ids=["as it should be", "as words", "nothing known", "a broken thermometer", "no number", "no temperature"],
)
def test_what_a_cooler_says(message: str, celsius: float | None, power: bool | None, light: bool | None) -> None:  # noqa: FBT001 - a table
    said = read_status(message, fixture="cooler-1", fields=StatusFields())
    assert (said.fixture, said.cabinet_celsius, said.power, said.light) == ("cooler-1", celsius, power, light)


def test_keys_of_the_sensor_itself() -> None:
    fields = StatusFields(cabinet_celsius="sensor.temperature", power="plug.state")
    said = read_status('{"sensor": {"temperature": -18}, "plug": {"state": "OFF"}}', fixture="f", fields=fields)
    assert (said.cabinet_celsius, said.power) == (-18.0, False)


@given(st.text(), st.sampled_from([None, "a.b"]))
def test_no_message_makes_the_reader_stumble(message: str, key: str | None) -> None:
    with suppress(SourceError):
        says_open(message, key=key, words=OPEN_WORDS)
    with suppress(SourceError):
        read_status(message, fixture="f", fields=StatusFields())
