"""What a promotion earned and cost, by its effect on units, its margins and its costs. Pure."""

from __future__ import annotations

from statistics import mean
from typing import TYPE_CHECKING

from pydantic import Field

from cloud_sink.analyses.differences import difference_in_differences
from cloud_sink.profile.goods_model import Count, Portrait

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cloud_sink.analyses.differences import Daily, Effect, Treated
    from cloud_sink.store.master import PromotionRow


class Return(Portrait):
    """What a promotion earned and cost, in the money of its file, where a sales file tells its days."""

    stores: Count = Field(description="with it, of which sales before and during are told")
    store_days: Count = Field(description="their days with it that the sales file tells")
    extra_units: float = Field(description="the effect on units x these days")
    earned: float = Field(description="the effect on units x margin, product by product, x these days")
    cost: float = Field(description="of these stores' lines; a line without a cost cost nothing")
    profit: float = Field(description="earned - cost")
    low: float | None = Field(description="of the 95 % interval; null as that of the effect is")
    high: float | None
    a_unit_of_cost: float | None = Field(description="profit / cost")


def margins(lines: Iterable[PromotionRow]) -> dict[str, float | None]:
    """The margin of a unit by GTIN, the mean over the stores that tell one; None where none does."""
    told: dict[str, list[float]] = {}
    for line in lines:
        told.setdefault(line.gtin, []).extend([] if line.margin is None else [line.margin])
    return {gtin: mean(known) if known else None for gtin, known in told.items()}


def returned(
    lines: Sequence[PromotionRow], units: Daily, earned: Daily, effect: Effect, treated: Mapping[str, Treated]
) -> tuple[Return | None, str | None]:
    """What it returned, or why nobody knows.

    Args:
        lines: of the promotion.
        units: sold a day, by store.
        earned: units x margin a day, by store.
        effect: on units.
        treated: the stores with it.
    """
    without = sorted(gtin for gtin, margin in margins(lines).items() if margin is None)
    if without:
        return None, f"its file tells no margin of {', '.join(without[:5])}"
    if effect.effect is None:
        return None, effect.cautions[0]
    counted = treated.keys() - set(effect.left_out)
    costs = [line.cost for line in lines if line.store in counted and line.cost is not None]
    if not costs:
        return None, "its file tells no cost"
    money = difference_in_differences("earned", earned, treated)
    assert money.effect is not None  # of the same stores and days
    days = sum(
        store in counted and treated[store].window.since <= day <= treated[store].window.until for store, day in units
    )
    cost = sum(costs)
    profit = money.effect * days - cost
    return (
        Return(
            stores=len(counted),
            store_days=days,
            extra_units=effect.effect * days,
            earned=money.effect * days,
            cost=cost,
            profit=profit,
            low=None if money.low is None else money.low * days - cost,
            high=None if money.high is None else money.high * days - cost,
            a_unit_of_cost=profit / cost if cost else None,
        ),
        None,
    )
