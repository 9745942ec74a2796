"""`edge planogram check` and `edge planogram import`."""

from __future__ import annotations

from pathlib import Path

import typer

app = typer.Typer(help="Check and import planograms.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def group() -> None:
    """Check and import planograms."""


@app.command(epilog="Example: edge planogram check summer.csv --catalogue configs/catalogues/demo")
def check(
    file: Path = typer.Argument(
        ...,
        help="The planogram, CSV: shelf,position,sku,facings[,width_mm]; or a folder of them with planograms.yaml.",
    ),
    catalogue: Path | None = typer.Option(None, help="A catalogue that must list every planned SKU."),
) -> None:
    """Read a planogram, or an index and all its planograms, and say what is wrong, by line and column."""
    from edge.contract.planogram_index import check_days, read_planograms
    from edge.device.settings import check_planogram

    held = read_planograms(file)
    kinds = {(one.scope.cooler_model, one.scope.channel) for one in held}
    # Also a fixture whose model one plan names and whose channel another does has one plan a day.
    for model in sorted({model for model, _ in kinds}, key=str):
        for channel in sorted({channel for _, channel in kinds}, key=str):
            check_days(held, model, channel)
    for one in held:
        name = str(one.path)
        if catalogue is not None:
            check_planogram(one.plan, catalogue, name=name)
        shelves = len({slot.shelf for slot in one.plan.slots})
        planned = one.plan.facings_by_sku
        typer.echo(f"{name}: good ({shelves} shelves, {len(planned)} SKUs, {sum(planned.values())} facings)")


@app.command("import", epilog="Example: edge planogram import summer-pts.csv --to summer.csv --catalogue my-catalogue")
def import_pts(
    file: Path = typer.Argument(..., help="The planogram in PTS V1.0, V2.0 or V3.0, Shift_JIS or UTF-8."),
    to: Path = typer.Option(..., help="The CSV to write: shelf,position,sku,facings."),
    catalogue: Path | None = typer.Option(
        None, help="Its SKUs stand in for the GTINs of the file; without it the GTINs are the SKUs."
    ),
) -> None:
    """Import a planogram that a space planning program wrote in PTS; its bays side by side become one fixture."""
    from edge.contract.catalogue import CatalogueFile
    from edge.contract.errors import CatalogueError, PlanogramError
    from edge.contract.files import load_yaml
    from edge.contract.planogram import write_planogram
    from edge.contract.planogram_pts import plan_from_pts, read_pts

    pts = read_pts(file)
    listed = None
    if catalogue is not None:
        listed = load_yaml(catalogue / "catalogue.yaml", CatalogueFile, error=CatalogueError).skus
    imported = plan_from_pts(
        pts,
        name=str(file),
        plan_id=to.stem,
        sku_of=None if listed is None else {sku.gtin.zfill(14): sku.id for sku in listed if sku.gtin},
        skus=[sku.id for sku in listed or ()],
    )
    try:
        to.write_text(write_planogram(imported.plan), encoding="utf-8")
    except OSError as error:
        raise PlanogramError(f"{to}: {error.strerror}", "give a file in a folder that can be written") from None
    for note in imported.notes:
        typer.echo(f"note: {note}", err=True)
    planned = imported.plan.facings_by_sku
    shelves = len({slot.shelf for slot in imported.plan.slots})
    typer.echo(f"{to}: {shelves} shelves, {len(planned)} SKUs, {sum(planned.values())} facings")
