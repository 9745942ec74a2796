"""A support bundle holds what helps, and no secret."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from edge.cli.app import app
from edge.device.redact import Redactor
from edge.device.settings import read_config
from tests.brokers import free_port
from tests.edge.deliver.goods import STAMP, draft, open_outbox
from tests.edge.device.agents import write_config
from tests.edge.device.papers import issue

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
PLANTED = ["geheim-1", "g%40heim-2", "g@heim-2", "t0ken-3", "passw0rt-4", "cam-5-secret"]


def planted(folder: Path) -> Path:
    """A configuration with a secret wherever one can be."""
    (folder / "password").write_text("passw0rt-4")
    days = {"since": NOW, "until": NOW + timedelta(days=1)}
    certificate, key = issue(folder, "dev-1", **days)
    sources = {
        "a": {"kind": "rtsp", "url": "rtsp://admin:geheim-1@127.0.0.1:9/1"},
        "b": {"kind": "snapshot", "url": "http://u:g%40heim-2@127.0.0.1:9/s?token=t0ken-3"},
        "c": {"kind": "rtsp", "url": "rtsp://127.0.0.1:9/user=x&password=cam-5-secret&c=1"},
    }
    return write_config(
        folder,
        port=free_port(),
        broker={
            "port": free_port(),
            "username": "dev-1",
            "password_file": "password",
            "ca_file": str(certificate),
            "cert_file": str(certificate),
            "key_file": str(key),
        },
        cameras=[{"id": name, "fixture": name, "source": source, "deadline": "1s"} for name, source in sources.items()],
        fixtures=[{"id": name} for name in sources],
    )


def test_a_bundle_holds_what_support_needs_and_no_secret(tmp_path: Path) -> None:
    config = planted(tmp_path)
    read = read_config(config)
    read.data.mkdir()
    with open_outbox(read.data / "outbox.db") as outbox:
        outbox.append([draft("device.health.v1")], stamp=STAMP)
    log = tmp_path / "agent.log"
    log.write_text("\n".join(f"it said {secret} and went on" for secret in PLANTED) + "\nlast line\n")
    out = tmp_path / "support.zip"
    done = CliRunner().invoke(app, ["doctor", "--config", str(config), "--bundle", str(out), "--log", str(log)])
    assert done.exit_code == 1  # the cameras are not there
    with zipfile.ZipFile(out) as bundle:
        held = {name: bundle.read(name).decode() for name in bundle.namelist()}
    assert set(held) == {"doctor.json", "configuration.yaml", "versions.json", "outbox.json", "log.txt"}
    everything = "\n".join([*held.values(), done.stdout])
    for secret in (*PLANTED, "PRIVATE KEY"):
        assert secret not in everything, secret
    key = (tmp_path / "dev-1.key").read_text().splitlines()[1]
    assert key not in everything
    assert "rtsp://***@127.0.0.1:9/1" in held["configuration.yaml"]
    assert "last line" in held["log.txt"]
    assert json.loads(held["versions.json"])["packages"]["facings"]
    assert json.loads(held["outbox.json"])["waiting"] == 1
    assert json.loads(held["doctor.json"])["failed"] > 0


def test_an_unknown_secret_in_a_log_is_known_by_its_look() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----"
    text = f'password=abc123 token: "xyz9" rtsp://u:pw@h/s?auth=1 {key}'
    clean = Redactor(None).clean(text)
    assert clean == 'password=*** token: "***" rtsp://***@h/s?*** ***'


def test_what_is_no_secret_stays() -> None:
    text = "camera /dev/video0: check its address, its password and the network; facings-0.1.0, /etc/facings/password"
    assert Redactor(None).clean(text) == text
