"""The authorities of a fleet, opened with the passphrase that stands in a file or in the environment."""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloud_sink.store import authorities
from cloud_sink.store.authorities import StoredAuthority
from cloud_sink.store.database import reading, writing
from cloud_sink.trust.authority import Authority, make_authority, unseal
from cloud_sink.trust.errors import TrustError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from cloud_sink.store.database import Database

VARIABLE = "FACINGS_CA_PASSPHRASE"
"""The environment variable with the passphrase, where no file is named."""

LEAST_PASSPHRASE = 20
"""Characters: whoever has a copy of the database may try as long as they like."""

_INIT = "make it on the machine of the database: sink trust init"


@dataclass(frozen=True, slots=True)
class Keyring:
    """The authorities as they are at one moment."""

    active_id: str
    active: Authority
    old: tuple[tuple[str, Authority], ...]  # believed, but issuing no more
    outside: tuple[str, ...] = ()  # certificates of others who issue to our devices, PEM: see `issuers`
    outside_ids: frozenset[str] = frozenset()

    @property
    def bundle(self) -> str:
        """Whom devices believe of brokers and collectors: certificates, PEM, the active one first."""
        return "".join([self.active.pem, *(one.pem for _, one in self.old)])

    @property
    def clients(self) -> str:
        """Whom brokers believe of devices: the fleet's own, and outside authorities that issue to them."""
        return "".join([self.bundle, *self.outside])

    @property
    def told(self) -> str:
        """The bundle's name."""
        return hashlib.sha256(self.bundle.encode()).hexdigest()

    @property
    def believed(self) -> tuple[tuple[str, Authority], ...]:
        """Every authority whose certificates count, with its id."""
        return ((self.active_id, self.active), *self.old)


class Vault:
    """Opens the authorities, and keeps them open until they change.

    Args:
        engine: the database.
        passphrase_file: where the passphrase stands; without it in the environment.
    """

    def __init__(self, engine: Database, passphrase_file: Path | None = None) -> None:
        self._engine = engine
        self._file = passphrase_file
        self._opened: dict[str, Authority] = {}

    @property
    def is_made(self) -> bool:
        """Whether this fleet has an authority of its own."""
        with reading(self._engine) as connection:
            return any(one.state != authorities.OUTSIDE for one in authorities.listed(connection))

    def open(self) -> Keyring:
        """The authorities as they are now.

        Raises:
            TrustError: there is none yet, or the passphrase is missing or another one.
        """
        with reading(self._engine) as connection:
            held = [one for one in authorities.listed(connection) if one.state != "retired"]
        stored = [one for one in held if one.state != authorities.OUTSIDE]
        if not stored:
            raise TrustError("this fleet has no certificate authority yet", _INIT)
        known = {one.id: self._open(one) for one in stored}
        self._opened = known
        active = next(one.id for one in stored if one.state == "active")
        old = tuple((name, one) for name, one in known.items() if name != active)
        outside = tuple(one.certificate for one in held if one.state == authorities.OUTSIDE)
        ids = frozenset(one.id for one in held if one.state == authorities.OUTSIDE)
        return Keyring(active, known[active], old, outside, ids)

    def make(self, now: datetime) -> StoredAuthority:
        """Make the first authority.

        Raises:
            TrustError: there is one already, or no passphrase that will do.
        """
        if self.is_made:
            raise TrustError("this fleet has a certificate authority already", "sink trust show tells of it")
        return self._enter(now)

    def rotate(self, now: datetime) -> StoredAuthority:
        """Make another authority the active one; the one before it is believed until it is retired.

        Raises:
            TrustError: there is none to take the place of, one rotation is under way, or no passphrase that will do.
        """
        if self.open().old:
            raise TrustError("the authority before the present one is still believed", "sink trust retire, first")
        return self._enter(now)

    def retire(self) -> str:
        """Believe the authority before the present one no more; its id.

        Raises:
            TrustError: there is none, or devices still lean on it.
        """
        keyring = self.open()
        if not keyring.old:
            raise TrustError("there is no authority to retire", "sink trust rotate begins an exchange")
        (old, _), *_ = keyring.old
        with writing(self._engine) as connection:
            leaning = authorities.leaning_on(connection, old, keyring.told)
            if leaning:
                raise TrustError(
                    f"{leaning} devices have not fetched their new certificate yet",
                    "they do so within a day of being online; sink devices list shows which; revoke what is lost",
                )
            authorities.retire(connection, old)
        return old

    def _enter(self, now: datetime) -> StoredAuthority:
        made = make_authority(f"facings fleet {now:%Y-%m-%d} {secrets.token_hex(3)}", now=now)
        stored = StoredAuthority(secrets.token_hex(8), "active", now, made.pem, made.sealed(self._passphrase()))
        with writing(self._engine) as connection:
            authorities.enter(connection, stored)
        return stored

    def _open(self, one: StoredAuthority) -> Authority:
        found = self._opened.get(one.id)
        return found if found is not None else unseal(one.certificate, one.key, self._passphrase())

    def _passphrase(self) -> bytes:
        if self._file is not None:
            try:
                text = self._file.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise TrustError(
                    f"trust.passphrase_file {self._file}: {error}", "give a file that this user can read"
                ) from None
        else:
            text = os.environ.get(VARIABLE, "")
        if not text:
            raise TrustError(
                "no passphrase for the authority's key", f"set trust.passphrase_file, or {VARIABLE} in the environment"
            )
        if len(text) < LEAST_PASSPHRASE:
            raise TrustError(
                f"the passphrase has {len(text)} characters; {LEAST_PASSPHRASE} are the least",
                "openssl rand -base64 32 makes a good one",
            )
        return text.encode()


def believed_authorities(engine: Database) -> str:
    """The certificates of every authority that counts, PEM. It takes no passphrase.

    Raises:
        DatabaseAway: it is not known now.
    """
    with reading(engine) as connection:
        return "".join(one.certificate for one in authorities.listed(connection) if one.state != "retired")


def write_passphrase(path: Path) -> bool:
    """Make a passphrase file that is not there yet, for its owner alone; whether it was made.

    Raises:
        TrustError: it cannot be written.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    except OSError as error:
        raise TrustError(f"{path}: {error.strerror}", "name a file in a folder that can be written") from None
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
    return True
