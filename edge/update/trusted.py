"""What the fleet's owner signed, and nothing else: the TUF client over the collector's repository.

The time by which signatures expire is the device's best (`edge.device.clock`), not what its wall clock shows: one that
starts in 1970 would take every old timestamp for valid.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

from pydantic import ValidationError
from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    UnsignedMetadataError,
)
from tuf.ngclient import Updater, UpdaterConfig

from edge.contract.errors import ConfigError, DeliveryError
from edge.contract.releases import (
    MAX_RELEASE_BYTES,
    ROLL_OUT,
    Release,
    RollOutPlan,
    content_target,
    release_target,
)
from edge.update.files import sync

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from tuf.api.metadata import TargetFile

    from edge.update.fetch import Fetcher
    from edge.update.folder import UpdateFolder

BOUNDS = UpdaterConfig(
    max_root_rotations=64,
    max_delegations=4,
    root_max_length=64 * 1024,
    timestamp_max_length=16 * 1024,
    snapshot_max_length=256 * 1024,
    targets_max_length=8 * 1024 * 1024,
)
"""More than these is no metadata of a fleet. Some 30,000 files fit in them."""

_UNAUTHORISED = {401, 403}


class AwayError(DeliveryError):
    """The collector cannot be reached now: no fault, it is asked again later."""


class FaultyError(DeliveryError):
    """What came is not what the fleet signed, or no longer holds. Nothing of it is used."""


class _Client(Updater):
    """The client, with the device's own idea of what time it is."""

    def __init__(self, folder: UpdateFolder, base: str, fetcher: Fetcher, root: bytes, now: datetime) -> None:
        folder.metadata.mkdir(parents=True, exist_ok=True)
        super().__init__(
            str(folder.metadata),
            f"{base}/metadata/",
            fetcher=fetcher,
            config=BOUNDS,
            bootstrap=root,
        )
        self._trusted_set.reference_time = now


class TrustedReleases:
    """One look at the repository: what it says is of one moment.

    Args:
        folder: of updates; what was seen last is kept there, so that nothing older is believed.
        base: of the fleet's repository, such as `http://127.0.0.1:8080/api/v1/releases/acme`.
        fetcher: HTTP.
        root: the file of the trusted root.
        now: UTC, by the best that the device knows.

    Raises:
        AwayError: the collector cannot be reached.
        FaultyError: what came is not what the fleet signed.
        ConfigError: the trusted root cannot be read.
    """

    def __init__(self, folder: UpdateFolder, base: str, fetcher: Fetcher, root: Path, now: datetime) -> None:
        self._folder = folder
        self._base = base.rstrip("/")
        self._fetcher = fetcher
        try:
            trusted = root.read_bytes()
        except OSError as error:
            raise ConfigError(
                f"updates.root: {root}: {error.strerror}", "write it: sink release root --out …"
            ) from None
        with _plainly():
            self._client = _Client(folder, self._base, fetcher, trusted, now)
            self._client.refresh()
        self.plan = self._read_plan()
        for path in folder.metadata.glob("*.json"):
            sync(path)  # what was seen must outlive a power cut: it is what an older one is refused by

    def release(self, number: int) -> Release:
        """A release.

        Raises:
            AwayError: the collector cannot be reached.
            FaultyError: it is not signed, or its list is none.
        """
        text = self._list(release_target(number), at_most=MAX_RELEASE_BYTES)
        try:
            release = Release.model_validate_json(text)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise FaultyError(f"release {number}: {first['msg']}") from None
        if release.number != number:
            raise FaultyError(f"release {number} says that it is {release.number}")
        return release

    def fetch(self, sha256: str, size: int, stop: threading.Event) -> None:
        """Fetch one file, or what is missing of it, check it and take it.

        Raises:
            AwayError: the collector went away, or it was left off; what came is kept, and gone on with.
            FaultyError: it is not signed, or not the one that was.
            OSError: the disk refuses.
        """
        path = self._folder.partial(sha256)
        with _plainly():
            target = self._target(content_target(sha256))
            if target.length != size or target.hashes.get("sha256") != sha256:
                raise FaultyError(f"file {sha256[:12]}…: release and repository name two")
            self._fetcher.fetch_into(f"{self._base}/targets/{_prefixed(target)}", path, size, stop)
            try:
                with path.open("rb") as file:
                    target.verify_length_and_hashes(file)
            except LengthOrHashMismatchError:
                path.unlink(missing_ok=True)
                raise
        self._folder.take(sha256)

    def _read_plan(self) -> RollOutPlan:
        try:
            return RollOutPlan.model_validate_json(self._list(ROLL_OUT, at_most=MAX_RELEASE_BYTES))
        except ValidationError:
            raise FaultyError("the plan of the roll-out is of a format that this agent does not know") from None

    def _list(self, path: str, *, at_most: int) -> bytes:
        with _plainly():
            target = self._target(path)
            if target.length > at_most:
                raise FaultyError(f"{path} has {target.length} bytes, at most {at_most} are taken")
            data = self._fetcher.download_bytes(f"{self._base}/targets/{_prefixed(target)}", target.length)
            target.verify_length_and_hashes(data)
            return data

    def _target(self, path: str) -> TargetFile:
        found = self._client.get_targetinfo(path)
        if found is None:
            raise FaultyError(f"{path} is not signed")
        return found


@contextmanager
def _plainly() -> Iterator[None]:
    """The client's errors in a person's words."""
    try:
        yield
    except DownloadLengthMismatchError as error:
        raise FaultyError(f"more bytes than were signed: {error}") from None
    except DownloadHTTPError as error:
        if error.status_code in _UNAUTHORISED:
            raise AwayError(
                f"the collector refuses this device: status {error.status_code}", "see updates.token_file"
            ) from None
        raise AwayError(f"the collector has no releases for this fleet: {error}") from None
    except DownloadError as error:
        raise AwayError(f"the collector cannot be reached: {error}") from None
    except ExpiredMetadataError as error:
        raise FaultyError(
            f"what came has expired: {error}", "sink serve signs anew every day; else look at the device's clock"
        ) from None
    except BadVersionNumberError as error:
        raise FaultyError(f"older than what was seen before, or of two moments: {error}") from None
    except UnsignedMetadataError as error:
        raise FaultyError(f"not signed by this fleet: {error}") from None
    except LengthOrHashMismatchError as error:
        raise FaultyError(f"not the file that was signed: {error}") from None
    except RepositoryError as error:
        raise FaultyError(f"no repository of this fleet: {error}") from None


def _prefixed(target: TargetFile) -> str:
    return quote(target.get_prefixed_paths()[0])
