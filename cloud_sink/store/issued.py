"""Certificates that were issued, one by one: to whom, by whom, and whether they still count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from cloud_sink.store.trust_tables import authorities, certificates

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Held:
    """A certificate as the fleet's books have it."""

    identity: str
    issuer: str  # the certificate of the authority that issued it, PEM
    believed: bool  # whether that authority still counts
    revoked: bool


def find(connection: Connection, serials: Collection[str]) -> Held | None:
    """The certificate that is entered under one of these; None where none is.

    Args:
        connection: inside `reading`.
        serials: as `serial_of` and `outside_serial_of` name it: its issuer is not known yet.
    """
    row = connection.execute(
        select(certificates.c.identity, certificates.c.revoked, authorities.c.certificate, authorities.c.state)
        .join(authorities, authorities.c.id == certificates.c.authority)
        .where(certificates.c.serial.in_(serials))
        .limit(1)
    ).one_or_none()
    return None if row is None else Held(row.identity, row.certificate, row.state != "retired", row.revoked is not None)
