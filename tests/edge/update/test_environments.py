"""Environments on the disk, and who runs: the launcher as a process of its own, each time."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from edge.contract.errors import ConfigError, DeliveryError
from edge.device.health import agent_version
from edge.update.building import check_files, site_packages
from edge.update.environments import Environments, other
from edge.update.launch import data_folder, launch
from edge.update.state import MOST_LAUNCHES, MOST_STARTS, StateFiles, UpdateState
from tests.edge.update.agents import SAYS_WHERE, put, small

if TYPE_CHECKING:
    from pathlib import Path

    from edge.update.state import Slot

LAUNCH = "from pathlib import Path; from edge.update.launch import launch; launch(Path({!r})); print('installed')"
NOBODY: frozenset[str] = frozenset()


class Place:
    """A device's configuration and data folder."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "agent.yaml"
        self.config.write_text("data: state\nupdates: {root: root.json}\na_key_of_later_versions: 1\n")
        self.data = folder / "state"
        self.files = StateFiles(self.data / "updates")
        self.environments = Environments(self.data)

    def start(self) -> str:
        """What runs after a start of what was installed."""
        command = [sys.executable, "-P", "-c", LAUNCH.format(str(self.config))]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        return f"{done.stdout.splitlines()[-1] if done.stdout else ''}{done.returncode or ''}"

    def inside(self, slot: Slot) -> str:
        return f"agent in {self.environments.place(slot)}"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A device with an agent in environment a that says where it is."""
    made = Place(tmp_path)
    put(made.data, "a", small(tmp_path / "wheels", files={"edge/cli/app.py": SAYS_WHERE}))
    return made


def on_probation() -> UpdateState:
    return UpdateState().switched(1, blind=NOBODY, environment="a")


def test_what_is_installed_runs_where_nothing_else_is_to(place: Place) -> None:
    assert place.start() == "installed"


def test_a_start_goes_over_to_the_environment_and_is_counted_before(place: Place) -> None:
    place.files.keep(on_probation())
    assert place.start() == place.inside("a")
    state = place.files.state()
    assert state.probation is not None
    assert (state.probation.starts, state.launches) == (1, 1)


def test_a_configuration_without_releases_is_run_by_what_is_installed(place: Place) -> None:
    place.files.keep(on_probation())
    place.config.write_text("data: state\n")
    assert place.start() == "installed"


@pytest.mark.parametrize("damage", ["unsealed", "without Python", "of another Python", "moved away"])
def test_an_environment_that_is_not_whole_is_never_started(place: Place, damage: str) -> None:
    place.files.keep(on_probation().lasted())
    seal = place.environments.path / "a.json"
    if damage == "unsealed":
        seal.unlink()
    elif damage == "without Python":
        place.environments.python("a").unlink()
    elif damage == "of another Python":
        seal.write_text(seal.read_text().replace('"python":"3.', '"python":"2.'))
    else:
        place.environments.place("a").rename(place.data / "elsewhere")
    assert place.start() == "installed"
    assert place.files.state() == UpdateState()


def test_an_environment_that_kills_its_process_is_left_after_some_starts(place: Place, tmp_path: Path) -> None:
    dies = {"edge/cli/app.py": "import os\nos.kill(os.getpid(), 9)\n"}
    put(place.data, "b", small(tmp_path / "bad", "9.1", files=dies), "9.1")
    place.files.keep(on_probation().lasted("9.0").switched(2, blind=NOBODY, environment="b"))
    ran = [place.start() for _ in range(MOST_STARTS + 1)]
    assert ran == ["-9"] * MOST_STARTS + [place.inside("a")]
    state = place.files.state()
    assert (state.running, state.environment, state.before) == (1, "a", None)
    assert state.set_aside == {2: f"{MOST_STARTS} starts, and none lasted"}


def test_an_environment_that_lasted_and_no_longer_comes_up_is_left_and_may_be_made_anew(place: Place) -> None:
    place.files.keep(on_probation().lasted("9.0").model_copy(update={"launches": MOST_LAUNCHES}))
    assert place.start() == "installed"
    state = place.files.state()
    assert (state.running, state.environment, state.set_aside) == (None, None, {})
    assert state.takes(1)


def test_starts_of_one_that_came_up_in_between_are_not_added_up() -> None:
    state = on_probation().lasted()
    for _ in range(3 * MOST_LAUNCHES):
        state = state.launched().came_up()
    assert state.environment == "a"


def test_a_later_agent_that_was_installed_since_runs_in_its_place(place: Place, tmp_path: Path) -> None:
    put(place.data, "a", small(tmp_path / "old", "0.0.1", files={"edge/cli/app.py": SAYS_WHERE}), "0.0.1")
    place.files.keep(on_probation().lasted("0.0.1"))
    assert place.start() == "installed"
    assert (place.files.state().running, place.files.state().environment) == (1, None)
    assert agent_version() != "0.0.1"


def test_on_probation_no_start_is_made_that_the_disk_does_not_count(place: Place) -> None:
    place.files.keep(on_probation())
    (place.data / "updates" / "state.json.part").mkdir()
    assert place.start() == "installed"


def test_what_lasted_is_started_on_a_disk_that_refuses(place: Place) -> None:
    place.files.keep(on_probation().lasted())
    (place.data / "updates" / "state.json.part").mkdir()
    assert place.start() == place.inside("a")


def test_nobody_starts_an_environment_by_hand(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", str(place.environments.place("a")))
    with pytest.raises(ConfigError, match="start the edge that was installed"):
        launch(place.config)


@pytest.mark.parametrize("content", ["", "- 1", "data: 5\nupdates: {root: x}", "data: [", "\0"])
def test_a_configuration_that_cannot_be_read_is_left_to_whoever_says_so(tmp_path: Path, content: str) -> None:
    (tmp_path / "agent.yaml").write_text(content)
    assert data_folder(tmp_path / "agent.yaml") is None


def test_a_wheel_whose_content_is_not_its_record_is_not_installed(tmp_path: Path) -> None:
    wheel = next(small(tmp_path / "wheels").glob("*.whl"))
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("edge/added.py", "import os")
    with pytest.raises(DeliveryError, match=r"edge/added\.py is not mentioned in RECORD"):
        put(tmp_path, "a", wheel.parent)
    assert Environments(tmp_path).seal_of("a") is None


def test_an_agent_without_what_it_requires_is_not_sealed(tmp_path: Path) -> None:
    small(tmp_path / "wheels", requires="numpy>=99")
    with pytest.raises(DeliveryError, match=r"no numpy>=99, which facings 9\.0 requires"):
        put(tmp_path, "a", tmp_path / "wheels")
    assert Environments(tmp_path).seal_of("a") is None


def test_an_agent_of_another_version_than_was_signed_is_not_sealed(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match=r"hold agent 9\.0, and 9\.1 was signed"):
        put(tmp_path, "a", small(tmp_path / "wheels"), "9.1")


def test_a_file_that_the_disk_holds_otherwise_is_found(place: Place) -> None:
    library = site_packages(place.environments.place("a"))
    check_files(library)
    (library / "edge" / "cli" / "app.py").write_text("import this")
    with pytest.raises(DeliveryError, match=r"edge/cli/app\.py of facings-9\.0\.dist-info is not as it was packed"):
        check_files(library)


def test_the_same_wheels_are_known_again(place: Place, tmp_path: Path) -> None:
    put(place.data, "b", small(tmp_path / "more", "9.1"), "9.1", key="1" * 64)
    assert (place.environments.sealed("0" * 64), place.environments.sealed("1" * 64)) == ("a", "b")
    assert place.environments.sealed("2" * 64) is None


def test_an_environment_is_built_over_whatever_was_there(place: Place, tmp_path: Path) -> None:
    put(place.data, "a", small(tmp_path / "more", "9.1"), "9.1")
    dist = [one.name for one in site_packages(place.environments.place("a")).glob("*.dist-info")]
    assert dist == ["facings-9.1.dist-info"]


def test_only_what_is_kept_stays(place: Place, tmp_path: Path) -> None:
    put(place.data, "b", small(tmp_path / "more", "9.1"), "9.1")
    place.environments.prune({None, "b"})
    assert {path.name for path in place.environments.path.iterdir()} == {"b", "b.json"}


def test_the_idle_one_is_the_one_that_does_not_run() -> None:
    assert [other(None), other("a"), other("b")] == ["a", "b", "a"]
