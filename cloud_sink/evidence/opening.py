"""From the configuration to the place where photographs are kept."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cloud_sink.evidence.folder import Folder
from cloud_sink.evidence.room import EvidenceRoom
from edge.contract.errors import ConfigError

if TYPE_CHECKING:
    from cloud_sink.evidence.place import EvidencePlace
    from cloud_sink.fleet.settings import SinkConfig
    from cloud_sink.store.database import Database
MEGABYTE = 1024 * 1024

_SOURCES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
"""Variables each of which says where credentials come from."""


def open_room(engine: Database, config: SinkConfig) -> EvidenceRoom:
    """All photographs, as the service takes and shows them.

    Raises:
        ConfigError: as `open_place`.
    """
    return EvidenceRoom(engine, open_place(config), config.evidence.quota_mb * MEGABYTE)


def open_place(config: SinkConfig) -> EvidencePlace:
    """The folder, or the bucket. Whether it answers shows when it is asked.

    Raises:
        ConfigError: a bucket without credentials, or settings that make no store.
    """
    settings = config.evidence.s3
    if settings is None:
        return Folder(config.evidence_folder)
    from cloud_sink.evidence.bucket import Bucket  # noqa: PLC0415 - only where it is used
    from cloud_sink.evidence.credentials import CredentialsFile  # noqa: PLC0415

    if settings.credentials_file is not None:
        return Bucket(settings, CredentialsFile(settings.credentials_file, settings.profile))
    # A machine's own role works at AWS only: elsewhere nobody answers at that address, and it takes long to show.
    if settings.endpoint is not None and not any(os.environ.get(name) for name in _SOURCES):
        raise ConfigError(
            "evidence.s3 has no credentials",
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or evidence.s3.credentials_file",
        )
    return Bucket(settings, None)
