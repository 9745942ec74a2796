"""What the commands of `sink release` have in common: whose fleet, whose keys, and the passphrase."""

from __future__ import annotations

import getpass
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge.contract.errors import ConfigError

if TYPE_CHECKING:
    from cloud_sink.fleet.settings import SinkConfig
    from cloud_sink.releases.repository import Repository
    from edge.contract.releases import Bundle, Release

ENVIRONMENT = "FACINGS_RELEASE_PASSPHRASE"

Tenant = Annotated[str | None, typer.Option(help="whose fleet; may be left out where there is only one")]
Keys = Annotated[Path, typer.Option(help="the folder of the owner's keys, away from the server")]
PassphraseFile = Annotated[
    Path | None, typer.Option(help=f"a file with the keys' passphrase; without it {ENVIRONMENT} or a question")
]


def known(kept: SinkConfig, tenant: str | None) -> tuple[str, Repository]:
    """The repository of a tenant, or of the only one."""
    from cloud_sink.releases.repository import known_repository

    return known_repository(kept.data, tenant)


def latest_reported(database_url: str, tenant: str) -> int:
    """The greatest number of a release that a device told of; 0 where none did.

    A repository from a backup may not know it: to make another release of that number would confuse devices for ever.
    """
    from cloud_sink.releases.fleet import fleet_of, latest
    from cloud_sink.store.database import open_database, upgrade

    engine = open_database(database_url)
    try:
        upgrade(engine)
        return latest(fleet_of(engine, tenant))
    finally:
        engine.dispose()


def in_words(release: Release) -> str:
    """What a release holds, in one line."""
    kinds = ", ".join(_bundle_in_words(one) for one in release.bundles)
    return f"{kinds} ({sum(file.size for file in release.files) / 1e6:.1f} MB)"


def _bundle_in_words(bundle: Bundle) -> str:
    if bundle.agent is not None:
        return f"agent {bundle.agent.version} for {', '.join(bundle.agent.platforms)}"
    return bundle.kind if bundle.kind in {"models", "settings"} else f"{bundle.kind} {bundle.name}"


def passphrase_of(file: Path | None, *, anew: bool = False) -> str:
    """The passphrase of the owner's keys.

    Args:
        file: that holds it.
        anew: whether it is a new one, and asked for twice.

    Raises:
        ConfigError: it is not given, or was mistyped.
    """
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").rstrip("\n")
        except (OSError, UnicodeDecodeError):
            raise ConfigError(f"--passphrase-file {file} cannot be read", "give a file with one line") from None
    if said := os.environ.get(ENVIRONMENT):
        return said
    if not sys.stdin.isatty():
        raise ConfigError("the keys' passphrase is not given", f"give --passphrase-file, or set {ENVIRONMENT}")
    first = getpass.getpass("passphrase of the keys: ")
    if anew and getpass.getpass("once more: ") != first:
        raise ConfigError("the two passphrases differ", "run the command again")
    return first


def now_utc() -> datetime:
    """This moment, in whole seconds as TUF has them."""
    return datetime.now(UTC).replace(microsecond=0)
