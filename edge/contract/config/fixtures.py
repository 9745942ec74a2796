"""Fixtures: what should stand there, and what counts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from edge.contract.config.cooler import DoorSection, StatusSection
from edge.contract.config.section import Duration, Section
from edge.contract.names import SkuId, Slug, UnitScore
from edge.contract.payloads import RejectionReason


class QualityRules(Section):
    """What a frame must be to be used."""

    darkest: UnitScore = Field(0.12, description="mean brightness under which a frame is dark, 0 to 1")
    brightest: UnitScore = Field(0.92, description="mean brightness over which a frame is blown, 0 to 1")
    blown: UnitScore = Field(0.35, description="the share of white pixels over which a frame is blown")
    sharpness: Annotated[float, Field(ge=0, le=1e6)] = Field(
        0.25, description="the least sharpness, as a share of the median of this camera's accepted frames"
    )
    edges: Annotated[float, Field(ge=1, le=100)] = Field(
        1.85,
        description="how much the gradients of a frame must fall when it is blurred once more; a lower figure is a "
        "blurred frame, whatever its camera usually shows",
    )
    fogged: UnitScore = Field(
        0.05, description="the share of what usually shows something that may be veiled before the glass is fogged"
    )
    featureless: UnitScore = Field(
        0.45, description="the share of a frame without any detail over which it is covered, whatever is usual"
    )
    covered: UnitScore = Field(
        0.3, description="the share of what usually shows something that may be blank before the frame is covered"
    )
    frozen: UnitScore = Field(
        0.98, description="the share of pixels with the very level of the last frame over which a camera hangs"
    )
    moved: Annotated[float, Field(gt=0, le=0.07)] = Field(
        0.06,
        description="how far a corner of the picture may move, as a share of its longer edge; a frame that moved less "
        "is laid over the usual view before it is read, one that moved more "
        "or shows another view is rejected; at most 0.07, since further it is not looked for",
    )
    people: UnitScore = Field(0.15, description="the share of the fixture that people may cover")
    hidden: UnitScore = Field(
        0.02,
        description="the share of the fixture where shelf edges, price strips and frames may be hidden by one thing "
        "that reaches in from the picture's border, such as an arm",
    )
    blocked: UnitScore = Field(
        0.35,
        description="the share of the facings that may vanish between two captures before the view counts as blocked",
    )
    blocked_minutes: Annotated[float, Field(ge=0, le=1440)] = Field(
        10, description="minutes after which what hides the fixture, people apart, is taken for how it looks now"
    )
    one_camera: bool | None = Field(
        None,
        description="whether the pictures come from one camera that stands still, so that the same picture again is "
        "frozen and another view moved; left out: yes, but for a folder with times: evenly",
    )
    never: tuple[RejectionReason, ...] = Field((), description="reasons for which no frame of this fixture is rejected")


class StockoutSection(Section):
    """When a planned SKU without a facing is a stock-out."""

    captures: Annotated[int, Field(ge=1, le=100)] = Field(2, description="accepted captures in a row without it")
    minutes: Annotated[float, Field(ge=0, le=1440)] = Field(20, description="minutes of opening hours without it")
    back_captures: Annotated[int, Field(ge=1, le=100)] = Field(1, description="captures in a row that prove its return")
    unsure_captures: Annotated[int, Field(ge=0, le=100)] = Field(
        2,
        description="captures in a row with it, or with an unsure facing at its place whose best guess it is, that "
        "prove its return too; 0: what is unsure proves nothing",
    )
    doubt: UnitScore = Field(
        0.05, description="the most that the product of those captures' doubts, 1 - score, may be, 0 to 1"
    )


class VoteSection(Section):
    """How facings are voted over captures, so that one bad frame changes no number."""

    captures: Annotated[int, Field(ge=1, le=9)] = Field(
        3, description="accepted captures that vote; an odd number; 1: each capture counts alone"
    )
    within: Duration = Field(
        7200.0, gt=0, le=86400, description="captures longer ago than this, such as those of last evening, have no vote"
    )
    faint: UnitScore = Field(
        0.25,
        description="the least detection score at which a place that was filled in the capture before is filled still, "
        "though nobody can say with what; 1: the shipped score of a facing",
    )


class FixtureSection(Section):
    """A cooler, shelf, rack or floor stack."""

    id: Slug = Field(description="the fixture's id")
    catalogue: Path | None = Field(None, description="the folder of the catalogue; without it facings have no SKU")
    planogram: Path | None = Field(
        None,
        description="the planogram, our CSV: shelf,position,sku,facings[,width_mm]; or a folder of them with "
        "planograms.yaml, which says what each is for and when",
    )
    cooler_model: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        None, description="the cooler's model, as planograms.yaml calls it"
    )
    channel: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        None, description="the store's channel, as planograms.yaml calls it, such as convenience"
    )
    own: tuple[str, ...] = Field(
        (), description="the catalogue's owners whose products are own here; all others are foreign"
    )
    must_stock: tuple[SkuId, ...] = Field((), description="the SKUs that must be there")
    region: tuple[tuple[UnitScore, UnitScore], ...] = Field(
        (),
        max_length=64,
        description="corners of what counts, as shares of width and height, such as [[0.1, 0], [0.9, 0], …]",
    )
    vote: VoteSection = Field(VoteSection(), description="how facings are voted over captures")
    stockout: StockoutSection = Field(StockoutSection(), description="when a planned SKU counts as out of stock")
    door: DoorSection | None = Field(None, description="the cooler's door; without it openings are not seen")
    status: StatusSection | None = Field(None, description="what the cooler measures itself")
    quality: QualityRules = Field(QualityRules(), description="what a frame must be to be used")

    @field_validator("region")
    @classmethod
    def _an_area(cls, region: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        if region and len(set(region)) < 3:  # noqa: PLR2004 - a triangle is the least area
            raise ValueError("region has at least three corners")
        return region
