"""Which stores a store is compared with. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from cloud_sink.analyses.differences import LEAST_STORES
from cloud_sink.profile.goods_model import Portrait

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from cloud_sink.fleet.settings import Attribute
    from cloud_sink.fleet.stores import StoreBook


class Match(Portrait):
    """Some stores with a promotion, and those without it that they are compared with."""

    stores: list[str]
    matched_by: list[str] = Field(description="what they share with every matched store; nothing: all others are taken")
    matched: list[str]


def match(
    treated: Collection[str], candidates: Collection[str], stores: StoreBook, tenant: str, alike: Sequence[Attribute]
) -> list[Match]:
    """Match each store with the candidates that agree with it in all of `alike`, or in as many as leave two of them.

    Not by what was observed: of stores that are chosen for having been low, the next days are higher by themselves
    (regression to the mean; Daw & Hatfield 2018). That they moved alike before is checked, not made.

    Args:
        treated: stores with a promotion.
        candidates: observed stores without it.
        stores: master data; what nobody said of a store agrees with nothing.
        tenant: whose.
        alike: what makes stores comparable, the most important first; the last are given up one by one.
    """
    described = {store: stores.find(tenant, store) for store in {*treated, *candidates}}

    def key(store: str, names: Sequence[Attribute]) -> tuple[str | None, ...]:
        section = described[store]
        return tuple(getattr(section, name) if section else None for name in names)

    groups: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for store in sorted(treated):
        names: tuple[str, ...] = ()
        found = tuple(sorted(candidates))
        for kept in range(len(alike), 0, -1):
            wanted = key(store, alike[:kept])
            same = [] if None in wanted else [one for one in candidates if key(one, alike[:kept]) == wanted]
            if len(same) >= LEAST_STORES:
                names, found = tuple(alike[:kept]), tuple(sorted(same))
                break
        groups.setdefault((names, found), []).append(store)
    return [Match(stores=own, matched_by=list(names), matched=list(found)) for (names, found), own in groups.items()]
