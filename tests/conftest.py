"""Fixtures shared by all tests."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.postgres import Postgres

# Property tests are about what holds, not how fast: a busy machine fails none of them.
settings.register_profile("without deadline", deadline=None)
settings.load_profile("without deadline")

ROOT = Path(__file__).resolve().parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        metavar="URL",
        help="a PostgreSQL that is there, for the collector's tests; without it one is started",
    )


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """A command that runs inside a test sets up logs, on a stream that ends with the test."""
    handlers = list(logging.root.handlers)
    yield
    structlog.reset_defaults()
    logging.root.handlers = handlers


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Iterator[Postgres]:
    """A real PostgreSQL, on which each test gets a database of its own."""
    from tests.postgres import Postgres, embedded_postgres  # noqa: PLC0415 - the edge's tests need no SQL

    url = request.config.getoption("--database")
    if url is None:
        with embedded_postgres() as server:
            yield server
    else:
        server = Postgres(url)
        yield server
        server.clean()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real browser, one for all: a thread cannot have two at a time."""
    from tests.cloud_sink.web.browser import chromium  # noqa: PLC0415 - most tests need none

    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real photographs beside the project, or a skip that says it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("../shared/data is absent: this test measures on real photographs")
    return folder
