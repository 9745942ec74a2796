from __future__ import annotations

import hashlib
from datetime import date

from cloud_sink.fleet.imports import KINDS, MODELS
from cloud_sink.fleet.lines import UnitsLine, read_lines
from edge.contract.events import EVENT_ADAPTER
from edge.contract.payloads import ShelfObserved, StockoutOpened
from edge.contract.refusal import Refused, read_event
from models.scenes.town.shelf import SWAPPED, Standing, planned, seen
from models.scenes.town.shops import SHOPS
from models.scenes.town.trade import files
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


def test_files_of_the_trade_have_no_fault_and_tell_each_store() -> None:
    told = files(SHOPS, LAST)
    lines = {kind: read_lines(content, MODELS[kind]) for kind, content in told.items() if kind in KINDS}
    assert set(told) == set(lines) == {"sales", "deliveries", "promotions", "contracts"}
    for kind, read in lines.items():
        assert read.faults == [], kind
    sales = [line for _, line in lines["sales"].lines if isinstance(line, UnitsLine)]
    assert {line.store for line in sales} == {shop.id for shop in SHOPS}
    assert max(line.date for line in sales) == LAST
    assert told == files(SHOPS, LAST)


def test_what_stands_on_another_shelf_is_told_as_misplaced() -> None:
    shown = seen(Standing(swapped=True)).observation
    assert {(one.kind, one.sku, one.seen) for one in shown.deviations} == {("misplaced", sku, 1) for sku in SWAPPED}
