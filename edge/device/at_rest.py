"""The key for what lies in the data folder: where it comes from, and what is done when it is lost."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from edge.contract.errors import ConfigError
from edge.deliver.outbox_file import take_lock
from edge.deliver.outbox_look import look_into
from edge.deliver.private_files import make_folder, sync_folder, write_private
from edge.deliver.sealing import KEY_BYTES, OVERHEAD, PLAIN, AtRest, DataKey, sealed_with

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from edge.contract.config import AgentConfig, AtRestSection

CREDENTIALS = "CREDENTIALS_DIRECTORY"
"""Where systemd shows a service its credentials, decrypted, in memory that is never swapped."""

OUTBOX = "outbox.db"
PICTURES = ("evidence/*.jpg", "evidence/refused/*.jpg", "views/*.png", "updates/frames/*/*.jpg")
"""What may be sealed beside the outbox."""

_PARTS = (OUTBOX, "evidence", "views", "updates/frames")
_HEX = 2 * KEY_BYTES

log = structlog.get_logger(__name__)


def at_rest_of(config: AgentConfig, *, environment: Mapping[str, str] = os.environ) -> AtRest:
    """How things lie in a device's data folder, for an agent that is to work there. A key that is missing is made.

    Raises:
        ConfigError: the key is not there although things are sealed with it; others may read it; or it is none.
    """
    section = config.at_rest
    if section is None:
        return PLAIN
    path = key_path(section, environment)
    if not path.exists() and section.key is not None and section.on:
        named = sealed_already(config.data)
        if named is None:
            _make(path)
        else:
            what, name = named
            raise AtRest(missing=f"{path} is not there").lost(what, name)
    return AtRest(_read(path, section), on=section.on)


def at_rest_to_look(config: AgentConfig, *, environment: Mapping[str, str] = os.environ) -> AtRest:
    """The same for whoever only looks: nothing is made, and a key that cannot be had is said to be missing."""
    if config.at_rest is None:
        return PLAIN
    try:
        return AtRest(_read(key_path(config.at_rest, environment), config.at_rest), on=config.at_rest.on)
    except ConfigError as error:
        return AtRest(missing=error.what)


def key_path(section: AtRestSection, environment: Mapping[str, str] = os.environ) -> Path:
    """Where the key lies.

    Raises:
        ConfigError: it is a credential, and this process is given none.
    """
    if section.key is not None:
        return section.key
    folder = environment.get(CREDENTIALS)
    if folder is None:
        raise ConfigError(
            f"at_rest.credential: {section.credential} is given to the service alone",
            "LoadCredentialEncrypted= in its unit; to look by hand: systemd-run -p LoadCredentialEncrypted=…",
        )
    return Path(folder) / str(section.credential)


def sealed_already(data: Path) -> tuple[Path, str] | None:
    """Something in a data folder that is sealed, and the name of its key; None: all is plain, or it is empty."""
    return next(sealed_things(data), None)


def sealed_things(data: Path) -> Iterator[tuple[Path, str]]:
    """Everything in a data folder that is sealed, with the name of its key."""
    look = look_into(data / OUTBOX)
    if look is not None and look.sealed:
        yield data / OUTBOX, look.sealed
    for path in pictures(data):
        if (named := sealer_of(path)) is not None:
            yield path, named


def pictures(data: Path) -> Iterator[Path]:
    """Every picture that is kept in a data folder."""
    for pattern in PICTURES:
        yield from sorted(data.glob(pattern))


def sealer_of(path: Path) -> str | None:
    """The name of the key that sealed a file; None: it is plain, or gone."""
    try:
        with path.open("rb") as file:
            return sealed_with(file.read(OVERHEAD))
    except OSError:
        return None


def set_aside(data: Path) -> Path:
    """Put what is sealed out of the way, so that an agent can begin anew; nothing is deleted. Where it is now.

    Raises:
        DeliveryError: an agent is at work.
        ConfigError: nothing is sealed, or the disk refuses.
    """
    if (found := sealed_already(data)) is None:
        raise ConfigError(f"{data}: nothing is sealed there", "start the agent: edge run")
    with take_lock(data / OUTBOX):
        aside = data / f"sealed-{found[1]}-{secrets.token_hex(3)}"
        try:
            make_folder(aside)
            # The outbox's journals go before it: SQLite sweeps away a journal whose file is another.
            for name in [f"{OUTBOX}-wal", f"{OUTBOX}-shm", f"{OUTBOX}-journal", *_PARTS]:
                if (data / name).exists():
                    make_folder((aside / name).parent)
                    (data / name).rename(aside / name)
            sync_folder(aside)
            sync_folder(data)
        except OSError as error:
            raise ConfigError(f"{data}: {error.strerror}", "give the command again") from None
    return aside


def _make(path: Path) -> None:
    """A new key, on the disk before anything is sealed with it."""
    try:
        write_private(path, secrets.token_hex(KEY_BYTES).encode() + b"\n")
    except OSError as error:
        raise ConfigError(f"at_rest.key: {path}: {error.strerror}", "name a file that can be made there") from None
    log.warning(
        "at_rest.key_made", path=str(path), mend="keep a copy where this disk is not, or what waits dies with it"
    )


def _read(path: Path, section: AtRestSection) -> DataKey:
    key = "key" if section.key is not None else "credential"
    try:
        if section.key is not None and path.stat().st_mode & 0o077:  # a credential's rights are systemd's
            raise ConfigError(f"at_rest.key: {path}: others may read it", f"chmod 600 {path}")
        content = path.read_bytes()
    except OSError as error:
        mend = "bring it back, or the disk that it is on; edge at-rest anew begins without what it sealed"
        raise ConfigError(f"at_rest.{key}: {path}: {error.strerror}", mend) from None
    if len(content) == KEY_BYTES:
        return DataKey(content)
    with suppress(ValueError):
        if len(text := content.decode("ascii").strip()) == _HEX:
            return DataKey(bytes.fromhex(text))
    raise ConfigError(
        f"at_rest.{key}: {path}: no key", f"give {KEY_BYTES} bytes or {_HEX} hexadecimal digits: openssl rand -hex 32"
    )
