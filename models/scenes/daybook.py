"""The truth of a day as JSON: every frame's facings and gaps, and what the frames add up to."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.scenes.story import Plan, State, StoreEvent, stock_at, stock_outs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from models.scenes.products import Product
    from models.scenes.scene import Column
    from models.scenes.truth import Box, SeenFacing, SeenGap, Truth


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of the day."""

    image: str
    time: datetime
    state: State
    truth: Truth


@dataclass(frozen=True, slots=True)
class Contract:
    """Whose fixture it is, and which products (ids) the catalogue knows."""

    owner: str
    catalogue: frozenset[str]

    def status(self, product: Product) -> str:
        """`own`, `foreign`, or `unknown` for a product in no catalogue."""
        if product.id not in self.catalogue:
            return "unknown"
        return "own" if product.owner == self.owner else "foreign"


def _box(box: Box) -> list[float]:
    return [round(value, 1) for value in box]


def _facing(facing: SeenFacing, contract: Contract) -> dict[str, Any]:
    product = facing.product
    status = contract.status(product)
    return {
        "box": _box(facing.box),
        "shelf": facing.shelf,
        "position": facing.position,
        "slot": facing.slot,
        "sku": None if status == "unknown" else product.id,
        "name": product.name,
        "brand": product.brand,
        "owner": product.owner,
        "status": status,
        "expected": facing.expected.id,
        "occluded": facing.occluded,
    }


def _gap(gap: SeenGap) -> dict[str, Any]:
    return {"box": _box(gap.box), "shelf": gap.shelf, "slot": gap.slot, "sku": gap.expected.id}


def _frame(frame: Frame, contract: Contract) -> dict[str, Any]:
    return {
        "image": frame.image,
        "time": frame.time.isoformat(),
        "width": frame.truth.width,
        "height": frame.truth.height,
        "state": frame.state,
        "facings": [_facing(facing, contract) for facing in frame.truth.facings],
        "gaps": [_gap(gap) for gap in frame.truth.gaps],
    }


def shelf_figures(snapshots: Sequence[Sequence[Column]], contract: Contract) -> dict[str, Any]:
    """Means over moments: facings per SKU, brand shares (of all facings and of their category's), purity, occupancy.

    Unknown products count among all facings and are neither own nor foreign. A brand's share of its category is the
    mean over the moments at which the category is on the shelf; `purity` pools all moments, `purity_mean` is the mean
    of each moment's own.
    """
    facings: dict[str, float] = defaultdict(float)
    share: dict[str, float] = defaultdict(float)
    within: dict[str, float] = defaultdict(float)
    shown: dict[str, int] = defaultdict(int)
    category_of: dict[str, str] = {}
    purities: list[float] = []
    own = foreign = unknown = filled = places = 0
    count = len(snapshots)
    for columns in snapshots:
        products = [column.product for column in columns if column.product is not None]
        places += len(columns)
        filled += len(products)
        for category in {product.category for product in products}:
            shown[category] += 1
        for product in products:
            facings[product.id] += 1 / count
            share[product.brand] += 1 / len(products) / count
            within[product.brand] += 1 / sum(other.category == product.category for other in products)
            category_of[product.brand] = product.category
        kinds = Counter(contract.status(product) for product in products)
        own, foreign, unknown = own + kinds["own"], foreign + kinds["foreign"], unknown + kinds["unknown"]
        if kinds["own"] + kinds["foreign"]:
            purities.append(kinds["own"] / (kinds["own"] + kinds["foreign"]))
    known = own + foreign
    return {
        "frames": count,
        "facings_mean": {sku: round(value, 4) for sku, value in sorted(facings.items())},
        "share_of_facings": {brand: round(value, 4) for brand, value in sorted(share.items())},
        "share_of_category": {
            brand: round(value / shown[category_of[brand]], 4) for brand, value in sorted(within.items())
        },
        "purity": round(own / known, 4) if known else None,
        "purity_mean": round(sum(purities) / len(purities), 4) if purities else None,
        "own_mean": round(own / count, 4),
        "foreign_mean": round(foreign / count, 4),
        "unknown_mean": round(unknown / count, 4),
        "occupancy": round(filled / places, 4),
    }


def _units(plan: Plan, events: Sequence[StoreEvent]) -> dict[str, dict[str, int]]:
    """Per SKU: units on the shelf at opening, added, sold, and left at closing."""
    book: dict[str, dict[str, int]] = {}
    for column in plan.columns:
        row = book.setdefault(column.expected.id, {"opening": 0, "added": 0, "sold": 0, "closing": 0})
        row["opening"] += column.units
    for event in events:
        if event.verb in {"sold", "refilled"}:
            book[event.product.id]["sold" if event.verb == "sold" else "added"] += event.units
    for column in stock_at(plan, events, plan.closes):
        if column.product is not None and column.product.id in book:
            book[column.product.id]["closing"] += column.units
    return book


def day_truth(plan: Plan, events: Sequence[StoreEvent], frames: Sequence[Frame], contract: Contract) -> dict[str, Any]:
    """The whole truth of a day, ready for JSON."""
    snapshots = [stock_at(plan, events, frame.time) for frame in frames]
    clear = [columns for columns, frame in zip(snapshots, frames, strict=True) if frame.state == "clear"]
    episodes = [
        {
            "sku": episode.sku,
            "since": episode.since.isoformat(),
            "until": episode.until.isoformat() if episode.until else None,
            "first_frame": next(f.image for f in frames if f.time >= episode.since),
            "first_frame_after": next((f.image for f in frames if episode.until and f.time >= episode.until), None),
        }
        for episode in stock_outs(plan, events)
    ]
    return {
        "simulated": True,
        "zone": str(plan.opens.tzinfo),
        "owner": contract.owner,
        "opens": plan.opens.isoformat(),
        "closes": plan.closes.isoformat(),
        "every_minutes": int(plan.every.total_seconds() // 60),
        "day": {
            "date": plan.opens.date().isoformat(),
            "all_frames": shelf_figures(snapshots, contract),
            "clear_frames": shelf_figures(clear, contract),
            "stockouts": episodes,
            "units": _units(plan, events),
            "intrusions": [
                {
                    "name": intrusion.product.name,
                    "sku": intrusion.product.id if contract.status(intrusion.product) != "unknown" else None,
                    "status": contract.status(intrusion.product),
                    "shelf": plan.columns[intrusion.column].shelf,
                    "slot": plan.columns[intrusion.column].slot,
                    "since": intrusion.since.isoformat(),
                    "until": intrusion.until.isoformat(),
                }
                for intrusion in plan.intrusions
            ],
        },
        "frames": [_frame(frame, contract) for frame in frames],
    }
