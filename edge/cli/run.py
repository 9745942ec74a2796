"""`edge run`: the agent."""

from __future__ import annotations

import signal
from pathlib import Path

import typer

from edge.contract.errors import FacingsError


def run(
    config: Path = typer.Option(..., metavar="FILE", help="The agent's configuration, YAML."),
) -> None:
    """Run the agent until it is stopped, or until its replayed pictures end and all it said is receipted.

    Example: edge run --config configs/agent/cooler.yaml
    """
    from edge.device.allocator import keep_memory_flat
    from edge.device.rights import keep_private

    keep_memory_flat()
    keep_private()

    from edge.cli.logs import set_up_logs
    from edge.cli.orders import carry_on_first
    from edge.update.launch import begin_anew, data_folder, launch

    set_up_logs()
    carry_on_first(config)  # by what is installed: a device that wipes itself wipes its environments as well
    slot = launch(config)  # this process may become another agent here

    from edge.device.agent import Agent
    from edge.device.settings import read_config
    from edge.update.begin import ElsewhereError, begin, came_up, roll_back

    data = data_folder(config)
    beginning = None
    try:
        beginning = begin(read_config(config), config, slot=slot)
        agent = Agent(beginning.config, config)
    except ElsewhereError as error:
        begin_anew(floor=error.floor)
    except FacingsError as error:
        if beginning is not None and data is not None and roll_back(data, str(error)):
            begin_anew()
        if data is not None:
            came_up(data)  # it works, and said what does not
        raise
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: agent.stop())
    agent.run()
    if data is not None:
        came_up(data)
    if agent.anew:
        begin_anew()
