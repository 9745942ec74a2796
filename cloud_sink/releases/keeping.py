"""Repositories in a backup, and back: whole, and above all that devices have seen."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloud_sink.releases.files import LOCK, only_writer, sync
from cloud_sink.releases.publishing import complete
from cloud_sink.releases.repository import Repository, hashed, repositories, repository_of
from edge.contract.errors import StoreError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

RELEASES = "releases"


@dataclass(frozen=True, slots=True)
class BroughtBack:
    """What became of the repositories of a backup, by tenant."""

    taken: tuple[str, ...]
    stayed: tuple[str, ...]  # there is one already: what is there is newer, and stays


def copy_out(data: Path, into: Path) -> tuple[str, ...]:
    """Copy every fleet's repository, with the server's keys, while the service runs; whose.

    Raises:
        OSError: the disk refuses.
        StoreError: a repository cannot be locked.
    """
    found = repositories(data)
    for tenant, repository in found.items():
        with only_writer(repository.folder):
            shutil.copytree(repository.folder, into / RELEASES / tenant, ignore=shutil.ignore_patterns(LOCK, ".*"))
    if found:
        (into / RELEASES).chmod(0o700)  # the server's keys are in it
    return tuple(found)


def bring_back(source: Path, data: Path, now: datetime) -> BroughtBack:
    """Bring the repositories of a backup to where none are, and sign anew what the server signs.

    Its versions are times, so they are above all that devices have seen. What the owner signed stays as it was: where
    a release was made after the backup, devices call this one older until the owner signed it anew (`renew`).

    Args:
        source: of the backup.
        data: the server's folder.
        now: UTC.

    Raises:
        OSError: the disk refuses; what was not brought back yet is by another call.
        StoreError: a file is damaged.
        ConfigError: the server's keys are not those that the root names.
    """
    taken, stayed = [], []
    for tenant in sorted(repositories(source)):
        place = repository_of(data, tenant)
        if place.exists:
            stayed.append(tenant)
            continue
        check(repository_of(source, tenant))
        beside = place.folder.with_name(f".{tenant}.restoring")
        shutil.rmtree(beside, ignore_errors=True)
        place.folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(repository_of(source, tenant).folder, beside)
        shutil.rmtree(place.folder, ignore_errors=True)
        beside.replace(place.folder)
        sync(place.folder.parent)
        complete(place, now)
        with only_writer(place.folder):
            place.sign_anew(now)
        taken.append(tenant)
    return BroughtBack(tuple(taken), tuple(stayed))


def check(repository: Repository) -> None:
    """Look whether every file that the owner signed is there, and is the one that was.

    Raises:
        StoreError: one is not.
    """
    for target in repository.signed.top().targets.values():
        path = repository.targets / hashed(target)
        try:
            with path.open("rb") as file:
                whole = hashlib.file_digest(file, "sha256").hexdigest() == target.hashes["sha256"]
        except OSError:
            whole = False
        if not whole:
            raise StoreError(f"{path} is missing or damaged", "take another backup")
