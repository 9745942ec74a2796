"""`sink trust`, `sink broker-files`: the fleet's certificate authority, and a broker that believes it."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cloud_sink.cli.options import ConfigFile, DataFolder, say, settings_of

if TYPE_CHECKING:
    from cloud_sink.store.database import Database
    from cloud_sink.trust.keyring import Vault

trust = typer.Typer(help="The fleet's certificate authority.", no_args_is_help=True)


class Kind(StrEnum):
    """Brokers that files are written for."""

    MOSQUITTO = "mosquitto"
    EMQX = "emqx"


Hosts = Annotated[list[str], typer.Option("--host", help="a name or address that devices use; may be given again")]


@trust.command("init", epilog="Example: sink trust init --passphrase-file /etc/facings/ca.pass --config sink.yaml")
def init(
    passphrase_file: Annotated[
        Path | None, typer.Option(help="made if it is not there; without it trust.passphrase_file or the environment")
    ] = None,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Make the fleet's authority. Its key is stored encrypted in the database; keep the passphrase elsewhere, too."""
    from cloud_sink.store.database import open_database, upgrade
    from cloud_sink.trust.keyring import Vault, write_passphrase

    settings = settings_of(config, data)
    file = passphrase_file or settings.trust.passphrase_file
    engine = open_database(settings.database_url)
    upgrade(engine)
    vault = Vault(engine, file)
    if file is not None and not vault.is_made and write_passphrase(file):
        say(f"{file}: a new passphrase; keep a copy where neither this machine nor its backup is")
    made = vault.make(datetime.now(UTC))
    _note(engine, "trust init", made.id)
    say(f"authority {made.id} made")
    if file is not None and settings.trust.passphrase_file is None:
        say(f"tell the service where its passphrase is: trust: {{passphrase_file: {file}}}")


@trust.command("show", epilog="Example: sink trust show --config sink.yaml")
def show(config: ConfigFile = None, data: DataFolder = None) -> None:
    """Tell of the authorities: which issues, which is believed, when each ends, and how many lean on the old one."""
    from cloud_sink.store import authorities
    from cloud_sink.store.database import reading
    from cloud_sink.trust.authority import read_certificate

    engine, vault = _open(config, data)
    keyring = vault.open()
    with reading(engine) as connection:
        for one in authorities.listed(connection):
            until = read_certificate(one.certificate).not_valid_after_utc
            leaning = authorities.leaning_on(connection, one.id, keyring.told) if one.state == "old" else 0
            more = f"; {leaning} devices still lean on it" if leaning else ""
            say(f"{one.id}  {one.state}  made {one.created:%Y-%m-%d}, until {until:%Y-%m-%d}{more}")


@trust.command("rotate", epilog="Example: sink trust rotate --config sink.yaml")
def rotate(config: ConfigFile = None, data: DataFolder = None) -> None:
    """Begin to exchange the authority: devices fetch certificates of the new one by themselves, and believe both."""
    engine, vault = _open(config, data)
    made = vault.rotate(datetime.now(UTC))
    _note(engine, "trust rotate", made.id)
    say(f"authority {made.id} issues from now on; when sink trust show names no device that leans on the old one:")
    say("sink broker-files, for a broker's certificate of the new one; then sink trust retire")


@trust.command("retire", epilog="Example: sink trust retire --config sink.yaml")
def retire(config: ConfigFile = None, data: DataFolder = None) -> None:
    """Believe the old authority no more; refused while a device still leans on it."""
    engine, vault = _open(config, data)
    retired = vault.retire()
    _note(engine, "trust retire", retired)
    say(f"authority {retired} is believed no more")


@trust.command("issuer", epilog="Example: sink trust issuer --config sink.yaml")
def issuer(config: ConfigFile = None, data: DataFolder = None) -> None:
    """Ask the outside authority of trust.issuer whom it issues by, and have collector and broker believe them."""
    from cloud_sink.store import authorities
    from cloud_sink.store.database import writing
    from cloud_sink.trust.authority import read_certificate
    from cloud_sink.trust.issuers import make_issuer

    settings = settings_of(config, data)
    outside, (engine, _) = make_issuer(settings.trust.issuer), _open(config, data)
    if outside is None:
        say("the fleet's own authority issues: sink trust show")
        return
    named = outside.authorities(datetime.now(UTC))
    with writing(engine) as connection:
        for one in named:
            authorities.enter_outside(connection, one)
    _note(engine, "trust issuer", ", ".join(one.id for one in named))
    for one in named:
        say(f"{one.id}  {read_certificate(one.certificate).subject.rfc4514_string()}")
    say("sink broker-files, for a broker that believes them")


@trust.command("forget", epilog="Example: sink trust forget 0123456789abcdef --config sink.yaml")
def forget(
    authority: Annotated[str, typer.Argument(help="as sink trust show names it")],
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Believe an outside authority no more; refused while a device's certificate is of it."""
    from cloud_sink.store import authorities
    from cloud_sink.store.database import writing
    from cloud_sink.trust.errors import TrustError

    engine, _ = _open(config, data)
    with writing(engine) as connection:
        if authority not in {one.id for one in authorities.listed(connection) if one.state == authorities.OUTSIDE}:
            raise TrustError(f"{authority} is no outside authority", "sink trust show names them")
        holding = authorities.holding(connection, authority)
        if holding:
            raise TrustError(f"{holding} devices have certificates of it", "wait until they are exchanged")
        authorities.retire(connection, authority)
    _note(engine, "trust forget", authority)
    say(f"authority {authority} is believed no more")


@trust.command("certificate", epilog="Example: sink trust certificate --host facings.example.com --out /etc/facings")
def certificate(
    host: Hosts,
    out: Annotated[Path, typer.Option(help="the folder for collector.pem and collector.key")],
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Make a certificate for this collector's HTTPS, where no public authority gives one: devices believe it.

    A key that is there stays, so that claims which name it go on to lead here.
    """
    from cloud_sink.trust.broker_files import server_files
    from cloud_sink.trust.errors import TrustError

    engine, vault = _open(config, data)
    try:
        out.mkdir(parents=True, exist_ok=True)
        written = server_files(out, "collector", host, vault.open().active, now=datetime.now(UTC))
    except OSError as error:
        raise TrustError(f"{out}: {error.strerror}", "name a folder that can be written") from None
    _note(engine, "trust certificate", ", ".join(host))
    for path in written:
        say(str(path))


def broker_files(
    folder: Annotated[Path, typer.Argument(help="where they go, such as /etc/mosquitto/facings")],
    *,
    host: Hosts,
    port: Annotated[int, typer.Option(min=1, max=65535, help="the port that the broker listens at")] = 8883,
    collectors: Annotated[int, typer.Option(min=1, max=100, help="how many collectors share the load")] = 1,
    kind: Annotated[Kind, typer.Option("--for", help="which broker")] = Kind.MOSQUITTO,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Write what a broker needs: configuration, certificates, and who may do what, one section a device.

    What is there and still holds stays. A running service keeps them current where trust.broker_files names the folder.
    """
    from cloud_sink.store import authorities
    from cloud_sink.store.database import reading
    from cloud_sink.trust.broker_files import Broker, follow, make_files

    engine, vault = _open(config, data)
    keyring, now = vault.open(), datetime.now(UTC)
    with reading(engine) as connection:
        settled = not any(authorities.leaning_on(connection, name, keyring.told) for name, _ in keyring.old)
    for path in make_files(
        folder, Broker(tuple(host), port, collectors, kind.value), keyring, now=now, settled=settled
    ):
        say(str(path))
    changed = follow(folder, engine, keyring, now=now, kind=kind.value)
    _note(engine, "broker-files", str(folder))
    say("who may do what: written; have the broker reload" if changed else "who may do what: as it was")


def _open(config: ConfigFile, data: DataFolder) -> tuple[Database, Vault]:
    from cloud_sink.store.database import open_current
    from cloud_sink.trust.keyring import Vault

    settings = settings_of(config, data)
    engine = open_current(settings.database_url)
    return engine, Vault(engine, settings.trust.passphrase_file)


def _note(engine: Database, command: str, what: str) -> None:
    from cloud_sink.rights.audit import done_on_machine

    done_on_machine(engine, "", f"sink {command}", what, by=getpass.getuser())
