"""Enter figures in the manifest: `edge evaluate … --json | python -m models.train.embedder_figures`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from edge.contract.errors import FacingsError
from edge.recognise.manifest import Figure, find_model
from edge.recognise.report.charts import reliability_file
from models.train.release import enter

MEASURED = {
    "sku_top1": "SKU top-1 of found facings",
    "recognised_precision": "right SKU among `recognised`",
    "recognised_coverage": "`recognised` among found facings",
    "unlisted_not_recognised": "products of no SKU not taken for one",
}
app = typer.Typer(add_completion=False)


@app.command()
def main(
    photos: Annotated[str, typer.Option(help="name of the photographs")] = "cooler/valid, audited truth",
    models: Annotated[Path, typer.Option(help="folder of the manifest")] = Path("models"),
    chart: Annotated[Path | None, typer.Option(help="SVG to write: is a score a probability?")] = None,
) -> None:
    """Read one JSON object of `edge evaluate --json` and enter its figures at the SKU embedder.

    Example: edge evaluate DATA --catalogue DIR --json | python -m models.train.embedder_figures --chart reliability.svg
    """
    report = json.load(sys.stdin)
    entry = find_model("sku-embedder", folder=models).entry
    command = f"edge evaluate {report['dataset']} --catalogue configs/catalogues/{report['catalogue']}"
    new = [
        Figure(what=f"{what}: {photos}", value=round(report[name]["value"], 4), command=command)
        for name, what in MEASURED.items()
        if report[name]["value"] is not None
    ]
    new.append(Figure(what=f"box and SKU, mAP50: {photos}", value=round(report["map50"], 4), command=command))
    new.append(Figure(what=f"expected calibration error: {photos}", value=round(report["ece"], 4), command=command))
    if chart is not None:
        chart.write_text(reliability_file(report["reliability"]), encoding="utf-8")
    kept = [figure for figure in entry.figures if figure.what not in {one.what for one in new}]
    enter(models, entry.model_copy(update={"figures": (*kept, *new)}))


if __name__ == "__main__":
    try:
        app()
    except FacingsError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None
