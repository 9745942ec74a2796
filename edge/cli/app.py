"""The command `edge`: its groups, and what becomes of an error."""

from __future__ import annotations

import sys
from importlib.metadata import version

import typer

from edge.cli import (
    aim,
    analyse,
    at_rest,
    bench,
    catalogue,
    config,
    doctor,
    evaluate,
    orders,
    planogram,
    provision,
    run,
    status,
    traffic,
)
from edge.contract.errors import FacingsError

app = typer.Typer(
    name="edge",
    help="Looks at shelves and coolers: facings, stock-outs and planogram compliance from camera frames.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog="Example: edge analyse cooler.jpg --catalogue configs/catalogues/cooler-vn",
)
app.command("run")(run.run)
app.command("analyse")(analyse.analyse)
app.command("traffic")(traffic.traffic)
app.command("evaluate")(evaluate.evaluate)
app.command("bench")(bench.bench)
app.command("provision")(provision.provision)
app.command("aim")(aim.aim)
app.command("retire")(orders.retire)
app.command("doctor")(doctor.doctor)
app.command("status")(status.status)
app.add_typer(catalogue.app, name="catalogue")
app.add_typer(planogram.app, name="planogram")
app.add_typer(config.app, name="config")
app.add_typer(at_rest.app, name="at-rest")


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"facings {version('facings')}")
        raise typer.Exit


@app.callback()
def options(
    show_version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Print the version and end."
    ),
) -> None:
    """Looks at shelves and coolers: facings, stock-outs and planogram compliance from camera frames."""


def main() -> None:
    """Run the command; an error a person can act on becomes one line and exit code 1."""
    try:
        app()
    except FacingsError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(1)  # the reader of our output went away


if __name__ == "__main__":
    main()
