"""Releases and changes of keys that are signed on a machine with neither a network nor the repository."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import typer

from cloud_sink.cli.app import app
from cloud_sink.releases import proposal as proposals
from cloud_sink.releases.repository import repository_of
from cloud_sink.releases.review import review, walk
from edge.contract.errors import ConfigError
from tests.releases import NOW, PASSPHRASE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def sink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs a command of releases at the server, which has a fleet; what it said."""
    monkeypatch.setenv("FACINGS_RELEASE_PASSPHRASE", PASSPHRASE)
    monkeypatch.chdir(tmp_path)

    def run(*words: str, at_server: bool = True) -> str:
        app(["release", *words, *(["--data", "data"] if at_server else [])], standalone_mode=False)
        return capsys.readouterr().out

    run("init", "--tenant", "acme", "--keys", "stick")
    (tmp_path / "settings.yaml").write_text("broker: {host: old.example}\nhealth_every: 2m\n")
    run("add", "--keys", "stick", "--settings", "settings.yaml")
    (tmp_path / "settings.yaml").write_text("broker: {host: new.example}\nevidence: {keep: daily}\n")
    run("add", "--settings", "settings.yaml", "--note", "moved \x1b[2J", "--prepare", "release.json")
    return run


def test_a_signer_is_shown_what_changes_and_signs_it(sink: Callable[..., str], tmp_path: Path) -> None:
    told = sink("sign", "release.json", "--keys", "stick", "--yes", at_server=False)
    assert 'broker.host: "new.example" (before: "old.example")' in told
    assert 'evidence.keep: "daily"' in told
    assert 'health_every: as on the device (before: "2m")' in told
    assert "moved ?[2J" in told  # a note tells the terminal nothing
    assert "targets: 1 of 1 signed (owner " in told
    assert repository_of(tmp_path / "data", "acme").numbers() == [1]
    assert "releases: 1, 2" in sink("publish", "release.json")


def test_signing_needs_neither_the_repository_nor_a_network(sink: Callable[..., str], tmp_path: Path) -> None:
    """In a folder of its own with the stick alone, in a network namespace of its own where the kernel grants one."""
    del sink
    away = tmp_path / "away"
    away.mkdir()
    shutil.copy("release.json", away)
    shutil.move("stick", away)
    shutil.move("data", tmp_path / "unplugged")
    alone = ["unshare", "--net"] if _may_unshare() else []
    command = [*alone, sys.executable, "-m", "cloud_sink.cli.app", "release", "sign", "release.json"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "HOME": str(away)}
    done = subprocess.run(
        [*command, "--keys", "stick", "--yes"], cwd=away, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    read = proposals.read(away / "release.json")
    assert all(wanted.found.verified for wanted in read.wanted())


def _may_unshare() -> bool:
    path = shutil.which("unshare")
    return (
        path is not None and subprocess.run([path, "--net", "true"], capture_output=True, check=False).returncode == 0
    )


def test_nothing_is_signed_that_was_not_agreed_to(
    sink: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typer, "confirm", _declined)
    before = (tmp_path / "release.json").read_bytes()
    with pytest.raises(typer.Abort):
        sink("sign", "release.json", "--keys", "stick", at_server=False)
    assert (tmp_path / "release.json").read_bytes() == before


def _declined(*_: object, **__: object) -> None:
    raise typer.Abort


def test_what_is_not_signed_is_not_published(sink: Callable[..., str]) -> None:
    with pytest.raises(ConfigError, match="targets: 0 of 1 signed"):
        sink("publish", "release.json")


def test_what_was_not_prepared_here_is_not_published(sink: Callable[..., str], tmp_path: Path) -> None:
    """Signed by the owner all the same, such as with a longer life than the server gave it."""
    content = json.loads((tmp_path / "release.json").read_text())
    content["targets"]["signed"]["expires"] = "2099-01-01T00:00:00Z"
    (tmp_path / "release.json").write_text(json.dumps(content))
    sink("sign", "release.json", "--keys", "stick", "--yes", at_server=False)
    with pytest.raises(ConfigError, match="not what was prepared here"):
        sink("publish", "release.json")


def test_what_was_prepared_on_an_older_state_is_not_published(sink: Callable[..., str]) -> None:
    sink("sign", "release.json", "--keys", "stick", "--yes", at_server=False)
    sink("renew", "--keys", "stick")
    with pytest.raises(ConfigError, match="not what was prepared here"):
        sink("publish", "release.json")


def test_a_release_is_published_once(sink: Callable[..., str]) -> None:
    sink("sign", "release.json", "--keys", "stick", "--yes", at_server=False)
    sink("publish", "release.json")
    with pytest.raises(ConfigError, match="not what was prepared here"):
        sink("publish", "release.json")


def test_copies_that_two_holders_signed_are_published_together(sink: Callable[..., str]) -> None:
    sink("keys", "make", "targets", "--holder", "alice", "--keys", "alice", at_server=False)
    sink(
        *("keys", "change", "--add", "alice/alice.targets.pub", "--threshold", "targets=2", "--prepare", "keys.json"),
    )
    shutil.copy("keys.json", "keys-2.json")
    told = sink("sign", "keys.json", "--keys", "stick", "--yes", at_server=False)
    assert "NEW KEY: alice" in told
    assert "targets: 2 of 2 sign" in told
    assert "targets: 1 of 2 signed" in told
    told = sink("sign", "keys-2.json", "--keys", "alice", "--yes", at_server=False)
    assert "these keys know no root of acme yet; they will know root 1" in told
    with pytest.raises(ConfigError, match="targets: 1 of 2 signed"):
        sink("publish", "keys.json")
    sink("publish", "keys.json", "keys-2.json")
    assert "targets: 2 of 2 sign" in sink("keys", "list")
    with pytest.raises(ConfigError, match="targets: 1 of 2 signed"):
        sink("add", "--settings", "settings.yaml", "--keys", "stick")


def test_keys_of_nobody_here_sign_nothing(sink: Callable[..., str]) -> None:
    sink("keys", "make", "targets", "--holder", "mallory", "--keys", "mallory", at_server=False)
    with pytest.raises(ConfigError, match="none of the keys in mallory signs this"):
        sink("sign", "release.json", "--keys", "mallory", "--yes", at_server=False)


def test_a_server_that_shows_a_root_of_its_own_is_found_out(sink: Callable[..., str], tmp_path: Path) -> None:
    """Another fleet of the same name: whoever has taken the server over begins anew, with keys of his own."""
    del sink
    repository_of(tmp_path / "forged", "acme").make(tmp_path / "forger", PASSPHRASE, NOW)
    app(
        ["release", "add", "--settings", "settings.yaml", "--prepare", "forged.json", "--data", "forged"],
        standalone_mode=False,
    )
    with pytest.raises(ConfigError, match="root 1 is another than the one these keys know"):
        app(["release", "sign", "forged.json", "--keys", "stick", "--yes"], standalone_mode=False)


def test_a_server_that_shows_older_releases_than_were_signed_is_found_out(
    sink: Callable[..., str], tmp_path: Path
) -> None:
    shutil.copytree(tmp_path / "data", tmp_path / "old")
    for _ in range(2):
        sink("add", "--like", "1", "--keys", "stick")
    app(["release", "add", "--like", "1", "--prepare", "old.json", "--data", "old"], standalone_mode=False)
    with pytest.raises(ConfigError, match="older than those these keys signed"):
        sink("sign", "old.json", "--keys", "stick", "--yes", at_server=False)


def altered(path: Path, change: Callable[[dict[str, Any]], None]) -> proposals.Proposal:
    content = json.loads(path.read_text())
    change(content)
    return proposals.from_bytes(json.dumps(content).encode(), name="altered")


def _other_settings(content: dict[str, Any]) -> None:
    path = next(path for path, text in content["texts"].items() if "new.example" in text)
    content["texts"][path] = content["texts"][path].replace("new.example", "old.example")


def _settings_not_shown(content: dict[str, Any]) -> None:
    content["texts"] = {path: text for path, text in content["texts"].items() if "new.example" not in text}


def _extraneous(content: dict[str, Any]) -> None:
    sha256 = hashlib.sha256(b"arbitrary").hexdigest()
    content["targets"]["signed"]["targets"][f"content/{sha256}"] = {"length": 9, "hashes": {"sha256": sha256}}


def _another_path(content: dict[str, Any]) -> None:
    content["targets"]["signed"]["targets"]["../../etc/passwd"] = {"length": 9, "hashes": {"sha256": "0" * 64}}


def _old_one_altered(content: dict[str, Any]) -> None:
    content["targets"]["signed"]["targets"]["releases/1.json"]["length"] += 1


def _more_for_the_server(content: dict[str, Any]) -> None:
    content["targets"]["signed"]["delegations"]["roles"][0]["paths"] = ["*"]


def _never_ending_root(content: dict[str, Any]) -> None:
    content["roots"][0]["signed"]["expires"] = "2099-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_other_settings, "what is shown is not what is signed"),
        (_settings_not_shown, "is not in it, so nobody can say what is signed"),
        (_extraneous, "which is of no release"),
        (_another_path, "which is of no release"),
        (_old_one_altered, "alters or drops what was signed before"),
        (_more_for_the_server, "lets others sign more than roll-out"),
        (_never_ending_root, "what it calls signed is not"),
    ],
)
def test_what_no_release_does_is_not_shown_to_be_signed_but_refused(
    sink: Callable[..., str], tmp_path: Path, change: Callable[[dict[str, Any]], None], said: str
) -> None:
    del sink
    one = altered(tmp_path / "release.json", change)
    with pytest.raises(ConfigError, match=said):
        _read_by_signer(one)


def _read_by_signer(one: proposals.Proposal) -> list[str]:
    walk(one, None)
    return review(one)


@pytest.mark.parametrize("nonsense", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"format": 1, "fleet": "acme"}'])
def test_a_file_that_is_none_is_one_line(tmp_path: Path, nonsense: bytes) -> None:
    (tmp_path / "none.json").write_bytes(nonsense)
    with pytest.raises(ConfigError, match="nothing that can be signed"):
        proposals.read(tmp_path / "none.json")
