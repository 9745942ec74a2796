from __future__ import annotations

import json
import shutil
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from cloud_sink.cli.app import app
from cloud_sink.releases import bundles, metadata, publishing, repository
from cloud_sink.releases.files import write_whole
from cloud_sink.releases.keys import offline
from cloud_sink.releases.rings import Ring, Standing
from cloud_sink.releases.roller import begin, go_on, look, rollout_of, stop
from edge.contract.errors import ConfigError, FacingsError, StoreError
from edge.contract.releases import ReleaseHealth
from tests.releases import NOW, PASSPHRASE, Fleet, make_fleet

if TYPE_CHECKING:
    from pathlib import Path

ALL = Ring(name="all", percent=100)


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return make_fleet(tmp_path)


def start(fleet: Fleet, number: int, *rings: Ring) -> None:
    settings = {"pause": timedelta(0), "most_failures": 0.0, "least_done": 1.0}
    begin(fleet.repository, number, rings=rings or (ALL,), now=NOW, **settings)  # type: ignore[arg-type]


def test_the_owner_s_keys_are_encrypted_and_away_from_the_server(fleet: Fleet) -> None:
    for name in ("root.pem", "targets.pem"):
        assert b"ENCRYPTED PRIVATE KEY" in (fleet.keys / name).read_bytes()
        assert (fleet.keys / name).stat().st_mode & 0o077 == 0
        assert not list(fleet.repository.folder.rglob(name))


def test_the_server_s_keys_are_readable_by_its_user_alone(fleet: Fleet) -> None:
    for key in (fleet.repository.folder / "online").iterdir():
        assert key.stat().st_mode & 0o077 == 0


def test_keys_in_the_server_s_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="lies in the server's own folder"):
        repository.repository_of(tmp_path, "acme").make(tmp_path / "keys", PASSPHRASE, NOW)


def test_a_short_passphrase_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="fewer than 12 characters"):
        repository.repository_of(tmp_path / "data", "acme").make(tmp_path / "keys", "secret", NOW)


def test_a_wrong_passphrase_is_one_line(fleet: Fleet) -> None:
    with pytest.raises(ConfigError, match="wrong passphrase"):
        offline(fleet.keys, "targets", "another passphrase")


def test_another_fleet_s_key_signs_nothing(fleet: Fleet, tmp_path: Path) -> None:
    other = make_fleet(tmp_path / "other")
    stolen = Fleet(fleet.repository, other.keys, fleet.scratch)
    with pytest.raises(ConfigError, match="not those of acme"):
        stolen.settings(health_every="2m")
    assert fleet.repository.numbers() == []


def test_files_that_two_releases_share_are_kept_once(fleet: Fleet) -> None:
    fleet.settings(health_every="2m")
    fleet.settings(health_every="2m")
    assert fleet.repository.numbers() == [1, 2]
    assert len(list((fleet.repository.targets / "content").iterdir())) == 1


def test_settings_may_not_set_who_a_device_is_or_whom_it_trusts(fleet: Fleet) -> None:
    for section in ("device", "data", "updates"):
        with pytest.raises(ConfigError, match=f"{section}: set on each device alone"):
            fleet.settings(**{section: {}})  # type: ignore[arg-type]


def test_models_that_are_not_those_of_their_manifest_are_not_signed(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"models": [{"file": "a.onnx", "sha256": "00"}]}')
    (tmp_path / "a.onnx").write_bytes(b"altered")
    with pytest.raises(ConfigError, match="is not the file that"):
        bundles.models(tmp_path)


def test_what_expires_soon_is_signed_anew_by_the_server_alone(fleet: Fleet) -> None:
    later = NOW + timedelta(days=2)
    assert not fleet.repository.keep_valid(NOW)
    assert fleet.repository.keep_valid(later)
    assert fleet.repository.expires("timestamp") == later + timedelta(days=3)


def test_a_repository_from_a_backup_goes_on_above_what_devices_saw(fleet: Fleet, tmp_path: Path) -> None:
    number = fleet.settings(health_every="2m")
    backup = shutil.copytree(fleet.repository.folder, tmp_path / "backup")
    for day in range(1, 4):
        fleet.roll_out(number, now=NOW + timedelta(days=day))
    restored = repository.Repository(backup)
    restored.keep_valid(NOW + timedelta(days=5))
    assert version(restored.metadata / "timestamp.json") > version(fleet.repository.metadata / "timestamp.json")


def version(path: Path) -> int:
    return int(json.loads(path.read_bytes())["signed"]["version"])


def test_renewing_prolongs_what_the_owner_signed(fleet: Fleet) -> None:
    later = NOW + timedelta(days=300)
    fleet.renew(now=later)
    assert fleet.repository.expires("root") == later + timedelta(days=730)
    assert fleet.repository.expires("targets") == later + timedelta(days=365)


@pytest.mark.parametrize("cut", range(9))
def test_a_power_cut_while_a_release_is_signed_leaves_a_repository(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    fleet.settings(health_every="2m")
    written = 0

    def cut_short(path: Path, data: bytes, *, mode: int = 0o644) -> None:
        nonlocal written
        if written == cut:
            raise StoreError("the power is gone")
        written += 1
        write_whole(path, data, mode=mode)

    with monkeypatch.context() as patch:
        for module in (repository, metadata, publishing):
            patch.setattr(module, "write_whole", cut_short)
        with pytest.raises(StoreError):
            fleet.settings(health_every="3m")
    number = fleet.settings(health_every="4m")
    assert fleet.repository.release(number).number == number
    assert fleet.repository.plan().wanted(store="s1", device="d1") == number


def test_a_roll_out_moves_on_with_what_devices_tell(fleet: Fleet) -> None:
    number = fleet.settings(health_every="2m")
    start(fleet, number, Ring(name="pilot", stores=("s1",)), ALL)
    assert fleet.repository.plan().wanted(store="s2", device="d2") is None
    run = ReleaseHealth(running=number, wanted=number)
    look(fleet.repository, [Standing("d1", "s1", NOW, lost=False, release=run)], NOW)
    assert fleet.repository.plan().wanted(store="s2", device="d2") == number


def test_a_roll_out_stops_by_itself_where_devices_fail(fleet: Fleet) -> None:
    number = fleet.settings(health_every="2m")
    start(fleet, number)
    failed = ReleaseHealth(wanted=number, stage="rolled_back", set_aside={number: "blind"})
    look(fleet.repository, [Standing("d1", "s1", NOW, lost=False, release=failed)], NOW)
    assert fleet.repository.plan().wanted(store="s2", device="d2") is None
    kept = rollout_of(fleet.repository)
    assert kept is not None
    assert kept.state == "stopped"
    assert "d1" in kept.said


def test_a_roll_out_is_stopped_and_goes_on_by_hand(fleet: Fleet) -> None:
    number = fleet.settings(health_every="2m")
    start(fleet, number)
    stop(fleet.repository, NOW)
    assert fleet.repository.plan().wanted(store="s1", device="d1") is None
    go_on(fleet.repository, NOW)
    assert fleet.repository.plan().wanted(store="s1", device="d1") == number


def test_a_release_of_a_lower_number_is_not_rolled_out_again(fleet: Fleet) -> None:
    first, second = fleet.settings(health_every="2m"), fleet.settings(health_every="3m")
    start(fleet, second)
    with pytest.raises(ConfigError, match="sink release add --like 1"):
        start(fleet, first)


def test_what_is_kept_of_a_roll_out_is_told_again_after_a_cut(fleet: Fleet) -> None:
    number = fleet.settings(health_every="2m")
    start(fleet, number)
    fleet.roll_out(number, stopped=True)  # as if the power went before the plan was written
    look(fleet.repository, [], NOW)
    assert fleet.repository.plan().candidate is None or not fleet.repository.plan().candidate.stopped  # type: ignore[union-attr]


def test_a_release_from_keys_to_status_by_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FACINGS_RELEASE_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("COLUMNS", "200")
    keys, data, out = str(tmp_path / "keys"), str(tmp_path / "data"), tmp_path / "root.json"
    (tmp_path / "settings.yaml").write_text("health_every: 2m\n")

    def sink(*words: str) -> None:
        app(["release", *words, "--data", data], standalone_mode=False)

    sink("init", "--tenant", "acme", "--keys", keys)
    sink("add", "--keys", keys, "--settings", str(tmp_path / "settings.yaml"), "--note", "more health")
    sink("add", "--keys", keys, "--like", "1")
    sink("roll-out", "2", "--ring", "pilot=store:s1", "--ring", "all=100%", "--pause", "0")
    sink("root", "--out", str(out))
    capsys.readouterr()
    sink("status")
    told = capsys.readouterr().out
    assert "release 1: settings (0.0 MB) - more health" in told
    assert "roll-out of 2: running; at pilot=store:s1" in told
    assert out.stat().st_size > 500
    with pytest.raises(FacingsError, match="is not for all"):
        sink("roll-out", "2", "--ring", "pilot=store:s1")
