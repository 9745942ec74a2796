"""`scripts/unbox` from its first line to the device's page, and to an end that leaves nothing behind."""

from __future__ import annotations

import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from edge.contract.provisioning import parse_claim

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0


def test_a_boxed_device_serves_its_page_and_all_ends_when_it_is_ended(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = [sys.executable, "scripts/unbox.py", "--folder", str(tmp_path / "box"), "--port", "0"]
    with log.open("wb") as out, subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stderr=out) as process:
        try:
            until(lambda: "PIN" in log.read_text(), process)
            said = log.read_text()
            claim, port = re.search(r"^https://\S+#\S+$", said, re.MULTILINE), re.search(r"localhost:(\d+)/ and", said)
            assert claim is not None
            assert port is not None
            assert parse_claim(claim[0]).token
            assert speaks_tls(int(port[1]))
            parts = psutil.Process(process.pid).children(recursive=True)
            assert {"mosquitto"} < {part.name() for part in parts}
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
            _, alive = psutil.wait_procs(parts, PATIENCE)
            assert alive == []
        finally:
            for part in psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []:
                part.kill()
            process.kill()


def until(holds: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert process.poll() is None, "it ended"
        assert time.monotonic() < deadline
        time.sleep(0.1)


def speaks_tls(port: int) -> bool:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # of the label, which nobody vouches for
    with socket.create_connection(("127.0.0.1", port), 30) as plain, context.wrap_socket(plain) as secured:
        return secured.version() in {"TLSv1.2", "TLSv1.3"}
