"""Stores beside each other, as they are given out."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from cloud_sink.profile.figures import Figures
from cloud_sink.profile.goods_model import Count, Mean, Portrait, Share
from cloud_sink.profile.model import Grade, Letter
from edge.contract.names import Slug


class RankedStore(Portrait):
    """A store and its figures over the period."""

    rank: Count = Field(description="from 1, the worst first; 0 where the figure is unknown: those come last")
    store: Slug
    name: str | None
    chain: str | None
    channel: str | None
    store_class: str | None
    city: str | None
    representative: str | None
    latitude: float | None
    longitude: float | None
    days: Count = Field(description="days with data")
    figures: Figures
    score: Mean | None
    letter: Letter | None
    tags: list[str]


class Ranking(Portrait):
    """Stores by one figure, the worst first: where to go."""

    since: date
    until: date
    by: str
    total: Count = Field(description="stores that were ranked, on all pages")
    waiting: Count = Field(description="days of stores with events that are not settled yet: figures may still move")
    stores: list[RankedStore]


class Group(Portrait):
    """Some stores as one: a chain, a city, a channel, a class or a representative's."""

    name: str | None = Field(description="null: the stores of which nobody said")
    stores: Count
    figures: Figures = Field(description="of all their counts together; counts of people a store and day")
    score: Mean | None
    letter: Letter | None


class Groups(Portrait):
    """All stores by one of their attributes, the worst group first."""

    since: date
    until: date
    by: str
    waiting: Count
    groups: list[Group]


class Compared(Portrait):
    """One figure of a store beside others'. Percentiles say how large a share of the others is worse, ties halved."""

    figure: str
    value: float | None
    past: float | None = Field(description="of the store itself, in as many days before")
    cluster_median: float | None
    cluster_percentile: Share | None
    chain_median: float | None
    chain_percentile: Share | None


class Tag(Portrait):
    """A tag and whether it holds; null where something that decides it is unknown."""

    name: str
    rule: str
    holds: bool | None


class Standing(Portrait):
    """Where a store stands: beside its past, its cluster and its chain."""

    store: Slug
    since: date
    until: date
    past_since: date
    past_until: date
    completeness: Share | None
    past_completeness: Share | None
    cluster: dict[str, str | None] = Field(description="what the stores of its cluster share")
    cluster_stores: Count = Field(description="others in it; a median and a percentile need three")
    chain_stores: Count = Field(description="others of its chain")
    grade: Grade
    tags: list[Tag]
    figures: list[Compared]
    waiting: Count
