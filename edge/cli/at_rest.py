"""`edge at-rest anew`: begin without a key that is lost."""

from __future__ import annotations

from pathlib import Path

import typer

app = typer.Typer(
    help="Encryption of what a device keeps: what to do without its key.", no_args_is_help=True, rich_markup_mode=None
)


@app.command(epilog="Example: edge at-rest anew --config agent.yaml")
def anew(
    config: Path = typer.Option(..., metavar="FILE", help="The agent's configuration, YAML."),
) -> None:
    """Set aside what is sealed with a key that is lost, so that the agent can begin anew. Nothing is deleted.

    Stop the agent before. What is set aside can be put back should the key be found.
    """
    from edge.device.at_rest import set_aside
    from edge.device.settings import read_config

    aside = set_aside(read_config(config).data)
    typer.echo(f"{aside}: what was sealed is there; the next start begins anew")


@app.callback()
def group() -> None:
    """Encryption of what a device keeps: what to do without its key."""
