"""Files: pictures, tables and JSON of the demo, pack shots, and data sets of random shelves."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import cv2

from edge.contract.errors import ImageError
from models.scenes import demo
from models.scenes.daybook import Contract, Frame, day_truth
from models.scenes.lettering import Style, write
from models.scenes.packshot import pack_shot
from models.scenes.physical import render_physically
from models.scenes.random_scene import random_picture, random_scene
from models.scenes.render import render
from models.scenes.story import live, stock_at

if TYPE_CHECKING:
    from pathlib import Path

    from models.scenes.arrays import Picture
    from models.scenes.products import Product
    from models.scenes.truth import Truth

Report = Callable[[int, int], None]


def save_jpeg(path: Path, picture: Picture, quality: int) -> None:
    """Write a JPEG.

    Raises:
        ImageError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), picture, [cv2.IMWRITE_JPEG_QUALITY, quality]):
        raise ImageError(f"{path} cannot be written", "check the folder and the room on the disk")


def _save_json(path: Path, content: Any, *, indent: int | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=indent) + "\n", encoding="utf-8")


def mark_simulated(picture: Picture) -> None:
    """Write SIMULATED into the lower left corner, below the shelves, in place."""
    rows, columns = picture.shape[:2]
    style = Style(face="uni", weight=600, colour=(235, 235, 235), outline=(30, 30, 30), outline_part=0.1)
    centre = (columns * 0.13, rows * 0.978)
    write(picture, "SIMULATED 模拟", centre=centre, height=rows * 0.021, max_width=columns * 0.24, style=style)


def describe(product: Product) -> dict[str, Any]:
    """A product as a catalogue entry."""
    return {
        "sku": product.id,
        "name": product.name,
        "brand": product.brand,
        "owner": product.owner,
        "package": product.package.kind,
        "category": product.category,
        "volume_ml": product.package.volume_ml,
        "gtin": product.gtin,
        "width_mm": product.package.width_mm,
        "height_mm": product.package.height_mm,
        "seed": product.seed,
    }


def write_demo(out: Path, report: Report, *, supersample: float = 2.0, quality: int = 85) -> None:
    """Render the demo's day into `out`: frames/, truth.json, planogram.csv and products.json."""
    plan = demo.day_plan()
    events = live(plan, demo.STORY_SEED)
    frames = []
    times = plan.frame_times()
    for number, time in enumerate(times):
        how = demo.moment(time)
        scene = demo.scene_of(stock_at(plan, events, time), how.lighting)
        picture, truth = render(scene, demo.CAMERA, how.effects, demo.STORY_SEED + number, supersample=supersample)
        mark_simulated(picture)
        name = f"{time:%Y-%m-%dT%H-%M-%S}.jpg"
        save_jpeg(out / "frames" / name, picture, quality)
        frames.append(Frame(f"frames/{name}", time, how.state, truth))
        report(number + 1, len(times))
    contract = Contract(demo.OWNER, frozenset(product.id for product in demo.catalogue_products()))
    _save_json(out / "truth.json", day_truth(plan, events, frames, contract))
    _save_json(out / "products.json", [describe(product) for product in demo.catalogue_products()], indent=1)
    with (out / "planogram.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("shelf", "position", "sku", "facings", "width_mm"))
        for shelf, row in enumerate(demo.LAYOUT, start=1):
            for position, (seed, facings) in enumerate(row, start=1):
                product = demo.own_product(seed)
                table.writerow((shelf, position, product.id, facings, f"{product.package.width_mm:g}"))


def write_pack_shots(out: Path, products: Iterable[Product], *, count: int, size: int, report: Report) -> None:
    """Render `count` pack shots of each product into `out`/<sku>/, and products.json beside them."""
    chosen = list(products)
    for done, product in enumerate(chosen):
        for seed in range(count):
            save_jpeg(out / product.id / f"{seed:02d}.jpg", pack_shot(product, seed=seed, size=size), 92)
        report(done + 1, len(chosen))
    _save_json(out / "products.json", [describe(product) for product in chosen], indent=1)


def write_shelves(out: Path, *, count: int, seed: int, gondolas: float, report: Report) -> None:
    """Render random fixtures of training products into `out`: images/ and annotations.json (COCO, one class)."""
    _write_coco(out, lambda number: random_picture(seed, number, gondolas=gondolas), count, seed, report)


def write_physical_shelves(out: Path, *, count: int, seed: int, gondolas: float, samples: int, report: Report) -> None:
    """The scenes of `write_shelves`, path-traced with `samples` a pixel (rounded to fours).

    Raises:
        FacingsError: Mitsuba is not installed.
    """

    def take(number: int) -> tuple[Picture, Truth]:
        scene, camera, effects = random_scene(seed, number, gondolas=gondolas)
        return render_physically(scene, camera, effects, number, samples=samples)

    _write_coco(out, take, count, seed, report)


def _write_coco(out: Path, take: Callable[[int], tuple[Picture, Truth]], count: int, seed: int, report: Report) -> None:
    """Write the pictures 0 to `count` - 1 of a series.

    Each box also carries the product's seed and GTIN, so that the same set trains an embedder.
    """
    images: list[dict[str, Any]] = []
    boxes: list[dict[str, Any]] = []
    for number in range(count):
        picture, truth = take(number)
        name = f"scene_{seed}_{number:06d}.jpg"
        save_jpeg(out / "images" / name, picture, 90)
        images.append({"id": number + 1, "file_name": name, "width": truth.width, "height": truth.height})
        for facing in truth.facings:
            x1, y1, x2, y2 = facing.box
            entry = {
                "id": len(boxes) + 1,
                "image_id": number + 1,
                "category_id": 1,
                "bbox": [round(v, 1) for v in (x1, y1, x2 - x1, y2 - y1)],
                "area": round((x2 - x1) * (y2 - y1), 1),
                "iscrowd": int(facing.occluded > 0.7),
                "product": facing.product.seed,
                "gtin": facing.product.gtin,
                "shelf": facing.shelf,
                "position": facing.position,
                "occluded": facing.occluded,
            }
            boxes.append(entry)
        report(number + 1, count)
    content = {
        "info": {"description": "rendered shelves of invented products", "seed": seed, "simulated": True},
        "images": images,
        "annotations": boxes,
        "categories": [{"id": 1, "name": "product"}],
    }
    _save_json(out / "annotations.json", content)
