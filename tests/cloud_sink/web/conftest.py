"""What tests of pages share: the collectors start once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cloud_sink.web.browser import Town, town

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A collector full of simulated stores, where no users are kept."""
    with town(tmp_path_factory.mktemp("full"), "--days", "3", "--stores", "6") as running:
        yield running


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A collector with users, and described stores of which nothing came."""
    with town(tmp_path_factory.mktemp("guarded"), "--days", "1", "--stores", "0", "--users") as running:
        yield running
