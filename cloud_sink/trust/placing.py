"""Moving devices to other places, retiring them, and what they say of it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from cloud_sink.store import fleet_log, identities, orders, placements
from cloud_sink.store.database import writing
from cloud_sink.store.orders import Order
from cloud_sink.trust.errors import TrustError
from cloud_sink.trust.leaving import shut_out
from edge.contract.orders import MoveOrder, OrderAnswer, RetireOrder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.database import Database, Transaction
    from cloud_sink.store.identities import Identity
    from cloud_sink.trust.registrar import Registrar
    from edge.contract.orders import Outcome

PATIENCE = 600.0
"""Seconds that a device that retires has to deliver what it holds."""

DAYS = 14
"""After which a device that was to retire and never came back is shut out all the same."""

Standing = Literal["admitted", "expired", "moving", "retiring", "retired", "lost", "revoked"]
"""`retired`: it said that it has wiped itself; `lost`: it never did, and was shut out."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who orders something, and why."""

    by: str
    reason: str = ""


class Placer:
    """Orders devices about.

    Args:
        engine: the database.
        registrar: knows what a device would be told at its new place.
        stores: master data.
    """

    def __init__(self, engine: Database, registrar: Registrar, stores: StoreBook) -> None:
        self._engine = engine
        self._registrar = registrar
        self._stores = stores

    def move(self, tenant: str, device: str, to: tuple[str, str], asked: Asked, now: datetime) -> Order:
        """Order a device to another store and fixture; it goes there once it has heard of it.

        Raises:
            TrustError: the device, the store, the fixture, or what it would be told there.
        """
        store, fixture = to
        self._check_place(tenant, store, fixture)
        self._registrar.configuration(tenant, store, fixture, device)  # an order must lead somewhere
        with writing(self._engine) as connection:
            found = self._orderable(connection, tenant, device)
            before = orders.open_of(connection, found.id)
            if before is not None and before.kind == "retire":
                raise TrustError(f"{device} is to retire", "take that back first: sink identities recall")
            if (found.store, found.fixture) == to:
                raise TrustError(f"{device} is at {store}/{fixture} already", "name another place")
            order = self._order(found, "move", asked, now, to=to)
            orders.enter(connection, order)
        return order

    def retire(
        self, tenant: str, device: str, asked: Asked, now: datetime, *, at_once: bool = False, days: int = DAYS
    ) -> Order:
        """Order a device to deliver what it holds, wipe itself and say so; shut out after some days in any case.

        Raises:
            TrustError: there is no such device, or it was shut out.
        """
        with writing(self._engine) as connection:
            found = self._orderable(connection, tenant, device)
            due = now + timedelta(days=days)
            order = self._order(found, "retire", asked, now, to=(found.store, found.fixture), at_once=at_once, due=due)
            orders.enter(connection, order)
        return order

    def cancel(self, tenant: str, device: str, now: datetime) -> Order:
        """Take back what a device was ordered and has not heard of.

        Raises:
            TrustError: there is nothing to take back, or the device knows already.
        """
        with writing(self._engine) as connection:
            found = self._orderable(connection, tenant, device)
            order = orders.open_of(connection, found.id)
            if order is None:
                raise TrustError(f"{device} was ordered nothing that is still to be done", "sink identities list")
            if order.kind == "retire" and order.handed is not None:
                raise TrustError(
                    f"{device} knows already, and wipes itself", "let it in anew: sink invite … --replaces"
                )
            orders.cancel(connection, found.id, now)
        return order

    def answer(self, device: Identity, outcome: Outcome | None, now: datetime) -> OrderAnswer:
        """Take a device's word on what it was told, and tell it what it is to do.

        Raises:
            TrustError: what it would be told cannot be made now.
        """
        with writing(self._engine) as connection:
            if outcome is not None:
                device = self._settle(connection, device, outcome, now)
            order = None if device.revoked is not None else orders.open_of(connection, device.id)
            if order is not None:
                orders.hand(connection, order.id, now)
        return OrderAnswer(order=None if order is None else self._told(order), time=now)

    def _settle(self, connection: Transaction, device: Identity, outcome: Outcome, now: datetime) -> Identity:
        """Take the word of a device; it counts for its own orders alone, each once, and never for an older one."""
        if outcome.order is None:
            if outcome.outcome == "retired":  # somebody stood before it: who has its key may shut it out
                shut_out(connection, device, now, self._stores, ended="retired")
            return identities.find(connection, device.id) or device
        order = orders.find(connection, outcome.order)
        if order is None or not self._may_say(connection, device, order):
            return device
        match order.kind, outcome.outcome:
            case _, "refused":
                if order.state == "open":
                    orders.settle(connection, order.id, "refused", now, said=outcome.said)
            case "move", "moved":
                orders.settle(connection, order.id, "done", now)
                place = {"store": order.store, "fixture": order.fixture}
                identities.move(connection, device, **place, now=now, by=order.by, reason=order.reason)
            case "retire", "retired":
                orders.settle(connection, order.id, "done", now)
                shut_out(connection, device, now, self._stores, ended="retired")
        return identities.find(connection, device.id) or device

    def _may_say(self, connection: Transaction, device: Identity, order: Order) -> bool:
        """Whether a device's word on an order counts: its own, that it was told of, and none before one it has done."""
        if order.identity != device.id or order.handed is None or order.state not in _SAYABLE:
            return False
        newest = orders.newest_done(connection, device.id)
        return newest is None or order.made > newest

    def _told(self, order: Order) -> MoveOrder | RetireOrder:
        if order.kind == "retire":
            return RetireOrder(id=order.id, patience=0.0 if order.at_once else PATIENCE)
        described = self._stores.find(order.tenant, order.store)
        return MoveOrder(
            id=order.id,
            store=order.store,
            fixture=order.fixture,
            store_name=order.store if described is None else described.name,
            configuration=self._registrar.configuration(order.tenant, order.store, order.fixture, order.device),
        )

    def _orderable(self, connection: Transaction, tenant: str, device: str) -> Identity:
        found = identities.of_device(connection, tenant, device)
        if found is None:
            raise TrustError(f"{tenant} has no device {device} with a certificate", "sink identities list shows them")
        if found.revoked is not None:
            raise TrustError(f"{device} was shut out and hears nothing any more", "sink invite … --replaces")
        fleet_log.lock(connection, tenant, device)
        return found

    def _check_place(self, tenant: str, store: str, fixture: str) -> None:
        described = self._stores.find(tenant, store)
        if described is None:
            raise TrustError(f"nobody described store {store} of {tenant}", "sink import stores, first")
        if fixture not in {one.id for one in described.fixtures}:
            known = ", ".join(one.id for one in described.fixtures) or "none"
            raise TrustError(f"store {store} has no fixture {fixture}", f"its fixtures: {known}")

    def _order(
        self,
        device: Identity,
        kind: orders.Kind,
        asked: Asked,
        now: datetime,
        *,
        to: tuple[str, str],
        at_once: bool = False,
        due: datetime | None = None,
    ) -> Order:
        return Order(
            id=secrets.token_hex(16),
            tenant=device.tenant,
            device=device.device,
            identity=device.id,
            kind=kind,
            store=to[0],
            fixture=to[1],
            by=asked.by[:200],
            reason=asked.reason[:200],
            made=now,
            at_once=at_once,
            due=due,
        )


_SAYABLE = frozenset({"open", "cancelled"})
"""A device that heard of a move before it was taken back has moved all the same."""


def standing(device: Identity, order: Order | None, ended: str | None, now: datetime) -> Standing:
    """What is to be said of a device. Pure.

    Args:
        device: as it is known.
        order: the one that is open for it.
        ended: how its last placement ended.
        now: aware.
    """
    if device.revoked is not None:
        return "retired" if ended == "retired" else "lost" if ended == "lost" else "revoked"
    if order is not None:
        return "moving" if order.kind == "move" else "retiring"
    return "expired" if device.expires <= now else "admitted"


def standings(
    connection: Transaction, found: Sequence[Identity], ordered: Mapping[str, Order], now: datetime
) -> dict[str, Standing]:
    """What is to be said of each of some devices, by identity."""
    gone = placements.endings(connection, [one.id for one in found if one.revoked is not None])
    return {one.id: standing(one, ordered.get(one.id), gone.get(one.id), now) for one in found}
