"""More of what a hostile collector or network can do to a device, over real HTTP: nothing of it is taken or run."""

from __future__ import annotations

import json
import shutil
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tuf.api.metadata import Metadata, TargetFile, Targets

from cloud_sink.releases.keys import signers_of
from cloud_sink.releases.metadata import version
from cloud_sink.releases.repository import Repository as Signed
from cloud_sink.releases.repository import hashed
from edge.contract.releases import ROLL_OUT, ROLL_OUT_ROLE, Candidate, Reach, RollOutPlan, release_target
from edge.device.clock import Clock
from edge.update import fetch
from edge.update.trusted import AwayError, FaultyError
from tests.releases import NOW, PASSPHRASE, Fleet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.edge.update.device import Device
    from tests.edge.update.server import Repository


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less patience with who is slow than a device has."""
    monkeypatch.setattr(fetch, "LEAST_SECONDS", 0.5)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("drips", ["timestamp.json", "targets/content/", "head of targets/content/"])
def test_slow_retrieval_who_sends_in_drops_is_left(
    fleet: Fleet, device: Device, server: Repository, drips: str
) -> None:
    """Each byte comes within every timeout; all of them would take days."""
    fleet.settings(health_every="2m")
    server.drips, server.drips_head = drips.removeprefix("head of "), drips.startswith("head of ")
    with pytest.raises(AwayError):
        device.take()
    server.drips = None
    assert device.take().number == 1


def test_a_file_with_bytes_after_its_own_is_refused(fleet: Fleet, device: Device, server: Repository) -> None:
    """The signed content, and more behind it."""
    fleet.settings(health_every="2m")
    server.lie = lambda path, content: (
        content + b"x" * 10_000 if content is not None and path.startswith("targets/content/") else content
    )
    with pytest.raises(FaultyError, match="more bytes than were signed"):
        device.take()
    assert not device.folder.place(1).exists()


def test_a_file_of_the_right_hash_and_another_size_is_refused(fleet: Fleet, device: Device) -> None:
    """The list of the release and the metadata name two sizes, with one hash."""
    fleet.settings(health_every="2m")
    release = device.look().release(1)
    file = release.files[0]
    with pytest.raises(FaultyError, match="name two"):
        device.look().fetch(file.sha256, file.size + 1, threading.Event())


def _forge_targets(fleet: Fleet, change: Callable[[Targets], None]) -> None:
    """Targets as whoever has the key for them signs by hand."""
    repository = fleet.repository
    listed = repository.signed.load(Targets.type, Targets)
    change(listed.signed)
    listed.signed.version = version(listed.signed.version, NOW)
    listed.sign(signers_of(fleet.keys, PASSPHRASE)[1])
    repository.signed.put(Targets.type, listed)
    repository.stand(NOW)


@pytest.mark.parametrize("path", [["..", "..", "agent.yaml"], ["/etc", "passwd"], ["a/../../b"], [".hidden"], ["a\n"]])
def test_a_path_out_of_the_release_is_refused_even_if_it_is_signed(
    fleet: Fleet, device: Device, path: list[str]
) -> None:
    fleet.settings(health_every="2m")
    content = fleet.repository.release(1).model_dump(mode="json")
    bundle = {"kind": "models", "name": "models", "files": [{**content["bundles"][0]["files"][0], "path": path}]}
    data = json.dumps({**content, "bundles": [bundle]}).encode()

    def change(targets: Targets) -> None:
        targets.targets[release_target(1)] = fleet.repository.place(release_target(1), data)

    _forge_targets(fleet, change)
    with pytest.raises(FaultyError, match="should match pattern"):
        device.take()
    assert not device.folder.place(1).exists()


def test_a_link_that_waits_where_a_file_is_to_come_is_not_written_through(
    fleet: Fleet, device: Device, tmp_path: Path
) -> None:
    """A release is made of whole files under names of its own; what a link points to stays as it is."""
    fleet.settings(health_every="2m")
    precious = tmp_path / "precious"
    precious.write_text("precious")
    made = device.folder.path / "releases" / ".1"
    made.mkdir(parents=True)
    (made / "settings.json").symlink_to(precious)
    device.take()
    assert precious.read_text() == "precious"
    assert not (device.folder.place(1) / "settings.json").is_symlink()


def test_arbitrary_software_that_a_plan_names_and_nobody_signed_is_not_fetched(
    fleet: Fleet, device: Device, server: Repository
) -> None:
    """The server was taken over: its plan names a release of its own."""
    fleet.settings(health_every="2m")
    forged = fleet.repository.release(1).model_copy(update={"number": 7})
    fleet.repository.place(release_target(7), forged.model_dump_json().encode())
    _sign_plan(fleet, RollOutPlan(candidate=Candidate(number=7, reach=Reach(percent=100))))
    trusted = device.look()
    assert trusted.plan.wanted(store="s1", device="d1") == 7
    with pytest.raises(FaultyError, match=r"releases/7.json is not signed"):
        trusted.release(7)
    assert not any("releases/" in path for path in server.sent)


def _sign_plan(fleet: Fleet, plan: RollOutPlan, **more: TargetFile) -> None:
    """A plan, and whatever else, as whoever has the server's keys signs them."""
    repository = fleet.repository
    listed = repository.signed.load(ROLL_OUT_ROLE, Targets).signed
    listed.targets[ROLL_OUT] = repository.place(ROLL_OUT, plan.model_dump_json().encode())
    listed.targets.update({target.path: target for target in more.values()})
    listed.version = version(listed.version, NOW)
    metadata = Metadata(listed)
    metadata.sign(repository._key("roll-out"))
    repository.signed.put(ROLL_OUT_ROLE, metadata)
    repository.stand(NOW)


def test_extraneous_targets_of_the_server_s_role_are_none(fleet: Fleet, device: Device) -> None:
    """Its key signs roll-out/* alone: a release among what it signs is as good as unsigned."""
    fleet.settings(health_every="2m")
    forged = fleet.repository.release(1).model_copy(update={"number": 7})
    target = fleet.repository.place(release_target(7), forged.model_dump_json().encode())
    _sign_plan(fleet, RollOutPlan(candidate=Candidate(number=7, reach=Reach(percent=100))), release=target)
    with pytest.raises(FaultyError, match=r"releases/7.json is not signed"):
        device.take()


def test_a_plan_that_was_in_force_once_is_not_believed_again(
    fleet: Fleet, device: Device, server: Repository, tmp_path: Path
) -> None:
    """Replay: the plan that reached this device, after one that took it out."""
    number = fleet.settings(health_every="2m")
    shutil.copytree(fleet.repository.folder, tmp_path / "old")
    old = Signed(tmp_path / "old")
    fleet.roll_out(number, reach=Reach(devices=frozenset({"d2"})))
    role = old.signed.file(ROLL_OUT_ROLE).read_bytes()
    server.lie = lambda path, content: role if path.endswith(".roll-out.json") else content
    with pytest.raises(FaultyError, match="of two moments"):
        device.look()
    server.lie = lambda _path, content: content
    assert device.look().plan.wanted(store="s1", device="d1") is None
    plan = (old.targets / hashed(old.signed.load(ROLL_OUT_ROLE, Targets).signed.targets[ROLL_OUT])).read_bytes()
    server.lie = lambda path, content: plan if path.endswith(".plan.json") else content
    with pytest.raises(FaultyError, match=r"not the file that was signed|more bytes"):
        device.look()


def test_a_device_in_1970_is_not_shown_an_old_state(fleet: Fleet, device: Device) -> None:
    """Its wall clock says that nothing has expired; what it knows is past says otherwise."""
    fleet.settings(health_every="2m")

    class In1970(Clock):
        def wall(self) -> datetime:
            return datetime(1970, 1, 1, tzinfo=UTC)

    clock = In1970(latest_provable=NOW + timedelta(days=10))
    with pytest.raises(FaultyError, match="has expired"):
        device.look(now=clock.likely())
    fleet.repository.keep_valid(NOW + timedelta(days=10))
    assert device.take(now=clock.likely()).number == 1


def test_a_device_in_2099_takes_nothing_until_it_hears_the_time(fleet: Fleet, device: Device) -> None:
    """And nothing that it saw keeps it from going on then."""
    fleet.settings(health_every="2m")

    class In2099(Clock):
        def wall(self) -> datetime:
            return datetime(2099, 1, 1, tzinfo=UTC)

    clock = In2099(latest_provable=NOW - timedelta(days=10))
    with pytest.raises(FaultyError, match="look at the device's clock"):
        device.look(now=clock.likely())
    clock.hear(NOW)
    assert device.take(now=clock.likely()).number == 1


def test_another_tenant_s_release_is_none_of_this_fleet(fleet: Fleet, device: Device, server: Repository) -> None:
    """One owner's keys for two fleets on one stick: each fleet has keys of its own all the same."""
    other = Signed(fleet.repository.folder.with_name("other"))
    other.make(fleet.keys, PASSPHRASE, NOW)
    Fleet(other, fleet.keys, fleet.scratch).settings(health_every="1s")
    server.folder = other.folder
    with pytest.raises(FaultyError, match="not signed by this fleet"):
        device.look()
