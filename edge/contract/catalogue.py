"""The catalogue's words: SKUs with their brand, owner, GTIN, life cycle and pack designs."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from edge.contract.names import SkuId

Package = Literal["can", "bottle", "carton", "pouch", "cup", "jar", "box", "bag", "other"]
LifeCycle = Literal["planned", "active", "delisted"]
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
GTIN_LENGTHS = (8, 12, 13, 14)


def gtin_check_digit(digits: str) -> int:
    """The GS1 check digit that belongs behind `digits` (the GTIN without its last digit).

    From the right, digits weigh 3 and 1 in turn; the check digit fills their sum up to a multiple of ten.
    """
    weighed = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return -weighed % 10


class PackDesign(BaseModel):
    """One look of a pack. Several may be on shelves at the same time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[SkuId, Field(title="Design", description="short name of the design, unique within its SKU")]
    since: Annotated[date | None, Field(title="Since", description="first day on sale, YYYY-MM-DD; empty: always")] = (
        None
    )
    until: Annotated[date | None, Field(title="Until", description="last day on sale, YYYY-MM-DD; empty: still")] = None

    @model_validator(mode="after")
    def _in_order(self) -> PackDesign:
        if self.since and self.until and self.until < self.since:
            raise ValueError(f"design {self.id} ends {self.until}, before it begins {self.since}")
        return self


class Sku(BaseModel):
    """One product as it is ordered and planned."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[SkuId, Field(title="SKU", description="letters, digits, dot, dash and underscore; at most 64")]
    name: Annotated[Label, Field(title="Name", description="as a merchandiser says it")]
    brand: Annotated[Label, Field(title="Brand", description="the brand on the pack")]
    owner: Annotated[Label, Field(title="Owner", description="the company that decides what is own and what foreign")]
    package: Annotated[
        Package, Field(title="Package", description="can, bottle, carton, pouch, cup, jar, box, ...")
    ] = "other"
    category: Annotated[Label, Field(title="Category", description="what shares of shelf are counted within")] = "other"
    gtin: Annotated[
        str | None, Field(title="GTIN", description="8, 12, 13 or 14 digits in quotes, or leave it out")
    ] = None
    life_cycle: Annotated[LifeCycle, Field(title="Life cycle", description="planned, active or delisted")] = "active"
    designs: Annotated[tuple[PackDesign, ...], Field(title="Designs", description="looks of the pack, dated")] = ()

    @field_validator("gtin")
    @classmethod
    def _checked(cls, gtin: str | None) -> str | None:
        if gtin is None:
            return None
        if not (gtin.isascii() and gtin.isdigit() and len(gtin) in GTIN_LENGTHS):
            raise ValueError(f"GTIN {gtin!r} is not 8, 12, 13 or 14 digits")
        if int(gtin[-1]) != gtin_check_digit(gtin[:-1]):
            raise ValueError(f"GTIN {gtin} has a wrong check digit: it would be {gtin_check_digit(gtin[:-1])}")
        return gtin

    @model_validator(mode="after")
    def _designs_once(self) -> Sku:
        names = [design.id for design in self.designs]
        doubled = next((name for name in names if names.count(name) > 1), None)
        if doubled is not None:
            raise ValueError(f"design {doubled} of SKU {self.id} stands twice")
        return self


class CatalogueFile(BaseModel):
    """The content of `catalogue.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[SkuId, Field(title="Name", description="short name of the catalogue; events carry it")]
    version: Annotated[int, Field(ge=1, title="Version", description="counts up with every change")] = 1
    skus: Annotated[tuple[Sku, ...], Field(title="SKUs", description="the products", max_length=100_000)]

    @model_validator(mode="after")
    def _once(self) -> CatalogueFile:
        seen: set[str] = set()
        gtins: dict[str, str] = {}
        for sku in self.skus:
            if sku.id in seen:
                raise ValueError(f"SKU {sku.id} stands twice")
            seen.add(sku.id)
            if sku.gtin is not None:
                other = gtins.setdefault(sku.gtin.zfill(14), sku.id)
                if other != sku.id:
                    raise ValueError(f"SKUs {other} and {sku.id} have the same GTIN {sku.gtin}")
        return self
