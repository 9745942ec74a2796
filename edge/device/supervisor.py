"""What the agent tells systemd: ready, alive, stopping. The protocol of sd_notify(3): one datagram a message.

Where no supervisor listens (no `NOTIFY_SOCKET`), everything here does nothing.
"""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING, Self

import structlog

if TYPE_CHECKING:
    from collections.abc import Mapping

log = structlog.get_logger(__name__)


class Supervisor:
    """The socket of a supervisor.

    Args:
        address: the socket's path, or `@` and an abstract name; None: nobody listens.
        watchdog: seconds after which the supervisor ends a process that has not said it lives; None: it does not watch.
    """

    def __init__(self, address: str | None, *, watchdog: float | None = None) -> None:
        self._address = None if address is None else ("\0" + address[1:] if address.startswith("@") else address)
        self.watchdog = watchdog
        self._fed = float("-inf")
        self._failing = False

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """The supervisor that started this process. A watchdog that is meant for another process is none."""
        microseconds = environment.get("WATCHDOG_USEC", "")
        for_us = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        watchdog = int(microseconds) / 1e6 if for_us and microseconds.isdigit() else None
        return cls(environment.get("NOTIFY_SOCKET") or None, watchdog=watchdog or None)

    def ready(self) -> None:
        """The agent works: what waits for it may start."""
        self._say("READY=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._say(f"STATUS={' '.join(text.split())}")

    def alive(self) -> None:
        """Feed the watchdog, where there is one, often enough and no oftener."""
        now = time.monotonic()
        if self.watchdog is not None and now - self._fed > self.watchdog / 4:
            self._fed = now
            self._say("WATCHDOG=1")

    def stopping(self) -> None:
        """The agent has begun to end."""
        self._say("STOPPING=1")

    def _say(self, message: str) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
                sock.settimeout(1.0)  # a supervisor that does not read must not hold up the agent
                sock.sendto(message.encode(), self._address)
        except OSError as error:
            if not self._failing:
                log.warning("supervisor.unreachable", error=str(error))
            self._failing = True
        else:
            self._failing = False
