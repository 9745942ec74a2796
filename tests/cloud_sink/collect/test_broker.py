from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cloud_sink.collect.broker import EmbeddedBroker
from edge.contract.errors import DeliveryError
from edge.contract.topics import Channel
from tests.cloud_sink.raw_device import RawDevice

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    running = EmbeddedBroker(folder=tmp_path)
    running.start()
    yield running
    running.stop()


def listens(port: int, host: str = "127.0.0.1") -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex((host, port)) == 0


def test_it_starts_and_carries_messages_while_1883_is_taken(tmp_path: Path) -> None:
    with closing(socket.socket()) as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if taken.connect_ex(("127.0.0.1", 1883)) != 0:
            taken.bind(("127.0.0.1", 1883))
            taken.listen()
        broker = EmbeddedBroker(folder=tmp_path)
        broker.start()
        assert broker.port != 1883
        with RawDevice(broker.port, "d1") as raw:
            raw.send(b"{}", channel=Channel.RECEIPTS)
            assert raw.receipt() == {}
        broker.stop()


def test_it_carries_the_longest_message_with_room_to_spare(broker: EmbeddedBroker) -> None:
    with RawDevice(broker.port, "d1") as raw:
        raw.send(b'{"padding": "' + b"x" * 299_000 + b'"}', channel=Channel.RECEIPTS, properties={"epoch": "e"})
        assert len(raw.receipt()["padding"]) == 299_000


def test_it_listens_on_loopback_only(broker: EmbeddedBroker) -> None:
    bound = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:] if line.split()[3] == "0A"]
    assert {address for address in bound if address.endswith(f":{broker.port:04X}")} == {f"0100007F:{broker.port:04X}"}


def test_a_taken_port_is_said_in_one_line(
    broker: EmbeddedBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud_sink.collect.broker._PATIENCE", 0.0)
    with pytest.raises(DeliveryError, match="--broker-port"):
        EmbeddedBroker(folder=tmp_path / "other", port=broker.port).start()


def test_it_dies_with_its_parent_even_when_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from cloud_sink.collect.broker import EmbeddedBroker\n"
        f"broker = EmbeddedBroker(folder=Path({str(tmp_path)!r})); broker.start()\n"
        "print(broker.port, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    port = int(parent.stdout.readline())
    assert listens(port)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 10
    while listens(port):
        assert time.monotonic() < deadline, "the broker outlives its parent"
        time.sleep(0.05)
