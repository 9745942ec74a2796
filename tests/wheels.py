"""Wheels made on the spot: small ones with their RECORD right, and later versions of real ones."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def make_wheel(
    folder: Path,
    name: str,
    version: str,
    *,
    requires: Sequence[str] = (),
    extras: Sequence[str] = (),
    files: Mapping[str, str | bytes] | None = None,
    tag: str = "py3-none-any",
    python: str = ">=3.11",
) -> Path:
    """A wheel of a distribution with these files."""
    metadata = ["Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}", f"Requires-Python: {python}"]
    metadata += [f"Provides-Extra: {extra}" for extra in extras]
    metadata += [f"Requires-Dist: {requirement}" for requirement in requires]
    stem = f"{name.replace('-', '_')}-{version}"
    inside: dict[str, bytes] = {
        path: content if isinstance(content, bytes) else content.encode() for path, content in (files or {}).items()
    }
    inside[f"{stem}.dist-info/METADATA"] = ("\n".join(metadata) + "\n").encode()
    inside[f"{stem}.dist-info/WHEEL"] = f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n".encode()
    return _written(folder / f"{stem}-{tag}.whl", inside, f"{stem}.dist-info/RECORD")


def later(
    wheel: Path,
    folder: Path,
    version: str,
    changes: Mapping[str, str] | None = None,
    *,
    without: tuple[str, ...] = (),
) -> Path:
    """A wheel like another one, of another version, with some of its files exchanged, added or left out."""
    name, before, rest = wheel.name.split("-", 2)
    old, new = f"{name}-{before}.dist-info", f"{name}-{version}.dist-info"
    inside: dict[str, bytes] = {}
    with zipfile.ZipFile(wheel) as archive:
        for path in archive.namelist():
            if not path.endswith(("/", ".dist-info/RECORD")) and not path.startswith(without):
                inside[path.replace(old, new, 1)] = archive.read(path)
    metadata = inside[f"{new}/METADATA"].decode()
    inside[f"{new}/METADATA"] = metadata.replace(f"\nVersion: {before}\n", f"\nVersion: {version}\n", 1).encode()
    inside |= {path: content.encode() for path, content in (changes or {}).items()}
    return _written(folder / f"{name}-{version}-{rest}", inside, f"{new}/RECORD")


def _written(path: Path, inside: Mapping[str, bytes], record: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = io.StringIO()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, content in inside.items():
            archive.writestr(zipfile.ZipInfo(name), content)  # of no moment: the same bytes every time
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            rows.write(f"{name},sha256={digest},{len(content)}\n")
        archive.writestr(zipfile.ZipInfo(record), rows.getvalue() + f"{record},,\n")
    return path
