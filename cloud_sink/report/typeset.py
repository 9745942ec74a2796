"""Setting a report as a PDF: Typst, with a font of our own, so that Chinese is there on a machine without any."""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typst

from edge.contract.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cloud_sink.report.document import Document

TEMPLATE = Path(__file__).resolve().parent / "report.typ"
FONTS = Path(__file__).resolve().parents[1] / "web" / "vendor" / "noto-sans-sc"

_TURNS = threading.BoundedSemaphore(2)
"""Reports that are set at one time: each holds the font, 20 MB, and works a core."""


def as_pdf(document: Document, photographs: Mapping[str, bytes], made: datetime) -> bytes:
    """The report as PDF, tagged for who listens to it (PDF/UA-1 where our font has every character).

    The same input gives the same bytes.

    Args:
        document: what it says.
        photographs: JPEG files by SHA-256, of all that the document shows.
        made: when, aware.

    Raises:
        ConfigError: the font is not there.
    """
    if not any(FONTS.glob("*.ttf")):
        raise ConfigError(
            f"{FONTS} has no font: a report would show no Chinese", "run ./scripts/setup, or install a wheel"
        )
    with _TURNS, tempfile.TemporaryDirectory(prefix="facings-report-") as name:
        folder = Path(name)
        shutil.copy(TEMPLATE, folder / TEMPLATE.name)
        for picture in document.pictures:
            (folder / f"{picture.sha256}.jpg").write_bytes(photographs[picture.sha256])
        said = json.dumps(asdict(document), default=_plain)
        try:
            return _set(folder, said, made, only_own_fonts=True)
        except typst.TypstError:
            # A character that our font lacks, such as one of a Thai name: the system's fonts may have it.
            return _set(folder, said, made, only_own_fonts=False)


def _set(folder: Path, said: str, made: datetime, *, only_own_fonts: bool) -> bytes:
    """With fonts of our own every character is there, or it fails: the standard wants that."""
    return typst.compile(
        folder / TEMPLATE.name,
        root=folder,
        font_paths=[FONTS],
        ignore_system_fonts=only_own_fonts,
        format="pdf",
        sys_inputs={"document": said},
        pdf_standards=["ua-1"] if only_own_fonts else [],
        timestamp=made.replace(microsecond=0),
    )


def _plain(value: Any) -> Any:
    """What JSON has no word for: a set of columns."""
    return sorted(value)
