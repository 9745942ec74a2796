"""Refuses to build a wheel without what the pages load in a browser: it would start and show nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ASSETS = "cloud_sink/web/vendor"


class AssetsHook(BuildHookInterface):  # type: ignore[type-arg]  # whatever configures the builder
    """Looks before anything is built."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's own signature
        """Look for the folder; a checkout installed as it lies needs it only when it serves."""
        if version != "editable" and not (Path(self.root) / ASSETS / ".installed").is_file():
            raise FileNotFoundError(f"{ASSETS} is empty: run ./scripts/setup, which fetches it from npm")
