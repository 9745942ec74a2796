"""`edge retire`, and what every start of the agent does first: the rest of a move, or of the device's own end."""

from __future__ import annotations

import os
from pathlib import Path

import typer


def carry_on_first(config: Path) -> None:
    """Go on with what the device is in the midst of; end where it is no device any more."""
    from edge.device.carry_on import GONE, GoneError, carry_on
    from edge.device.order_file import OrderFile
    from edge.device.supervisor import Supervisor

    supervisor = Supervisor.of(os.environ)
    if OrderFile(config).interrupts:
        supervisor.ready()  # delivering may take longer than a start may
    try:
        carry_on(config, alive=supervisor.alive)
    except GoneError as error:
        typer.echo(f"edge: {error}", err=True)
        raise typer.Exit(GONE) from None


def retire(
    *,
    folder: Path = typer.Option(Path("/etc/facings"), metavar="DIR", help="Where agent.yaml is."),
    now: bool = typer.Option(False, "--now", help="Deliver nothing of what waits first."),
    yes: bool = typer.Option(False, "--yes", help="Ask nothing."),
) -> None:
    """Wipe this device and have the collector shut it out: key, certificate, settings, events and pictures.

    What waits is delivered first, for ten minutes at most. An agent at work does it by itself. Given again, it goes on.

    Example: edge retire --folder /etc/facings
    """
    from edge.cli.logs import set_up_logs
    from edge.contract.errors import ConfigError, DeliveryError
    from edge.device.carry_on import GoneError, carry_on
    from edge.device.order_file import OrderFile, Retired, Retiring
    from edge.device.provision import CONFIGURATION
    from edge.device.retiring import PATIENCE, retirement
    from edge.device.settings import read_config

    set_up_logs()
    path = folder / CONFIGURATION
    file = OrderFile(path)
    step = file.read()
    if not path.exists() and not isinstance(step, Retiring | Retired):
        raise ConfigError(f"{folder} holds no provisioned device", "name the folder of its agent.yaml with --folder")
    if path.exists() and not isinstance(step, Retiring):
        device = read_config(path).device
        what = f"{device.id} at {device.store} of {device.tenant}"
        if not yes and not typer.confirm(f"Wipe {what}? It will be a device no more.", default=False, err=True):
            typer.echo("nothing was changed", err=True)
            raise typer.Exit(1)
        file.keep(retirement(path, order=None, patience=0.0 if now else PATIENCE))
    try:
        carry_on(path)
    except GoneError as error:
        typer.echo(str(error), err=True)
    except DeliveryError as error:
        if "another agent" not in error.what:
            raise
        typer.echo("the agent is at work and wipes the device by itself; it ends when that is done", err=True)
