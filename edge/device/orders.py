"""What the collector orders beside settings: asked over HTTPS, never believed from MQTT."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from pydantic import ValidationError

from edge.contract.errors import DeliveryError, FacingsError
from edge.contract.orders import MoveOrder, OrderAnswer, OrderRequest, Outcome
from edge.contract.topics import Address
from edge.deliver.signing import RequestSigner
from edge.device.collector import RefusedError, SignedCollector
from edge.device.order_file import Moving, OrderFile, Telling

if TYPE_CHECKING:
    from pathlib import Path

    from edge.contract.config import AgentConfig

PATH = "/api/v1/orders"

log = structlog.get_logger(__name__)


def post(url: str, authorities: Path | None, certificate: Path, key: Path, outcome: Outcome | None) -> OrderAnswer:
    """Ask what to do, and say what became of what was told before.

    Raises:
        FacingsError: the collector cannot be reached, is another one, or says no.
    """
    collector = SignedCollector(url, authorities, RequestSigner(certificate, key))
    told = collector.post(PATH, OrderRequest(outcome=outcome).model_dump(mode="json"))
    try:
        return OrderAnswer.model_validate(told)
    except ValidationError:
        raise DeliveryError("the collector orders what is not known here", "update the agent") from None


class Orders:
    """The orders of one device.

    Args:
        config: the device's own configuration.
        path: its file.
    """

    def __init__(self, config: AgentConfig, path: Path) -> None:
        self._config = config
        self._path = path
        self._file = OrderFile(path)

    @property
    def waiting(self) -> bool:
        """Whether there is something to do that an agent at work has to end for."""
        return self._file.interrupts

    def ask(self) -> None:
        """Ask once, and keep what is to be done for the next start.

        Raises:
            FacingsError: the collector cannot be reached or says no, or the disk refuses.
        """
        step = self._file.read()
        outcome = step.outcome if isinstance(step, Telling) else None
        answer = self._post(outcome)
        if answer is None or self.waiting:  # a collector without orders; or somebody on the spot was faster
            return
        if outcome is not None:
            self._file.forget()
        order = answer.order
        if order is None:
            return
        log.info("order.taken", order=order.id, kind=order.kind)
        if isinstance(order, MoveOrder):
            self._take_move(order)
        else:
            from edge.device.retiring import retirement  # noqa: PLC0415 - for who retires alone

            self._file.keep(retirement(self._path, order=order.id, patience=order.patience))

    def _take_move(self, order: MoveOrder) -> None:
        from edge.device.moving import moved_configuration  # noqa: PLC0415 - for who moves alone

        device = self._config.device
        try:
            text = moved_configuration(self._path, order.configuration)
        except FacingsError as error:
            log.warning("order.refused", order=order.id, why=str(error))
            self._post(Outcome(order=order.id, outcome="refused", said=str(error)[:500]))
            return
        address = Address(device.tenant, device.store, device.id)
        self._file.keep(Moving.away_from(address, text, order=order.id))

    def _post(self, outcome: Outcome | None) -> OrderAnswer | None:
        section = self._config.collector
        if section is None or section.cert_file is None or section.key_file is None:
            return None
        try:
            return post(section.url, section.ca_file, section.cert_file, section.key_file, outcome)
        except RefusedError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise
