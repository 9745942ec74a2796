"""Keeps a broker's files as the fleet is: a new device gets in within seconds, a revoked one is out as soon."""

from __future__ import annotations

import subprocess
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from cloud_sink.store import authorities, identities
from cloud_sink.store.database import reading
from cloud_sink.trust.broker_files import follow
from edge.contract.errors import FacingsError

if TYPE_CHECKING:
    from cloud_sink.fleet.trust_settings import BrokerFilesSection
    from cloud_sink.store.database import Database
    from cloud_sink.trust.keyring import Vault

_AT_LEAST = timedelta(hours=6)
"""How often the files are made anew without a cause: revocation lists end."""

_RELOAD_SECONDS = 30.0

_log = structlog.get_logger()


class BrokerKeeper:
    """A thread that looks whether devices came, went or were revoked.

    Args:
        engine: the database.
        vault: the fleet's authorities.
        section: where the files are, and how the broker is told.
    """

    def __init__(self, engine: Database, vault: Vault, section: BrokerFilesSection) -> None:
        self._engine = engine
        self._vault = vault
        self._section = section
        self._seen: object = None
        self._looked = datetime.min.replace(tzinfo=UTC)
        self._owed = True  # the broker may have been started before the last change was written
        self._failing = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="broker-files", daemon=True)

    def start(self) -> None:
        """Begin, with a look at once."""
        self._thread.start()

    def stop(self) -> None:
        """End after the look in hand."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(10)

    def look(self, now: datetime) -> bool:
        """Write what differs and have the broker read it; whether it was told.

        Raises:
            FacingsError: the database, the authority, the folder or the command.
        """
        with reading(self._engine) as connection:
            seen = (identities.changed(connection), [(one.id, one.state) for one in authorities.listed(connection)])
        if seen != self._seen or now - self._looked > _AT_LEAST:
            kind = self._section.kind
            self._owed |= follow(self._section.folder, self._engine, self._vault.open(), now=now, kind=kind)
            self._seen, self._looked = seen, now
        if not self._owed:
            return False
        self._tell()
        self._owed = False
        return True

    def _tell(self) -> None:
        if not self._section.reload:
            return
        try:
            done = subprocess.run(  # noqa: S603 - the command that the configuration names, without a shell
                self._section.reload, capture_output=True, timeout=_RELOAD_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise FacingsError(f"trust.broker_files.reload: {error}", "mend the command") from None
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip() or f"exit code {done.returncode}"
            raise FacingsError(f"trust.broker_files.reload: {said}", "mend the command, or start the broker")

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                if self.look(datetime.now(UTC)):
                    _log.info("broker_files.told")
                if self._failing:
                    _log.info("broker_files.back")
                self._failing = False
            except FacingsError as error:
                if not self._failing:
                    _log.error("broker_files.failed", why=str(error))
                self._failing = True
            self._stop.wait(self._section.every)
