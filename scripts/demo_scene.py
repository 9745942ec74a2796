"""What the demo looks at: its committed day of rendered frames, or a folder of photographs."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from demo_truth import Truth, labelled_truth, rendered_truth

from edge.capture.folder import list_pictures
from edge.contract.catalogue import CatalogueFile
from edge.contract.files import load_yaml

ROOT = Path(__file__).resolve().parent.parent
RENDERED = ROOT / "configs" / "demo"
CATALOGUES = ROOT / "configs" / "catalogues"
ZONE = "Asia/Ho_Chi_Minh"
OPEN_SECONDS = 14 * 3600  # 08:00 to 22:00


@dataclass(frozen=True, slots=True)
class Scene:
    """What the demo looks at."""

    title: str
    pictures: Path
    count: int
    day: date
    source: dict[str, Any]
    every: float  # seconds between captures
    catalogue: Path
    own: str
    names: dict[str, str]  # SKU -> name
    planogram: Path | None
    quality: dict[str, float]
    truth: Truth | None
    simulated: bool


def rendered_scene(catalogue: Path | None) -> Scene:
    """The committed day of rendered frames."""
    content = json.loads((RENDERED / "truth.json").read_text(encoding="utf-8"))
    folder = catalogue or CATALOGUES / "demo"
    listed = load_yaml(folder / "catalogue.yaml", CatalogueFile)
    return Scene(
        title="SIMULATED 模拟: a day at an invented cooler",
        pictures=RENDERED / "frames",
        count=len(list_pictures(RENDERED / "frames")),
        day=date.fromisoformat(content["day"]["date"]),
        source={"kind": "folder", "path": str(RENDERED / "frames"), "times": "names", "simulated": True},
        every=content["every_minutes"] * 60,
        catalogue=folder,
        own=content["owner"],
        names={sku.id: sku.name for sku in listed.skus},
        planogram=RENDERED / "planogram.csv",
        quality={},
        truth=rendered_truth(RENDERED / "truth.json", {sku.id for sku in listed.skus}),
        simulated=True,
    )


def photographed_scene(frames: Path, catalogue: Path | None) -> Scene:
    """A folder of photographs as one fixture's day: each photograph is a capture, own is whom most SKUs belong to."""
    pictures = (frames / "images" if (frames / "images").is_dir() else frames).resolve()
    folder = catalogue or CATALOGUES / "cooler-vn"
    listed = load_yaml(folder / "catalogue.yaml", CatalogueFile)
    owner_of = {sku.id: sku.owner for sku in listed.skus}
    own = Counter(owner_of.values()).most_common(1)[0][0] if owner_of else ""
    count = len(list_pictures(pictures))
    day = datetime.now(ZoneInfo(ZONE)).date() - timedelta(days=1)
    return Scene(
        title="Photographs",
        pictures=pictures,
        count=count,
        day=day,
        source={"kind": "folder", "path": str(pictures), "times": "evenly", "day": day.isoformat()},
        every=math.ceil(OPEN_SECONDS * 1e6 / count) / 1e6,  # not a hair less, or one more would be due
        catalogue=folder,
        own=own,
        names={sku.id: sku.name for sku in listed.skus},
        planogram=None,
        # Photographs of different coolers: one is not to be judged by the one before it.
        quality={"sharpness": 0.0, "blocked": 1.0},
        truth=labelled_truth(pictures, owner_of, own),
        simulated=False,
    )
