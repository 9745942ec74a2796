"""Examples for the API's description; GS1's demonstration prefix 952, and nobody's shop."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict


def example(**fields: Any) -> ConfigDict:
    """The configuration of a model that shows one."""
    return ConfigDict(json_schema_extra={"examples": [fields]})


def asked(together: list[Any] | None = None, /, **fields: Any) -> ConfigDict:
    """The same of a model that is sent to us: a key that we do not know was meant as another.

    Args:
        together: JSON schemas that all hold, of what no field says alone.
        fields: the example.
    """
    extra: dict[str, Any] = {"examples": [fields]} | ({"allOf": together} if together else {})
    return ConfigDict(extra="forbid", json_schema_extra=extra)
