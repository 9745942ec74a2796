"""Certificates and keys are judged before a link fails for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from edge.contract.config import BrokerSection
from edge.device.checks.certificates import check_certificates
from edge.device.checks.peers import check_broker
from edge.device.settings import read_config
from tests.brokers import Mosquitto, free_port
from tests.edge.device.agents import frames, live_camera, write_config
from tests.edge.device.papers import issue

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "until", "status", "said"),
    [
        (-10, 300, "ok", "valid until"),
        (-300, 10, "warning", "in 10 days"),
        (-300, -1, "failed", "expired on"),
        (1, 300, "failed", "not valid before"),
    ],
)
def test_a_certificate_is_judged_by_its_days(tmp_path: Path, since: int, until: int, status: str, said: str) -> None:
    days = NOW + timedelta(days=since), NOW + timedelta(days=until)
    certificate, key = issue(tmp_path, "dev-1", since=days[0], until=days[1])
    found = check_certificates(BrokerSection(cert_file=certificate, key_file=key), now=NOW)
    assert [one.check for one in found] == ["certificate of the device", "key of the device"]
    assert (found[0].status, found[1].status) == (status, "ok")
    assert said in found[0].what


def test_a_key_that_others_may_read_or_that_is_of_another_certificate_is_found(tmp_path: Path) -> None:
    days = {"since": NOW - timedelta(days=9), "until": NOW + timedelta(days=300)}
    certificate, key = issue(tmp_path, "dev-1", **days)
    _, other = issue(tmp_path, "dev-2", **days)
    (_, mismatch) = check_certificates(BrokerSection(cert_file=certificate, key_file=other), now=NOW)
    assert (mismatch.status, "is not the key of" in mismatch.what) == ("failed", True)
    key.chmod(0o644)
    (_, open_to_all) = check_certificates(BrokerSection(cert_file=certificate, key_file=key), now=NOW)
    assert (open_to_all.status, "mode 644" in open_to_all.what) == ("failed", True)


def test_files_that_are_no_certificates_or_are_not_there_are_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("hello")
    broker = BrokerSection(ca_file=tmp_path / "ca.pem", password_file=tmp_path / "nowhere")
    found = check_certificates(broker, now=NOW)
    assert [one.status for one in found] == ["failed", "failed"]
    assert "no certificate in PEM form" in found[0].what
    assert "No such file" in found[1].what


def test_a_broker_behind_tls_is_judged_step_by_step(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    certificate, key = issue(tmp_path, "elsewhere", since=now - timedelta(days=1), until=now + timedelta(days=90))
    key.chmod(0o644)
    port = free_port()
    settings = f"listener {port} 127.0.0.1\ncertfile {certificate}\nkeyfile {key}\n"
    camera = live_camera(frames(tmp_path / "frames", 1))
    config = write_config(tmp_path, port=port, cameras=[camera], broker={"port": port, "ca_file": str(certificate)})
    with Mosquitto(tmp_path / "broker", settings=settings):
        found = check_broker(read_config(config), running=False)
    assert [(one.check, one.status) for one in found] == [
        ("broker address", "ok"),
        ("broker TCP", "ok"),
        ("broker TLS", "failed"),  # it is not called 127.0.0.1
    ]
