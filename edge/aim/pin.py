"""The one-time PIN: it lets one phone in, once, and what is on disk tells it to nobody.

Kept in one small file, so that a power cut between any two lines gives nobody another try and leaves the phone in.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.contract.errors import ConfigError
from edge.device.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = "aim.json"

DIGITS = 8
TRIES = 5
"""Wrong PINs until the page closes. Cutting the power gives as many again: whoever can do that stands at the device,
and a technician must not be locked out for good by somebody in the shop's network."""

TRIES_IN_ALL = 25
"""And for good: of a hundred million PINs somebody has guessed one with a chance of 1 to 4,000,000."""

_COST = {"n": 2**14, "r": 8, "p": 1, "maxmem": 64 * 1024 * 1024}
"""Of scrypt (RFC 7914): 16 MB and some 50 ms a try, for whoever has a copy of the file."""

Refusal = Literal["wrong", "used", "locked"]


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    salt: str
    digest: str
    wrong: int = Field(0, ge=0)  # since the machine began
    wrong_in_all: int = Field(0, ge=0)
    boot: str = ""
    session: str | None = None  # SHA-256 of the cookie of the phone that is in
    certificate: str  # of the page, with its key: they are made, and end, together
    host: str  # as it stands on the label


class RefusedPinError(ConfigError):
    """A PIN that lets nobody in.

    Args:
        why: `wrong`, `used` by another phone, or `locked` after too many wrong ones.
        left: tries until it is locked.
    """

    def __init__(self, why: Refusal, left: int = 0) -> None:
        said = {"wrong": "this PIN is wrong", "used": "this PIN was used", "locked": "too many wrong PINs"}
        super().__init__(said[why], "look at the label of this device, or make a new one: edge aim --new-pin")
        self.why = why
        self.left = left


class Pin:
    """The PIN of one page. Safe to use from several threads.

    Args:
        path: its file.
        kept: what stands there.
        boot: names this start of the machine.
    """

    def __init__(self, path: Path, kept: _Kept, *, boot: str) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._boot = boot
        self._kept = kept

    @classmethod
    def make(cls, folder: Path, *, certificate: str, host: str, boot: Callable[[], str]) -> tuple[Pin, str]:
        """A new one, and what it is; one that was there is good for nothing from then on.

        Raises:
            ConfigError: the folder cannot be written.
        """
        said, salt = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}", secrets.token_hex(16)
        kept = _Kept(salt=salt, digest=_digest(said, salt), certificate=certificate, host=host)
        pin = cls(folder / FILE, kept, boot=boot())
        pin._write(kept)
        return pin, said

    @classmethod
    def load(cls, folder: Path, *, boot: Callable[[], str]) -> Pin | None:
        """The one of a label or of a page that a power cut ended; None where there is none that can be used.

        Raises:
            ConfigError: it may not be read.
        """
        path = folder / FILE
        try:
            kept = _Kept.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}", "run this as the user the agent runs as") from None
        except ValidationError:
            return None  # of another version, or damaged: a new one takes its place
        return cls(path, kept, boot=boot())

    @property
    def certificate(self) -> str:
        """Of the page, with its key, PEM."""
        return self._kept.certificate

    @property
    def host(self) -> str:
        """The name or address that the label has."""
        return self._kept.host

    @property
    def used(self) -> bool:
        """Whether a phone is in."""
        return self._kept.session is not None

    @property
    def locked(self) -> bool:
        """Whether too many wrong ones were given."""
        return self._left == 0

    def enter(self, said: str) -> str:
        """Let a phone in. What it shows from then on: 256 random bits, of which the hash alone is kept.

        Raises:
            RefusedPinError: it is wrong, was used, or nobody is let in any more.
            ConfigError: the disk does not take the try; then it counts for nothing.
        """
        with self._lock:
            if self.used:
                raise RefusedPinError("used")
            if self.locked:
                raise RefusedPinError("locked")
            wrong = 1 + (self._kept.wrong if self._kept.boot == self._boot else 0)
            counted = {"wrong": wrong, "wrong_in_all": self._kept.wrong_in_all + 1, "boot": self._boot}
            self._write(self._kept.model_copy(update=counted))  # before it is looked at: no cut gives another try
            digits = "".join(sign for sign in said if sign.isdigit())
            if not hmac.compare_digest(_digest(digits, self._kept.salt), self._kept.digest):
                raise RefusedPinError("locked" if self.locked else "wrong", self._left)
            token = secrets.token_urlsafe(32)
            self._write(self._kept.model_copy(update={"session": _name(token)}))
            return token

    def knows(self, token: str) -> bool:
        """Whether a cookie is the one of the phone that is in."""
        session = self._kept.session
        return session is not None and hmac.compare_digest(_name(token), session)

    def end(self) -> None:
        """It is good for nothing any more."""
        with self._lock:
            self._kept = self._kept.model_copy(update={"session": None, "wrong_in_all": TRIES_IN_ALL})
            self._path.unlink(missing_ok=True)

    @property
    def _left(self) -> int:
        wrong = self._kept.wrong if self._kept.boot == self._boot else 0
        return max(0, min(TRIES - wrong, TRIES_IN_ALL - self._kept.wrong_in_all))

    def _write(self, kept: _Kept) -> None:
        write_whole(self._path, kept.model_dump_json() + "\n", mode=0o600)
        self._kept = kept


def this_boot() -> str:
    """Names this start of the machine; the same word always where the kernel does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "unknown"


def _digest(said: str, salt: str) -> str:
    return hashlib.scrypt(said.encode(), salt=bytes.fromhex(salt), **_COST).hex()


def _name(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
