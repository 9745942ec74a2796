"""Faults other than a kill: lost receipts, unreadable bodies, cloned outboxes, collectors set back."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import pytest

from tests.brokers import Mosquitto
from tests.faults.story import ADDRESS
from tests.faults.yard import Site, check_all_stored_once, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STEPS = 60


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Ends what a test started, in reverse order."""
    with ExitStack() as opened:
        yield opened


def run_unit(site: Site, stack: ExitStack, *, steps: int, variant: int = 0, outbox: Path | None = None) -> None:
    """Run the device until all it told is receipted."""
    unit = site.unit(steps=steps, variant=variant, outbox=outbox)
    stack.callback(unit.stop)
    unit.start()
    unit.wait()


def started(site: Site, stack: ExitStack) -> None:
    stack.callback(site.collector.stop)
    site.collector.start()


def test_receipts_that_never_arrive_cost_repeats_and_nothing_else(tmp_path: Path, stack: ExitStack) -> None:
    # The collector may read, but what it publishes is refused by the broker's ACL, which it cannot see either.
    own = f"user unit-1\ntopic readwrite facings/v1{ADDRESS.source}/#\n"
    deaf = own + "user sink\ntopic read facings/#\n"
    users = {"unit-1": "unit-1", "sink": "sink"}
    broker = stack.enter_context(Mosquitto(tmp_path / "broker", users=users, acl=deaf))
    (tmp_path / "password").write_text("sink")
    section = f"{{kind: external, host: 127.0.0.1, port: {broker.port}, client_id: sink, username: sink"
    site = Site(tmp_path, broker.port, broker=section + ", password_file: password}")
    started(site, stack)
    unit = site.unit(steps=STEPS, more=("--username", "unit-1"))
    stack.callback(unit.stop)
    unit.start()
    wait_for(lambda: site.database.exists() and site.query("SELECT name FROM sqlite_master WHERE name = 'events'"), "")
    wait_for(lambda: len(site.stored()) > STEPS, "nothing is stored")
    assert not unit.ended  # stored, not receipted: it goes on sending
    broker.kill()
    broker.acl = own + "user sink\ntopic readwrite facings/#\n"
    broker.start()
    unit.wait()
    events, lost, doubled = check_all_stored_once(site)
    assert events > STEPS
    assert (lost, doubled) == (0, 0)


def test_an_unreadable_body_is_refused_and_stops_nothing(tmp_path: Path, stack: ExitStack) -> None:
    broker = stack.enter_context(Mosquitto(tmp_path / "broker"))
    site = Site(tmp_path, broker.port)
    # Tell the story to nobody, then let a few bytes on the disk turn over in one of its bodies.
    broker.kill()
    unit = site.unit(steps=STEPS)
    stack.callback(unit.stop)
    unit.start()
    wait_for(lambda: site.outbox.exists() and _steps(site.outbox) == str(STEPS), "the story is not told")
    unit.kill()
    with closing(sqlite3.connect(site.outbox)) as database:
        for seq, body in ((17, "X'FF' || substr(body, 2, 40)"), (1, "replace(body, 'observed.v1', 'observed.v9')")):
            database.execute(f"UPDATE event SET body = CAST({body} AS BLOB) WHERE seq = {seq}")
        database.commit()
    broker.start()
    started(site, stack)
    run_unit(site, stack, steps=STEPS)
    site.collector.terminate()
    events, lost, doubled = check_all_stored_once(site)
    assert (lost, doubled) == (2, 0)  # these two are in quarantine, with their keys, and everything else is stored
    assert events - 2 == len(site.stored())
    quarantined = {(seq, reason) for _, seq, reason in site.quarantined() if seq}
    assert quarantined == {(1, "unknown-major"), (17, "unreadable")}
    with closing(sqlite3.connect(site.outbox)) as database:
        refused = database.execute("SELECT seq, reason FROM event WHERE status = 2 ORDER BY seq").fetchall()
    assert refused == [(1, "unknown-major"), (17, "unreadable")]


def test_a_cloned_outbox_is_noticed_and_loses_nothing(tmp_path: Path, stack: ExitStack) -> None:
    broker = stack.enter_context(Mosquitto(tmp_path / "broker"))
    site = Site(tmp_path, broker.port)
    started(site, stack)
    run_unit(site, stack, steps=20)
    clone = tmp_path / "clone.db"
    shutil.copyfile(site.outbox, clone)
    run_unit(site, stack, steps=40)
    run_unit(site, stack, steps=40, variant=1, outbox=clone)  # the same numbers, other sights
    site.collector.terminate()
    first, second = site.accepted(), site.accepted(clone)
    shared = {key for key in first if first[key] == second.get(key)}
    (epoch,) = {key[0] for key in first}
    again = {key for key in second if key[0] != epoch}
    assert len(again) >= 10
    assert not [key for key in second if key[0] == epoch and first.get(key) != second[key]]
    assert check_all_stored_once(site, [site.outbox, clone])[1:] == (0, 0)
    assert {reason for *_, reason in site.quarantined()} == {"conflict"}
    assert len(shared) < len(first)


def test_a_collector_set_back_regains_everything_by_resend(tmp_path: Path, stack: ExitStack) -> None:
    broker = stack.enter_context(Mosquitto(tmp_path / "broker"))
    site = Site(tmp_path, broker.port, grace=1.0)
    started(site, stack)
    run_unit(site, stack, steps=20)
    site.collector.terminate()
    site.copy_database(tmp_path / "backup.db")
    before = len(site.stored())
    site.collector.start()
    run_unit(site, stack, steps=50)
    profile = site.profile()
    site.collector.kill()
    site.restore_database(tmp_path / "backup.db")
    assert len(site.stored()) == before
    site.collector.start()
    unit = site.unit(steps=51, more=("--linger",))  # one more step shows the collector its hole
    stack.callback(unit.stop)
    unit.start()
    wait_for(lambda: check_all_stored_once(site)[1] == 0 and _steps(site.outbox) == "51", "the hole stays")
    unit.terminate()
    site.collector.terminate()
    assert check_all_stored_once(site)[1:] == (0, 0)
    assert site.profile()["fixtures"][0]["captures"] > profile["fixtures"][0]["captures"]
    assert len(site.query("SELECT id FROM resends WHERE answered IS NOT NULL")) >= 1


def _steps(outbox: Path) -> str | None:
    with closing(sqlite3.connect(f"file:{outbox}?mode=ro", uri=True, timeout=30)) as database:
        if not database.execute("SELECT name FROM sqlite_master WHERE name = 'state'").fetchone():
            return None
        found = database.execute("SELECT value FROM state WHERE key = 'step'").fetchone()
    return None if found is None else str(found[0])
