"""Disks of their own for tests: small, full, and turned read-only in the middle."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 64 * 1024


@contextmanager
def small_disk(folder: Path, *, megabytes: int) -> Iterator[Path]:
    """A tmpfs of that size; skips where none can be mounted."""
    folder.mkdir()
    _mount(["-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)])
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def breakable_disk(folder: Path) -> Iterator[Path]:
    """An ext4 of 48 MB that `break_disk` makes read-only, as the kernel does with one that fails; skips without."""
    if shutil.which("mkfs.ext4", path="/usr/sbin:/sbin:/usr/bin") is None:
        pytest.skip("mkfs.ext4 is missing: no disk can be made that turns read-only")
    folder.mkdir()
    image = folder.with_name(folder.name + ".img")
    with image.open("wb") as file:
        file.truncate(48 * 1024 * 1024)
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True, env={**os.environ, "PATH": path})
    _mount(["-o", "loop,errors=remount-ro", str(image), str(folder)])
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def break_disk(folder: Path) -> None:
    """From now on every write to the disk is refused, open files or not."""
    found = subprocess.run(["findmnt", "-no", "SOURCE", str(folder)], check=True, capture_output=True, text=True)
    fault = Path("/sys/fs/ext4") / Path(found.stdout.strip()).name / "trigger_fs_error"
    try:
        fault.write_text("a test breaks it")
    except OSError:
        pytest.skip("this kernel makes no ext4 fail on demand")


class Filler:
    """A file of somebody else that takes all room of a disk."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "somebody-elses-log"

    def fill(self, *, leave: int = 0) -> None:
        """Take all there is, but for `leave` bytes."""
        with self._path.open("ab", buffering=0) as file, suppress(OSError):
            while (free := shutil.disk_usage(self._path.parent).free - leave) > 0:
                file.write(b"\xa5" * min(CHUNK, free))

    def empty(self) -> None:
        """Give it back."""
        self._path.unlink(missing_ok=True)


def _mount(arguments: list[str]) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can mount a disk to fill or to break")
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
