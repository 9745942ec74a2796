"""The embedded broker: iotcore (rumqttd) as a child process on loopback, with a configuration file of our own.

Its defaults cap payloads at 20 KB, speak MQTT 3.1.1 only, bind every interface and join whatever listens on 1883; it
asks for no credentials. So: our file, one v5 listener, 127.0.0.1, and never exposed. The child watches a pipe from
this process and ends with it, even when this process is killed.
"""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog
from iotcore import Broker

from edge.contract.errors import DeliveryError
from edge.contract.events import MAX_EVENT_BYTES

if TYPE_CHECKING:
    from pathlib import Path

HOST = "127.0.0.1"
WINDOW = 100
"""Messages the broker sends without an acknowledgement, whatever Receive Maximum asks for."""

MAX_PACKET = MAX_EVENT_BYTES + 45_056
"""Room for topic and properties, and for events a little too long, which the collector refuses with a reason."""

_SEGMENT = 16 * 1024 * 1024
_SEGMENTS = 8
"""The commit log of each topic filter; beyond it the oldest messages go, and outboxes send them again."""

_PATIENCE = 10.0
"""Seconds to wait for a port that a broker killed a moment ago still holds."""

_log = structlog.get_logger()


class EmbeddedBroker:
    """The broker's child process; `revive` starts it again on the same port when it died."""

    def __init__(self, *, folder: Path, port: int = 0) -> None:
        self._file = folder / "broker.toml"
        self._wanted = port
        self._broker: Broker | None = None
        self.port = port

    def start(self) -> None:
        """Start and wait until it listens.

        Raises:
            DeliveryError: its file cannot be written, the port is taken, or the broker does not come up.
        """
        deadline = time.monotonic() + _PATIENCE
        while True:
            self.port = self._wanted or free_port()
            self._write()
            try:
                self._launch()
            except (OSError, RuntimeError) as error:
                if time.monotonic() > deadline:
                    raise DeliveryError(
                        f"broker port {self.port} on {HOST} cannot be used: {error}",
                        "choose another with --broker-port; 0 takes a free one",
                    ) from None
                time.sleep(0.2)
            else:
                return

    def revive(self) -> bool:
        """Start it again if it died; True when it had."""
        if self._broker is None or self._broker.is_running:
            return False
        _log.warning("broker.died", port=self.port)
        self._broker.stop()
        self._wanted = self.port  # devices know this port
        self.start()
        _log.info("broker.revived", port=self.port)
        return True

    def stop(self) -> None:
        """End the child; safe to call twice."""
        if self._broker is not None:
            self._broker.stop()
            self._broker = None

    def _write(self) -> None:
        wanted = configuration(self.port)
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            if self._file.is_file() and self._file.read_text(encoding="utf-8") == wanted:
                return  # a broker that is revived needs no room on a full disk
            self._file.write_text(wanted, encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DeliveryError(
                f"the broker's file {self._file} cannot be written: {error}", "check its folder and its room"
            ) from None

    def _launch(self) -> None:
        broker = Broker(config_path=str(self._file))
        try:
            broker.start()
        except BaseException:
            with suppress(OSError):
                broker.stop()
            raise
        self._broker = broker


def configuration(port: int) -> str:
    """The broker's file: one MQTT 5 listener on loopback."""
    return f"""\
id = 0

[router]
id = 0
max_connections = 10010
max_outgoing_packet_count = 200
max_segment_size = {_SEGMENT}
max_segment_count = {_SEGMENTS}

[v5.1]
name = "v5-1"
listen = "{HOST}:{port}"
next_connection_delay_ms = 0
    [v5.1.connections]
    connection_timeout_ms = 60000
    max_payload_size = {MAX_PACKET}
    max_inflight_count = {WINDOW}
    dynamic_filters = true
"""


def free_port() -> int:
    """A port of loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
