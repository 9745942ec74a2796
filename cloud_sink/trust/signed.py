"""Requests that a device has signed with its key (HTTP Message Signatures, RFC 9421)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import UnsupportedAlgorithm
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
)
from http_message_signatures.algorithms import ECDSA_P256_SHA256

from cloud_sink.store import identities
from cloud_sink.store.database import reading
from cloud_sink.trust.authority import read_certificate
from cloud_sink.trust.errors import TrustError
from edge.contract.signatures import COVERED, MAX_AGE_SECONDS, TAG

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloud_sink.store.database import Database
    from cloud_sink.store.identities import Identity


@dataclass(frozen=True, slots=True)
class Signed:
    """A request as its signature speaks of it."""

    method: str
    url: str
    headers: Mapping[str, str]


class _Keys(HTTPSignatureKeyResolver):
    """Finds the public key of the device that a signature names."""

    def __init__(self, engine: Database) -> None:
        self._engine = engine
        self.found: Identity | None = None

    def resolve_public_key(self, key_id: str) -> Any:
        with reading(self._engine) as connection:
            self.found = identities.find(connection, key_id[:64])
        return None if self.found is None else read_certificate(self.found.certificate).public_key()

    def resolve_private_key(self, key_id: str) -> Any:
        raise KeyError(key_id)


def signer_of(
    engine: Database,
    request: Signed,
    body: bytes,
    *,
    now: datetime,
    late: timedelta = timedelta(0),
    covered: tuple[str, ...] = (),
) -> Identity:
    """The device that signed a request, body and all.

    What is repeated within the time that a signature holds does the same again: every route that takes one is
    idempotent, so nobody has to remember which signatures came.

    Args:
        engine: the database.
        request: what came.
        body: the bytes of its body.
        now: aware.
        late: how long after its certificate's end a device is still listened to.
        covered: headers that the signature must cover, beside what it always must.

    Raises:
        TrustError: nobody's signature, one that does not fit, or a device that was revoked. It says which.
        DatabaseAway: it is not known who.
    """
    keys = _Keys(engine)
    verifier = HTTPMessageVerifier(signature_algorithm=ECDSA_P256_SHA256, key_resolver=keys)
    try:
        verifier.verify(
            request,
            max_age=timedelta(seconds=MAX_AGE_SECONDS),
            expect_tag=TAG,
            require_components=(*COVERED, *covered),
            body=body,
        )
    except (HTTPMessageSignaturesException, UnsupportedAlgorithm, ValueError, KeyError, TypeError) as error:
        raise TrustError(f"the signature is not right: {error}"[:300], "check the device's clock and key") from None
    device = keys.found
    if device is None:
        raise TrustError("the signature names no device")
    if device.revoked is not None:
        raise TrustError(f"device {device.device} was revoked", "provision it anew with another invitation")
    if device.expires + late < now:
        raise TrustError(f"the certificate of {device.device} has expired", "provision it anew")
    return device
