"""Devices that move, are exchanged, are mended and retire: who is where, whose word counts, and what is remembered."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, select

from cloud_sink.store import identities, orders, placements
from cloud_sink.store.database import Database, reading, writing
from cloud_sink.store.moments import to_ms
from cloud_sink.store.settled_tables import stale_day
from cloud_sink.store.tables import devices, fixture_day, stockouts
from cloud_sink.trust.broker_files import rules
from cloud_sink.trust.errors import TrustError
from cloud_sink.trust.inviting import Inviter, Terms, Wanted
from cloud_sink.trust.leaving import end_overdue
from cloud_sink.trust.placing import Asked, Placer, standing
from cloud_sink.trust.registrar import ClaimRefusedError, Why
from edge.contract.orders import MoveOrder, Outcome, RetireOrder
from tests.cloud_sink.trust.fleets import NOW, Fleet, Key, asked, make_fleet, new_key

if TYPE_CHECKING:
    from pathlib import Path

    from cloud_sink.store.identities import Identity

BY = Asked("mai", "the shop closes")
LATER = NOW + timedelta(minutes=30)


@pytest.fixture
def fleet(database: Database, tmp_path: Path) -> Fleet:
    return make_fleet(database, tmp_path)


@pytest.fixture
def placer(fleet: Fleet) -> Placer:
    return Placer(fleet.database, fleet.registrar, fleet.stores)


def let_in(fleet: Fleet, device: str = "unit-1") -> Key:
    key = new_key()
    assert fleet.registrar.provision(asked(fleet.invite(device), key), NOW)[0].granted is not None
    return key


def known(fleet: Fleet, device: str = "unit-1") -> Identity:
    with reading(fleet.database) as connection:
        found = identities.of_device(connection, "acme", device)
    assert found is not None
    return found


def told(fleet: Fleet, device: str = "unit-1") -> list[tuple[str, str, str, str | None]]:
    with reading(fleet.database) as connection:
        found = placements.history(connection, "acme", device)
    return [(one.identity, one.store, one.began, one.ended) for one in found]


def test_a_device_moves_once_it_says_so_and_keeps_its_certificate(fleet: Fleet, placer: Placer) -> None:
    let_in(fleet)
    before = known(fleet)
    placer.move("acme", "unit-1", ("s2", "f1"), BY, NOW)
    answer = placer.answer(before, None, LATER)
    assert isinstance(answer.order, MoveOrder)
    assert answer.order.configuration["device"] == {"tenant": "acme", "store": "s2", "id": "unit-1"}
    assert known(fleet) == before
    after = placer.answer(before, Outcome(order=answer.order.id, outcome="moved"), LATER)
    assert after.order is None
    moved = known(fleet)
    assert (moved.store, moved.id, moved.certificate) == ("s2", before.id, before.certificate)
    assert told(fleet) == [(before.id, "s2", "moved", None), (before.id, "s1", "installed", "moved")]


def test_while_it_moves_it_speaks_from_either_place_and_then_from_the_new_one_alone(
    fleet: Fleet, placer: Placer
) -> None:
    let_in(fleet)
    order = placer.move("acme", "unit-1", ("s2", "f1"), BY, NOW)

    def may_write() -> set[str]:
        with reading(fleet.database) as connection:
            moving = {one.identity: one.store for one in orders.all_open(connection)}
            lines = rules(identities.admitted(connection), [], moving).splitlines()
        return {store for store in ("s1", "s2") if f"topic write facings/v1/acme/{store}/unit-1/events" in lines}

    assert may_write() == {"s1", "s2"}
    placer.answer(known(fleet), None, NOW)
    placer.answer(known(fleet), Outcome(order=order.id, outcome="moved"), LATER)
    assert may_write() == {"s2"}


def test_no_device_moves_by_an_order_of_another_one_or_one_it_was_not_given_or_an_older_one(
    fleet: Fleet, placer: Placer
) -> None:
    let_in(fleet)
    let_in(fleet, "unit-2")
    order = placer.move("acme", "unit-1", ("s2", "f1"), BY, NOW)
    done = Outcome(order=order.id, outcome="moved")
    placer.answer(known(fleet), done, NOW)  # it was never told
    placer.answer(known(fleet, "unit-2"), done, NOW)
    assert (known(fleet).store, known(fleet, "unit-2").store) == ("s1", "s1")
    placer.answer(known(fleet), None, NOW)
    placer.answer(known(fleet), done, NOW)
    back = placer.move("acme", "unit-1", ("s1", "f1"), BY, LATER)
    placer.answer(known(fleet), None, LATER)
    placer.answer(known(fleet), Outcome(order=back.id, outcome="moved"), LATER)
    placer.answer(known(fleet), done, LATER)  # said again
    assert known(fleet).store == "s1"
    assert len(told(fleet)) == 3


def test_a_move_that_a_device_refuses_leaves_it_where_it_is(fleet: Fleet, placer: Placer) -> None:
    let_in(fleet)
    order = placer.move("acme", "unit-1", ("s2", "f1"), BY, NOW)
    placer.answer(known(fleet), None, NOW)
    refused = Outcome(order=order.id, outcome="refused", said="no such folder")
    assert placer.answer(known(fleet), refused, LATER).order is None
    with reading(fleet.database) as connection:
        (found,) = orders.of_device(connection, "acme", "unit-1")
    assert (found.state, found.said, known(fleet).store) == ("refused", "no such folder", "s1")


def test_a_newer_order_takes_the_place_of_the_one_before_and_can_be_taken_back(fleet: Fleet, placer: Placer) -> None:
    let_in(fleet)
    placer.move("acme", "unit-1", ("s2", "f1"), BY, NOW)
    placer.retire("acme", "unit-1", BY, LATER)
    with reading(fleet.database) as connection:
        assert [one.state for one in orders.of_device(connection, "acme", "unit-1")] == ["open", "cancelled"]
    placer.cancel("acme", "unit-1", LATER)
    assert placer.answer(known(fleet), None, LATER).order is None
    with pytest.raises(TrustError, match="nothing that is still to be done"):
        placer.cancel("acme", "unit-1", LATER)


@pytest.mark.parametrize(("where", "said"), [(("s9", "f1"), "nobody described"), (("s2", "f9"), "no fixture f9")])
def test_nothing_moves_to_a_place_that_nobody_described(
    fleet: Fleet, placer: Placer, where: tuple[str, str], said: str
) -> None:
    let_in(fleet)
    with pytest.raises(TrustError, match=said):
        placer.move("acme", "unit-1", where, BY, NOW)


def test_a_device_that_retires_is_shut_out_when_it_has_said_that_it_is_wiped(fleet: Fleet, placer: Placer) -> None:
    let_in(fleet)
    placer.retire("acme", "unit-1", BY, NOW, at_once=True)
    answer = placer.answer(known(fleet), None, NOW)
    assert isinstance(answer.order, RetireOrder)
    assert answer.order.patience == 0
    assert known(fleet).revoked is None
    with pytest.raises(TrustError, match="wipes itself"):
        placer.cancel("acme", "unit-1", NOW)
    placer.answer(known(fleet), Outcome(order=answer.order.id, outcome="retired"), LATER)
    assert known(fleet).revoked == LATER
    assert told(fleet)[0][3] == "retired"
    assert standing(known(fleet), None, "retired", LATER) == "retired"


def test_a_device_that_never_comes_back_to_retire_is_shut_out_after_some_days(fleet: Fleet, placer: Placer) -> None:
    let_in(fleet)
    placer.retire("acme", "unit-1", BY, NOW, days=3)
    assert end_overdue(fleet.database, fleet.stores, NOW + timedelta(days=2)) == 0
    assert end_overdue(fleet.database, fleet.stores, NOW + timedelta(days=4)) == 1
    assert known(fleet).revoked is not None
    assert told(fleet)[0][3] == "lost"


def test_who_shows_a_claim_of_another_place_with_the_key_it_has_moves_there_under_its_name(fleet: Fleet) -> None:
    key = let_in(fleet)
    before, claim = known(fleet), fleet.invite("unit-9", where="s2")
    for _ in range(2):  # asked again, the same
        granted = fleet.registrar.provision(asked(claim, key), LATER)[0].granted
        assert granted is not None
        assert (granted.device, granted.store, granted.identity) == ("unit-1", "s2", before.id)
        assert granted.certificate == before.certificate
    assert told(fleet) == [(before.id, "s2", "moved", None), (before.id, "s1", "installed", "moved")]


def test_a_device_whose_certificate_ended_long_ago_comes_back_with_a_claim_and_its_key(fleet: Fleet) -> None:
    key = let_in(fleet)
    before, later = known(fleet), NOW + timedelta(days=2000)
    claim = fleet.invite("any-name", now=later)
    granted = fleet.registrar.provision(asked(claim, key), later)[0].granted
    assert granted is not None
    assert (granted.device, granted.identity) == ("unit-1", before.id)
    assert granted.certificate != before.certificate
    assert known(fleet).expires > later


def test_a_board_that_is_a_device_takes_no_other_device_s_place(fleet: Fleet) -> None:
    let_in(fleet)
    key = let_in(fleet, "unit-2")
    with pytest.raises(ClaimRefusedError) as caught:
        fleet.registrar.provision(asked(fleet.invite(replaces=True), key), LATER)
    assert caught.value.why is Why.OTHER_DEVICE


@pytest.mark.parametrize(("repairs", "word"), [(False, "replaced"), (True, "repaired")])
def test_a_new_board_under_an_old_name_ends_what_the_old_one_had_open(
    fleet: Fleet, *, repairs: bool, word: str
) -> None:
    let_in(fleet)
    old, seen = known(fleet), NOW - timedelta(hours=2)
    with writing(fleet.database) as connection:
        place = {"tenant": "acme", "store": "s1", "device": "unit-1"}
        connection.execute(
            insert(devices).values(**place, zone="Asia/Ho_Chi_Minh", first_seen=to_ms(seen), last_seen=to_ms(NOW))
        )
        episode = {"episode": "e-1", "fixture": "f1", "sku": "a", "since": to_ms(seen), "until": None}
        connection.execute(insert(stockouts).values(**place, **episode))
        connection.execute(
            insert(fixture_day).values(
                tenant="acme", store="s1", day=NOW.date() + timedelta(days=1), fixture="f1", view=""
            )
        )
    terms = Terms("acme", "mai", timedelta(hours=1), replaces=not repairs, repairs=repairs, reason="a new card")
    inviter = Inviter(fleet.database, fleet.registrar, fleet.stores, fleet.config)
    (claim,) = inviter.invite([Wanted(store="s1", fixture="f1", device="unit-1")], terms, now=NOW)
    fleet.registrar.provision(asked(claim, new_key()), LATER)
    new = known(fleet)
    assert told(fleet) == [(new.id, "s1", word, None), (old.id, "s1", "installed", word)]
    with reading(fleet.database) as connection:
        assert placements.history(connection, "acme", "unit-1")[0].reason == "a new card"
        assert connection.execute(select(stockouts.c.until)).scalar_one() == to_ms(NOW)
        assert connection.execute(select(stale_day.c.store)).scalars().all() == ["s1"]
