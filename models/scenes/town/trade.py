"""What the town's chains and brand tell by files: units sold and delivered, promotions, contracts for shelf space.

Files as `sink import` reads them. Units are a function of store, product and day, as all of the town is: more at
weekends, none while a product is sold out, and more of what is promoted.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING

from edge.contract.catalogue import CatalogueFile
from edge.contract.files import load_yaml
from models.scenes.town.days import HOURS, FixtureDay
from models.scenes.town.shelf import CATALOGUE, owner, planned
from models.scenes.town.shops import SAIGON

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from models.scenes.town.shops import Shop

TOLD = 70
"""Days that sales files tell, the last of them that of the shelf: longer than cameras have been there."""

LIFT = 1.35
"""Of what is sold of a promoted product, so many times."""

_WEEK = (0.86, 0.84, 0.9, 0.96, 1.12, 1.3, 1.22)
_DELIVERED_ON = (0, 3)
"""Monday and Thursday."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A promotion: some products at some stores, from so many days before the last day until so many."""

    name: str
    skus: tuple[str, ...]
    stores: tuple[str, ...]
    since: int
    until: int
    cost: float | None  # of each store and product
    margin: float | None  # of a unit

    def runs(self, shop: Shop, sku: str, back: int) -> bool:
        """Whether a store has it on a day, told by how long it is before the last day."""
        return shop.id in self.stores and sku in self.skus and self.until <= back <= self.since


OFFERS = (
    Offer(
        "cola-week",
        ("lurralos-cola-can-330", "lurralos-zero-can-330"),
        ("hz-01", "sh-01", "sh-03", "sg-01"),
        *(6, 0),
        *(45.0, 0.9),
    ),
    Offer("tea-autumn", ("halrille-green-tea-bottle-500",), ("hz-02", "cd-01", "sh-02"), *(34, 21), *(None, None)),
)
"""One that has just ended, with its cost and margin, and one before of which nobody told either."""


def files(shops: Sequence[Shop], until: date) -> dict[str, bytes]:
    """A file of each kind, by kind.

    Args:
        shops: the stores that they tell of.
        until: the last business day.
    """
    parts = {
        "sales": ("store,date,gtin,units", _sales(shops, until)),
        "deliveries": ("store,date,gtin,units", _deliveries(shops, until)),
        "promotions": ("promotion,store,gtin,since,until,cost,margin", _promotions(shops, until)),
        "contracts": ("contract,store,fixture,side,brand,facings,since,until,fee,currency", _contracts(shops, until)),
    }
    told = {kind: (head, list(lines)) for kind, (head, lines) in parts.items()}
    return {kind: "\n".join([head, *lines, ""]).encode() for kind, (head, lines) in told.items() if lines}


def sold(shop: Shop, sku: str, day: date, back: int) -> int:
    """Units of a product that a store sold on a day."""
    mean = shop.visitors / 90 * (0.6 + _mix(sku) % 90 / 100) * _WEEK[day.weekday()]
    lift = LIFT if any(offer.runs(shop, sku, back) for offer in OFFERS) else 1.0
    outs = [out for out in FixtureDay(shop, shop.fixtures[0], day, last=back == 0).outs if out.sku == sku]
    there = 1.0 - sum((one.until or HOURS) - one.since for one in outs) / HOURS
    return round(mean * lift * max(0.0, there) * (0.8 + _mix(shop.id, sku, day) % 41 / 100))


def _sales(shops: Sequence[Shop], until: date) -> Iterator[str]:
    for shop in shops:
        for back in reversed(range(TOLD)):
            day = until - timedelta(days=back)
            for sku in planned():
                yield f"{shop.id},{day},{_gtins()[sku]},{sold(shop, sku, day, back)}"


def _deliveries(shops: Sequence[Shop], until: date) -> Iterator[str]:
    """Twice a week what was sold since the last time; the first brings what lasts for eight days."""
    for shop in shops:
        for sku in planned():
            gone, first = 0, True
            for back in reversed(range(TOLD)):
                day = until - timedelta(days=back)
                if day.weekday() in _DELIVERED_ON:
                    brought = 8 * sold(shop, sku, day, back) + 10 if first else gone
                    gone, first = 0, False
                    if brought:
                        yield f"{shop.id},{day},{_gtins()[sku]},{brought}"
                gone += 0 if first else sold(shop, sku, day, back)


def _promotions(shops: Sequence[Shop], until: date) -> Iterator[str]:
    for offer in OFFERS:
        span = f"{until - timedelta(days=offer.since)},{until - timedelta(days=offer.until)}"
        money = f"{'' if offer.cost is None else offer.cost},{'' if offer.margin is None else offer.margin}"
        for shop in shops:
            if shop.id in offer.stores:
                yield from (f"{offer.name},{shop.id},{_gtins()[sku]},{span},{money}" for sku in offer.skus)


def _contracts(shops: Sequence[Shop], until: date) -> Iterator[str]:
    """A year of a brand's facings in the first fixture of each store, and a rival's in two of them."""
    since = (until - timedelta(days=TOLD)).replace(day=1)
    span = f"{since},{since + timedelta(days=364)}"
    for shop in shops:
        fee = "2400000,VND" if shop.zone == SAIGON else "600,CNY"
        yield f"cooler-display,{shop.id},{shop.fixtures[0]},own,Halrille,9,{span},{fee}"
        yield f"cooler-display,{shop.id},{shop.fixtures[0]},own,Lurralos,12,{span},{fee}"
    for shop in shops[1:3]:
        yield f"rival-display,{shop.id},{shop.fixtures[0]},competitor,Nishita Bottlers,2,{span},,"


@cache
def _gtins() -> dict[str, str]:
    listed = load_yaml(CATALOGUE / "catalogue.yaml", CatalogueFile)
    return {sku.id: sku.gtin for sku in listed.skus if sku.gtin is not None and sku.owner == owner()}


def _mix(*words: object) -> int:
    return int.from_bytes(hashlib.blake2b(f"trade {words}".encode(), digest_size=4).digest())
