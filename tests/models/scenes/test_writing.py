"""What is written: data sets, pack shots, and the committed demo, which the code still tells the same way."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from models.scenes import demo
from models.scenes.daybook import Contract, shelf_figures
from models.scenes.render import draw, observe, render
from models.scenes.story import live, stock_at
from models.scenes.writing import mark_simulated, write_pack_shots, write_shelves

DEMO = Path(__file__).resolve().parents[3] / "configs" / "demo"
EVENTS = live(demo.day_plan(), demo.STORY_SEED)


def silent(done: int, total: int) -> None:
    assert 0 < done <= total


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((DEMO / "truth.json").read_text(encoding="utf-8"))
    return content


def test_a_data_set_of_shelves_is_coco(tmp_path: Path) -> None:
    write_shelves(tmp_path, count=2, seed=3, gondolas=0.35, report=silent)
    content = json.loads((tmp_path / "annotations.json").read_text(encoding="utf-8"))
    assert len(content["images"]) == 2
    sizes = {image["id"]: (image["width"], image["height"]) for image in content["images"]}
    for image in content["images"]:
        picture = cv2.imread(str(tmp_path / "images" / image["file_name"]))
        assert picture is not None
        assert picture.shape[:2] == (image["height"], image["width"])
    assert content["annotations"]
    for box in content["annotations"]:
        x, y, w, h = box["bbox"]
        width, height = sizes[box["image_id"]]
        assert x >= 0
        assert y >= 0
        assert x + w <= width + 0.11
        assert y + h <= height + 0.11


def test_pack_shots_come_with_the_catalogues_entries(tmp_path: Path) -> None:
    product = demo.competitor()
    write_pack_shots(tmp_path, [product], count=2, size=64, report=silent)
    assert sorted(path.name for path in (tmp_path / product.id).iterdir()) == ["00.jpg", "01.jpg"]
    (entry,) = json.loads((tmp_path / "products.json").read_text(encoding="utf-8"))
    assert (entry["sku"], entry["gtin"], entry["owner"]) == (product.id, product.gtin, product.owner)


def test_the_mark_changes_a_corner_only() -> None:
    picture = np.full((400, 300, 3), 90, np.uint8)
    mark_simulated(picture)
    changed = np.nonzero((picture != 90).any(axis=2))
    assert changed[0].min() > 0.93 * 400
    assert changed[1].max() < 0.3 * 300


def test_committed_frames_are_those_of_the_truth_and_small(truth: dict[str, Any]) -> None:
    names = [frame["image"] for frame in truth["frames"]]
    assert names == sorted(f"frames/{path.name}" for path in (DEMO / "frames").iterdir())
    assert len(names) == 43
    assert sum((DEMO / name).stat().st_size for name in names) < 12_000_000


def test_the_committed_truth_tells_the_story_of_the_code(truth: dict[str, Any]) -> None:
    for frame, time in zip(truth["frames"], demo.day_plan().frame_times(), strict=True):
        assert frame["time"] == time.isoformat()
        assert frame["state"] == demo.moment(time).state
        told = Counter((f["shelf"], f["slot"], f["name"]) for f in frame["facings"])
        columns = stock_at(demo.day_plan(), EVENTS, time)
        assert told == Counter((c.shelf, c.slot, c.product.name) for c in columns if c.product is not None)
        gaps = {(g["shelf"], g["slot"], g["sku"]) for g in frame["gaps"]}
        assert gaps == {(c.shelf, c.slot, c.expected.id) for c in columns if c.product is None}


def test_the_committed_day_adds_up(truth: dict[str, Any]) -> None:
    day = truth["day"]
    clear = [frame for frame in truth["frames"] if frame["state"] == "clear"]
    kinds = Counter(facing["status"] for frame in clear for facing in frame["facings"])
    figures = day["clear_frames"]
    assert figures["frames"] == len(clear)
    assert figures["purity"] == pytest.approx(kinds["own"] / (kinds["own"] + kinds["foreign"]), abs=1e-4)
    assert figures["unknown_mean"] == pytest.approx(kinds["unknown"] / len(clear), abs=1e-4)
    means = Counter(facing["sku"] for frame in clear for facing in frame["facings"] if facing["sku"])
    for sku, total in means.items():
        assert figures["facings_mean"][sku] == pytest.approx(total / len(clear), abs=1e-4)
    assert sum(figures["share_of_facings"].values()) == pytest.approx(1, abs=1e-3)
    for row in day["units"].values():
        assert row["opening"] + row["added"] - row["sold"] == row["closing"]
    (episode,) = day["stockouts"]
    absent = [f["image"] for f in truth["frames"] if all(x["sku"] != episode["sku"] for x in f["facings"])]
    assert absent[0] == episode["first_frame"]
    assert max(absent) < episode["first_frame_after"]


def test_the_committed_boxes_are_where_the_code_draws_the_products(truth: dict[str, Any]) -> None:
    time = demo.OPENS
    scene = demo.scene_of(stock_at(demo.day_plan(), EVENTS, time), demo.moment(time).lighting)
    drawing = draw(scene, demo.CAMERA, supersample=1)
    seen = observe(scene, demo.CAMERA, drawing, np.zeros((demo.CAMERA.height, demo.CAMERA.width), np.float32))
    told = truth["frames"][0]["facings"]
    assert len(told) == len(seen.facings)
    for facing, entry in zip(seen.facings, told, strict=True):
        assert facing.product.name == entry["name"]
        assert facing.box == pytest.approx(entry["box"], abs=1.6)


def test_a_committed_frame_still_looks_as_the_code_draws_it(truth: dict[str, Any]) -> None:
    number = 15
    time = demo.day_plan().frame_times()[number]
    how = demo.moment(time)
    scene = demo.scene_of(stock_at(demo.day_plan(), EVENTS, time), how.lighting)
    drawn, _ = render(scene, demo.CAMERA, how.effects, demo.STORY_SEED + number, supersample=2)
    committed = cv2.imread(str(DEMO / truth["frames"][number]["image"]))
    assert committed is not None
    assert np.abs(drawn.astype(int) - committed)[:900].mean() < 6


def test_the_planogram_file_is_the_layout() -> None:
    with (DEMO / "planogram.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    wanted = [
        (str(shelf), str(position), demo.own_product(seed).id, str(facings))
        for shelf, row in enumerate(demo.LAYOUT, start=1)
        for position, (seed, facings) in enumerate(row, start=1)
    ]
    assert [(r["shelf"], r["position"], r["sku"], r["facings"]) for r in rows] == wanted
    assert 14 <= len(rows) <= 18


def test_unknown_products_are_neither_own_nor_foreign() -> None:
    contract = Contract(demo.OWNER, frozenset(p.id for p in demo.catalogue_products()))
    assert contract.status(demo.own_products()[0]) == "own"
    assert contract.status(demo.competitor()) == "foreign"
    assert contract.status(demo.unknown()) == "unknown"
    at_six = stock_at(demo.day_plan(), EVENTS, demo.OPENS.replace(hour=18))
    figures = shelf_figures([at_six], contract)
    assert figures["unknown_mean"] == 1
    assert figures["foreign_mean"] == 1
    assert figures["purity"] == pytest.approx(figures["own_mean"] / (figures["own_mean"] + 1), abs=1e-4)
