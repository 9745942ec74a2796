"""Keys that sign releases: the owner's, under a passphrase and away from the server; and those of the server.

Ed25519, in PKCS #8 files that any other tool reads. The file of a server's key bears its id, so that a new one lies
beside the old one until the root that names it is out.
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
    from collections.abc import Collection
    from pathlib import Path

OfflineRole = Literal["root", "targets"]
OnlineRole = Literal["snapshot", "timestamp", "roll-out"]

OFFLINE: tuple[OfflineRole, ...] = ("root", "targets")
ONLINE: tuple[OnlineRole, ...] = ("snapshot", "timestamp", "roll-out")

LEAST_PASSPHRASE = 12
"""Characters: the key file of a fleet may be tried for years by whoever found it."""

_ID = 16  # characters of a key's id in the name of its file


def make_offline(folder: Path, role: OfflineRole, passphrase: str) -> CryptoSigner:
    """Make a key of the owner; one that is there already stays, under a name with a number.

    Raises:
        ConfigError: the passphrase is too short, or the folder cannot be written.
    """
    if len(passphrase) < LEAST_PASSPHRASE:
        raise ConfigError(f"the passphrase has fewer than {LEAST_PASSPHRASE} characters", "take a longer one")
    path = folder / f"{role}.pem"
    if path.exists():
        set_aside(path)
    private = Ed25519PrivateKey.generate()
    _write(path, private, BestAvailableEncryption(passphrase.encode()))
    return CryptoSigner(private)


def make_online(folder: Path, role: OnlineRole) -> CryptoSigner:
    """Make a key of the server, readable by its user alone; it signs once a root names it."""
    signer = CryptoSigner(private := Ed25519PrivateKey.generate())
    _write(folder / f"{role}.{signer.public_key.keyid[:_ID]}.pem", private, NoEncryption())
    return signer


def offline(folder: Path, role: OfflineRole, passphrase: str) -> CryptoSigner:
    """A key of the owner.

    Raises:
        ConfigError: it is not there, or the passphrase is wrong.
    """
    return _load(folder / f"{role}.pem", passphrase.encode())


def signers_of(folder: Path, passphrase: str) -> list[CryptoSigner]:
    """Every key of a folder that the passphrase opens; the one whose name bears no number first.

    Raises:
        ConfigError: there is no key, or the passphrase opens none.
    """
    paths = sorted(folder.glob("*.pem"), key=lambda path: (path.name.count("."), path.name))
    if not paths:
        raise ConfigError(f"{folder}: no keys", "give the folder that holds the owner's keys, such as root.pem")
    found: list[CryptoSigner] = []
    refused: ConfigError | None = None
    for path in paths:
        try:
            found.append(_load(path, passphrase.encode()))
        except ConfigError as error:
            refused = error
    if not found and refused is not None:
        raise refused
    return found


def online(folder: Path, role: OnlineRole, allowed: Collection[str]) -> CryptoSigner:
    """The key of the server that may sign.

    Args:
        folder: of the server's keys.
        role: whose key.
        allowed: ids of keys that root, or targets, name.

    Raises:
        ConfigError: there is none of them.
    """
    for path in sorted(folder.glob(f"{role}*.pem")):
        if (signer := _load(path, None)).public_key.keyid in allowed:
            return signer
    raise ConfigError(
        f"{folder}: no key {role} that this fleet's root names",
        "bring it back from a backup, or make new ones: sink release keys change --new-server-keys",
    )


def forget_online(folder: Path, keyids: Collection[str]) -> None:
    """Delete keys of the server that sign no more."""
    for path in folder.glob("*.pem"):
        if _load(path, None).public_key.keyid in keyids:
            path.unlink()


def set_aside(path: Path) -> None:
    """Keep an old key under a name with a number: what it signed may have to be signed once more with it."""
    number = 1
    while (old := path.with_name(f"{path.stem}.{number}{path.suffix}")).exists():
        number += 1
    path.replace(old)


def _write(path: Path, private: Ed25519PrivateKey, encryption: KeySerializationEncryption) -> None:
    make_folder(path.parent)
    write_new(path, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption), mode=0o600)


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
