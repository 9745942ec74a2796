"""What can be wrong with an aimed camera's view, and the words for it that a technician understands."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

Code = Literal[
    "no_picture",
    "frozen",
    "dark",
    "bright",
    "glare",
    "blank",
    "fogged",
    "blurred",
    "people",
    "turned",
    "no_products",
    "far",
    "near",
    "tilted",
    "cut_left",
    "cut_right",
    "cut_top",
    "cut_bottom",
    "wrong_fixture",
    "blocked",
    "shelves_unseen",
]
"""The checklist in the order in which things are best mended: what spoils the picture, then what stands before it, then
how the camera stands, then what of the plan it sees."""

CODES: tuple[Code, ...] = get_args(Code)

Value = str | int | float

_WORDS = Path(__file__).parent / "words" / "findings.yaml"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the checklist."""

    code: Code
    passed: bool | None  # None: it cannot be said, such as without a planogram or from a picture that is too dark
    values: Mapping[str, Value] = field(default_factory=dict)  # what the words say: degrees, shelves, pixels


def words(finding: Finding, language: Language) -> tuple[str, str]:
    """What is found, and how to mend it.

    Args:
        finding: one of `diagnose`.
        language: of the words.

    Returns:
        A title of a few words, and one or two sentences: the mend where it failed, why nothing can be said where
        nothing can be said, and nothing where it passed.
    """
    said = _words()[finding.code]
    values = {name: _shown(value) for name, value in finding.values.items()}
    if finding.passed:
        return said["passed"][language].format(**values), ""
    if finding.passed is None:
        why = str(finding.values.get("why", "picture"))
        return said["asked"][language].format(**values), _words()["why"][why][language]
    mend = said["mend"]
    if "which" in finding.values:
        mend = mend[str(finding.values["which"])]
    return said["failed"][language].format(**values), mend[language].format(**values)


def _shown(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


@cache
def _words() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(_WORDS.read_text(encoding="utf-8"))
    return found
