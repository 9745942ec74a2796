"""`edge planogram check`."""

from __future__ import annotations

from pathlib import Path

import typer

app = typer.Typer(help="Check planograms.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def group() -> None:
    """Check planograms."""


@app.command(epilog="Example: edge planogram check summer.csv --catalogue configs/catalogues/demo")
def check(
    file: Path = typer.Argument(..., help="The planogram, CSV: shelf,position,sku,facings[,width_mm]."),
    catalogue: Path | None = typer.Option(None, help="A catalogue that must list every planned SKU."),
) -> None:
    """Read a planogram and say what is wrong, by line and column."""
    from edge.contract.planogram import read_planogram
    from edge.device.settings import check_planogram

    plan = read_planogram(file)
    if catalogue is not None:
        check_planogram(plan, catalogue, name=str(file))
    shelves = len({slot.shelf for slot in plan.slots})
    planned = plan.facings_by_sku
    typer.echo(f"{file}: good ({shelves} shelves, {len(planned)} SKUs, {sum(planned.values())} facings)")
