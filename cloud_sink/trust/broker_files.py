"""Files of a broker that lets in our devices and collectors alone, each to its own topics.

For Mosquitto one `user` section a device with its topics written out (for EMQX: `emqx_files`). A `pattern` with `%u`
would make a device's name part of a topic, and a name that holds a wildcard or another tenant's would open what is
not its own.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from cloud_sink.store import identities, orders
from cloud_sink.store.database import reading
from cloud_sink.trust.authority import issue_device, issue_server, read_request, revocation_list
from cloud_sink.trust.emqx_files import CONFIGURATION as EMQX_CONFIGURATION
from cloud_sink.trust.emqx_files import RULES as EMQX_RULES
from cloud_sink.trust.emqx_files import UPLOAD, emqx_configuration, emqx_rules, emqx_upload
from cloud_sink.trust.errors import TrustError
from edge.contract.topics import Address, Channel, every_device

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from cloud_sink.fleet.trust_settings import BrokerKind
    from cloud_sink.store.database import Database
    from cloud_sink.store.identities import Identity
    from cloud_sink.trust.authority import Authority
    from cloud_sink.trust.keyring import Keyring

CONFIGURATION, RULES, AUTHORITIES, REVOKED = "mosquitto.conf", "acl", "ca.pem", "revoked.pem"

CLIENTS = "clients.pem"
"""Whom the broker believes of devices and collectors; `AUTHORITIES` are those whom they believe of the broker."""

WRITES = (Channel.EVENTS, Channel.STATE, Channel.REPLIES, Channel.CONFIG_REPORTED)
"""What a device writes; it reads the others."""

READS = tuple(channel for channel in Channel if channel not in WRITES)

SERVER_DAYS = 825
"""Days a broker's or a collector's own certificate holds: some clients refuse servers with more."""

_RENEWED = timedelta(days=SERVER_DAYS / 3)
_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker to be: where it listens, and who collects from it."""

    hosts: tuple[str, ...]  # the names and addresses that devices and collectors use
    port: int = 8883
    collectors: int = 1
    kind: BrokerKind = "mosquitto"


def make_files(folder: Path, broker: Broker, keyring: Keyring, *, now: datetime, settled: bool = True) -> list[Path]:
    """Write the configuration, the broker's certificate and key, and a certificate and key for each collector.

    What is there and still holds stays. The files that follow the fleet come from `follow`.

    Args:
        folder: is made where it is missing.
        broker: where it listens, and who collects from it.
        keyring: the fleet's authorities.
        now: aware.
        settled: whether every device believes the active authority. Until then certificates of the old one stay, for
            devices that have not heard of the new one would believe no other.

    Returns:
        The files that were written.

    Raises:
        TrustError: a host that is no name, or a folder that cannot be written.
    """
    wrong = next((host for host in broker.hosts if not _NAME.fullmatch(host)), None)
    if wrong is not None or not broker.hosts:
        raise TrustError(f"{wrong or 'nothing'} is no host name", "name the broker's host with --host")
    written: list[Path] = []
    issuers = [keyring.active] if settled else [one for _, one in keyring.believed]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not _still_holds(folder / "broker.pem", issuers, broker.hosts, now):
            written += server_files(folder, "broker", broker.hosts, keyring.active, now=now)
        for number in range(1, broker.collectors + 1):
            name = f"collector-{number}"
            if not _still_holds(folder / f"{name}.pem", issuers, (), now):
                written += _collector(folder, name, keyring.active, now)
        name, text = _configured(folder.resolve(), broker, revocations=not keyring.outside)
        if write_whole(folder / name, text):
            written.append(folder / name)
    except OSError as error:
        raise _unwritable(folder, error) from None
    return written


def follow(folder: Path, engine: Database, keyring: Keyring, *, now: datetime, kind: BrokerKind = "mosquitto") -> bool:
    """Write whom the broker believes, who was shut out and who may do what; whether anything differs from before.

    Raises:
        TrustError: the folder cannot be written.
        DatabaseAway: nothing is known of the fleet now; the files stay.
    """
    with reading(engine) as connection:
        devices = identities.admitted(connection)
        moving = {one.identity: one.store for one in orders.all_open(connection) if one.kind == "move"}
        revoked = {name: identities.revoked_of(connection, name, now) for name, _ in keyring.believed}
    collectors = sorted(path.stem for path in folder.glob("collector-*.pem"))
    lists = "".join(revocation_list(one, revoked[name], now=now) for name, one in keyring.believed)
    try:
        changed = write_whole(folder / AUTHORITIES, keyring.bundle)
        changed |= write_whole(folder / CLIENTS, keyring.clients)
        if kind == "emqx":
            text = emqx_rules(devices, collectors, writes=WRITES, reads=READS, moving=moving)
            changed |= write_whole(folder / EMQX_RULES, text)
            changed |= write_whole(folder / UPLOAD, emqx_upload(text))
        else:
            changed |= write_whole(folder / RULES, rules(devices, collectors, moving))
        changed |= _write_revoked(folder / REVOKED, lists, now)
    except OSError as error:
        raise _unwritable(folder, error) from None
    return changed


def rules(devices: Iterable[Identity], collectors: Sequence[str], moving: Mapping[str, str] | None = None) -> str:
    """The ACL: a section a device with its own topics, a section a collector; whoever has none may do nothing.

    Args:
        devices: who may come in.
        collectors: the names of their certificates.
        moving: stores where devices (by identity) are ordered to. They speak from either until they say that they
            have moved.
    """
    sections = ["# Written by sink broker-files; changes here do not last."]
    for one in devices:
        lines = [f"# {one.tenant}/{one.store}/{one.device}", f"user {one.id}"]
        for store in dict.fromkeys((one.store, (moving or {}).get(one.id, one.store))):
            address = Address(one.tenant, store, one.device)
            lines += [f"topic write {address.topic(channel)}" for channel in WRITES]
            lines += [f"topic read {address.topic(channel)}" for channel in READS]
        sections.append("\n".join(lines))
    for name in collectors:
        lines = [f"user {name}"]
        lines += [f"topic read {every_device(channel)}" for channel in WRITES]
        lines += [f"topic write {every_device(channel)}" for channel in READS if channel is not Channel.CONFIG]
        lines += [f"topic readwrite {every_device(Channel.CONFIG)}"]  # what it is to be is shown beside what it says
        sections.append("\n".join(lines))
    return "\n\n".join(sections) + "\n"


def _configured(folder: Path, broker: Broker, *, revocations: bool) -> tuple[str, str]:
    """The broker's configuration: name of the file, and what it holds."""
    if broker.kind == "emqx":
        return EMQX_CONFIGURATION, emqx_configuration(str(folder), broker.port, authorities=CLIENTS)
    return CONFIGURATION, configuration(folder, broker, revocations=revocations)


def configuration(folder: Path, broker: Broker, *, revocations: bool = True) -> str:
    """Mosquitto's configuration: one listener, TLS 1.2 or newer, nobody without a certificate.

    Args:
        folder: where the files are.
        broker: where it listens.
        revocations: whether every authority that is believed has a list: where one has none, nobody of its would get
            in, and the ACL alone shuts out.
    """
    listed = f"crlfile {folder / REVOKED}\n" if revocations else ""
    return f"""\
# Written by sink broker-files.
listener {broker.port}
protocol mqtt
tls_version tlsv1.2
cafile {folder / CLIENTS}
{listed}certfile {folder / "broker.pem"}
keyfile {folder / "broker.key"}
require_certificate true
use_identity_as_username true
allow_anonymous false
acl_file {folder / RULES}
# Two tenants may call their devices alike: a client goes by its certificate, and none throws another out.
use_username_as_clientid true
max_packet_size 1048576
"""


def write_whole(path: Path, text: str, *, mode: int = 0o644) -> bool:
    """Write a file that is whole or as it was; False where it holds just that already.

    Raises:
        OSError: it cannot be written.
    """
    if path.is_file() and path.read_bytes() == text.encode():
        return False
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    return True


def server_files(folder: Path, name: str, hosts: Sequence[str], authority: Authority, *, now: datetime) -> list[Path]:
    """A server's certificate, signed by the fleet's authority, and its key; one that is there stays: claims name it.

    Returns:
        The files.

    Raises:
        OSError: the folder cannot be written.
        TrustError: the key that is there cannot be used.
    """
    request = read_request(_request(folder / f"{name}.key"))
    write_whole(folder / f"{name}.pem", issue_server(authority, request, hosts=hosts, now=now, days=SERVER_DAYS))
    return [folder / f"{name}.key", folder / f"{name}.pem"]


def _collector(folder: Path, name: str, authority: Authority, now: datetime) -> list[Path]:
    request = read_request(_request(folder / f"{name}.key"))
    uri = f"urn:facings:{name}"
    write_whole(
        folder / f"{name}.pem", issue_device(authority, request, identity=name, uri=uri, now=now, days=SERVER_DAYS)
    )
    return [folder / f"{name}.key", folder / f"{name}.pem"]


def _request(path: Path) -> str:
    """A request for a certificate for the key of a file, which is made where there is none; PEM."""
    if path.exists():
        try:
            key = load_pem_private_key(path.read_bytes(), password=None)
        except (ValueError, TypeError):
            raise TrustError(f"{path}: no unencrypted private key in PEM form", "move it away") from None
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TrustError(f"{path}: no EC key", "move it away")
    else:
        key = ec.generate_private_key(ec.SECP256R1())
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_whole(path, private.decode("ascii"), mode=0o600)
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    return request.public_bytes(Encoding.PEM).decode("ascii")


def _still_holds(path: Path, issuers: Sequence[Authority], hosts: Sequence[str], now: datetime) -> bool:
    """Whether a certificate is there, for a while yet, for these hosts, by one of these."""
    try:
        one = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        return False
    if one.not_valid_after_utc - now < _RENEWED or not path.with_suffix(".key").is_file():
        return False
    if one.issuer not in [authority.certificate.subject for authority in issuers]:
        return False
    return not hosts or _hosts_of(one) == set(hosts)


def _hosts_of(one: x509.Certificate) -> set[str]:
    names = one.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    dns = {str(name) for name in names.get_values_for_type(x509.DNSName)}
    return dns | {str(address) for address in names.get_values_for_type(x509.IPAddress)}


def _write_revoked(path: Path, lists: str, now: datetime) -> bool:
    """Write the revocation lists where they say something new, or the ones there are half as old as they may get."""
    try:
        there = [x509.load_pem_x509_crl(one) for one in _each(path.read_bytes())]
    except (OSError, ValueError):
        there = []
    wanted = [x509.load_pem_x509_crl(one) for one in _each(lists.encode())]
    fresh = all(one.next_update_utc is not None and one.next_update_utc - now > timedelta(days=15) for one in there)
    if fresh and [_said(one) for one in there] == [_said(one) for one in wanted]:
        return False
    return write_whole(path, lists)


def _each(text: bytes) -> list[bytes]:
    end = b"-----END X509 CRL-----"
    return [part + end + b"\n" for part in text.split(end)[:-1]]


def _said(one: x509.CertificateRevocationList) -> tuple[str, frozenset[int]]:
    return one.issuer.rfc4514_string(), frozenset(revoked.serial_number for revoked in one)


def _unwritable(folder: Path, error: OSError) -> TrustError:
    return TrustError(f"{error.filename or folder}: {error.strerror or error}", "name a folder that can be written")
