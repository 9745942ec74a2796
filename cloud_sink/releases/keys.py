"""Keys that sign releases: the owner's, under a passphrase and away from the server; and those of the server.

Ed25519, in PKCS #8 files that any other tool reads.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from securesystemslib.signer import CryptoSigner

from cloud_sink.releases.files import make_folder, write_new
from edge.contract.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

OfflineRole = Literal["root", "targets"]
OnlineRole = Literal["snapshot", "timestamp", "roll-out"]

OFFLINE: tuple[OfflineRole, ...] = ("root", "targets")
ONLINE: tuple[OnlineRole, ...] = ("snapshot", "timestamp", "roll-out")

LEAST_PASSPHRASE = 12
"""Characters: the key file of a fleet may be tried for years by whoever found it."""


def make_offline(folder: Path, role: OfflineRole, passphrase: str) -> CryptoSigner:
    """Make a key of the owner; one that is there already stays, under a name with a number.

    Raises:
        ConfigError: the passphrase is too short, or the folder cannot be written.
    """
    if len(passphrase) < LEAST_PASSPHRASE:
        raise ConfigError(f"the passphrase has fewer than {LEAST_PASSPHRASE} characters", "take a longer one")
    return _make(folder / f"{role}.pem", BestAvailableEncryption(passphrase.encode()))


def make_online(folder: Path, role: OnlineRole) -> CryptoSigner:
    """Make a key of the server, readable by its user alone."""
    return _make(folder / f"{role}.pem", NoEncryption())


def offline(folder: Path, role: OfflineRole, passphrase: str) -> CryptoSigner:
    """A key of the owner.

    Raises:
        ConfigError: it is not there, or the passphrase is wrong.
    """
    return _load(folder / f"{role}.pem", passphrase.encode())


def online(folder: Path, role: OnlineRole) -> CryptoSigner:
    """A key of the server.

    Raises:
        ConfigError: it cannot be read.
    """
    return _load(folder / f"{role}.pem", None)


def set_aside(path: Path) -> None:
    """Keep an old key under a name with a number: what it signed may have to be signed once more with it."""
    number = 1
    while (old := path.with_name(f"{path.stem}.{number}{path.suffix}")).exists():
        number += 1
    path.replace(old)


def _make(path: Path, encryption: KeySerializationEncryption) -> CryptoSigner:
    private = Ed25519PrivateKey.generate()
    make_folder(path.parent)
    if path.exists():
        set_aside(path)
    write_new(path, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption), mode=0o600)
    return CryptoSigner(private)


def _load(path: Path, passphrase: bytes | None) -> CryptoSigner:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}", "give the folder that holds the key") from None
    try:
        private = load_pem_private_key(data, password=passphrase)
    except (ValueError, TypeError):
        raise ConfigError(f"{path}: wrong passphrase, or no key", "give the passphrase it was made with") from None
    if not isinstance(private, Ed25519PrivateKey):
        raise ConfigError(f"{path}: no Ed25519 key", "give the one that sink release init made")
    return CryptoSigner(private)


def is_within(folder: Path, other: Path) -> bool:
    """Whether a folder lies in another one, links followed."""
    inner, outer = os.path.realpath(folder), os.path.realpath(other)
    return os.path.commonpath([inner, outer]) == outer
