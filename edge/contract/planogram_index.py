"""Which planogram holds where and when: a folder of planograms with an index, `planograms.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from edge.contract.errors import PlanogramError
from edge.contract.files import load_yaml
from edge.contract.planogram import Planogram, read_planogram

if TYPE_CHECKING:
    from collections.abc import Sequence

INDEX = "planograms.yaml"
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class PlanogramScope(BaseModel):
    """One line of the index: a planogram, and the fixtures and days it is for. What is left out is any."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    file: Annotated[Path, Field(description="the planogram, our CSV, relative to the index")]
    cooler_model: Annotated[Label | None, Field(description="the cooler model it is for; left out: any")] = None
    channel: Annotated[Label | None, Field(description="the channel it is for; left out: any")] = None
    season: Annotated[Label | None, Field(description="its season; goes before a plan of no season")] = None
    since: Annotated[date | None, Field(alias="from", description="its first business day, YYYY-MM-DD")] = None
    until: Annotated[date | None, Field(alias="to", description="its last business day, YYYY-MM-DD")] = None

    @model_validator(mode="after")
    def _in_order(self) -> PlanogramScope:
        if self.since and self.until and self.until < self.since:
            raise ValueError(f"it ends {self.until}, before it begins {self.since}")
        if self.season is not None and (self.since is None or self.until is None):
            raise ValueError(f"season {self.season} has no days: give from and to")
        return self

    @property
    def specificity(self) -> int:
        """How many of cooler model, channel and season it names: the more, the further it goes before others."""
        return sum(named is not None for named in (self.cooler_model, self.channel, self.season))

    def holds(self, cooler_model: str | None, channel: str | None, day: date) -> bool:
        """Whether it is for a fixture on a business day."""
        return (
            self.cooler_model in {None, cooler_model}
            and self.channel in {None, channel}
            and (self.since is None or self.since <= day)
            and (self.until is None or day <= self.until)
        )


class PlanogramIndex(BaseModel):
    """The content of `planograms.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    planograms: Annotated[
        tuple[PlanogramScope, ...], Field(min_length=1, max_length=1000, description="the planograms and their scopes")
    ]


@dataclass(frozen=True, slots=True)
class HeldPlanogram:
    """A planogram and what it is for."""

    plan: Planogram
    scope: PlanogramScope
    path: Path  # of its file


def resolve(
    planograms: Sequence[HeldPlanogram], cooler_model: str | None, channel: str | None, day: date
) -> Planogram | None:
    """The planogram in force for a fixture on a business day: the one that names most; None when none is for it.

    Args:
        planograms: all there are.
        cooler_model: of the fixture; None when nobody said: then only planograms for any model are for it.
        channel: of its store, likewise.
        day: the store's business day.

    Raises:
        PlanogramError: two that name equally much hold on that day; names both.
    """
    held = [one for one in planograms if one.scope.holds(cooler_model, channel, day)]
    if not held:
        return None
    most = max(one.scope.specificity for one in held)
    best = [one for one in held if one.scope.specificity == most]
    if len(best) > 1:
        raise PlanogramError(
            f"{best[0].scope.file} and {best[1].scope.file} both hold on {day} for {_fixture(cooler_model, channel)}",
            "let one end before the other begins, or name a cooler model, channel or season for one of them",
        )
    return best[0].plan


def check_days(planograms: Sequence[HeldPlanogram], cooler_model: str | None, channel: str | None) -> None:
    """Refuse planograms of which two would hold for a fixture on any day, past or to come.

    Raises:
        PlanogramError: names the two and the first such day.
    """
    # What holds changes only where a planogram begins, and on the day after one ends.
    begins = {one.scope.since or date.min for one in planograms}
    after = {
        one.scope.until + timedelta(days=1) for one in planograms if one.scope.until and one.scope.until < date.max
    }
    for day in sorted(begins | after):
        resolve(planograms, cooler_model, channel, day)


def read_planograms(path: Path) -> tuple[HeldPlanogram, ...]:
    """Read one planogram that always holds (our CSV), or an index and all its planograms.

    Args:
        path: a CSV, a folder with `planograms.yaml`, or such an index.

    Raises:
        PlanogramError: naming file, line and key or column, and the mend; also of two for the same that overlap.
    """
    index = path / INDEX if path.is_dir() else path
    if index.suffix.lower() not in {".yaml", ".yml"}:
        return (HeldPlanogram(read_planogram(path), PlanogramScope(file=path), path),)
    scopes = load_yaml(index, PlanogramIndex, error=PlanogramError).planograms
    for one, other in combinations(scopes, 2):
        same = (one.cooler_model, one.channel, one.specificity) == (
            other.cooler_model,
            other.channel,
            other.specificity,
        )
        if same and _overlap(one, other):
            raise PlanogramError(
                f"{index}: {one.file} and {other.file} hold for the same fixtures on the same days",
                "let one end (to) before the other begins (from)",
            )
    read = {scope.file: read_planogram(index.parent / scope.file) for scope in scopes}
    return tuple(HeldPlanogram(read[scope.file], scope, index.parent / scope.file) for scope in scopes)


def _overlap(one: PlanogramScope, other: PlanogramScope) -> bool:
    latest_start = max(one.since or date.min, other.since or date.min)
    return latest_start <= min(one.until or date.max, other.until or date.max)


def _fixture(cooler_model: str | None, channel: str | None) -> str:
    return f"cooler model {cooler_model or 'not named'} in channel {channel or 'not named'}"
