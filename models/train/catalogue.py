"""Build a catalogue from labelled shelves: `python -m models.train.catalogue --data ../shared/data/cooler/train`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from edge.contract.catalogue import CatalogueFile
from edge.contract.errors import CatalogueError, FacingsError
from edge.contract.files import load_yaml
from edge.recognise.catalogue import Catalogue
from edge.recognise.datasets import Dataset, read_dataset
from edge.recognise.embedder import SkuEmbedder
from edge.recognise.images import read_image

HERE = Path(__file__).parent


def read_skus(path: Path) -> CatalogueFile:
    """The SKUs to enrol.

    Raises:
        CatalogueError: naming file, line and key.
    """
    return load_yaml(path, CatalogueFile, error=CatalogueError)


def build(dataset: Dataset, listed: CatalogueFile, embedder: SkuEmbedder) -> Catalogue:
    """Enrol every listed SKU from its labelled facings; facings of other products are passed over.

    Raises:
        CatalogueError: a listed SKU has no labelled facing.
    """
    vectors: dict[str, list[np.ndarray]] = {sku.id: [] for sku in listed.skus}
    for photo in dataset.photos:
        rows = [
            index
            for index, sku in enumerate(photo.skus)
            if sku is not None and sku in vectors and not photo.crowd[index]
        ]
        if rows:
            for index, vector in zip(rows, embedder.embed(read_image(photo.path), photo.boxes[rows]), strict=True):
                vectors[str(photo.skus[index])].append(vector)
    catalogue = Catalogue.empty(listed.name, embedder.identity)
    for sku in listed.skus:
        if not vectors[sku.id]:
            raise CatalogueError(f"{sku.id}: listed, but no labelled facing shows it", "label one, or unlist it")
        catalogue = catalogue.with_sku(sku).enrol(sku.id, np.stack(vectors[sku.id]))
    return Catalogue(listed.name, listed.version, catalogue.skus, catalogue.references, embedder.identity)


app = typer.Typer(add_completion=False)


@app.command()
def main(
    data: Annotated[Path, typer.Option(help="COCO, YOLO or VOC folder whose classes are SKU ids")],
    skus: Annotated[Path, typer.Option(help="YAML: the SKUs to enrol")] = HERE / "skus" / "cooler-vn.yaml",
    out: Annotated[Path, typer.Option(help="folder of the catalogue")] = Path("configs/catalogues/cooler-vn"),
) -> None:
    """Build a catalogue folder from labelled photographs. It holds embeddings, no photographs."""
    catalogue = build(read_dataset(data), read_skus(skus), SkuEmbedder.open())
    catalogue.save(out)
    references = sum(len(held) for designs in catalogue.references.values() for held in designs.values())
    sys.stderr.write(f"{out}: {len(catalogue.skus)} SKUs, {references} reference embeddings\n")


if __name__ == "__main__":
    try:
        app()
    except FacingsError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None
