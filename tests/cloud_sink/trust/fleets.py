"""A fleet for tests: an authority, a store, claims, and devices with keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from cloud_sink.fleet.settings import SinkConfig
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.trust.broker_files import server_files
from cloud_sink.trust.inviting import Inviter, Terms, Wanted
from cloud_sink.trust.keyring import Vault, write_passphrase
from cloud_sink.trust.registrar import Registrar
from edge.contract.provisioning import ProvisionRequest
from tests.cloud_sink.api.served import store

if TYPE_CHECKING:
    from pathlib import Path

    from cloud_sink.store.database import Database
    from cloud_sink.trust.inviting import Invited

NOW = datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class Key:
    """A device's key."""

    private: ec.EllipticCurvePrivateKey

    @property
    def csr(self) -> str:
        request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
        return request.sign(self.private, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def new_key() -> Key:
    return Key(ec.generate_private_key(ec.SECP256R1()))


@dataclass(frozen=True, slots=True)
class Fleet:
    """A collector that lets devices in."""

    database: Database
    config: SinkConfig
    vault: Vault
    stores: StoreBook
    registrar: Registrar

    def invite(
        self,
        device: str = "unit-1",
        *,
        where: str = "s1",
        lives: float = 3600,
        approval: bool = False,
        replaces: bool = False,
        now: datetime = NOW,
    ) -> Invited:
        terms = Terms("acme", "test", timedelta(seconds=lives), approval=approval, replaces=replaces)
        inviter = Inviter(self.database, self.registrar, self.stores, self.config)
        (made,) = inviter.invite([Wanted(store=where, fixture="f1", device=device)], terms, now=now)
        return made


def asked(invited: Invited, key: Key, **more: str) -> ProvisionRequest:
    return ProvisionRequest(claim=invited.claim.token, csr=key.csr, **more)


def make_fleet(database: Database, folder: Path, **trust: object) -> Fleet:
    passphrase = folder / "ca.pass"
    write_passphrase(passphrase)
    vault = Vault(database, passphrase)
    vault.make(NOW)
    server_files(folder, "collector", ["localhost"], vault.open().active, now=NOW)
    config = SinkConfig.model_validate(
        {
            "data": folder,
            "http": {"url": "https://localhost:8443", "cert_file": folder / "collector.pem", "key_file": folder / "k"},
            "broker": {"kind": "external", "host": "localhost", "port": 8883},
            "trust": {"passphrase_file": passphrase, **trust},
            "stores": [store("acme"), store("acme", "s2"), store("rival")],
        }
    )
    stores = StoreBook(config.stores)
    return Fleet(database, config, vault, stores, Registrar(database, vault, stores, config))
