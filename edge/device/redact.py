"""Secrets are taken out of what leaves the device for support: known ones wherever they stand, others by their look."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge.contract.config import AgentConfig

HIDDEN = "***"

SHORTEST = 4
"""A shorter one stands in any text by chance; by its place in an address it is taken out all the same."""

_ADDRESS = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*://)(?P<user>[^/\s'\"]*@)?(?P<rest>[^\s?'\"<>]*)(?P<query>\?[^\s'\"<>]*)?",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"(?P<name>(?:pass(?:word|wd)?|pwd|secret|token|api_?key|auth)[\"']?\s*[=:]\s*[\"']?)(?P<value>[^\s&;,/\"'}]+)",
    re.IGNORECASE,
)
_PEM = re.compile(r"-----BEGIN [^-]*PRIVATE KEY-----.*?(?:-----END [^-]*PRIVATE KEY-----|\Z)", re.DOTALL)


class Redactor:
    """Takes secrets out of text.

    Args:
        config: whose secrets are known: passwords in addresses, and what password and key files hold.
    """

    def __init__(self, config: AgentConfig | None) -> None:
        known = set(_secrets(config)) if config is not None else set()
        # The longest first: a password may be a part of another.
        self._known = sorted((one for one in known if len(one) >= SHORTEST), key=len, reverse=True)

    def clean(self, text: str) -> str:
        """The text without secrets."""
        for secret in self._known:
            text = text.replace(secret, HIDDEN)
        text = _PEM.sub(HIDDEN, text)
        text = _ADDRESS.sub(_address, text)
        return _NAMED.sub(lambda found: found["name"] + HIDDEN, text)


def _address(found: re.Match[str]) -> str:
    """An address without its credentials and without its query, in which cameras like to have the password."""
    user = f"{HIDDEN}@" if found["user"] else ""
    query = f"?{HIDDEN}" if found["query"] else ""
    return f"{found['scheme']}{user}{found['rest']}{query}"


def _secrets(config: AgentConfig) -> Iterator[str]:
    for value in _texts(json.loads(config.model_dump_json())):
        if "://" in value:
            yield from _of_address(value)
    for file in (config.broker.password_file, config.broker.key_file):
        try:
            text = file.read_text(encoding="utf-8").strip() if file is not None else ""
        except (OSError, UnicodeDecodeError):
            continue
        yield text
        yield from (line for line in text.splitlines() if not line.startswith("-----"))


def _of_address(url: str) -> Iterator[str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    if parts.password:
        yield from _written(parts.password)
    for pair in parts.query.split("&"):
        _, _, value = pair.partition("=")
        yield from _written(value)
    for found in _NAMED.finditer(parts.path):
        yield from _written(found["value"])


def _written(secret: str) -> Iterator[str]:
    """A secret as it may be written: as it stands in an address, and in plain."""
    yield from {secret, unquote(secret), quote(unquote(secret), safe="")}


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for inner in value.values():
                yield from _texts(inner)
        case list():
            for inner in value:
                yield from _texts(inner)
