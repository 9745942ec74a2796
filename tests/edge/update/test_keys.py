"""Keys that change, get lost and are stolen: devices follow what the owner signed, over real HTTP, and no thief."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tuf.api.metadata import Targets

from cloud_sink.releases import metadata, publishing, repository
from cloud_sink.releases.authority import KeyChange
from cloud_sink.releases.files import write_whole
from cloud_sink.releases.keys import signers_of
from cloud_sink.releases.publishing import prepare_keys, publish
from cloud_sink.releases.repository import Repository as Signed
from cloud_sink.releases.roller import look
from edge.contract.errors import ConfigError
from edge.update.trusted import FaultyError
from tests.cloud_sink.releases.holders import Holder, change
from tests.releases import NOW, PASSPHRASE, Fleet

if TYPE_CHECKING:
    from pathlib import Path

    from tests.edge.update.device import Device
    from tests.edge.update.server import Repository

FAR_AHEAD = 2**40


@pytest.fixture
def owner(fleet: Fleet) -> Holder:
    return Holder(fleet.keys)


def stolen(fleet: Fleet, folder: Path) -> Fleet:
    """The server's folder with its keys, as a thief has it."""
    shutil.copytree(fleet.repository.folder, folder)
    return Fleet(Signed(folder), fleet.keys, fleet.scratch)


def test_a_device_that_saw_root_1_last_walks_to_root_4(
    fleet: Fleet, device: Device, owner: Holder, tmp_path: Path
) -> None:
    """Each by another key: the first owner's signs the last root no more."""
    fleet.settings(health_every="2m")
    assert device.take().number == 1
    alice, bob = Holder(tmp_path / "alice"), Holder(tmp_path / "bob")
    change(fleet, KeyChange(add=(alice.make("root"), bob.make("root"))), owner)
    change(fleet, KeyChange(remove=(("root", "owner"),), thresholds={"root": 2}), owner, alice, bob)
    change(fleet, KeyChange(add=(alice.make("targets"),), remove=(("targets", "owner"),)), alice, bob)
    release = Fleet(fleet.repository, alice.folder, fleet.scratch).settings(health_every="3m")
    assert device.take().number == release == 2
    seen = {path.name for path in (device.folder.metadata / "root_history").iterdir()}
    assert seen == {f"{number}.root.json" for number in range(1, 5)}


def test_one_of_two_that_must_sign_changes_nothing(fleet: Fleet, owner: Holder, tmp_path: Path) -> None:
    alice, bob = Holder(tmp_path / "alice"), Holder(tmp_path / "bob")
    change(fleet, KeyChange(add=(alice.make("root"), bob.make("root")), thresholds={"root": 2}), owner, alice)
    with pytest.raises(ConfigError, match="root: 1 of 2 signed"):
        change(fleet, KeyChange(remove=(("root", "owner"),)), bob)
    assert fleet.repository.signed.root().version == 2


def test_a_lost_key_of_three_is_replaced_by_the_other_two(
    fleet: Fleet, device: Device, owner: Holder, tmp_path: Path
) -> None:
    alice, bob, carol = (Holder(tmp_path / name) for name in ("alice", "bob", "carol"))
    change(fleet, KeyChange(add=(alice.make("root"), bob.make("root")), thresholds={"root": 2}), owner, alice)
    device.look()
    change(fleet, KeyChange(add=(carol.make("root"),), remove=(("root", "bob"),)), owner, alice)
    device.look()
    assert fleet.repository.signed.root().version == 3


def test_a_key_that_was_removed_signs_no_release_any_more(fleet: Fleet, owner: Holder, tmp_path: Path) -> None:
    alice = Holder(tmp_path / "alice")
    change(fleet, KeyChange(add=(alice.make("targets"),), remove=(("targets", "owner"),)), owner, alice)
    shutil.move(fleet.keys / "root.pem", tmp_path / "kept")
    with pytest.raises(ConfigError, match="not those of acme"):
        fleet.settings(health_every="2m")


def test_a_thief_of_the_targets_key_is_shut_out_by_a_new_one(
    fleet: Fleet, device: Device, server: Repository, owner: Holder, tmp_path: Path
) -> None:
    """With the server's keys as well, the thief's repository is believed until the root changes."""
    fleet.settings(health_every="2m")
    thief = stolen(fleet, tmp_path / "stolen")
    alice = Holder(tmp_path / "alice")
    change(fleet, KeyChange(add=(alice.make("targets"),), remove=(("targets", "owner"),)), owner, alice)
    device.look()
    thief.settings(health_every="1s", now=NOW + timedelta(hours=1))
    server.folder = thief.repository.folder
    with pytest.raises(FaultyError, match="not signed by this fleet"):
        device.look()


def test_a_thief_who_ran_far_ahead_with_every_version_is_forgotten_with_its_keys(
    fleet: Fleet, device: Device, server: Repository, owner: Holder, tmp_path: Path
) -> None:
    """Fast-forward: whoever had targets, snapshot, timestamp and roll-out keys signed versions nobody ever reaches."""
    fleet.settings(health_every="2m")
    thief = stolen(fleet, tmp_path / "stolen").repository
    targets = thief.signed.load(Targets.type, Targets)
    targets.signed.version = FAR_AHEAD
    targets.sign(signers_of(fleet.keys, PASSPHRASE)[1])
    thief.signed.put(Targets.type, targets)
    thief.sign_anew(NOW + timedelta(days=365 * 1000))
    server.folder = thief.folder
    device.look()
    server.folder = fleet.repository.folder
    with pytest.raises(FaultyError, match="older than what was seen before"):
        device.look()
    alice = Holder(tmp_path / "alice")
    change(fleet, KeyChange(add=(alice.make("targets"),), remove=(("targets", "owner"),)), owner, alice)
    assert device.take().number == 1


def test_new_keys_of_the_server_shut_out_whoever_took_it_over(
    fleet: Fleet, device: Device, server: Repository, owner: Holder, tmp_path: Path
) -> None:
    number = fleet.settings(health_every="2m")
    thief = stolen(fleet, tmp_path / "stolen")
    thief.roll_out(number, stopped=True, now=NOW + timedelta(days=400))
    server.folder = thief.repository.folder
    assert device.look().plan.wanted(store="s1", device="d1") is None
    change(fleet, KeyChange(), owner, new_server_keys=True)
    server.folder = fleet.repository.folder
    assert device.take().number == number
    thief.roll_out(number, stopped=True, now=NOW + timedelta(days=800))
    server.folder = thief.repository.folder
    with pytest.raises(FaultyError, match="not signed by this fleet"):
        device.look()


def test_the_server_s_old_keys_are_deleted_once_the_new_ones_are_out(fleet: Fleet, owner: Holder) -> None:
    before = {path.name for path in fleet.repository.online.iterdir()}
    change(fleet, KeyChange(), owner, new_server_keys=True)
    after = {path.name for path in fleet.repository.online.iterdir()}
    assert len(after) == 3
    assert not before & after
    fleet.settings(health_every="2m")


def test_a_cut_while_keys_change_is_gone_on_with(
    fleet: Fleet, device: Device, owner: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before each file that is written: after a look of the service, devices see a whole repository again."""
    fleet.settings(health_every="2m")
    writes = 0

    def cut_at(number: int) -> None:
        nonlocal writes
        writes = 0

        def cut_short(path: Path, data: bytes, *, mode: int = 0o644) -> None:
            nonlocal writes
            if writes == number:
                raise OSError("the power is gone")
            writes += 1
            write_whole(path, data, mode=mode)

        with monkeypatch.context() as patch:
            for module in (repository, metadata, publishing):
                patch.setattr(module, "write_whole", cut_short)
            publish(fleet.repository, proposal, NOW)

    for number in range(20):
        proposal = owner.sign(prepare_keys(fleet.repository, KeyChange(), NOW, new_server_keys=True))
        try:
            cut_at(number)
        except OSError:
            look(fleet.repository, [], NOW)
            device.look()
        else:
            break
    assert writes == 6  # what is to come, root, targets, roll-out, snapshot, timestamp
    device.look()


def test_an_expired_root_is_refused_and_a_new_one_taken(fleet: Fleet, device: Device) -> None:
    later = NOW + timedelta(days=731)
    fleet.settings(health_every="2m")
    fleet.repository.keep_valid(later)
    with pytest.raises(FaultyError, match="has expired"):
        device.look(now=later)
    fleet.renew(now=later)
    assert device.take(now=later).number == 1
