"""Two environments for the agent on the device, each whole or not there.

DATA/environments/a, b           Python environments (`venv`), the agent's distributions in them, no pip
DATA/environments/a.json, b.json the seal of each, written last: without it the folder is nothing

What was installed on the device is never touched. It stands below both, and starts whichever is to run.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from typing import TYPE_CHECKING, Annotated, Literal

from packaging.version import InvalidVersion, Version
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.contract.names import Sha256
from edge.update.files import sync, write_whole

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from edge.update.state import Slot

SLOTS: tuple[Slot, Slot] = ("a", "b")


class Seal(BaseModel):
    """What is in an environment that was built to its end."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: Literal[1] = 1
    key: Sha256  # of its wheels
    version: Annotated[str, Field(max_length=64)]  # of the agent
    python: Annotated[str, Field(max_length=16)]  # which it was built for, such as 3.11


class Environments:
    """The two environments.

    Args:
        data: the agent's data folder.
    """

    def __init__(self, data: Path) -> None:
        self.data = data
        self.path = data / "environments"

    def place(self, slot: Slot) -> Path:
        """The folder of one, which may not be there."""
        return self.path / slot

    def python(self, slot: Slot) -> Path:
        """Its interpreter."""
        return self.place(slot) / "bin" / "python"

    def slot_of(self, prefix: Path) -> Slot | None:
        """Which of them an interpreter with this prefix (`sys.prefix`) is of; None: neither."""
        resolved = prefix.resolve()
        return next((slot for slot in SLOTS if self.place(slot).resolve() == resolved), None)

    def seal_of(self, slot: Slot) -> Seal | None:
        """The seal of one; None where it is not whole."""
        try:
            return Seal.model_validate_json(self._seal(slot).read_bytes())
        except (OSError, ValidationError):
            return None

    def sealed(self, key: str) -> Slot | None:
        """Which of them holds these wheels, built to its end and for this Python; None: neither."""
        return next((slot for slot in SLOTS if not self.fault(slot) and self._key(slot) == key), None)

    def holds_older(self, slot: Slot, version: str) -> bool:
        """Whether one is whole and its agent older than a version."""
        seal = self.seal_of(slot)
        return seal is not None and is_older(seal.version, version)

    def fault(self, slot: Slot) -> str:
        """Why the agent cannot be started in one; empty when it can."""
        seal = self.seal_of(slot)
        if seal is None:
            return f"environment {slot} is not whole"
        if not os.access(self.python(slot), os.X_OK):
            return f"environment {slot} has no Python: {self.python(slot)}"
        if seal.python != this_python():
            return f"environment {slot} is for Python {seal.python}, and this device has {this_python()}"
        return ""

    def seal(self, slot: Slot, seal: Seal) -> None:
        """Say that one is whole: the last step of its building, after all its files are on the disk.

        Raises:
            OSError: the disk refuses; then it is not.
        """
        write_whole(self._seal(slot), seal.model_dump_json().encode())

    def clear(self, slot: Slot) -> None:
        """Let go of one; its seal first, so that no half of it is ever taken for a whole.

        Raises:
            OSError: the disk refuses.
        """
        if self._seal(slot).exists():
            self._seal(slot).unlink()
            sync(self.path)
        if self.place(slot).exists():
            shutil.rmtree(self.place(slot))

    def prune(self, keep: Collection[Slot | None]) -> None:
        """Let go of what nobody starts or goes back to; a disk that refuses keeps it until the next time."""
        for slot in SLOTS:
            if slot not in keep:
                try:
                    self.clear(slot)
                except OSError:
                    continue

    def _key(self, slot: Slot) -> str | None:
        seal = self.seal_of(slot)
        return None if seal is None else seal.key

    def _seal(self, slot: Slot) -> Path:
        return self.path / f"{slot}.json"


def other(slot: Slot | None) -> Slot:
    """The one that does not run; where neither does, the first."""
    return "b" if slot == "a" else "a"


def key_of(hashes: Iterable[str]) -> str:
    """What tells one set of wheels, by their SHA-256, from another."""
    return hashlib.sha256("\n".join(sorted(hashes)).encode()).hexdigest()


def this_python() -> str:
    """The version of Python that environments of this device have."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def is_older(version: str, than: str) -> bool:
    """Whether one version of the agent is older than another; what is no version is."""
    try:
        return Version(version) < Version(than)
    except InvalidVersion:
        return True
