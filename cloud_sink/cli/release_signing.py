"""`sink release sign|show|publish|renew`: what the owner signs, at the server or on a machine without a network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cloud_sink.cli.options import ConfigFile, DataFolder, say, settings_of
from cloud_sink.cli.release_options import PassphraseFile, Tenant, known, now_utc, passphrase_of
from edge.contract.errors import ConfigError

if TYPE_CHECKING:
    from cloud_sink.releases.proposal import Proposal
    from cloud_sink.releases.repository import Repository

SomeKeys = Annotated[
    Path | None, typer.Option("--keys", help="the folder of the owner's keys, away from the server: sign at once")
]
Prepare = Annotated[
    Path | None, typer.Option(help="write what is to be signed to this file instead, for sink release sign elsewhere")
]
EveryFile = Annotated[bool, typer.Option("--files", help="list every file, however many")]


def check_way(keys: Path | None, prepare: Path | None, data: Path) -> None:
    """Refuse neither and both, and keys that lie with the server's data.

    Raises:
        ConfigError: so it is.
    """
    from cloud_sink.releases.repository import refuse_within

    if (keys is None) == (prepare is None):
        raise ConfigError("neither signed nor prepared, or both", "name --keys to sign at once, or --prepare FILE")
    if keys is not None:
        refuse_within(keys, data)


def settle(
    repository: Repository, proposal: Proposal, *, keys: Path | None, prepare: Path | None, passphrase: Path | None
) -> bool:
    """Sign what was prepared and publish it, or write it to be signed elsewhere; whether it is published."""
    from cloud_sink.releases import proposal as proposals
    from cloud_sink.releases import stick
    from cloud_sink.releases.keys import signers_of
    from cloud_sink.releases.publishing import sign_and_publish

    if keys is None:
        assert prepare is not None
        proposals.write(proposal, prepare)
        say(f"{prepare}: to be signed with sink release sign {prepare} --keys …, then: sink release publish {prepare}")
        return False
    sign_and_publish(repository, proposal, signers_of(keys, passphrase_of(passphrase)), now_utc())
    stick.remember(keys, proposal)
    return True


def show(
    file: Annotated[Path, typer.Argument(help="what --prepare wrote")],
    *,
    every_file: EveryFile = False,
) -> None:
    """Tell what a file is to have signed: files, versions, settings and keys that change, and who signed so far."""
    from cloud_sink.releases import proposal as proposals
    from cloud_sink.releases.review import review, walk

    read = proposals.read(file)
    walk(read, None)
    for line in review(read, every_file=every_file):
        say(line)
    for wanted in read.wanted():
        say(str(wanted))


def sign(
    file: Annotated[Path, typer.Argument(help="what --prepare wrote; signatures are added to it")],
    keys: Annotated[Path, typer.Option(help="the folder of your keys")],
    *,
    every_file: EveryFile = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Show what a file is to have signed, and sign it. Needs neither a network nor the repository."""
    from cloud_sink.releases import proposal as proposals
    from cloud_sink.releases import stick
    from cloud_sink.releases.keys import signers_of
    from cloud_sink.releases.review import review, walk

    read = proposals.read(file)
    before = stick.known(keys, read.fleet)
    walk(read, None if before is None else before[0])
    if before is not None and read.targets_before.signed.version < before[1]:
        raise ConfigError("it is made on releases that are older than those these keys signed", "prepare it anew")
    for line in review(read, every_file=every_file):
        say(line)
    if before is None:
        say(
            f"these keys know no root of {read.fleet} yet; they will know {fingerprint(read)}:"
            " compare it with what another holder sees, or with sink release keys list"
        )
    if not yes:
        typer.confirm("Sign this?", abort=True, err=True)
    signed, told = proposals.sign(read, signers_of(keys, passphrase_of(passphrase_file)))
    if not told:
        raise ConfigError(f"none of the keys in {keys} signs this", "; ".join(map(str, read.wanted())))
    stick.remember(keys, read)
    proposals.write(signed, file)
    say(f"signed: {', '.join(told)}")
    for wanted in signed.wanted():
        say(str(wanted))


def publish(
    files: Annotated[list[Path], typer.Argument(help="the file that was signed, or its copies that several signed")],
    *,
    tenant: Tenant = None,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Put in place what --prepare wrote, once all have signed it who must; anything else is refused."""
    from cloud_sink.releases import proposal as proposals
    from cloud_sink.releases.publishing import publish as put_in_place

    read = proposals.merged(proposals.read(one) for one in files)
    name, repository = known(settings_of(config, data), tenant or read.fleet)
    put_in_place(repository, read, now_utc())
    say(f"published for {name}; releases: {', '.join(map(str, repository.numbers())) or 'none yet'}")


def renew(
    *,
    keys: SomeKeys = None,
    prepare: Prepare = None,
    tenant: Tenant = None,
    passphrase_file: PassphraseFile = None,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Sign root and targets anew: once a year, and after a backup was restored that lacks the last release."""
    from cloud_sink.releases.publishing import prepare_renewal

    kept = settings_of(config, data)
    check_way(keys, prepare, kept.data)
    _, repository = known(kept, tenant)
    proposal = prepare_renewal(repository, now_utc())
    if settle(repository, proposal, keys=keys, prepare=prepare, passphrase=passphrase_file):
        root, targets = repository.expires("root"), repository.expires("targets")
        say(f"root until {root:%Y-%m-%d}, releases until {targets:%Y-%m-%d}")


def fingerprint(proposal: Proposal) -> str:
    """The root in force, in a line to be compared by people."""
    return root_line(proposal.root_before.signed.version, proposal.root_before.signed_bytes)


def root_line(version: int, signed: bytes) -> str:
    """A root, in a line to be compared by people: its version and the SHA-256 of what is signed."""
    import hashlib

    digest = hashlib.sha256(signed).hexdigest()[:32]
    return f"root {version} {' '.join(digest[at : at + 4] for at in range(0, 32, 4))}"
