"""Build a catalogue from labelled shelves: `python -m models.train.catalogue --data ../shared/data/cooler/train`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from edge.contract.catalogue import CatalogueFile
from edge.contract.errors import CatalogueError, FacingsError
from edge.contract.files import load_yaml
from edge.recognise.catalogue import Catalogue
from edge.recognise.embedder import SkuEmbedder
from edge.recognise.manifest import find_model
from models.train.embedder_data import read_facings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.train.embedder_data import FacingCrop

HERE = Path(__file__).parent


def read_skus(path: Path) -> CatalogueFile:
    """The SKUs to enrol.

    Raises:
        CatalogueError: naming file, line and key.
    """
    return load_yaml(path, CatalogueFile, error=CatalogueError)


def build(facings: Sequence[FacingCrop], listed: CatalogueFile, embedder: SkuEmbedder) -> Catalogue:
    """Enrol every listed SKU from its labelled facings; facings of other products are passed over.

    Raises:
        CatalogueError: a listed SKU has no labelled facing.
    """
    crops: dict[str, list[NDArray[np.uint8]]] = {sku.id: [] for sku in listed.skus}
    for facing in facings:
        if facing.sku in crops:
            crops[facing.sku].append(facing.plain(embedder.shape))
    catalogue = Catalogue.empty(listed.name, embedder.identity)
    for sku in listed.skus:
        if not crops[sku.id]:
            raise CatalogueError(f"{sku.id}: listed, but no labelled facing shows it", "label one, or unlist it")
        catalogue = catalogue.with_sku(sku).enrol(sku.id, embedder.embed_crops(np.stack(crops[sku.id])))
    return Catalogue(listed.name, listed.version, catalogue.skus, catalogue.references, embedder.identity)


app = typer.Typer(add_completion=False)


@app.command()
def main(
    data: Annotated[Path, typer.Option(help="labelled folder (COCO, YOLO or VOC) whose classes are SKU ids")],
    skus: Annotated[Path, typer.Option(help="YAML: the SKUs to enrol")] = HERE / "skus" / "cooler-vn.yaml",
    out: Annotated[Path, typer.Option(help="folder of the catalogue")] = Path("configs/catalogues/cooler-vn"),
    models: Annotated[Path | None, typer.Option(help="folder of models; without it the shipped one")] = None,
) -> None:
    """Build a catalogue folder from labelled photographs. It holds embeddings, no photographs."""
    catalogue = build(read_facings(data), read_skus(skus), SkuEmbedder(find_model("sku-embedder", folder=models)))
    catalogue.save(out)
    references = sum(len(held) for designs in catalogue.references.values() for held in designs.values())
    sys.stderr.write(f"{out}: {len(catalogue.skus)} SKUs, {references} reference embeddings\n")


if __name__ == "__main__":
    try:
        app()
    except FacingsError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None
