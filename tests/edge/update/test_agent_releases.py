"""The agent of a release: chosen, fetched, put into an environment, tried beside what runs, switched to, and back."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from cloud_sink.releases import bundles
from edge.cli.status import release_of
from edge.contract.releases import Limits
from edge.device.settings import read_config
from edge.update import trial, updating
from edge.update.begin import ElsewhereError, begin, came_up
from edge.update.environments import Environments
from edge.update.next_agent import this_platform
from edge.update.state import StateFiles
from edge.update.trial import Candidate, try_out
from tests.edge.update.agents import ROOT, bundled, put, small
from tests.edge.update.test_updating import NOBODY, Unit, proved
from tests.wheels import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.edge.update.server import Repository
    from tests.releases import Fleet


OTHER = "cp312-manylinux_2_17_s390x"
"""A platform that these tests do not run on."""


@pytest.fixture
def unit(tmp_path: Path, fleet: Fleet, server: Repository, monkeypatch: pytest.MonkeyPatch) -> Unit:
    """Its trials are left out, but not its environments."""
    monkeypatch.setattr(updating, "try_out", lambda *_: "")
    return Unit(tmp_path / "unit", fleet, server.url)


def lasts(unit: Unit, number: str) -> None:
    """What was switched to lasts, as if the agent of that version said so."""
    one = proved(unit.taken())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(updating, "agent_version", lambda: number)
        assert not one.tend(blind=NOBODY, closed=True)


def test_an_agent_is_put_into_an_environment_and_lasts_in_it(unit: Unit, fleet: Fleet, tmp_path: Path) -> None:
    fleet.release(bundled(small(tmp_path / "9.0")))
    lasts(unit, "9.0")
    assert (unit.state.running, unit.state.environment, unit.state.agent) == (1, "a", "9.0")
    assert unit.begun().health.environment == "a"


def test_the_next_one_goes_into_the_other_and_there_are_never_more_than_two(
    unit: Unit, fleet: Fleet, tmp_path: Path
) -> None:
    seen = []
    for number in ("9.0", "9.1", "9.2"):
        fleet.release(bundled(small(tmp_path / number, number)))
        lasts(unit, number)
        seen.append((unit.state.environment, unit.state.before_environment))
    assert seen == [("a", None), ("b", "a"), ("a", "b")]
    environments = Environments(unit.data)
    assert [seal.version for slot in ("b", "a") if (seal := environments.seal_of(slot))] == ["9.1", "9.2"]


def test_nothing_goes_back_to_an_environment_that_is_being_built_over(
    unit: Unit, fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in ("9.0", "9.1"):
        fleet.release(bundled(small(tmp_path / number, number)))
        lasts(unit, number)
    fleet.release(bundled(small(tmp_path / "9.2", "9.2")))
    before = []
    monkeypatch.setattr(updating, "prepared", lambda *_: before.append(unit.state.before))
    unit.begun()._look()
    assert before == [None]


def test_a_release_that_says_nothing_of_the_agent_leaves_it_as_it_is(unit: Unit, fleet: Fleet, tmp_path: Path) -> None:
    fleet.release(bundled(small(tmp_path / "9.0")))
    lasts(unit, "9.0")
    fleet.settings(health_every="2m")
    lasts(unit, "9.0")
    assert (unit.state.running, unit.state.environment, unit.state.before_environment) == (2, "a", "a")


def test_the_same_agent_in_a_new_release_is_not_built_again(unit: Unit, fleet: Fleet, tmp_path: Path) -> None:
    fleet.release(bundled(small(tmp_path / "9.0")))
    lasts(unit, "9.0")
    built = (unit.data / "environments" / "a.json").stat().st_mtime_ns
    fleet.release(bundled(tmp_path / "9.0"))
    lasts(unit, "9.0")
    assert (unit.state.running, unit.state.environment) == (2, "a")
    assert (unit.data / "environments" / "a.json").stat().st_mtime_ns == built
    assert not (unit.data / "environments" / "b").exists()


def test_wheels_that_two_agents_share_are_fetched_once(
    unit: Unit, fleet: Fleet, server: Repository, tmp_path: Path
) -> None:
    for number in ("9.0", "9.1"):
        make_wheel(small(tmp_path / number, number, requires="tool"), "tool", "1.0")
        fleet.release(bundled(tmp_path / number))
        lasts(unit, number)
    assert len(server.asked) == 3


def test_wheels_for_other_devices_are_not_fetched(unit: Unit, fleet: Fleet, server: Repository, tmp_path: Path) -> None:
    folder = small(tmp_path / "9.0", requires="tool")
    for platform in (OTHER, this_platform()):
        make_wheel(folder, "tool", "1.0", tag=f"py3-none-{platform.split('-')[1]}")
    fleet.release(bundles.agent([folder], [OTHER, this_platform()]))
    lasts(unit, "9.0")
    assert len(server.asked) == 2


def test_an_agent_for_other_devices_is_refused_in_a_clear_word(
    unit: Unit, fleet: Fleet, server: Repository, tmp_path: Path
) -> None:
    fleet.release(bundles.agent([small(tmp_path / "9.0")], [OTHER]))
    one = unit.begun()
    one._look()
    assert one.health.stage == "refused"
    assert one.health.set_aside[1] == f"its agent is for {OTHER}; this device is {this_platform()}"
    assert server.asked == []


def test_an_agent_older_than_the_one_that_lasted_is_refused(unit: Unit, fleet: Fleet, tmp_path: Path) -> None:
    fleet.release(bundled(small(tmp_path / "9.1", "9.1")))
    lasts(unit, "9.1")
    fleet.release(bundled(small(tmp_path / "9.0", "9.0")))
    one = unit.begun()
    one._look()
    assert one.health.set_aside == {2: "its agent 9.0 is older than 9.1, which lasted here"}


def test_an_agent_older_than_what_is_installed_is_refused(unit: Unit, fleet: Fleet, tmp_path: Path) -> None:
    fleet.release(bundled(small(tmp_path / "0.0", "0.0.1")))
    one = unit.begun()
    one._look()
    assert one.health.stage == "refused"
    assert "its agent 0.0.1 is older than" in one.health.set_aside[1]


def test_an_agent_that_does_not_fit_on_the_disk_is_not_fetched(
    unit: Unit, fleet: Fleet, server: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.release(bundled(small(tmp_path / "9.0")))
    monkeypatch.setattr(updating, "SPARE_BYTES", 2**60)
    with pytest.raises(Exception, match="MB are needed, and the disk has"):
        unit.begun()._look()
    assert server.asked == []


def test_an_agent_that_cannot_be_put_into_an_environment_is_refused(unit: Unit, fleet: Fleet, tmp_path: Path) -> None:
    """Two wheels that write one file: each is as it was packed."""
    folder = small(tmp_path / "9.0", requires="tool")
    make_wheel(folder, "tool", "1.0", files={"edge/cli/app.py": ""})
    fleet.release(bundled(folder))
    one = unit.begun()
    one._look()
    assert one.health.stage == "refused"
    assert "agent 9.0 cannot be put into environment a: tool-1.0-py3-none-any.whl" in one.health.set_aside[1]
    assert not (unit.data / "environments" / "a").exists()


def test_back_is_to_the_environment_before(unit: Unit, fleet: Fleet, tmp_path: Path) -> None:
    fleet.release(bundled(small(tmp_path / "9.0")))
    lasts(unit, "9.0")
    fleet.release(bundled(small(tmp_path / "9.1", "9.1")))
    one = proved(unit.taken(), times=updating.PATIENCE)
    assert unit.state.environment == "b"
    assert one.tend(blind=frozenset({"cam-1"}), closed=True)
    assert (unit.state.running, unit.state.environment) == (1, "a")
    unit.begun()._look()
    assert not (unit.data / "environments" / "b").exists()


def test_a_status_names_the_agent_its_environment_and_the_platform(unit: Unit, fleet: Fleet, tmp_path: Path) -> None:
    fleet.release(bundled(small(tmp_path / "9.0")))
    lasts(unit, "9.0")
    release = release_of(read_config(unit.path))
    assert release is not None
    assert (release["agent"], release["environment"], release["platform"]) == ("9.0", "a", this_platform())


def test_an_environment_that_works_says_so_once(unit: Unit, fleet: Fleet, tmp_path: Path) -> None:
    fleet.release(bundled(small(tmp_path / "9.0")))
    lasts(unit, "9.0")
    files = StateFiles(unit.data / "updates")
    files.keep(files.state().launched())
    one = unit.begun()
    one.tend(blind=NOBODY, closed=True)
    assert unit.state.launches == 1
    one._began -= 2 * updating.STEADY
    one.tend(blind=NOBODY, closed=True)
    assert unit.state.launches == 0


def test_an_agent_that_ends_in_an_orderly_way_came_up(unit: Unit, fleet: Fleet, tmp_path: Path) -> None:
    fleet.release(bundled(small(tmp_path / "9.0")))
    lasts(unit, "9.0")
    files = StateFiles(unit.data / "updates")
    files.keep(files.state().launched())
    came_up(unit.data)
    assert unit.state.launches == 0


def test_what_cannot_be_used_in_an_environment_is_gone_on_with_in_the_one_before(
    unit: Unit, fleet: Fleet, tmp_path: Path
) -> None:
    fleet.release(bundled(small(tmp_path / "9.0")))
    lasts(unit, "9.0")
    fleet.release(bundled(small(tmp_path / "9.1", "9.1")))
    unit.taken()
    shutil.rmtree(unit.data / "updates" / "releases" / "2")
    with pytest.raises(ElsewhereError) as raised:
        begin(read_config(unit.path), unit.path, slot="b")
    assert not raised.value.floor
    assert (unit.state.running, unit.state.environment) == (1, "a")


def test_where_the_disk_does_not_take_that_down_what_is_installed_runs(
    unit: Unit, fleet: Fleet, tmp_path: Path
) -> None:
    fleet.release(bundled(small(tmp_path / "9.0")))
    lasts(unit, "9.0")
    shutil.rmtree(unit.data / "updates" / "releases" / "1")
    (unit.data / "updates" / "state.json.part").mkdir()
    with pytest.raises(ElsewhereError) as raised:
        begin(read_config(unit.path), unit.path, slot="a")
    assert raised.value.floor
    assert begin(read_config(unit.path), unit.path).running is None


READS = """print('{"frames": {"cam-1/9.jpg": []}, "milliseconds": [1], "memory_mb": 1}')"""


def test_a_kill_before_any_change_of_the_disk_leaves_a_whole_environment(
    unit: Unit, fleet: Fleet, tmp_path: Path
) -> None:
    """The third agent is built over the first, while the second runs."""
    for number in ("9.1", "9.2", "9.3"):
        fleet.release(bundled(small(tmp_path / number, number)))
        if number != "9.3":
            lasts(unit, number)
    unit.data.rename(unit.data.with_name("before"))
    command = [sys.executable, "-m", "tests.edge.update.crashing", str(unit.path), "3"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=400, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["killed"] > 60
    assert (told["ran"][0], told["ran"][-1]) == (2, 3)
    assert set(told["ran"]) == {2, 3}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A device with a frame of a shelf; where its agent's file is."""
    folder = tmp_path_factory.mktemp("shop")
    frames = folder / "state" / "updates" / "frames" / "cam-1"
    frames.mkdir(parents=True)
    shutil.copy(min((ROOT / "configs" / "demo" / "frames").glob("*.jpg")), frames / "1.jpg")
    path = folder / "agent.yaml"
    path.write_text(
        "device: {tenant: acme, store: s1, id: d1}\nzone: UTC\ndata: state\nfixtures: [{id: cooler-1}]\n"
        "cameras: [{id: cam-1, fixture: cooler-1, source: {kind: snapshot, url: 'http://127.0.0.1:9/'},"
        " schedule: {every: 1h}}]\nupdates: {root: root.json}\n"
    )
    return path


@pytest.mark.parametrize(
    ("module", "content", "why"),
    [
        ("cli/app", "raise RuntimeError('broken')", "agent 9.0 cannot be started: RuntimeError: broken"),
        ("cli/app", "import no_such_library", "No module named 'no_such_library'"),
        ("cli/app", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "ended by SIGSEGV"),
        ("cli/app", "print('facings 8.0')", "agent 9.0 says it is 'facings 8.0'"),
        ("update/trial", "raise MemoryError", "MemoryError"),
        ("update/trial", READS, "it did not read every frame"),
    ],
)
def test_an_agent_that_is_worse_does_not_stand_its_trial(
    shop: Path, tmp_path: Path, module: str, content: str, why: str
) -> None:
    put(tmp_path, "a", small(tmp_path / "wheels", files={f"edge/{module}.py": content}))
    candidate = Candidate(1, Limits(), Environments(tmp_path).python("a"), "9.0")
    assert why in try_out(shop, None, candidate, threading.Event())


def test_an_agent_that_hangs_does_not_stand_its_trial(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "a", small(tmp_path / "wheels", files={"edge/cli/app.py": "import time; time.sleep(600)"}))
    monkeypatch.setattr(trial, "LONGEST_START", 0.5)
    candidate = Candidate(1, Limits(), Environments(tmp_path).python("a"), "9.0")
    assert try_out(shop, None, candidate, threading.Event()) == "agent 9.0 cannot be started: no answer within 0.5 s"
