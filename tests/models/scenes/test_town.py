from __future__ import annotations

import hashlib
from datetime import date

from edge.contract.events import EVENT_ADAPTER
from edge.contract.payloads import ShelfObserved, StockoutOpened
from edge.contract.refusal import Refused, read_event
from models.scenes.town.shelf import Standing, planned, seen
from models.scenes.town.shops import SHOPS
from models.scenes.town.words import photographs_of, sent_by

LAST = date(2026, 3, 14)
BAD = max(SHOPS, key=lambda shop: shop.trouble)


def test_what_a_store_says_is_what_a_collector_takes_and_the_same_each_time() -> None:
    sent = list(sent_by(BAD, LAST, 2))
    assert not [one for one in sent if isinstance(read_event(one.body, one.address), Refused)]
    assert sent == list(sent_by(BAD, LAST, 2))


def test_a_sku_that_is_out_has_no_facing_and_its_places_are_gaps() -> None:
    sku = next(iter(planned()))
    full, out = seen(Standing()).observation, seen(Standing(out=frozenset({sku}))).observation
    assert full.gaps == []
    assert sku not in {one.sku for one in out.facings}
    assert len(out.gaps) == planned()[sku] == full.kpis.facings - out.kpis.facings
    assert {one.sku for one in out.deviations if one.kind == "missing"} == {sku}


def test_foreign_products_are_counted_as_such() -> None:
    kpis = seen(Standing(foreign=2, unsure=1)).observation.kpis
    assert (kpis.foreign, kpis.unsure) == (2, 1)


def test_pictures_are_those_that_captures_name_and_stock_outs_are_told() -> None:
    events = [EVENT_ADAPTER.validate_json(one.body).data for one in sent_by(BAD, LAST, 1)]
    named = {one.evidence for one in events if isinstance(one, ShelfObserved) and one.evidence}
    kept = photographs_of(BAD, LAST)
    assert named == set(kept)
    assert all(hashlib.sha256(content).hexdigest() == sha256 for sha256, content in kept.items())
    assert any(isinstance(one, StockoutOpened) for one in events)
