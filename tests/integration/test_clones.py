"""An identity in two places: a device's folder is copied, and both run at a real Mosquitto and a real collector."""

from __future__ import annotations

import hashlib
import json
import signal
import sqlite3
import subprocess
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.edge.device.agents import edge, ended
from tests.integration.test_provisioning import TEMPLATE, Site, provision, run, standing, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUICK = TEMPLATE + "health_every: 1s\n"

WHOLE = {"configuration": "own", "certificate": "same", "agent": "own"}
"""What a device that was just let in says of itself: nothing else is desired."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with standing(tmp_path_factory.mktemp("clones"), QUICK) as made:
        yield made


def told(site: Site, device: str) -> dict[str, Any]:
    """What `sink devices` says of a device."""
    rows = [json.loads(line) for line in run("devices", "--json", *site.options).splitlines()]
    return next((row for row in rows if row["device"] == device), {"clone": None, "conflicts": 0})


def copied(folder: Path, name: str) -> Path:
    """The whole device, as whoever takes its card makes it."""
    subprocess.run(["cp", "-a", str(folder), str(folder.with_name(name))], check=True)
    return folder.with_name(name)


def outbox(folder: Path) -> Path:
    return next(folder.rglob("outbox.db"))


@contextmanager
def running(folder: Path) -> Iterator[None]:
    """The agent of a device's folder; ended in good order."""
    with edge("run", "--config", str(folder / "agent.yaml"), log=folder / "log") as agent:
        yield
        agent.send_signal(signal.SIGTERM)
        assert ended(agent) == 0, (folder / "log").read_text()


def stored(site: Site, device: str) -> set[str]:
    return {row[0] for row in site.rows(f"SELECT lower(hex(sha256)) FROM events WHERE device = '{device}'")}


def lives(site: Site, device: str) -> int:
    rows = site.rows(f"SELECT trail FROM lives WHERE device = '{device}'")
    return len(json.loads(rows[0][0])) if rows else 0


def work_for_a_while(site: Site, folder: Path, device: str) -> None:
    before = len(stored(site, device))
    with running(folder):
        until(lambda: len(stored(site, device)) > before, f"{device} is not heard")


def written(folder: Path) -> dict[int, str]:
    """The hash of each event in a device's outbox, in the order in which they were written."""
    with sqlite3.connect(outbox(folder)) as connection:
        rows = connection.execute("SELECT row, CAST(body AS BLOB) FROM event").fetchall()
    return {row: hashlib.sha256(body).hexdigest() for row, body in rows}


def test_a_copied_device_is_told_and_none_of_its_events_is_lost(site: Site) -> None:
    genuine = site.device("twin")
    work_for_a_while(site, genuine, "twin")
    copy = copied(genuine, "twin-copy")
    with ExitStack() as both:
        both.enter_context(running(genuine))
        both.enter_context(running(copy))
        until(lambda: told(site, "twin")["clone"] is not None, "nobody notices that there are two")
    assert told(site, "twin")["conflicts"] > 0
    assert "TWO DEVICES under this name" in run("devices", "--differing", *site.options)

    last = max(written(genuine))
    with running(genuine):
        until(
            lambda: {sha256 for row, sha256 in written(genuine).items() if row <= last} <= stored(site, "twin"),
            "an event of the genuine one is lost",
        )
        until(lambda: max(written(genuine)) > last, "the genuine one does not work")

    run("identities", "revoke", "twin", "--tenant", "acme", *site.options)
    assert told(site, "twin")["clone"] is None


def test_restarts_and_a_restored_outbox_are_no_copy(site: Site) -> None:
    folder = site.device("steady")
    work_for_a_while(site, folder, "steady")
    backup = copied(folder, "steady-backup")
    work_for_a_while(site, folder, "steady")
    outbox(folder).write_bytes(outbox(backup).read_bytes())
    for more in outbox(folder).parent.glob("outbox.db-*"):
        more.unlink()
    with running(folder):
        until(lambda: told(site, "steady")["conflicts"] > 0, "the outbox that was set back is not noticed")
        until(lambda: lives(site, "steady") > 1, "the new epoch is not heard of")
    found = told(site, "steady")
    assert found["clone"] is None
    assert {part["kind"]: part["verdict"] for part in found["parts"] if part["kind"] in WHOLE} == WHOLE


def test_a_new_board_under_the_old_name_is_no_copy(site: Site) -> None:
    before = site.device("swapped")
    work_for_a_while(site, before, "swapped")
    words = ("invite", "--tenant", "acme", "--store", "s1", "--fixture", "f1", "--device", "swapped", "--replaces")
    claim = json.loads(run(*words, "--json", *site.options))["claim"]
    after = before.with_name("swapped-board")
    with running(before):  # nobody has switched it off
        done = provision(after, "--claim", claim, "--no-prove")
        assert done.returncode == 0, done.stderr
        work_for_a_while(site, after, "swapped")
    assert told(site, "swapped")["clone"] is None
