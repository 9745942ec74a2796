"""`edge aim`: a label for the image, a page that asks for the label's PIN, and a plain one for a tunnel."""

from __future__ import annotations

import html
import json
import re
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from edge.aim.certificate import fingerprint
from edge.aim.pin import Pin, this_boot
from edge.cli.app import app
from tests.brokers import free_port
from tests.edge.device.agents import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE = 40.0


@contextmanager
def page(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    log = folder / "log"
    command = [sys.executable, "-m", "edge.cli.app", "aim", "--folder", str(folder), *words]
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, cwd=ROOT)
    try:
        deadline = time.monotonic() + PATIENCE
        while "open" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield process, log
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(PATIENCE)


def test_a_label_has_address_pin_and_fingerprint_and_the_page_asks_for_that_pin(tmp_path: Path) -> None:
    label, port = tmp_path / "label.html", free_port()
    words = ["aim", "--folder", str(tmp_path), "--host", "unit-07.local", "--port", str(port)]
    done = CliRunner().invoke(app, [*words, "--label", str(label)])
    assert done.exit_code == 0, done.output
    assert label.stat().st_mode & 0o777 == 0o600
    text = html.unescape(label.read_text(encoding="utf-8"))
    assert f"https://unit-07.local:{port}/" in text
    (said,) = re.findall(r"<b>(\d{4} \d{4})</b>", text)
    with page(tmp_path, "--port", str(port)) as (process, log):
        told = log.read_text()
        assert f"https://unit-07.local:{port}/ is open; the PIN is on the label" in told
        assert said.replace(" ", "") not in told.replace(" ", "")
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 1
    pin = Pin.load(tmp_path, boot=this_boot)
    assert pin is not None
    assert fingerprint(pin.certificate) in text
    assert pin.enter(said)


def test_plain_is_for_a_tunnel_and_says_no_more_than_loopback(tmp_path: Path) -> None:
    port = free_port()
    with page(tmp_path, "--plain", "--port", str(port)) as (_, log):
        assert f"http://127.0.0.1:{port}/" in log.read_text()
        assert "SHA-256" not in log.read_text()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/state", timeout=PATIENCE) as answer:
            assert json.loads(answer.read()) == {"stage": "enter"}


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    port = free_port()
    with page(tmp_path, "--plain", "--port", str(port)):
        (tmp_path / "other").mkdir()
        command = [sys.executable, "-m", "edge.cli.app", "aim", "--folder", str(tmp_path / "other"), "--plain"]
        done = subprocess.run(
            [*command, "--port", str(port)], capture_output=True, text=True, check=False, cwd=ROOT, timeout=PATIENCE
        )
        assert done.returncode == 1
        assert done.stderr.splitlines()[-1] == f"error: port {port}: Address already in use (give another --port)"
