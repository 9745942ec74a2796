"""A device is cut off at every line of its provisioning, and meets a server that is not the one of its claim."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from cloud_sink.api.app import make_app
from cloud_sink.api.context import Context
from cloud_sink.api.serving import WebServer
from cloud_sink.evidence.opening import open_room
from cloud_sink.fleet.products import ProductBook
from cloud_sink.store.database import open_database, reading, upgrade
from cloud_sink.store.rights_tables import audit
from cloud_sink.store.trust_tables import identities
from cloud_sink.trust.keyring import believed_authorities
from edge.contract.errors import DeliveryError
from edge.device.provision import Wish, ask_in, write_files
from tests.cloud_sink.trust.fleets import Fleet, make_fleet
from tests.edge.device.agents import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edge.contract.provisioning import Claim


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A collector with HTTPS in this process; its claims name it."""
    folder = tmp_path_factory.mktemp("fleet")
    engine = open_database(f"sqlite:///{folder / 'sink.db'}")
    upgrade(engine)
    made = make_fleet(engine, folder)
    http = made.config.http.model_copy(update={"port": 0, "key_file": folder / "collector.key", "url": None})
    web = WebServer(http)
    config = made.config.model_copy(
        update={"http": http, "trust": made.config.trust.model_copy(update={"url": f"https://localhost:{_port(web)}"})}
    )
    room = open_room(engine, config)
    app = make_app(Context(engine, config, made.stores, ProductBook({}), room, ready=lambda: True))
    web.start(app, lambda: believed_authorities(engine))
    deadline = time.monotonic() + 40
    while not web.started:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    yield replace(made, config=config)
    web.stop()
    engine.dispose()


def _port(web: WebServer) -> int:
    return int(web.url.rpartition(":")[2])


def test_a_device_that_is_cut_off_at_any_line_goes_on_with_the_same_certificate(fleet: Fleet, tmp_path: Path) -> None:
    claim = fleet.invite("cut").claim.text
    command = [sys.executable, "-m", "tests.integration.cuts", str(tmp_path / "device"), claim]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=550)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["keys"] > 15
    assert told["files"] > 60
    assert told["certificates"] == 1
    with reading(fleet.database) as connection:
        statement = select(func.count()).select_from(identities).where(identities.c.device == "cut")
        assert connection.execute(statement).scalar_one() == 1


def test_to_a_server_with_another_key_nothing_is_sent(fleet: Fleet, tmp_path: Path) -> None:
    claim = fleet.invite("misled").claim
    forged: Claim = replace(claim, pin="A" * 43)

    def asked_for() -> int:
        with reading(fleet.database) as connection:
            return int(connection.execute(select(func.count()).select_from(audit)).scalar_one())

    before = asked_for()
    with pytest.raises(DeliveryError, match="not the server that this claim names"):
        ask_in(tmp_path / "device", forged, Wish(), waits=print)
    assert asked_for() == before
    assert ask_in(tmp_path / "device", claim, Wish(), waits=print).granted is not None


def test_files_of_another_device_are_never_overwritten(fleet: Fleet, tmp_path: Path) -> None:
    first, second = (fleet.invite(name).claim for name in ("one", "two"))
    granted = ask_in(tmp_path, first, Wish(), waits=print).granted
    assert granted is not None
    path = write_files(tmp_path, granted, Wish(camera="rtsp://10.0.0.5/stream1"))
    path.write_text(path.read_text().replace("stream1", "stream2"))  # somebody aimed it
    write_files(tmp_path, granted, Wish())
    assert "stream2" in path.read_text()
    other = ask_in(tmp_path / "other", second, Wish(), waits=print).granted  # with a key of its own
    assert other is not None
    before = (tmp_path / "device.pem").read_text()
    with pytest.raises(Exception, match="of another device"):
        write_files(tmp_path, other, Wish())
    assert (tmp_path / "device.pem").read_text() == before


def test_a_collector_that_is_asked_too_often_is_asked_again(fleet: Fleet, tmp_path: Path) -> None:
    claims = [fleet.invite(f"busy-{number}").claim for number in range(4)]
    http = fleet.config.http.model_copy(
        update={
            "port": 0,
            "access": "users",
            "limits": fleet.config.http.limits.model_copy(update={"sign_ins_per_minute": 0.6}),  # five times that here
        }
    )
    web = WebServer(http)
    config = fleet.config.model_copy(update={"http": http})
    room = open_room(fleet.database, config)
    web.start(make_app(Context(fleet.database, config, fleet.stores, ProductBook({}), room, ready=lambda: True)))
    try:
        until = time.monotonic() + 40
        while not web.started:
            assert time.monotonic() < until
            time.sleep(0.02)
        mine = [replace(claim, address=f"https://localhost:{_port(web)}") for claim in claims]
        for claim in mine[:3]:  # all that may come within 20 s
            assert ask_in(tmp_path / claim.id, claim, Wish(), waits=print).granted is not None
        with pytest.raises(DeliveryError, match="give the same command again"):
            ask_in(tmp_path / "last", mine[3], Wish(), waits=print, patience=0)
        assert ask_in(tmp_path / "last", mine[3], Wish(), waits=print).granted is not None
    finally:
        web.stop()
