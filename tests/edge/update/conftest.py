from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.edge.update.device import Device
from tests.edge.update.server import Repository, served
from tests.releases import Fleet, make_fleet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return make_fleet(tmp_path / "fleet")


@pytest.fixture
def server(fleet: Fleet) -> Iterator[Repository]:
    with served(fleet.repository.folder) as one:
        yield one


@pytest.fixture
def device(fleet: Fleet, server: Repository, tmp_path: Path) -> Device:
    root = tmp_path / "trusted-root.json"
    root.write_bytes(fleet.repository.root_file.read_bytes())
    return Device(tmp_path / "device", server.url, root)
