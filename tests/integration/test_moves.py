"""Devices that move, that are shown the claim of another place, and that retire: a real collector, broker and agent."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import yaml

from edge.contract.payloads import CaptureRejected
from edge.contract.topics import Address
from edge.deliver.envelope import Draft, Stamp
from edge.deliver.outbox import Outbox
from edge.device.carry_on import GONE
from tests.edge.device.agents import ROOT
from tests.integration import test_provisioning as ladder
from tests.integration.test_provisioning import PATIENCE, Site, provision, run, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

site = ladder.site
"""One collector and one broker for this file."""


@contextmanager
def agent(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`edge run` as a supervisor starts it."""
    command = [sys.executable, "-m", "edge.cli.app", "run", "--config", str(folder / "agent.yaml")]
    with (folder.parent / f"{folder.name}.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=ROOT)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)


def seen_before(folder: Path, device: str) -> None:
    """An event of s1 that waits in the outbox."""
    data = folder / yaml.safe_load((folder / "agent.yaml").read_text())["data"]
    stamp = Stamp("Asia/Ho_Chi_Minh", "synced", "0" * 32, 1)
    with Outbox.open(data / "outbox.db", address=Address("acme", "s1", device)) as outbox:
        rejected = CaptureRejected(capture="before", camera="cam-1", fixture="f1", trigger="scheduled", reason="dark")
        outbox.append([Draft(datetime.now(UTC), rejected)], stamp=stamp)


def stores(site: Site, device: str) -> set[str]:
    return {store for (store,) in site.rows(f"SELECT DISTINCT store FROM events WHERE device = '{device}'")}


def placed(site: Site, device: str) -> list[Any]:
    return site.rows(f"SELECT store, began, ended FROM placements WHERE device = '{device}' ORDER BY since")


def test_a_device_at_work_moves_and_what_it_saw_before_keeps_its_store(site: Site) -> None:
    folder = site.device("mover")
    before = (folder / "device.pem").read_bytes(), (folder / "device.key").read_bytes()
    seen_before(folder, "mover")
    with agent(folder):
        until(lambda: stores(site, "mover") == {"s1"}, "it has not begun")
        run("identities", "move", "mover", "--tenant", "acme", "--store", "s2", "--fixture", "f1", *site.options)
        for _ in range(2):  # a collector looks for orders every 15 s
            with suppress(AssertionError):
                until(lambda: placed(site, "mover")[-1:] == [("s2", "moved", None)], "it has not moved")
        assert placed(site, "mover")[-1:] == [("s2", "moved", None)]
        until(lambda: stores(site, "mover") == {"s1", "s2"}, "it sees nothing where it is")
        acl = site.folder / "broker" / "acl"
        until(lambda: "/s1/mover/" not in acl.read_text(), "the old place is still open to it")
    assert yaml.safe_load((folder / "agent.yaml").read_text())["device"]["store"] == "s2"
    assert (folder / "agent.before.yaml").exists()
    assert ((folder / "device.pem").read_bytes(), (folder / "device.key").read_bytes()) == before
    said = run("identities", "history", "mover", "--tenant", "acme", *site.options).splitlines()
    assert ["s2/f1  moved" in said[0], "s1/f1  installed" in said[1]] == [True, True]
    (listed,) = [
        one
        for one in map(json.loads, run("identities", "list", "--json", *site.options).splitlines())
        if one["device"] == "mover"
    ]
    assert (listed["store"], listed["state"], listed["order"]) == ("s2", "admitted", None)


def test_a_technician_moves_a_device_with_the_label_of_the_new_place(site: Site) -> None:
    folder = site.device("carried")
    seen_before(folder, "carried")
    key = (folder / "device.key").read_bytes()
    done = provision(folder, "--claim", site.invite("some-name", store="s2"), "--no-prove")
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load((folder / "agent.yaml").read_text())["device"] == {
        "tenant": "acme",
        "store": "s2",
        "id": "carried",
    }
    assert (folder / "device.key").read_bytes() == key
    with agent(folder):
        until(lambda: stores(site, "carried") == {"s1", "s2"}, "what it saw has not come")
    assert [store for store, _, _ in placed(site, "carried")] == ["s1", "s2"]


def test_a_device_that_retires_delivers_wipes_says_so_and_is_started_no_more(site: Site) -> None:
    folder = site.device("old-unit")
    seen_before(folder, "old-unit")
    data = folder / yaml.safe_load((folder / "agent.yaml").read_text())["data"]
    run("identities", "retire", "old-unit", "--tenant", "acme", "--wipe", *site.options)
    with agent(folder) as process:
        assert process.wait(3 * PATIENCE) == GONE
    assert [one.name for one in folder.iterdir() if one != data] == ["agent.order.json"]
    assert list(data.iterdir()) == []
    assert "s1" in stores(site, "old-unit")
    assert placed(site, "old-unit") == [("s1", "installed", "retired")]
    with agent(folder) as process:
        assert process.wait(PATIENCE) == GONE
    again = provision(folder, "--claim", site.invite("old-unit"), "--no-prove")
    assert again.returncode == 0, again.stderr
    until(lambda: len(placed(site, "old-unit")) == 2, "it is not in again")


def test_a_technician_retires_a_device_on_the_spot(site: Site) -> None:
    folder = site.device("spot")
    command = [sys.executable, "-m", "edge.cli.app", "retire", "--folder", str(folder), "--now"]
    asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, input="n\n", timeout=120, check=False)
    assert (asked.returncode, "nothing was changed" in asked.stderr) == (1, True)
    done = subprocess.run([*command, "--yes"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert not (folder / "device.key").exists()
    assert placed(site, "spot") == [("s1", "installed", "retired")]
