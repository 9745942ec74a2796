"""Moves roll-outs on, and keeps what devices fetch valid: a thread of the service, and the words of its commands."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog
from pydantic import ValidationError

from cloud_sink.releases.files import write_whole
from cloud_sink.releases.fleet import fleet_of
from cloud_sink.releases.publishing import complete
from cloud_sink.releases.repository import repositories
from cloud_sink.releases.rings import RollOut, advanced
from cloud_sink.store.database import DatabaseAway
from edge.contract.errors import ConfigError, FacingsError, StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta
    from pathlib import Path

    from cloud_sink.releases.repository import Repository
    from cloud_sink.releases.rings import Ring, Standing
    from cloud_sink.store.database import Database

LOOK = 15.0
"""Seconds between two looks. Devices tell how they do every five minutes."""

_FILE = "roll-out.json"
_log = structlog.get_logger()


def rollout_of(repository: Repository) -> RollOut | None:
    """The roll-out that was begun last; None before the first.

    Raises:
        StoreError: its file cannot be read.
    """
    path = repository.folder / _FILE
    try:
        return RollOut.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError):
        raise StoreError(f"{path} cannot be read", "bring it back from a backup, or begin the roll-out anew") from None


def begin(
    repository: Repository,
    number: int,
    *,
    rings: Sequence[Ring],
    pause: timedelta,
    most_failures: float,
    least_done: float,
    now: datetime,
) -> RollOut:
    """Begin to roll a release out; it takes the place of one under way, whose devices go on.

    Raises:
        ConfigError: there is no such release, or devices run a later one already.
    """
    repository.release(number)
    last = rollout_of(repository)
    if last is not None and last.number > number:
        raise ConfigError(
            f"release {last.number} was rolled out already, and devices take none of a lower number",
            f"make one that is like it: sink release add --like {number}",
        )
    before = None if last is None else last.number if last.state == "done" else last.before
    rollout = RollOut(
        number=number,
        rings=tuple(rings),
        pause=pause,
        most_failures=most_failures,
        least_done=least_done,
        since=now,
        before=before,
    )
    put(repository, rollout, now)
    return rollout


def stop(repository: Repository, now: datetime, *, said: str = "stopped by hand") -> RollOut:
    """Let no further device take the release up.

    Raises:
        ConfigError: none is under way.
    """
    rollout = rollout_of(repository)
    if rollout is None or rollout.state == "done":
        raise ConfigError("no release is being rolled out", "see: sink release status")
    stopped = rollout.model_copy(update={"state": "stopped", "said": said})
    put(repository, stopped, now)
    return stopped


def go_on(repository: Repository, now: datetime) -> RollOut:
    """Let a roll-out that was stopped go on with the ring it was at; its pause begins anew.

    Raises:
        ConfigError: none was stopped.
    """
    rollout = rollout_of(repository)
    if rollout is None or rollout.state != "stopped":
        raise ConfigError("no roll-out was stopped", "see: sink release status")
    going = rollout.model_copy(update={"state": "running", "said": "", "since": now})
    put(repository, going, now)
    return going


def put(repository: Repository, rollout: RollOut, now: datetime) -> None:
    """Keep a roll-out and tell the devices. What is kept is told again, should the power go between the two."""
    write_whole(repository.folder / _FILE, rollout.model_dump_json(indent=2).encode())
    repository.roll_out(rollout.plan, now)


def look(repository: Repository, fleet: Sequence[Standing], now: datetime) -> RollOut | None:
    """One look at a fleet: its roll-out moves on or stops, and what its devices fetch stays valid."""
    complete(repository, now)
    rollout = rollout_of(repository)
    if rollout is not None:
        after = advanced(rollout, fleet, now)
        if after != rollout:
            put(repository, after, now)
            ring = after.rings[after.at].name
            _log.info(
                "release.roll_out", fleet=repository.folder.name, release=after.number, ring=ring, state=after.state
            )
        elif repository.plan() != rollout.plan:
            repository.roll_out(rollout.plan, now)
        rollout = after
    repository.keep_valid(now)
    return rollout


class Roller:
    """The thread.

    Args:
        engine: where devices' reports are.
        data: the folder with the repositories.
        rest: seconds between two looks.
    """

    def __init__(self, engine: Database, data: Path, *, rest: float = LOOK) -> None:
        self._engine = engine
        self._data = data
        self._rest = rest
        self._told = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="releases", daemon=True)

    def start(self) -> None:
        """Begin, with a look at once."""
        self._thread.start()

    def stop(self) -> None:
        """End after the look under way."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(10)

    def _run(self) -> None:
        while not self._stop.is_set():
            for tenant, repository in repositories(self._data).items():
                self._look(tenant, repository)
            self._stop.wait(self._rest)

    def _look(self, tenant: str, repository: Repository) -> None:
        try:
            look(repository, fleet_of(self._engine, tenant), datetime.now(UTC))
        except (DatabaseAway, FacingsError) as error:
            if str(error) != self._told:
                _log.warning("release.look_failed", fleet=tenant, why=str(error))
            self._told = str(error)
        else:
            self._told = ""
