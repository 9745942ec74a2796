"""`edge run`: the agent."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

import typer

from edge.contract.errors import FacingsError


def run(
    config: Path = typer.Option(..., metavar="FILE", help="The agent's configuration, YAML."),
) -> None:
    """Run the agent until it is stopped, or until its replayed pictures end and all it said is receipted.

    Example: edge run --config configs/agent/cooler.yaml
    """
    from edge.device.allocator import keep_memory_flat

    keep_memory_flat()

    from edge.cli.logs import set_up_logs
    from edge.device.agent import Agent
    from edge.device.settings import read_config
    from edge.update.begin import begin, roll_back

    set_up_logs()
    filed = read_config(config)
    beginning = begin(filed, config)
    try:
        agent = Agent(beginning.config, config)
    except FacingsError as error:
        if beginning.running is None or not roll_back(filed.data, str(error)):
            raise
        _begin_anew()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: agent.stop())
    agent.run()
    if agent.anew:
        _begin_anew()


def _begin_anew() -> NoReturn:
    """The same command in the same process: its id, its supervisor and its terminal stay, its memory does not."""
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - our own command line
