"""The words of every page in every language: one file a page, both languages side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import yaml

from edge.contract.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

Code = Literal["en", "zh-CN"]
CODES: tuple[Code, ...] = ("en", "zh-CN")
NAMES: dict[Code, str] = {"en": "English", "zh-CN": "中文"}
"""What each language calls itself."""

FOLDER = Path(__file__).resolve().parent / "words"

Phrase = str | dict[str, str]
"""A text, or one for each CLDR plural category of `count`, such as `one` and `other`."""


def load_words(folder: Path = FOLDER) -> dict[Code, dict[str, Phrase]]:
    """Every phrase by language and key; a key is the file's name and the way to it, such as `stores.column.osa`.

    Raises:
        ConfigError: a phrase is missing in a language.
    """
    words: dict[Code, dict[str, Phrase]] = {code: {} for code in CODES}
    for path in sorted(folder.glob("*.yaml")):
        _gather(words, path.stem, yaml.safe_load(path.read_text(encoding="utf-8")))
    return words


def _gather(words: Mapping[Code, dict[str, Phrase]], key: str, node: object) -> None:
    if not isinstance(node, dict):
        raise ConfigError(f"words: {key} has no languages", f"give it {' and '.join(CODES)}")
    if not set(CODES) & set(node):
        for name, below in node.items():
            _gather(words, f"{key}.{name}", below)
        return
    for code in CODES:
        if not node.get(code):
            raise ConfigError(f"words: {key} is missing in {code}", "add it")
        words[code][key] = cast("Phrase", node[code])


def accepted(header: str, default: Code = "en") -> Code:
    """The language that an `Accept-Language` header likes best of ours (RFC 9110, 12.5.4)."""
    liked: list[tuple[float, int, Code]] = []
    for place, part in enumerate(header.split(",")[:20]):
        tag, _, quality = part.partition(";q=")
        code = _ours(tag.strip().lower())
        if code is not None:
            liked.append((-_quality(quality), place, code))
    return min(liked)[2] if liked else default


def _ours(tag: str) -> Code | None:
    return next((code for code in CODES if tag.partition("-")[0] == code.partition("-")[0]), None)


def _quality(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0
