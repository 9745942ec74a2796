"""What the commands share: the options that name configuration and data, and how lines are said."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cloud_sink.fleet.settings import SinkConfig

ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="the sink's configuration, such as configs/sink/demo.yaml")
]
DataFolder = Annotated[Path | None, typer.Option("--data", help="the folder for database and evidence")]


def settings_of(config: Path | None, data: Path | None) -> SinkConfig:
    """The configuration that a command works with; `data` goes before what stands in it.

    Raises:
        ConfigError: one line naming file, line, key and mend.
    """
    from cloud_sink.fleet.settings import SinkConfig, load_config

    settings = load_config(config) if config is not None else SinkConfig()
    return settings.model_copy(update={"data": data}) if data is not None else settings


def say(line: str) -> None:
    """Print a line at once: whoever started us may be waiting for it."""
    typer.echo(line)
    sys.stdout.flush()
