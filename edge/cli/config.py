"""`edge config check|show|schema`."""

from __future__ import annotations

import json
from pathlib import Path

import typer

app = typer.Typer(
    help="Check, show and describe the agent's configuration.", no_args_is_help=True, rich_markup_mode=None
)


@app.command(epilog="Example: edge config check agent.yaml")
def check(file: Path = typer.Argument(..., help="The agent's configuration, YAML.")) -> None:
    """Read a configuration and all it points to, and say what is wrong."""
    from edge.device.settings import check_config, in_numbers, read_config

    config = read_config(file)
    check_config(config, file)
    typer.echo(f"{file}: good ({in_numbers(config)})")


@app.command(epilog="Example: edge config show agent.yaml")
def show(file: Path = typer.Argument(..., help="The agent's configuration, YAML.")) -> None:
    """Print the configuration in force, defaults included, as YAML. It holds no secrets: passwords are in files."""
    import yaml

    from edge.device.settings import read_config

    typer.echo(yaml.safe_dump(json.loads(read_config(file).model_dump_json()), sort_keys=False, allow_unicode=True))


@app.command(epilog="Example: edge config schema > agent.schema.json")
def schema() -> None:
    """Print the JSON Schema of the configuration, with what each key means."""
    from edge.contract.config import AgentConfig

    typer.echo(json.dumps(AgentConfig.model_json_schema(), indent=2))
