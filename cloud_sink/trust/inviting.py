"""Making claims: one, or a file of hundreds, all of it or none."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloud_sink.fleet.lines import Fault, Line, read_lines
from cloud_sink.rights.secrets import digest, new_id, new_token
from cloud_sink.store import identities, invitation_rows
from cloud_sink.store.database import reading, writing
from cloud_sink.store.invitation_rows import Invitation
from cloud_sink.trust.endpoint import Endpoint, pin_of
from cloud_sink.trust.errors import TrustError
from edge.contract.names import Slug  # noqa: TC001 - pydantic reads it
from edge.contract.provisioning import Claim

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from cloud_sink.fleet.settings import SinkConfig
    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.database import Database
    from cloud_sink.trust.registrar import Registrar

MOST = 2000
"""Claims of one file: labels for more are printed in parts."""


class Wanted(Line):
    """A device that is to come; without a name it gets one."""

    store: Slug
    fixture: Slug
    device: Slug | None = None


@dataclass(frozen=True, slots=True)
class Invited:
    """A claim that was made, with its text, which is shown once and stored nowhere."""

    invitation: Invitation
    claim: Claim
    store_name: str
    fixture_name: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What all claims of one making share."""

    tenant: str
    by: str
    lives: timedelta
    approval: bool = False
    replaces: bool = False
    repairs: bool = False  # the same board with a new disk; it replaces, too
    reason: str = ""


def read_wanted(data: bytes) -> tuple[list[Wanted], list[Fault]]:
    """The devices of a CSV: `store,fixture[,device]`, and what is wrong with it."""
    read = read_lines(data, Wanted)
    faults = list(read.faults)
    seen: dict[str, int] = {}
    for number, line in read.lines:
        if line.device is not None and line.device in seen:
            said = f"{line.device!r}: stands in line {seen[line.device]}, too"
            faults.append(Fault(line=number, column="device", said=said))
        seen.setdefault(line.device or "", number)
    if len(read.lines) > MOST:
        faults.append(Fault(line=MOST + 2, column=None, said=f"a file has at most {MOST} devices"))
    return [line for _, line in read.lines], faults


class Inviter:
    """Makes claims.

    Args:
        engine: the database.
        registrar: knows what a device would be told.
        stores: master data.
        config: the sink's.

    Raises:
        TrustError: devices could not reach this collector, or not safely.
    """

    def __init__(self, engine: Database, registrar: Registrar, stores: StoreBook, config: SinkConfig) -> None:
        self._engine = engine
        self._registrar = registrar
        self._stores = stores
        self._address = Endpoint.of(config).url
        self._pin = pin_of(config)

    def invite(self, wanted: Sequence[Wanted], terms: Terms, *, now: datetime, dry_run: bool = False) -> list[Invited]:
        """Make a claim for each device, all or none.

        Raises:
            TrustError: the first store or fixture that nobody described, or device that is known already.
        """
        made = [self._make(one, terms, now) for one in wanted]
        devices = [one.invitation.device for one in made]
        with reading(self._engine) if dry_run else writing(self._engine) as connection:
            known = identities.known(connection, terms.tenant, devices)
            if known and not (terms.replaces or terms.repairs):
                raise TrustError(f"device {min(known)} has a key already", "give another name, or --replaces")
            waiting = invitation_rows.waiting_for(connection, terms.tenant, devices, now)
            if waiting:
                raise TrustError(
                    f"device {min(waiting)} is invited already", "use that label, or cancel it: sink invitations cancel"
                )
            if not dry_run:
                invitation_rows.enter(connection, [one.invitation for one in made])
        return made

    def _make(self, one: Wanted, terms: Terms, now: datetime) -> Invited:
        device = one.device or f"unit-{secrets.token_hex(4)}"
        store = self._stores.find(terms.tenant, one.store)
        if store is None:
            raise TrustError(f"nobody described store {one.store} of {terms.tenant}", "sink import stores, first")
        fixture = next((found for found in store.fixtures if found.id == one.fixture), None)
        if fixture is None:
            known = ", ".join(found.id for found in store.fixtures) or "none"
            raise TrustError(f"store {one.store} has no fixture {one.fixture}", f"its fixtures: {known}")
        self._registrar.configuration(terms.tenant, one.store, one.fixture, device)  # a claim must lead somewhere
        secret = new_token()
        invitation = Invitation(
            id=new_id(),
            tenant=terms.tenant,
            store=one.store,
            fixture=one.fixture,
            device=device,
            replaces=terms.replaces or terms.repairs,
            repairs=terms.repairs,
            reason=terms.reason[:200],
            secret=digest(secret),
            approval=terms.approval,
            created=now,
            by=terms.by,
            expires=now + terms.lives,
        )
        claim = Claim(self._address, self._pin, invitation.id, secret)
        return Invited(invitation, claim, store.name, fixture.name or fixture.id)
