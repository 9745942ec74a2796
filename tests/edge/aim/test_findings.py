"""The words: every finding in both languages, whatever is known of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from edge.aim import findings as module
from edge.aim.findings import CODES, LANGUAGES, Finding, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge.aim.findings import Language

VALUES: dict[str, str | int | float] = {
    "trouble": "no route to host", "count": 2, "pixels": 12, "least": 16, "degrees": 8, "planned": 4, "missing": 2,
    "seen": 1,
}  # fmt: skip
SAID: dict[str, Any] = yaml.safe_load((Path(module.__file__).parent / "words" / "findings.yaml").read_text("utf-8"))


def everything() -> Iterator[Finding]:
    """Each finding as it may come."""
    for code in CODES:
        yield Finding(code, True, VALUES)
        yield from (Finding(code, None, {"why": why}) for why in SAID["why"])
        mend = SAID[code]["mend"]
        yield from (Finding(code, False, {**VALUES, "which": which}) for which in mend if which not in LANGUAGES)
        if "en" in mend:
            yield Finding(code, False, VALUES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_has_a_title_and_what_failed_has_a_mend(language: Language) -> None:
    for finding in everything():
        title, mend = words(finding, language)
        assert title, finding
        assert bool(mend) == (finding.passed is not True), finding
        assert "{" not in title + mend, finding


def test_english_and_chinese_differ() -> None:
    for finding in everything():
        (title, mend), (english, english_mend) = words(finding, "zh"), words(finding, "en")
        assert any(ord(letter) > 0x2E80 for letter in title), finding
        assert title != english, finding
        assert finding.passed is True or mend != english_mend, finding


def test_numbers_are_in_the_words() -> None:
    assert words(Finding("tilted", False, {"degrees": 8, "which": "clockwise"}), "en")[0] == "Tilted by 8°"
    finding = Finding("shelves_unseen", False, {"planned": 5, "missing": 2, "which": "top"})
    assert words(finding, "en")[0] == "2 of 5 shelves not seen"
    assert words(finding, "zh")[0] == "5层货架中有2层没看到"


def test_there_are_no_words_for_what_is_never_said() -> None:
    assert set(SAID) == {*CODES, "why"}
