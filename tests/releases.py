"""A fleet's repository in a folder, as `sink release` makes it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cloud_sink.releases import bundles
from cloud_sink.releases.keys import offline, signers_of
from cloud_sink.releases.publishing import complete, prepare_release, prepare_renewal, sign_and_publish
from cloud_sink.releases.repository import Repository
from edge.contract.releases import Candidate, Limits, Reach, Release, RollOutPlan

if TYPE_CHECKING:
    from pathlib import Path

    from cloud_sink.releases.bundles import Found
    from edge.contract.releases import Bundle

PASSPHRASE = "correct horse battery"  # of keys that live as long as a test
NOW = datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class Fleet:
    """A repository, and the folder of its owner's keys."""

    repository: Repository
    keys: Path
    scratch: Path

    def settings(self, *, now: datetime = NOW, **content: object) -> int:
        """A release of settings alone, signed and rolled out to all; its number."""
        file = self.scratch / "settings.json"
        file.write_text(json.dumps(content))
        return self.release(bundles.settings(file, self.scratch / f"kept-{self.repository.next_number()}"), now=now)

    def release(self, *made: tuple[Bundle, Found], now: datetime = NOW, limits: Limits | None = None) -> int:
        """A release, signed and rolled out to all; its number."""
        complete(self.repository, now)
        number = self.repository.next_number()
        release = Release(
            number=number, made=now, limits=limits or Limits(), bundles=tuple(bundle for bundle, _ in made)
        )
        found = {sha256: path for _, files in made for sha256, path in files.items()}
        proposal = prepare_release(self.repository, release, found, now)
        sign_and_publish(self.repository, proposal, [offline(self.keys, "targets", PASSPHRASE)], now)
        self.roll_out(number, now=now)
        return number

    def roll_out(self, number: int, *, reach: Reach | None = None, stopped: bool = False, now: datetime = NOW) -> None:
        candidate = Candidate(number=number, reach=reach or Reach(percent=100), stopped=stopped)
        self.repository.roll_out(RollOutPlan(candidate=candidate), now)

    def renew(self, *, now: datetime = NOW) -> None:
        """Root and targets, signed anew."""
        signers = signers_of(self.keys, PASSPHRASE)
        sign_and_publish(self.repository, prepare_renewal(self.repository, now), signers, now)


def make_fleet(folder: Path, *, tenant: str = "acme", now: datetime = NOW) -> Fleet:
    """A new fleet, with keys of its own."""
    repository = Repository(folder / "data" / "releases" / tenant)
    repository.make(folder / "keys", PASSPHRASE, now)
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    return Fleet(repository, folder / "keys", scratch)


LATER = timedelta(days=1)
