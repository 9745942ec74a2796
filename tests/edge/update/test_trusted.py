"""What a collector or a network that lies can make of a device: each attack against the client, over real HTTP."""

from __future__ import annotations

import json
import re
import shutil
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from cloud_sink.releases.repository import Repository as Signed
from edge.update.trusted import AwayError, FaultyError
from tests.releases import NOW, Fleet, make_fleet

if TYPE_CHECKING:
    from pathlib import Path

    from tests.edge.update.device import Device
    from tests.edge.update.server import Repository

TOO_LATE = timedelta(days=4)  # after the timestamp's three


def big(fleet: Fleet) -> int:
    """A release with a file that is worth being fetched in parts."""
    return fleet.settings(zone="z" * 600_000)


def test_what_was_signed_is_taken_file_by_file(fleet: Fleet, device: Device) -> None:
    fleet.settings(health_every="2m")
    release = device.take()
    assert json.loads((device.folder.place(1) / "settings.json").read_text()) == {"health_every": "2m"}
    assert device.folder.load(1) == release


def test_a_collector_that_is_away_is_no_fault(device: Device, server: Repository) -> None:
    server.shutdown()
    server.server_close()
    with pytest.raises(AwayError, match="cannot be reached"):
        device.look()


def test_a_collector_without_releases_is_no_fault(device: Device, server: Repository) -> None:
    server.lie = lambda _path, _content: None
    with pytest.raises(AwayError, match="no releases for this fleet"):
        device.look()


def test_rollback_an_older_timestamp_is_refused(
    fleet: Fleet, device: Device, server: Repository, tmp_path: Path
) -> None:
    fleet.settings(health_every="2m")
    old = shutil.copytree(fleet.repository.folder, tmp_path / "old")
    fleet.settings(health_every="3m")
    device.look()
    server.folder = old
    with pytest.raises(FaultyError, match="older than what was seen before"):
        device.look()


def test_rollback_older_targets_under_a_new_timestamp_are_refused(
    fleet: Fleet, device: Device, server: Repository, tmp_path: Path
) -> None:
    """Whoever has the server's keys can sign timestamps and snapshots, and still brings no old release back."""
    fleet.settings(health_every="2m")
    stolen = make_copy(fleet, tmp_path / "stolen")
    fleet.settings(health_every="3m")
    device.look()
    for _ in range(5):  # more versions than the fleet has
        stolen.roll_out(1)
    server.folder = stolen.repository.folder
    with pytest.raises(FaultyError, match="older than what was seen before"):
        device.look()


def test_freeze_an_old_timestamp_is_refused_once_it_expired(fleet: Fleet, device: Device) -> None:
    fleet.settings(health_every="2m")
    device.look()
    with pytest.raises(FaultyError, match="has expired"):
        device.look(now=NOW + TOO_LATE)


def test_a_clock_that_lies_makes_nothing_expired_valid(fleet: Fleet, device: Device) -> None:
    """The wall clock of this machine shows NOW: what counts is the device's own proof of a later moment."""
    fleet.settings(health_every="2m")
    with pytest.raises(FaultyError, match="has expired"):
        device.look(now=NOW + TOO_LATE)
    fleet.repository.keep_valid(NOW + TOO_LATE)
    assert device.look(now=NOW + TOO_LATE).plan.candidate is not None


def test_mix_and_match_metadata_of_two_moments_are_refused(
    fleet: Fleet, device: Device, server: Repository, tmp_path: Path
) -> None:
    fleet.settings(health_every="2m")
    old = shutil.copytree(fleet.repository.folder, tmp_path / "old")
    fleet.settings(health_every="3m")
    newest = sorted(int(re.match(r"\d+", one.name)[0]) for one in (old / "metadata").glob("*.targets.json"))  # type: ignore[index]
    stale = (old / "metadata" / f"{newest[-1]}.targets.json").read_bytes()
    server.lie = lambda path, content: stale if path.endswith(".targets.json") else content
    with pytest.raises(FaultyError, match="of two moments"):
        device.look()


@pytest.mark.parametrize("endless", ["timestamp.json", ".snapshot.json", ".targets.json", "2.root.json", "plan.json"])
def test_endless_data_is_left_early(fleet: Fleet, device: Device, server: Repository, endless: str) -> None:
    fleet.settings(health_every="2m")
    server.endless = endless
    with pytest.raises(FaultyError, match="more bytes than were signed"):
        device.look()
    assert 0 < sum(server.sent.values()) < 64 * 1024 * 1024


def test_an_endless_file_is_left_early_and_nothing_of_it_kept(fleet: Fleet, device: Device, server: Repository) -> None:
    fleet.settings(health_every="2m")
    server.endless = "targets/content/"
    with pytest.raises(FaultyError, match="more"):
        device.take()
    assert not list((device.folder.path / "partial").iterdir())


def test_a_file_that_is_not_the_signed_one_is_refused(fleet: Fleet, device: Device, server: Repository) -> None:
    fleet.settings(health_every="2m")
    server.lie = lambda path, content: (
        b"x" * len(content) if content is not None and path.startswith("targets/content/") else content
    )
    with pytest.raises(FaultyError, match="not the file that was signed"):
        device.take()
    assert not device.folder.place(1).exists()
    server.lie = lambda _path, content: content
    assert device.take().number == 1


def test_a_list_of_files_that_is_not_the_signed_one_is_refused(
    fleet: Fleet, device: Device, server: Repository
) -> None:
    fleet.settings(health_every="2m")
    server.lie = lambda path, content: (
        content.replace(b"settings", b"sattings") if content and path.startswith("targets/releases/") else content
    )
    with pytest.raises(FaultyError, match="not the file that was signed"):
        device.take()


def test_another_fleet_s_key_signs_nothing_here(device: Device, server: Repository, tmp_path: Path) -> None:
    other = make_fleet(tmp_path / "other")
    other.settings(health_every="2m")
    server.folder = other.repository.folder
    with pytest.raises(FaultyError, match="not signed by this fleet"):
        device.look()


def test_the_server_s_key_for_roll_outs_signs_no_release(fleet: Fleet, device: Device, server: Repository) -> None:
    """Targets that are signed by a key of the server in place of the owner's."""
    fleet.settings(health_every="2m")
    keys = fleet.repository.folder / "online"

    def forged(path: str, content: bytes | None) -> bytes | None:
        if content is None or not path.endswith(".targets.json"):
            return content
        metadata = json.loads(content)
        roll_out = json.loads(next(iter(sorted((fleet.repository.metadata).glob("*.roll-out.json")))).read_bytes())
        metadata["signatures"] = roll_out["signatures"]
        return json.dumps(metadata).encode()

    assert list(keys.glob("roll-out.*.pem"))
    server.lie = forged
    with pytest.raises(FaultyError, match="not signed by this fleet"):
        device.look()


def test_metadata_that_were_altered_are_refused(fleet: Fleet, device: Device, server: Repository) -> None:
    fleet.settings(health_every="2m")
    server.lie = lambda path, content: (
        content.replace(b'"releases/1.json"', b'"releases/7.json"')
        if content and path.endswith(".targets.json")
        else content
    )
    with pytest.raises(FaultyError, match="not signed by this fleet"):
        device.look()


@pytest.mark.parametrize("nonsense", [b"", b"{}", b"<html>sign in to the hotel's network</html>", b"\xff" * 100])
def test_nonsense_in_place_of_metadata_is_refused(
    fleet: Fleet, device: Device, server: Repository, nonsense: bytes
) -> None:
    fleet.settings(health_every="2m")
    server.lie = lambda path, content: nonsense if path.endswith("timestamp.json") else content
    with pytest.raises(FaultyError):
        device.look()


def test_a_download_goes_on_where_it_was_cut(fleet: Fleet, device: Device, server: Repository) -> None:
    big(fleet)
    server.cut = 300_000
    with pytest.raises(AwayError):
        device.take()
    server.cut = None
    device.take()
    assert server.asked == [None, "bytes=300000-"]


def test_a_server_without_ranges_is_fetched_from_anew(fleet: Fleet, device: Device, server: Repository) -> None:
    big(fleet)
    server.cut = 300_000
    with pytest.raises(AwayError):
        device.take()
    server.cut, server.ignores_ranges = None, True
    assert device.take().number == 1


def test_a_part_of_another_file_is_not_gone_on_with_for_ever(fleet: Fleet, device: Device, server: Repository) -> None:
    number = big(fleet)
    file = device.look().release(number).files[0]
    device.folder.partial(file.sha256).write_bytes(b"x" * 1000)
    with pytest.raises(FaultyError, match="not the file that was signed"):
        device.take()
    assert device.take().number == number
    assert server.asked == ["bytes=1000-", None]


def test_what_is_here_already_is_not_fetched_again(fleet: Fleet, device: Device, server: Repository) -> None:
    fleet.settings(health_every="2m")
    device.take()
    fleet.settings(health_every="2m")
    assert device.take().number == 2
    assert len(server.asked) == 1


def test_a_fetch_that_is_left_off_keeps_what_came(fleet: Fleet, device: Device) -> None:
    number = big(fleet)
    trusted = device.look()
    file = trusted.release(number).files[0]
    stop = threading.Event()
    stop.set()
    with pytest.raises(AwayError, match="left off"):
        trusted.fetch(file.sha256, file.size, stop)
    assert device.folder.partial(file.sha256).stat().st_size > 0


def test_new_keys_come_with_a_root_that_the_old_ones_signed(fleet: Fleet, device: Device) -> None:
    fleet.settings(health_every="2m")
    device.look()
    later = NOW + timedelta(days=1)
    fleet.renew(now=later)
    device.look(now=later)
    assert (device.folder.metadata / "root_history" / "2.root.json").is_file()


def make_copy(fleet: Fleet, folder: Path) -> Fleet:
    """The repository with the server's keys, as a thief has it; the owner's keys are not among them."""
    shutil.copytree(fleet.repository.folder, folder)
    return Fleet(Signed(folder), fleet.keys, fleet.scratch)
