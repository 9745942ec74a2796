"""What truly stood on the demo's pictures: the renderer's own word, or the labels of a folder of photographs."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from edge.contract.errors import FacingsError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

LABEL_FILES = ("annotations_audited.json", "annotations.json", "_annotations.coco.json")
"""Where a folder of photographs keeps its labels, the more trusted first."""


@dataclass(frozen=True, slots=True)
class Stockout:
    """A SKU that was gone for a while."""

    sku: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth of one day at one fixture."""

    source: str
    facings: Mapping[str, float]  # SKU -> mean facings a picture
    other: float  # mean facings a picture of products in no catalogue, or whose SKU cannot be told
    purity: float | None
    stockouts: tuple[Stockout, ...] = ()

    @property
    def total(self) -> float:
        """Mean facings a picture."""
        return sum(self.facings.values()) + self.other

    def share(self, sku: str) -> float | None:
        """The SKU's share of all facings."""
        return self.facings.get(sku, 0.0) / self.total if self.total else None


def rendered_truth(path: Path, known: Collection[str]) -> Truth:
    """The truth that the renderer wrote, over the frames that are clear; `known` are the SKUs of the catalogue."""
    day = json.loads(path.read_text(encoding="utf-8"))["day"]
    clear = day["clear_frames"]
    stockouts = tuple(
        Stockout(one["sku"], datetime.fromisoformat(one["since"]), _moment(one["until"])) for one in day["stockouts"]
    )
    means: dict[str, float] = clear["facings_mean"]
    listed = {sku: mean for sku, mean in means.items() if sku in known}
    return Truth("rendered truth", listed, sum(means.values()) - sum(listed.values()), clear["purity"], stockouts)


def labelled_truth(pictures: Path, owner_of: Mapping[str, str], own: str) -> Truth | None:
    """The truth of photographs from COCO labels beside them; None where there are none.

    Units marked `iscrowd` are no facings. A class that is no SKU of the catalogue counts as a facing without SKU.
    """
    path = find_labels(pictures)
    if path is None:
        return None
    try:
        labels: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        names = {category["id"]: category["name"] for category in labels["categories"]}
        units = Counter(names[unit["category_id"]] for unit in labels["annotations"] if not unit.get("iscrowd"))
        count = len(labels["images"])
    except (ValueError, KeyError, TypeError) as error:
        raise FacingsError(f"{path}: not COCO labels ({error!r})", "mend the file, or take it away") from None
    if not count:
        return None
    owned = sum(number for name, number in units.items() if owner_of.get(name) == own)
    recognisable = sum(number for name, number in units.items() if name in owner_of)
    return Truth(
        f"labels of {path.name}",
        {name: number / count for name, number in units.items() if name in owner_of},
        sum(number for name, number in units.items() if name not in owner_of) / count,
        owned / recognisable if recognisable else None,
    )


def find_labels(pictures: Path) -> Path | None:
    """The labels of a folder of photographs: in it, or beside an `images` folder."""
    for folder in (pictures, pictures.parent):
        for name in LABEL_FILES:
            if (folder / name).is_file():
                return folder / name
    return None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
