from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cloud_sink.releases import bundles
from edge.contract.releases import Limits, Reach
from edge.device.settings import read_config
from edge.update import updating
from edge.update.begin import begin, roll_back
from edge.update.state import MOST_STARTS, StateFiles
from edge.update.trial import Candidate, try_out
from edge.update.updating import Updating
from tests.releases import NOW

if TYPE_CHECKING:
    from edge.update.begin import Beginning
    from edge.update.state import UpdateState
    from tests.edge.update.server import Repository
    from tests.releases import Fleet

ROOT = Path(__file__).resolve().parents[3]
DEMO = ROOT / "configs" / "catalogues" / "demo"
NOBODY: frozenset[str] = frozenset()

AGENT = """\
device: {{tenant: acme, store: s1, id: d1}}
zone: UTC
data: state
cameras:
  - {{id: cam-1, fixture: cooler-1, source: {{kind: snapshot, url: "http://127.0.0.1:9/"}}, schedule: {{every: 1h}}}}
fixtures:
  - {{id: cooler-1{catalogue}}}
updates: {{root: root.json, url: "{url}", every: 1h, healthy_after: 10m{more}}}
"""


class Unit:
    """A device's own file and folder, and its updates without the agent around them."""

    def __init__(self, folder: Path, fleet: Fleet, url: str, *, catalogue: str = "", more: str = "") -> None:
        folder.mkdir()
        (folder / "root.json").write_bytes(fleet.repository.root_file.read_bytes())
        self.path = folder / "agent.yaml"
        self.path.write_text(AGENT.format(url=url, catalogue=catalogue, more=more))
        self.data = folder / "state"

    def begun(self) -> Updating:
        """As after a start, in whichever environment is to run."""
        config = self.begin().config
        assert config.updates is not None
        one = Updating(config, self.path, config.updates, now=lambda: NOW, look=lambda: None)
        one._seen = time.monotonic() - updating.SETTLED  # its thread does that
        return one

    def taken(self) -> Updating:
        """As after a start under what is wanted, on probation."""
        one = self.begun()
        one._look()
        assert one.tend(blind=NOBODY, closed=True)
        return self.begun()

    def running(self) -> int | None:
        return self.begin().running

    def begin(self) -> Beginning:
        return begin(read_config(self.path), self.path, slot=self.state.environment)

    @property
    def state(self) -> UpdateState:
        return StateFiles(self.data / "updates").state()


@pytest.fixture
def unit(tmp_path: Path, fleet: Fleet, server: Repository, monkeypatch: pytest.MonkeyPatch) -> Unit:
    """Its trials are left out: they have tests of their own, and take seconds."""
    monkeypatch.setattr(updating, "try_out", lambda *_: "")
    return Unit(tmp_path / "unit", fleet, server.url)


def proved(one: Updating, *, times: float = 1.0) -> Updating:
    """As if it had worked for so many times what is asked."""
    one._began = time.monotonic() - 600 * times
    return one


def test_a_release_is_taken_runs_and_lasts(unit: Unit, fleet: Fleet) -> None:
    fleet.settings(health_every="2m")
    one = unit.taken()
    assert one.health.stage == "probation"
    assert begin(read_config(unit.path), unit.path).config.health_every == 120
    assert not proved(one).tend(blind=NOBODY, closed=True)
    assert (one.health.running, one.health.wanted, one.health.stage) == (1, 1, "current")


def test_nothing_is_switched_while_the_shop_is_open(unit: Unit, fleet: Fleet) -> None:
    fleet.settings(health_every="2m")
    one = unit.begun()
    one._look()
    assert not one.tend(blind=NOBODY, closed=False)
    assert one.health.stage == "waiting"
    assert one.tend(blind=NOBODY, closed=True)


def test_a_shop_that_never_closes_is_waited_for_a_day(unit: Unit, fleet: Fleet) -> None:
    fleet.settings(health_every="2m")
    one = unit.begun()
    one._look()
    one._ready = updating.Ready(1, None, time.monotonic() - updating.LONGEST_WAIT - 1)
    assert one.tend(blind=NOBODY, closed=False)


def test_a_camera_that_went_blind_with_it_takes_a_release_back(unit: Unit, fleet: Fleet) -> None:
    fleet.settings(health_every="2m")
    one = unit.taken()
    assert not proved(one).tend(blind=frozenset({"cam-1"}), closed=True)  # it may come back
    assert proved(one, times=updating.PATIENCE).tend(blind=frozenset({"cam-1"}), closed=True)
    assert unit.running() is None
    after = unit.begun()
    assert after.health.stage == "rolled_back"
    assert after.health.set_aside == {1: "no frame from camera cam-1 under it"}


def test_nothing_is_judged_before_every_camera_was_asked_for_a_frame(unit: Unit, fleet: Fleet) -> None:
    """At night nobody takes pictures by schedule: that no camera complains says nothing."""
    fleet.settings(health_every="2m")
    one = proved(unit.taken())
    one._seen = float("-inf")
    assert not one.tend(blind=NOBODY, closed=True)
    assert one._state.probation is not None
    one._see()
    one._seen -= updating.SETTLED
    assert not one.tend(blind=NOBODY, closed=True)
    assert StateFiles(unit.data / "updates").state().probation is None


def test_a_camera_that_was_blind_before_does_not(unit: Unit, fleet: Fleet) -> None:
    fleet.settings(health_every="2m")
    one = unit.begun()
    one._look()
    assert one.tend(blind=frozenset({"cam-1"}), closed=True)
    assert not proved(unit.begun()).tend(blind=frozenset({"cam-1"}), closed=True)
    assert StateFiles(unit.data / "updates").state().probation is None


def test_an_agent_that_does_not_last_comes_back_under_the_release_before(unit: Unit, fleet: Fleet) -> None:
    fleet.settings(health_every="2m")
    proved(unit.taken()).tend(blind=NOBODY, closed=True)
    fleet.settings(health_every="3m")
    unit.taken()
    assert [unit.running() for _ in range(MOST_STARTS)][-1] == 1
    assert StateFiles(unit.data / "updates").state().set_aside[2] == f"{MOST_STARTS} starts, and none lasted"


def test_a_release_that_does_not_fit_the_device_is_taken_back_at_the_start(unit: Unit, fleet: Fleet) -> None:
    fleet.settings(cameras={"cam-1": {"fixture": "no-such"}})
    one = unit.begun()
    one._look()
    assert one.tend(blind=NOBODY, closed=True)
    assert unit.running() is None
    assert "no-such" in StateFiles(unit.data / "updates").state().set_aside[1]


def test_what_a_start_could_not_use_is_taken_back_only_on_probation(unit: Unit, fleet: Fleet) -> None:
    fleet.settings(health_every="2m")
    one = unit.taken()
    proved(one).tend(blind=NOBODY, closed=True)
    assert not roll_back(unit.data, "no camera")
    assert unit.running() == 1


def test_a_release_that_is_damaged_is_fetched_again(unit: Unit, fleet: Fleet, server: Repository) -> None:
    fleet.settings(health_every="2m")
    proved(unit.taken()).tend(blind=NOBODY, closed=True)
    (unit.data / "updates" / "releases" / "1" / "settings.json").write_text('{"health_every": "9m"}')
    assert unit.running() is None
    unit.taken()
    assert unit.running() == 1
    assert len(server.asked) == 2


def test_a_release_that_is_not_for_this_device_is_left(unit: Unit, fleet: Fleet) -> None:
    number = fleet.settings(health_every="2m")
    fleet.roll_out(number, reach=Reach(stores=frozenset({"s2"})))
    one = unit.begun()
    one._look()
    assert not one.tend(blind=NOBODY, closed=True)
    assert (one.health.wanted, one.health.stage) == (None, "current")


def test_a_stop_holds_for_what_was_fetched_already(unit: Unit, fleet: Fleet) -> None:
    number = fleet.settings(health_every="2m")
    one = unit.begun()
    one._look()
    fleet.roll_out(number, stopped=True)
    one._look()
    assert not one.tend(blind=NOBODY, closed=True)


def test_only_what_runs_and_what_was_before_is_kept(unit: Unit, fleet: Fleet) -> None:
    for minutes in range(2, 6):
        fleet.settings(health_every=f"{minutes}m")
        proved(unit.taken()).tend(blind=NOBODY, closed=True)
    unit.begun()._look()
    kept = {path.name for path in (unit.data / "updates" / "releases").iterdir()}
    assert kept == {"3", "4"}
    assert len(list((unit.data / "updates" / "content").iterdir())) == 2


def test_a_collector_that_is_away_changes_nothing(unit: Unit, fleet: Fleet, server: Repository) -> None:
    fleet.settings(health_every="2m")
    proved(unit.taken()).tend(blind=NOBODY, closed=True)
    server.shutdown()
    server.server_close()
    one = unit.begun()
    one.start()
    one._awake.set()
    one.stop()
    assert (one.health.running, one.health.stage) == (1, "current")


def test_what_is_not_signed_is_told_and_what_runs_goes_on(
    unit: Unit, fleet: Fleet, server: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.settings(health_every="2m")
    server.lie = lambda path, content: b"{}" if path.endswith("timestamp.json") else content
    monkeypatch.setattr(updating, "MOST_DELAY", 0.0)
    one = unit.begun()
    one.start()
    deadline = time.monotonic() + 40
    while one.health.stage != "faulty" and time.monotonic() < deadline:
        time.sleep(0.02)
    one.stop()
    assert (one.health.running, one.health.stage) == (None, "faulty")


def test_settings_of_a_release_do_not_say_whom_the_device_trusts(unit: Unit, fleet: Fleet) -> None:
    file = fleet.scratch / "forged" / "settings.json"
    fleet.settings(health_every="2m")
    file.parent.mkdir()
    file.write_text(json.dumps({"updates": {"root": "other.json"}, "device": {"store": "s9"}, "health_every": "4m"}))
    fleet.release(bundles._bundle("settings", "settings", {("settings.json",): file}))
    unit.taken()
    config = begin(read_config(unit.path), unit.path).config
    assert config.updates == read_config(unit.path).updates
    assert (config.device.store, config.health_every) == ("s1", 240)


def test_a_kill_before_any_change_of_the_disk_leaves_a_version_that_works(
    tmp_path: Path, fleet: Fleet, server: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(updating, "try_out", lambda *_: "")
        unit = Unit(tmp_path / "unit", fleet, server.url)
        fleet.settings(health_every="2m")
        proved(unit.taken()).tend(blind=NOBODY, closed=True)
    shutil.copytree(unit.data, unit.data.with_name("before"))
    fleet.settings(health_every="3m")
    command = [sys.executable, "-m", "tests.edge.update.crashing", str(unit.path), "2"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])  # before it the log
    assert told["killed"] > 20
    assert told["ran"][0] == 1
    assert told["ran"][-1] == 2
    assert set(told["ran"]) == {1, 2}


@pytest.fixture
def shop(tmp_path: Path, fleet: Fleet, server: Repository) -> Unit:
    """A device with a catalogue and a frame of its shelf."""
    made = Unit(tmp_path / "shop", fleet, server.url, catalogue=f", catalogue: {DEMO}")
    frames = made.data / "updates" / "frames" / "cam-1"
    frames.mkdir(parents=True)
    shutil.copy(min((ROOT / "configs" / "demo" / "frames").glob("*.jpg")), frames / "1.jpg")
    return made


def test_a_release_that_sees_the_same_stands_its_trial(shop: Unit, fleet: Fleet) -> None:
    fleet.release(bundles.catalogue(DEMO))
    one = shop.begun()
    one._look()
    assert one.health.stage == "waiting"


def test_a_release_that_names_other_products_is_refused(shop: Unit, fleet: Fleet) -> None:
    """The catalogue of other shelves, under the name of this one."""
    other = fleet.scratch / "demo"
    shutil.copytree(ROOT / "configs" / "catalogues" / "cooler-vn", other)
    fleet.release(bundles.catalogue(other), limits=Limits(latency=100, memory=100, agreement=0.8))
    one = shop.begun()
    one._look()
    assert one.health.stage == "refused"
    assert "of the facings; at least 0.8" in one.health.set_aside[1]
    assert not one.tend(blind=NOBODY, closed=True)


def test_a_trial_that_is_left_off_says_nothing_of_the_release(shop: Unit) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Exception, match="left off"):
        try_out(shop.path, None, Candidate(1, Limits()), stop)
