"""Releases on the device: files by their SHA-256, and a folder for each release, made of links to them.

DATA/updates/content/SHA256     each file once, checked before it got its name
DATA/updates/partial/SHA256     what is being fetched
DATA/updates/releases/NUMBER/   release.json, models/, catalogues/, planograms/, settings.json, agent/ (the wheels of
                                this platform); whole or not there
"""

from __future__ import annotations

import hashlib
import os
import shutil
from typing import TYPE_CHECKING

from pydantic import ValidationError

from edge.contract.errors import DeliveryError
from edge.contract.releases import Release
from edge.update.files import sync, write_whole

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

RELEASE = "release.json"


class UpdateFolder:
    """The folder of updates.

    Args:
        data: the agent's data folder.
    """

    def __init__(self, data: Path) -> None:
        self.path = data / "updates"
        self.metadata = self.path / "metadata"
        self.frames = self.path / "frames"
        self._content = self.path / "content"
        self._partial = self.path / "partial"
        self._releases = self.path / "releases"

    def partial(self, sha256: str) -> Path:
        """Where a file is fetched to."""
        self._partial.mkdir(parents=True, exist_ok=True)
        return self._partial / sha256

    def has(self, sha256: str) -> bool:
        """Whether a file is here already."""
        return (self._content / sha256).is_file()

    def take(self, sha256: str) -> None:
        """Take a file that was fetched and checked.

        Raises:
            OSError: the disk refuses.
        """
        self._content.mkdir(parents=True, exist_ok=True)
        sync(self._partial / sha256)
        (self._partial / sha256).replace(self._content / sha256)
        sync(self._content)

    def place(self, number: int) -> Path:
        """The folder of a release, which may not be there."""
        return self._releases / str(number)

    def assemble(self, release: Release, *, without: Collection[str] = ()) -> Path:
        """Make the folder of a release whose files are all here.

        Args:
            release: as it was signed.
            without: files, by their SHA-256, that this device does not take.

        Raises:
            OSError: the disk refuses; then the folder is not there.
        """
        place = self.place(release.number)
        if place.is_dir():
            return place
        made = self._releases / f".{release.number}"
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(parents=True)
        for bundle in release.bundles:
            for file in bundle.files:
                if file.sha256 in without:
                    continue
                path = made.joinpath(*bundle.place(file))
                path.parent.mkdir(parents=True, exist_ok=True)
                self._link(self._content / file.sha256, path)
        write_whole(made / RELEASE, release.model_dump_json().encode())
        for folder in sorted((path for path in made.rglob("*") if path.is_dir()), reverse=True):
            sync(folder)
        sync(made)
        made.replace(place)
        sync(self._releases)
        return place

    def load(self, number: int) -> Release:
        """A release that was assembled, each of its files as it was signed. Wheels are read when they are installed.

        Raises:
            DeliveryError: it is not there, or a file was altered or damaged since.
        """
        place = self.place(number)
        try:
            release = Release.model_validate_json((place / RELEASE).read_bytes())
            for bundle in release.bundles:
                if bundle.kind == "agent":
                    continue
                for file in bundle.files:
                    path = place.joinpath(*bundle.place(file))
                    if _sha256(path) != file.sha256:
                        raise DeliveryError(f"release {number}: {path} was altered or damaged")
        except OSError as error:
            raise DeliveryError(f"release {number}: {error.filename}: {error.strerror}") from None
        except ValidationError:
            raise DeliveryError(f"release {number}: {place / RELEASE} is no list of a release") from None
        return release

    def forget_damaged(self, number: int) -> None:
        """Let go of a release that is damaged, and of its files that are: they are fetched again."""
        shutil.rmtree(self.place(number), ignore_errors=True)
        for path in self._content.glob("*"):
            if _sha256(path) != path.name:
                path.unlink(missing_ok=True)

    def prune(self, keep: Collection[int | None]) -> None:
        """Let go of every release but these, and of the files that only others had."""
        kept = {str(number) for number in keep if number is not None}
        for path in self._releases.glob("*"):
            if path.name not in kept:
                shutil.rmtree(path, ignore_errors=True)
        for path in self._content.glob("*"):
            if path.stat().st_nlink == 1 and not self._is_copied(path.name):
                path.unlink(missing_ok=True)

    def free(self) -> int:
        """Bytes free on the disk."""
        self.path.mkdir(parents=True, exist_ok=True)
        return shutil.disk_usage(self.path).free

    def _is_copied(self, sha256: str) -> bool:
        """Whether a release has a file on a disk that knows no links."""
        for path in self._releases.glob(f"*/{RELEASE}"):
            try:
                release = Release.model_validate_json(path.read_bytes())
            except (OSError, ValidationError):
                continue
            if sha256 in {file.sha256 for file in release.files}:
                return True
        return False

    @staticmethod
    def _link(source: Path, path: Path) -> None:
        try:
            os.link(source, path)
        except OSError:  # a disk that knows no links, such as FAT
            shutil.copyfile(source, path)
            sync(path)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
