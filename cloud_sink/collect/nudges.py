"""Tells devices that there is an order. What it is they fetch over HTTPS: nobody at the broker can forge it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cloud_sink.store import identities, orders
from cloud_sink.store.database import reading
from edge.contract.receipts import Command, CommandName
from edge.contract.topics import Address, Channel

if TYPE_CHECKING:
    from cloud_sink.collect.link import Link
    from cloud_sink.store.database import Database

_LIVES = timedelta(hours=1)


class Nudges:
    """Looks for orders that are not carried out yet, and says so again and again.

    Args:
        engine: the database.
        link: to the broker.
        every: between two words to one device; each has an id of its own, since a device answers an id once.
    """

    def __init__(self, *, engine: Database, link: Link, every: timedelta) -> None:
        self._engine = engine
        self._link = link
        self._every = every
        self._said: dict[str, datetime] = {}

    def look(self, now: datetime) -> None:
        """Tell whoever has an order and was not told lately.

        Raises:
            DatabaseAway: nothing is known of orders now.
        """
        with reading(self._engine) as connection:
            waiting = orders.all_open(connection)
            places = {one.identity: identities.find(connection, one.identity) for one in waiting}
        for order in waiting:
            device, last = places[order.identity], self._said.get(order.id)
            if device is None or (last is not None and now - last < self._every):
                continue
            command = Command(
                id=f"order-{order.id[:16]}-{int(now.timestamp())}", name=CommandName.RENEW, expires=now + _LIVES
            )
            address = Address(device.tenant, device.store, device.device)
            if self._link.publish(address, Channel.COMMANDS, command.model_dump_json().encode()):
                self._said[order.id] = now
        self._said = {order.id: self._said[order.id] for order in waiting if order.id in self._said}
