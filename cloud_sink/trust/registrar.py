"""Turns a claim and a key into a device: one use, one device, one answer."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from cloud_sink.rights.secrets import digest, is_same
from cloud_sink.store import authorities, identities, invitation_rows, orders
from cloud_sink.store.database import reading, writing
from cloud_sink.store.identities import Identity, Issued
from cloud_sink.trust.authority import issue_device, read_certificate, read_request, serial_of
from cloud_sink.trust.configuration import agent_configuration, read_template
from cloud_sink.trust.endpoint import Endpoint, collector_authorities
from cloud_sink.trust.errors import RequestRefusedError, TrustError
from cloud_sink.trust.issuers import Certified, make_issuer
from cloud_sink.trust.leaving import end_episodes
from edge.contract.errors import FacingsError
from edge.contract.provisioning import Granted, ProvisionAnswer, RenewAnswer

if TYPE_CHECKING:
    from cloud_sink.fleet.settings import SinkConfig, StoreSection
    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.database import Database, Transaction
    from cloud_sink.store.invitation_rows import Invitation
    from cloud_sink.store.placements import Began
    from cloud_sink.trust.authority import Request
    from cloud_sink.trust.keyring import Keyring, Vault
    from edge.contract.provisioning import ProvisionRequest, RenewRequest

LATE = timedelta(days=90)
"""How long after its end a certificate can still be exchanged: a shop may be shut for a season."""

_NO_SECRET = digest(secrets.token_urlsafe(32))
"""What a claim that is not there is compared with, so that it takes as long."""


class Why(StrEnum):
    """Why a claim is refused."""

    INVALID = "invalid"  # unknown, or another secret: which of both is not told
    USED = "used"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    OTHER_STORE = "other-store"
    KNOWN_DEVICE = "known-device"
    OTHER_DEVICE = "other-device"


_SAID = {
    Why.INVALID: ("this claim is not valid", "scan the label again"),
    Why.USED: ("this claim was used by another device", "ask for a new invitation, and tell whoever made this one"),
    Why.EXPIRED: ("this claim has expired", "ask for a new invitation"),
    Why.CANCELLED: ("this claim was taken back", "ask for a new invitation"),
    Why.OTHER_STORE: ("this claim is for another store", "take the label of this store"),
    Why.OTHER_DEVICE: ("this board is another device", "edge retire, and give the same command again"),
    Why.KNOWN_DEVICE: ("a device of this name has a key already", "invite it with --replaces, or revoke the other one"),
}


class ClaimRefusedError(FacingsError):
    """A claim that lets nobody in.

    Args:
        why: the reason.
        invitation: the id of the claim, as it was sent.
        tenant: whose claim it is; empty where that is not known.
    """

    def __init__(self, why: Why, invitation: str, tenant: str = "") -> None:
        super().__init__(*_SAID[why])
        self.why, self.invitation, self.tenant = why, invitation, tenant


def believe_outside(connection: Transaction, ready: Certified) -> None:
    """Enter the authorities that have to be believed for a certificate, where they are not the fleet's own."""
    for one in ready.authorities:
        authorities.enter_outside(connection, one)


class Registrar:
    """Lets devices in.

    Args:
        engine: the database.
        vault: the fleet's authorities.
        stores: master data.
        config: the sink's.
    """

    def __init__(self, engine: Database, vault: Vault, stores: StoreBook, config: SinkConfig) -> None:
        self._engine = engine
        self._vault = vault
        self._stores = stores
        self._config = config
        self._outside = make_issuer(config.trust.issuer)

    def provision(self, asked: ProvisionRequest, now: datetime) -> tuple[ProvisionAnswer, Invitation]:
        """Let a device in that shows a claim, or say that a person has to approve.

        The same key gets the same certificate for as long as the claim lives; any other key is refused from the moment
        on that one has taken the claim, however many come at one time.

        Returns:
            The answer, and the claim as it was found.

        Raises:
            RequestRefusedError: the request for a certificate.
            ClaimRefusedError: the claim.
            TrustError: the authority or the configuration cannot be used; the claim is as it was.
            DatabaseAway: nothing was changed, or the answer is the same when asked again.
        """
        with reading(self._engine) as connection:  # whoever has no claim makes nobody wait
            claim = self._shown(connection, asked)
        request, keyring = read_request(asked.csr), self._vault.open()
        self._check(claim, asked, request, now)
        with reading(self._engine) as connection:
            due = self._is_to_be_issued(connection, claim, request)
        ready = self._outside.issue(request, again=False, now=now) if due and self._outside is not None else None
        with writing(self._engine) as connection:
            claim = self._shown(connection, asked)
            self._check(claim, asked, request, now)
            if ready is None and self._is_to_be_issued(connection, claim, request):  # approved just now
                return ProvisionAnswer(state="pending", time=now), claim
            identity = self._settle(connection, claim, request, keyring, now, ready=ready)
            granted = None if identity is None else self._granted(identity, keyring)
        return ProvisionAnswer(state="granted" if granted else "pending", time=now, granted=granted), claim

    def renew(self, identity: Identity, asked: RenewRequest, now: datetime) -> RenewAnswer:
        """A device's certificate, exchanged where that is due, and whom it is to believe.

        Raises:
            RequestRefusedError: the request for a certificate, or its key is another one.
            TrustError: the authority cannot be used.
        """
        request = read_request(asked.csr)
        if request.key_sha256 != identity.key:
            raise TrustError("the request names another key than the device's", "provision the device anew")
        keyring = self._vault.open()
        certificate, ready = identity.certificate, None
        if self._is_due(identity, keyring, now):
            ready = self._renewed(request, keyring, identity, now)
            certificate = ready.pem
        with writing(self._engine) as connection:
            if ready is not None:
                believe_outside(connection, ready)
                identities.renew(connection, identity.id, ready.pem, ready.issued)
            if identity.told != asked.believes:  # what it has stored, not what it was sent: an answer may be lost
                identities.note_told(connection, identity.id, asked.believes)
        return RenewAnswer(
            certificate=certificate,
            authorities=keyring.bundle,
            collector_authorities=collector_authorities(self._config, keyring),
            time=now,
        )

    def configuration(self, tenant: str, store: str, fixture: str, device: str) -> dict[str, object]:
        """What a device would be told.

        Raises:
            TrustError: nobody described the store, or the template will not do.
        """
        described = self._store(tenant, store)
        endpoint = Endpoint.of(self._config)
        template = read_template(self._config.trust.template)
        return agent_configuration(
            template, described, device=device, fixture=fixture, broker=endpoint.broker, collector=endpoint.url
        )

    def _shown(self, connection: Transaction, asked: ProvisionRequest) -> Invitation:
        """The claim that is shown.

        Raises:
            ClaimRefusedError: there is none, or its secret is another one.
        """
        name, _, secret = asked.claim.partition(".")
        claim = invitation_rows.find(connection, name)
        if not is_same(secret, claim.secret if claim else _NO_SECRET) or claim is None:
            raise ClaimRefusedError(Why.INVALID, name)
        return claim

    def _check(self, claim: Invitation, asked: ProvisionRequest, request: Request, now: datetime) -> None:
        if claim.state == "cancelled":
            raise ClaimRefusedError(Why.CANCELLED, claim.id, claim.tenant)
        if claim.expires <= now:
            raise ClaimRefusedError(Why.EXPIRED, claim.id, claim.tenant)
        if claim.key not in {None, request.key_sha256}:
            raise ClaimRefusedError(Why.USED, claim.id, claim.tenant)
        if asked.store not in {None, claim.store}:
            raise ClaimRefusedError(Why.OTHER_STORE, claim.id, claim.tenant)

    def _is_to_be_issued(self, connection: Transaction, claim: Invitation, request: Request) -> bool:
        """Whether an outside authority has to be asked before the claim can let its device in.

        Raises:
            RequestRefusedError: the key was a device's that is shut out; its name counts for that one.
        """
        welcome = claim.state == "approved" or (claim.state == "open" and not claim.approval)
        if self._outside is None or not welcome or identities.of_key(connection, request.key_sha256) is not None:
            return False
        if identities.find(connection, request.name) is not None:
            raise RequestRefusedError("this key was shut out", "edge retire, and give the same command again")
        return True

    def _settle(
        self,
        connection: Transaction,
        claim: Invitation,
        request: Request,
        keyring: Keyring,
        now: datetime,
        *,
        ready: Certified | None = None,
    ) -> Identity | None:
        """The device that the claim has let in by now; None while a person has to approve."""
        key = request.key_sha256
        if claim.state == "pending":
            return None
        if claim.state == "used":
            found = identities.of_key(connection, key)
            if found is None or (found.tenant, found.store, found.fixture) != (
                claim.tenant,
                claim.store,
                claim.fixture,
            ):
                raise ClaimRefusedError(Why.USED, claim.id, claim.tenant)
            return found
        first = (
            invitation_rows.take(connection, claim.id, key=key, now=now)
            if claim.state == "open"
            else invitation_rows.use(connection, claim.id, key=key)
        )
        if not first:  # another one came between our look and our word
            again = invitation_rows.find(connection, claim.id)
            if again is None or again.key != key or again.state == claim.state:
                raise ClaimRefusedError(Why.USED, claim.id, claim.tenant)
            return self._settle(connection, again, request, keyring, now, ready=ready)
        if claim.state == "open" and claim.approval:
            return None
        return self._enter(connection, claim, request, keyring, now, ready=ready)

    def _enter(
        self,
        connection: Transaction,
        claim: Invitation,
        request: Request,
        keyring: Keyring,
        now: datetime,
        *,
        ready: Certified | None,
    ) -> Identity:
        known = identities.of_key(connection, request.key_sha256)
        if known is not None:
            return self._refreshed(connection, self._move(connection, known, claim, now), request, keyring, now)
        before = identities.of_device(connection, claim.tenant, claim.device)
        if before is not None and before.revoked is None and not claim.replaces:
            raise ClaimRefusedError(Why.KNOWN_DEVICE, claim.id, claim.tenant)
        blank = Identity(
            id=secrets.token_hex(16) if ready is None else request.name,
            tenant=claim.tenant,
            device=claim.device,
            store=claim.store,
            fixture=claim.fixture,
            key=request.key_sha256,
            certificate="",
            authority=keyring.active_id,
            made=now,
            expires=now,
            told=keyring.told,
        )
        ready = ready or self._issue(request, keyring, blank, now)
        believe_outside(connection, ready)
        made = replace(blank, certificate=ready.pem, authority=ready.issued.authority, expires=ready.issued.expires)
        began: Began = "installed" if before is None else "repaired" if claim.repairs else "replaced"
        if before is not None:
            end_episodes(connection, claim.tenant, claim.device, self._stores)
        identities.enter(connection, made, ready.issued, began=began, by=claim.by, reason=claim.reason)
        return made

    def _move(self, connection: Transaction, known: Identity, claim: Invitation, now: datetime) -> Identity:
        """The device whose key shows a claim is in already: it stands where the claim says now, under its own name."""
        meant = known.device if not claim.replaces else claim.device
        if known.tenant != claim.tenant or meant != known.device:
            raise ClaimRefusedError(Why.OTHER_DEVICE, claim.id, claim.tenant)
        if (known.store, known.fixture) == (claim.store, claim.fixture):
            return known
        orders.cancel(connection, known.id, now)
        return identities.move(
            connection, known, store=claim.store, fixture=claim.fixture, now=now, by=claim.by, reason=claim.reason
        )

    def _refreshed(
        self, connection: Transaction, one: Identity, request: Request, keyring: Keyring, now: datetime
    ) -> Identity:
        """A device that shows a claim, with a certificate that lasts: one that ended long ago it could not exchange."""
        if self._outside is not None or not self._is_due(one, keyring, now):
            return one
        ready = self._issue(request, keyring, one, now)
        identities.renew(connection, one.id, ready.pem, ready.issued)
        return replace(one, certificate=ready.pem, authority=ready.issued.authority, expires=ready.issued.expires)

    def _renewed(self, request: Request, keyring: Keyring, one: Identity, now: datetime) -> Certified:
        """Another certificate for a device that is in, under its name."""
        if self._outside is None:
            return self._issue(request, keyring, one, now)
        if request.name != one.id:
            raise RequestRefusedError("the request has another name than the device", "update the agent on this device")
        return self._outside.issue(request, again=True, now=now)

    def _issue(self, request: Request, keyring: Keyring, one: Identity, now: datetime) -> Certified:
        pem = issue_device(
            keyring.active,
            request,
            identity=one.id,
            uri=f"urn:facings:{one.tenant}:{one.device}",
            now=now,
            days=self._config.trust.certificate_days,
        )
        certificate = read_certificate(pem)
        issued = Issued(serial_of(certificate), one.id, keyring.active_id, certificate.not_valid_after_utc)
        return Certified(pem, issued, ())

    def _is_due(self, identity: Identity, keyring: Keyring, now: datetime) -> bool:
        if self._outside is None:
            issues, lives = frozenset({keyring.active_id}), timedelta(days=self._config.trust.certificate_days)
        else:  # how long it lives is the outside authority's word
            issues, held = keyring.outside_ids, read_certificate(identity.certificate)
            lives = held.not_valid_after_utc - held.not_valid_before_utc
        return identity.authority not in issues or identity.expires - now < lives / 3

    def _granted(self, identity: Identity, keyring: Keyring) -> Granted:
        return Granted(
            identity=identity.id,
            tenant=identity.tenant,
            store=identity.store,
            fixture=identity.fixture,
            device=identity.device,
            store_name=self._store(identity.tenant, identity.store).name,
            certificate=identity.certificate,
            authorities=keyring.bundle,
            collector_authorities=collector_authorities(self._config, keyring),
            configuration=self.configuration(identity.tenant, identity.store, identity.fixture, identity.device),
            models=self._config.trust.models,
        )

    def _store(self, tenant: str, store: str) -> StoreSection:
        described = self._stores.find(tenant, store)
        if described is None:
            raise TrustError(f"nobody described store {store} of {tenant}", "sink import stores, or the configuration")
        return described
