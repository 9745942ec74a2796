"""`edge run`: the agent."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import typer


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
    from edge.device.settings import check_config, read_config

    set_up_logs()
    settings = read_config(config)
    check_config(settings, config)
    agent = Agent(settings, config)
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: agent.stop())
    agent.run()
    if agent.anew:
        # The same command in the same process: its id, its supervisor and its terminal stay, its memory does not.
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - our own command line
