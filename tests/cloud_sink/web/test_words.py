"""Every phrase that a template or module asks for is there, in both languages, and none is there for nobody."""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING

import pytest

from cloud_sink.web.words import CODES, FOLDER, accepted, load_words
from edge.contract.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from cloud_sink.web.words import Phrase

WEB = FOLDER.parent
SOURCES = [
    *sorted((WEB / "templates").glob("*.html")),
    *sorted(WEB.rglob("*.py")),
    *sorted((WEB.parent / "report").glob("*.py")),
]
ASKED = re.compile(r"""\bt\(\s*(f?)["']([a-z_0-9.{}]+)["'](\s*~)?""")
"""A key as code asks for it: whole, or its beginning where the rest is worked out."""


def asked() -> dict[str, str]:
    """What is asked for, and where; a beginning ends with a dot."""
    found = {}
    for path in SOURCES:
        for formatted, key, joined in ASKED.findall(path.read_text(encoding="utf-8")):
            found[key.partition("{")[0] if formatted or joined else key] = path.name
    return found


def fields(phrase: Phrase) -> set[str]:
    texts = phrase.values() if isinstance(phrase, dict) else [phrase]
    return {name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_phrase_that_is_asked_for_is_there() -> None:
    words = load_words()["en"]
    missing = {
        key: where
        for key, where in asked().items()
        if key not in words and not (key.endswith(".") and any(known.startswith(key) for known in words))
    }
    assert missing == {}


def test_every_phrase_is_asked_for() -> None:
    known = asked()
    beginnings = tuple(key for key in known if key.endswith("."))
    titles = {f"{path.stem}.title" for path in (WEB / "pages").glob("*.py")}  # the navigation asks for them by name
    unused = [
        key for key in load_words()["en"] if key not in known and key not in titles and not key.startswith(beginnings)
    ]
    assert unused == []


def test_both_languages_name_the_same_parts() -> None:
    english, chinese = (load_words()[code] for code in CODES)
    assert english.keys() == chinese.keys()
    assert {key for key in english if fields(english[key]) != fields(chinese[key])} == set()


def test_a_phrase_that_lacks_a_language_is_named(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text("door: {open: {en: Open}}\n")
    with pytest.raises(ConfigError, match=r"shop\.door\.open is missing in zh-CN"):
        load_words(tmp_path)


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("zh", "zh-CN"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("fr,zh-TW;q=0.7,en;q=0.5", "zh-CN"),
        ("fr", "en"),
        ("", "en"),
        ("zh;q=nonsense,en;q=0.1", "en"),
    ],
)
def test_a_browser_says_which_language_its_person_reads(header: str, code: str) -> None:
    assert accepted(header) == code
