"""What is written to the data folder, sealed where that is wanted; what is read of it, sealed or not.

AES-256-GCM. What is sealed begins with a mark and the name of its key, so that plain and sealed things may lie side by
side: whatever moment a device is switched off at while it changes from one to the other, all stays readable. A label,
which is authenticated and not stored, ties each to its place: one event is never read as another.

Nonces are 96 random bits of the kernel and depend on nothing that is stored, so a disk that is cloned or restored from
a backup repeats none. With 2**28 things sealed, ten years of one every second, two ever agree with a chance of 2**-41;
NIST SP 800-38D allows 2**32 under one key.
"""

from __future__ import annotations

import hashlib
import os
from typing import Final

from edge.contract.errors import DeliveryError

MARK: Final = b"\xf0at1"
"""No JSON, no picture and no UTF-8 begins so."""

KEY_BYTES = 32
_NAME = 8
_NONCE = 12
_HEAD = len(MARK) + _NAME
_TAG = 16

OVERHEAD = _HEAD + _NONCE + _TAG
"""Bytes by which what is sealed is longer."""


class SealError(DeliveryError):
    """What is sealed cannot be opened: it was altered or damaged, or its key is another."""


class DataKey:
    """A key of 256 random bits.

    Args:
        secret: the key's 32 bytes.
    """

    def __init__(self, secret: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - 10 MB, for who seals alone

        self._cipher = AESGCM(secret)
        digest = hashlib.sha256(b"facings at rest\0" + secret).digest()
        self._head = MARK + digest[:_NAME]
        self.name = digest[:_NAME].hex()
        """Tells keys apart, and says nothing of the key."""

    def seal(self, data: bytes, label: str) -> bytes:
        """Seal it under a label."""
        nonce = os.urandom(_NONCE)
        return self._head + nonce + self._cipher.encrypt(nonce, data, self._head + label.encode())

    def open(self, data: bytes, label: str) -> bytes:
        """What `seal` was given.

        Raises:
            SealError: it was altered or damaged, or is of another key or label.
        """
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - as above

        if data[:_HEAD] != self._head:
            raise SealError(f"{label} is sealed with key {sealed_with(data)}, not with {self.name}")
        try:
            return self._cipher.decrypt(
                data[_HEAD : _HEAD + _NONCE], data[_HEAD + _NONCE :], self._head + label.encode()
            )
        except (InvalidTag, ValueError):
            raise SealError(f"{label} was altered or damaged") from None


class AtRest:
    """How things lie in the data folder.

    Args:
        key: opens what is sealed; None: there is none here.
        on: whether what is written is sealed.
        missing: why there is no key, for errors.
    """

    def __init__(self, key: DataKey | None = None, *, on: bool = False, missing: str = "no at_rest.key is set") -> None:
        self.key = key
        self.on = on and key is not None
        self.missing = missing

    def close(self, data: bytes, label: str) -> bytes:
        """As it is written."""
        return self.key.seal(data, label) if self.on and self.key is not None else data

    def open(self, data: bytes, label: str) -> bytes:
        """As it was given.

        Raises:
            SealError: it is sealed and cannot be opened.
        """
        if sealed_with(data) is None:
            return data
        if self.key is None:
            raise SealError(f"{label} is sealed, and {self.missing}")
        return self.key.open(data, label)

    def opens(self, name: str | None) -> bool:
        """Whether it opens what the key of that name sealed; what is plain needs none."""
        return name is None or (self.key is not None and self.key.name == name)

    def lost(self, what: object, name: str) -> SealError:
        """What is said where the key of that name is not here."""
        here = self.missing if self.key is None else f"the key here is {self.key.name}"
        mend = "bring that key back; without it nobody can read them: edge at-rest anew sets them aside and begins anew"
        return SealError(f"{what}: sealed with key {name}, and {here}", mend)


PLAIN: Final = AtRest()
"""Nothing is sealed."""


def sealed_with(data: bytes) -> str | None:
    """The name of the key that sealed it; None: it is plain."""
    return data[len(MARK) : _HEAD].hex() if data.startswith(MARK) else None
