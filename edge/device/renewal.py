"""Exchanges the device's certificate before it ends, and learns whom to believe: once a day, without anybody."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING

import structlog
from pydantic import ValidationError

from edge.contract.errors import ConfigError, DeliveryError, FacingsError
from edge.contract.provisioning import RenewAnswer, RenewRequest
from edge.deliver.signing import RequestSigner
from edge.device.collector import SignedCollector
from edge.device.device_key import device_key, request_for
from edge.device.whole_file import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from edge.contract.config import AgentConfig
    from edge.device.orders import Orders

EVERY = 24 * 3600.0
AGAIN = 900.0
"""Seconds until the next try where one failed."""

AT_LEAST = 5.0
"""Seconds between two questions, however often it is told that there is news."""

PATH = "/api/v1/renewal"

log = structlog.get_logger(__name__)


def renew(config: AgentConfig) -> bool:
    """Ask once, and store what came: certificate first, then whom to believe; whether anything differs.

    Raises:
        FacingsError: the collector cannot be reached or says no, or the files cannot be used or written.
    """
    collector, broker = config.collector, config.broker
    if collector is None or collector.cert_file is None or collector.key_file is None or broker.ca_file is None:
        raise ConfigError("this device was not provisioned", "edge provision --claim …")
    authorities = _read(broker.ca_file)
    signer = RequestSigner(collector.cert_file, collector.key_file)
    asked = RenewRequest(
        csr=request_for(device_key(collector.key_file), signer.name),
        believes=hashlib.sha256(authorities.encode()).hexdigest(),
    )
    told = SignedCollector(collector.url, collector.ca_file, signer).post(PATH, asked.model_dump(mode="json"))
    try:
        answer = RenewAnswer.model_validate(told)
    except ValidationError:
        raise DeliveryError("the collector's answer cannot be read", "update the agent or the collector") from None
    differs = _keep(collector.cert_file, answer.certificate)
    if collector.ca_file is not None and answer.collector_authorities is not None:
        differs |= _keep(collector.ca_file, answer.collector_authorities)
    differs |= _keep(broker.ca_file, answer.authorities)
    return differs


class Renewer:
    """A thread that asks once a day, at the start, and when it is told that there is news.

    Args:
        config: the agent's.
        orders: what is asked beside it: whether the device is to move or to retire.
    """

    def __init__(self, config: AgentConfig, orders: Orders | None = None) -> None:
        self._config = config
        self._orders = orders
        self._stop = threading.Event()
        self._news = threading.Event()
        self._failing = False
        self._thread = threading.Thread(target=self._run, name="renewal", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more. A question under way is not waited for: files are whole at any moment."""
        self._stop.set()
        self._news.set()

    def hurry(self) -> None:
        """Somebody says that there is news: ask soon. Whoever says so over and over gains a question in a while."""
        self._news.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._news.clear()
            try:
                self._ask()
                self._failing = False
            except FacingsError as error:
                if not self._failing:
                    log.warning("certificate.not_renewed", error=str(error))
                self._failing = True
            self._stop.wait(AT_LEAST)
            self._news.wait(AGAIN if self._failing else EVERY)

    def _ask(self) -> None:
        try:
            if renew(self._config):
                log.info("certificate.exchanged")
                renew(self._config)  # says what is stored now
        finally:  # neither waits for the other
            if self._orders is not None:
                self._orders.ask()


def _keep(path: Path, text: str) -> bool:
    if not text.startswith("-----BEGIN CERTIFICATE-----"):
        raise DeliveryError("the collector's answer holds no certificate", "update the agent or the collector")
    if _read(path) == text:
        return False
    write_whole(path, text)
    return True


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""
