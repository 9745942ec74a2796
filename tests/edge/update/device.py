"""A device's own side: its folder, its trusted root, and one look at the repository."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.contract.config import UpdatesSection
from edge.update.fetch import Fetcher
from edge.update.folder import UpdateFolder
from edge.update.trusted import TrustedReleases
from tests.releases import NOW

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from edge.contract.releases import Release


@dataclass(frozen=True, slots=True)
class Device:
    data: Path
    url: str
    root: Path

    @property
    def folder(self) -> UpdateFolder:
        return UpdateFolder(self.data)

    def look(self, *, now: datetime = NOW) -> TrustedReleases:
        fetcher = Fetcher(UpdatesSection(root=self.root), encrypted=False)
        return TrustedReleases(self.folder, f"{self.url}/api/v1/releases/acme", fetcher, self.root, now)

    def take(self, *, now: datetime = NOW) -> Release:
        """All that is wanted, fetched and assembled."""
        trusted = self.look(now=now)
        wanted = trusted.plan.wanted(store="s1", device="d1")
        assert wanted is not None
        release = trusted.release(wanted)
        for file in release.files:
            if not self.folder.has(file.sha256):
                trusted.fetch(file.sha256, file.size, threading.Event())
        self.folder.assemble(release)
        return release
