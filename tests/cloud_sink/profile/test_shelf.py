"""Shares of groups of SKUs: what is equal stands in the order of names, whatever it was added up from."""

from __future__ import annotations

from itertools import permutations

from cloud_sink.profile.shelf import Shelf, SkuSums, by_category
from edge.contract.catalogue import Sku

PRODUCTS = {
    name: Sku(id=name, name=name, brand="b", owner="o", category=category)
    for name, category in {"cola": "soda", "lime": "soda", "orange": "soda", "lager": "beer"}.items()
}
MEANS = {"cola": 0.1, "lime": 0.2, "orange": 0.3, "lager": 0.6}  # 0.1 + 0.2 + 0.3 is 0.6000000000000001, or 0.6


def test_categories_with_equally_many_facings_stand_in_the_order_of_their_names() -> None:
    for order in permutations(MEANS):
        shelf = Shelf(captures=10, skus={sku: SkuSums(facings=MEANS[sku]) for sku in order})
        assert [share.name for share in by_category(shelf, PRODUCTS)] == ["beer", "soda"]


def test_a_larger_group_comes_first() -> None:
    shelf = Shelf(captures=10, skus={"cola": SkuSums(facings=0.6), "lager": SkuSums(facings=0.5)})
    assert [share.name for share in by_category(shelf, PRODUCTS)] == ["soda", "beer"]
