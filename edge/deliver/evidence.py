"""The evidence spool: photographs that wait for upload, each a file named by its sha256, sealed where that is wanted.

People in them are blurred before they come here. A file is whole or not there: it is written beside its place, synced,
and renamed. A photograph the disk does not take counts as dropped at once: its event says so, and nothing else stops.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from edge.contract.errors import DeliveryError
from edge.deliver.capacity import MB
from edge.deliver.private_files import make_folder, settle_files, write_private
from edge.deliver.sealing import PLAIN, SealError

if TYPE_CHECKING:
    from pathlib import Path

    from edge.deliver.sealing import AtRest

log = structlog.get_logger(__name__)

SUFFIX = ".jpg"
_PART = ".part"
_REFUSED = "refused"
_JPEG = b"\xff\xd8\xff"


class EvidenceSpool:
    """The photographs of one device, the oldest dropped when there is no room. Safe to use from several threads.

    Args:
        folder: is made where it is missing.
        max_mb: the most it may hold, in megabytes.
        at_rest: how photographs lie in it.

    Raises:
        DeliveryError: the folder cannot be used, or holds photographs that are sealed with a key that is not here.
    """

    def __init__(self, folder: Path, *, max_mb: float = 100.0, at_rest: AtRest = PLAIN) -> None:
        self._at_rest = at_rest
        self._folder = folder
        self._refused = folder / _REFUSED
        self._max_bytes = int(max_mb * MB)
        self._lock = threading.Lock()
        self._sizes: dict[str, int] = {}  # oldest first
        self._aside: dict[str, int] = {}
        self._shed: list[str] = []
        self._failing = False
        self.closed = False  # while the outbox finds the disk full
        try:
            make_folder(folder)
            make_folder(self._refused)
            self._load()
        except OSError as error:
            raise DeliveryError(f"{folder}: {error.strerror}", "give a folder the agent may write to") from None

    @property
    def size(self) -> int:
        """Bytes it holds, what was refused included."""
        with self._lock:
            return self._held()

    def put(self, jpeg: bytes) -> str:
        """Keep a photograph; after this it survives a power cut. The same one twice is kept once.

        Returns:
            Its sha256, also when the disk is full or refuses; then it counts as dropped.

        Raises:
            DeliveryError: no JPEG, or larger than the whole spool.
        """
        if not jpeg.startswith(_JPEG):
            raise DeliveryError("evidence is no JPEG", "encode the frame before it is kept")
        if len(jpeg) > self._max_bytes:
            raise DeliveryError(f"evidence of {len(jpeg)} bytes, the spool holds {self._max_bytes}", "raise its limit")
        sha256 = hashlib.sha256(jpeg).hexdigest()
        with self._lock:
            if sha256 in self._sizes:
                return sha256
            held = self._at_rest.close(jpeg, _label(sha256))
            self._make_room(len(held))
            if self.closed or not self._written(sha256, held):
                self._shed.append(sha256)
            else:
                self._sizes[sha256] = len(held)
        return sha256

    def waiting(self) -> list[str]:
        """What is to be uploaded, the oldest first."""
        with self._lock:
            return list(self._sizes)

    def read(self, sha256: str) -> bytes | None:
        """The photograph; None when it was dropped meanwhile, or can be read no more, which drops it.

        Raises:
            OSError: the disk refuses.
        """
        try:
            jpeg = self._at_rest.open(self._path(sha256).read_bytes(), _label(sha256))
        except (FileNotFoundError, SealError):
            jpeg = b""
        if hashlib.sha256(jpeg).hexdigest() == sha256:
            return jpeg
        with self._lock:
            if self._sizes.pop(sha256, None) is not None:  # it was not dropped: somebody else took or changed it
                self._shed.append(sha256)
                self._path(sha256).unlink(missing_ok=True)
        return None

    def remove(self, sha256: str) -> None:
        """It is stored at the collector.

        Raises:
            OSError: the disk refuses; it stays, and is uploaded again.
        """
        with self._lock:
            self._path(sha256).unlink(missing_ok=True)
            self._sizes.pop(sha256, None)

    def refuse(self, sha256: str) -> None:
        """The collector will never take it: put it aside for a person to look at. It goes first when room is short.

        Raises:
            OSError: the disk refuses; it stays, and is uploaded again.
        """
        with self._lock:
            if sha256 in self._sizes:
                self._path(sha256).replace(self._refused / (sha256 + SUFFIX))
                self._aside[sha256] = self._sizes.pop(sha256)

    def shed(self, octets: int) -> None:
        """Drop the oldest until at least `octets` are free, or nothing is left, or the disk refuses."""
        with self._lock:
            self._drop(octets)

    def take_shed(self) -> list[str]:
        """The sha256 of everything dropped since this was last asked."""
        with self._lock:
            shed, self._shed = self._shed, []
        return shed

    def _held(self) -> int:
        return sum(self._sizes.values()) + sum(self._aside.values())

    def _make_room(self, octets: int) -> None:
        self._drop(self._held() + octets - self._max_bytes)

    def _drop(self, octets: int) -> None:
        with suppress(OSError):  # a disk that refuses keeps what it has
            while octets > 0 and self._aside:
                sha256 = next(iter(self._aside))
                (self._refused / (sha256 + SUFFIX)).unlink(missing_ok=True)
                octets -= self._aside.pop(sha256)
            while octets > 0 and self._sizes:
                sha256 = next(iter(self._sizes))
                self._path(sha256).unlink(missing_ok=True)
                octets -= self._sizes.pop(sha256)
                self._shed.append(sha256)

    def _written(self, sha256: str, jpeg: bytes) -> bool:
        try:
            self._write(sha256, jpeg)
        except OSError as error:
            if not self._failing:
                log.warning("evidence.not_kept", folder=str(self._folder), error=error.strerror)
            self._failing = True
            return False
        if self._failing:
            self._failing = False
            log.info("evidence.kept_again", folder=str(self._folder))
        return True

    def _path(self, sha256: str) -> Path:
        return self._folder / (sha256 + SUFFIX)

    def _write(self, sha256: str, data: bytes) -> None:
        part = self._folder / (secrets.token_hex(8) + _PART)
        try:
            write_private(self._path(sha256), data, beside=part)
        except OSError:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise

    def _load(self) -> None:
        for part in self._folder.glob(f"*{_PART}"):
            part.unlink()  # a write that a power cut ended
        for folder in (self._folder, self._refused):
            settle_files(folder.glob(f"*{SUFFIX}"), self._at_rest, label=lambda path: _label(path.stem))
        self._sizes = _sizes(self._folder)
        self._aside = _sizes(self._refused)


def _label(sha256: str) -> str:
    return f"evidence/{sha256}"


def _sizes(folder: Path) -> dict[str, int]:
    files = sorted((file.stat().st_mtime_ns, file.stem, file.stat().st_size) for file in folder.glob(f"*{SUFFIX}"))
    return {sha256: size for _, sha256, size in files}
