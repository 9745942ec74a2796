"""Render invented products to train the SKU embedder on: `python -m models.train.embedder_rendered`.

Every scene brings its own products, so a few minutes give hundreds of packs, each seen on a shelf and in pack shots:
what an embedder has to bring together when a SKU is enrolled from pack shots.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import cv2
import typer

from models.scenes.packshot import pack_shot
from models.scenes.random_scene import random_picture

if TYPE_CHECKING:
    from models.scenes.arrays import Picture
    from models.scenes.products import Product

SEED = 7_301_000  # far from the seeds of the demo, of tests and of the detector's scenes
_SHOT_SIZE = 128  # an embedder reads no more
_HIDDEN = 0.4  # a facing hidden by more than this is not shown to the embedder
_SMALL = 14  # pixels of the shorter side: below, nobody could tell the pack

app = typer.Typer(add_completion=False)


class CocoWriter:
    """A COCO folder that grows picture by picture."""

    def __init__(self, folder: Path) -> None:
        (folder / "images").mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._images: list[dict[str, Any]] = []
        self._marks: list[dict[str, Any]] = []
        self._skus: dict[str, int] = {}

    def add(self, name: str, picture: Picture, facings: list[tuple[str, tuple[float, float, float, float]]]) -> None:
        """Write one picture and its facings (SKU, box x1, y1, x2, y2)."""
        cv2.imwrite(str(self._folder / "images" / name), picture, [cv2.IMWRITE_JPEG_QUALITY, 92])
        number = len(self._images) + 1
        self._images.append({"id": number, "file_name": name, "width": picture.shape[1], "height": picture.shape[0]})
        for sku, (x1, y1, x2, y2) in facings:
            self._marks.append(
                {
                    "id": len(self._marks) + 1,
                    "image_id": number,
                    "category_id": self._skus.setdefault(sku, len(self._skus) + 1),
                    "bbox": [round(v, 2) for v in (x1, y1, x2 - x1, y2 - y1)],
                }
            )

    def close(self) -> tuple[int, int]:
        """Write the annotations; the numbers of facings and SKUs."""
        content = {
            "images": self._images,
            "annotations": self._marks,
            "categories": [{"id": number, "name": sku} for sku, number in self._skus.items()],
        }
        (self._folder / "annotations.json").write_text(json.dumps(content), encoding="utf-8")
        return len(self._marks), len(self._skus)


def named(product: Product) -> str:
    """An id that no other invented product has."""
    return f"rendered/{product.id}-{product.seed}"


@app.command()
def main(
    *,
    out: Annotated[Path, typer.Option(help="folder to write, COCO")] = Path("runs/rendered"),
    scenes: Annotated[int, typer.Option(min=1, help="shelves; each brings its own products")] = 70,
    shots: Annotated[int, typer.Option(min=0, help="pack shots of each product")] = 3,
    seed: Annotated[int, typer.Option(help="of the first scene")] = SEED,
) -> None:
    """Render shelves and pack shots of invented products as a COCO folder."""
    writer = CocoWriter(out)
    for scene in range(scenes):
        picture, truth = random_picture(seed, scene)
        clear = [
            facing
            for facing in truth.facings
            if facing.occluded <= _HIDDEN
            and not facing.cut
            and min(facing.box[2] - facing.box[0], facing.box[3] - facing.box[1]) >= _SMALL
        ]
        writer.add(f"scene-{scene:04d}.jpg", picture, [(named(facing.product), facing.box) for facing in clear])
        products = {named(facing.product): facing.product for facing in clear}
        for sku, product in products.items():
            for shot in range(shots):
                image = pack_shot(product, seed=shot, size=_SHOT_SIZE)
                whole = (0.0, 0.0, float(image.shape[1]), float(image.shape[0]))
                writer.add(f"shot-{scene:04d}-{product.seed}-{shot}.jpg", image, [(sku, whole)])
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{scene + 1} / {scenes} scenes")
    facings, skus = writer.close()
    sys.stderr.write(f"{out}: {facings} facings of {skus} products\n")


if __name__ == "__main__":
    app()
