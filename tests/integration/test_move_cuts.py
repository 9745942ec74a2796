"""A device is cut off at every line of a move and of its own end; and what of a place does not come along."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cloud_sink.store import placements
from cloud_sink.store.database import reading
from cloud_sink.trust.placing import Asked, Placer
from edge.contract.payloads import CaptureRejected
from edge.contract.topics import Address
from edge.deliver.envelope import Draft, Stamp
from edge.deliver.outbox import Outbox
from edge.device.camera import memory_key
from edge.device.memory import CameraMemory
from edge.device.order_file import Moving, OrderFile
from edge.device.orders import Orders
from edge.device.overlay import NAME
from edge.device.provision import Wish, ask_in, write_files
from edge.device.settings import read_config
from edge.shelf.stockout_state import tracker_to_dict
from edge.shelf.stockouts import Episode, StockoutTracker, Watch
from tests.edge.device.agents import ROOT
from tests.integration import test_provisioning_cuts

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cloud_sink.trust.fleets import Fleet

fleet = test_provisioning_cuts.fleet
"""A collector with HTTPS in this process."""

AT = datetime(2026, 3, 14, 3, tzinfo=UTC)


def device(fleet: Fleet, folder: Path, name: str) -> Path:
    """A device at s1 that has seen something, has a stock-out open, a usual view and what was desired of it."""
    granted = ask_in(folder, fleet.invite(name, now=datetime.now(UTC)).claim, Wish(), waits=print).granted
    assert granted is not None
    path = write_files(folder, granted, Wish())
    data = read_config(path).data
    tracker = StockoutTracker(AT, "c-9", {"a": Watch(ever_seen=True, episode=Episode("e-1", AT - timedelta(hours=1)))})
    memory = CameraMemory(stockouts=tracker_to_dict(tracker), boxes=((0, 0, 1, 1),))
    rejected = CaptureRejected(capture="c-8", camera="cam-1", fixture="f1", trigger="scheduled", reason="dark")
    with Outbox.open(data / "outbox.db", address=Address("acme", "s1", name)) as outbox:
        outbox.append(
            [Draft(AT, rejected)],
            stamp=Stamp("Asia/Ho_Chi_Minh", "synced", "0" * 32, 1),
            state={memory_key("cam-1"): memory.dump(), "clock": AT.isoformat(), "door/f1": "{}"},
        )
    (data / "views").mkdir()
    (data / "views" / "cam-1.png").write_bytes(b"what it usually sees")
    (data / NAME).write_text("{}")
    return path


def cut(folder: Path, what: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.integration.move_cuts", str(folder), what]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=550)
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_a_device_that_is_cut_off_at_any_line_of_a_move_is_at_its_new_place_and_said_all_of_the_old_one_once(
    fleet: Fleet, tmp_path: Path
) -> None:
    path = device(fleet, tmp_path / "template", "walker")
    text = path.read_text().replace("store: s1", "store: s2")
    assert text != path.read_text()
    OrderFile(path).keep(Moving.away_from(Address("acme", "s1", "walker"), text, order=None))
    told = cut(path.parent, "move")
    assert told["lines"] > 40
    source = "/acme/s1/walker"
    events = [["capture.rejected.v1", source], ["stockout.closed.v1", source]]
    assert told["ends"] == [["s2", events, ["clock"], ["evidence"], True]]


def test_a_device_that_is_cut_off_at_any_line_of_its_end_is_wiped(fleet: Fleet, tmp_path: Path) -> None:
    path = device(fleet, tmp_path / "template", "goner")
    placer = Placer(fleet.database, fleet.registrar, fleet.stores)
    placer.retire("acme", "goner", Asked("mai"), datetime.now(UTC), at_once=True)
    Orders(read_config(path), path).ask()
    told = cut(path.parent, "retire")
    assert told["lines"] > 40
    assert told["ends"] == [[["agent.order.json", "state"]]]
    with reading(fleet.database) as connection:
        (found,) = placements.history(connection, "acme", "goner")
    assert found.ended == "retired"
