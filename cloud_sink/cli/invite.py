"""`sink invite` and `sink invitations`: who may come in."""

from __future__ import annotations

import getpass
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cloud_sink.cli.options import ConfigFile, DataFolder, say, settings_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cloud_sink.fleet.lines import Fault
    from cloud_sink.store.database import Database
    from cloud_sink.trust.inviting import Invited, Wanted

invitations = typer.Typer(help="Claims that devices come in with.", no_args_is_help=True)

Tenant = Annotated[str | None, typer.Option(help="whose, where there are several tenants")]


def invite(
    *,
    tenant: Tenant = None,
    store: Annotated[str | None, typer.Option(help="where the device will stand")] = None,
    fixture: Annotated[str | None, typer.Option(help="what it will look at")] = None,
    device: Annotated[str | None, typer.Option(help="what it will be called; else it gets a name")] = None,
    file: Annotated[
        Path | None, typer.Option("--csv", help="many at once: a CSV with the header store,fixture[,device]")
    ] = None,
    hours: Annotated[
        float | None, typer.Option(min=0.01, max=2160, help="how long it can be used; else trust.claim_lives")
    ] = None,
    approval: Annotated[
        bool, typer.Option("--approval", help="a person must approve: sink invitations approve")
    ] = False,
    replaces: Annotated[
        bool, typer.Option("--replaces", help="the device is known: this one takes its place and its history")
    ] = False,
    repairs: Annotated[
        bool, typer.Option("--repairs", help="the same board with a new disk: it replaces what it was")
    ] = False,
    reason: Annotated[str, typer.Option(help="why, for the history of the device")] = "",
    labels: Annotated[Path | None, typer.Option(help="also write a page of labels with QR codes to print")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would become of it")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a claim")] = False,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Make one-time claims, and print each: it is shown once, and stored nowhere."""
    from cloud_sink.fleet.master import stores_of
    from cloud_sink.profile.ask import only_tenant
    from cloud_sink.store.database import open_current
    from cloud_sink.trust.inviting import Inviter, Terms
    from cloud_sink.trust.keyring import Vault
    from cloud_sink.trust.registrar import Registrar

    wanted = _wanted(store, fixture, device, file)
    settings = settings_of(config, data)
    engine = open_current(settings.database_url)
    vault = Vault(engine, settings.trust.passphrase_file)
    vault.open()  # a claim that nobody could answer is none
    stores = stores_of(engine, settings.stores)
    lives = settings.trust.claim_lives if hours is None else hours * 3600
    terms = Terms(
        tenant=only_tenant(engine, stores, tenant),
        by=getpass.getuser(),
        lives=timedelta(seconds=lives),
        approval=approval,
        replaces=replaces,
        repairs=repairs,
        reason=reason,
    )
    inviter = Inviter(engine, Registrar(engine, vault, stores, settings), stores, settings)
    made = inviter.invite(wanted, terms, now=datetime.now(UTC), dry_run=dry_run)
    if dry_run:
        say(f"{len(made)} claims would be made, until {made[0].invitation.expires:%Y-%m-%d %H:%M} UTC")
        return
    _note(engine, terms.tenant, "invite", f"{len(made)} claims: {', '.join(one.invitation.id for one in made)}")
    if labels is not None:
        _write_labels(labels, made)
    for one in made:
        say(_in_json(one) if as_json else _in_words(one))


@invitations.command("list", epilog="Example: sink invitations list --state pending")
def list_invitations(
    tenant: Tenant = None,
    state: Annotated[
        str | None, typer.Option(help="open, pending (a person must approve), approved, used or cancelled")
    ] = None,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """List claims, the newest first: id, state, store, fixture, device, until when, and which key took it."""
    from cloud_sink.store.database import reading
    from cloud_sink.store.invitation_rows import listed

    now = datetime.now(UTC)
    with reading(_open(config, data)) as connection:
        for one in listed(connection, tenant, state=state, limit=1_000_000):
            said = "expired" if one.state != "used" and one.expires <= now else one.state
            key = f"  key {one.key[:16]}" if one.key else ""
            where = f"{one.tenant}/{one.store}/{one.fixture}"
            say(f"{one.id}  {said}  {where}  {one.device}  until {one.expires:%Y-%m-%d %H:%M}{key}")


@invitations.command("approve", epilog="Example: sink invitations approve 0123456789abcdef")
def approve(
    invitation: Annotated[str, typer.Argument(help="the claim's id, as `sink invitations list` shows it")],
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Let in the device that waits with this claim. Compare the key that the list and the device show."""
    otherwise = "only a pending one can be approved"
    _decide(_open(config, data), invitation, state="approved", since=["pending"], otherwise=otherwise)


@invitations.command("cancel", epilog="Example: sink invitations cancel 0123456789abcdef")
def cancel(
    invitation: Annotated[str, typer.Argument(help="the claim's id, as `sink invitations list` shows it")],
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Take a claim back. A device that is in already stays: sink identities revoke."""
    since = ["open", "pending", "approved"]
    otherwise = "only one that is not used can be cancelled"
    _decide(_open(config, data), invitation, state="cancelled", since=since, otherwise=otherwise)


def _wanted(store: str | None, fixture: str | None, device: str | None, file: Path | None) -> list[Wanted]:
    from pydantic import ValidationError

    from cloud_sink.trust.errors import TrustError
    from cloud_sink.trust.inviting import Wanted as One
    from cloud_sink.trust.inviting import read_wanted

    if file is not None:
        if store or fixture or device:
            raise TrustError("--csv names the stores and fixtures", "leave out --store, --fixture and --device")
        try:
            wanted, faults = read_wanted(file.read_bytes())
        except OSError as error:
            raise TrustError(f"{file}: {error.strerror}", "give the path of a readable file") from None
        if faults:
            raise _faulty(file, faults)
        return wanted
    if store is None or fixture is None:
        raise TrustError("a claim is for one fixture of one store", "give --store and --fixture, or --csv")
    try:
        return [One(store=store, fixture=fixture, device=device)]
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise TrustError(f"--{first['loc'][0]} {first['input']!r}", "small letters, digits, - and _") from None


def _faulty(file: Path, faults: Sequence[Fault]) -> Exception:
    from cloud_sink.trust.errors import TrustError

    for fault in faults[1:20]:
        say(f"{file}: line {fault.line}: {f'column {fault.column}: ' if fault.column else ''}{fault.said}")
    first = faults[0]
    where = f"line {first.line}" + (f": column {first.column}" if first.column else "")
    return TrustError(f"{file}: {where}: {first.said}", "no claim was made; mend the file and give it again")


def _write_labels(path: Path, made: Sequence[Invited]) -> None:
    from cloud_sink.trust.broker_files import write_whole
    from cloud_sink.trust.errors import TrustError
    from cloud_sink.trust.labels import label_page

    try:
        write_whole(path, label_page(made), mode=0o600)
    except OSError as error:
        mend = "the claims below were made all the same; name a folder that can be written next time"
        typer.echo(f"sink: {TrustError(f'{path}: {error.strerror}', mend)}", err=True)


def _in_words(one: Invited) -> str:
    told = one.invitation
    return f"{told.device}  {told.store}/{told.fixture}  until {told.expires:%Y-%m-%d %H:%M} UTC\n{one.claim.text}"


def _in_json(one: Invited) -> str:
    told = one.invitation
    names = {name: getattr(told, name) for name in ("id", "tenant", "store", "fixture", "device")}
    return json.dumps(names | {"expires": told.expires.isoformat(), "claim": one.claim.text})


def _decide(engine: Database, invitation: str, *, state: str, since: Sequence[str], otherwise: str) -> None:
    from cloud_sink.store.database import writing
    from cloud_sink.store.invitation_rows import decide, find
    from cloud_sink.trust.errors import TrustError

    with writing(engine) as connection:
        found = find(connection, invitation)
        if found is None:
            raise TrustError(f"there is no invitation {invitation}", "sink invitations list shows them")
        if not decide(connection, invitation, state=state, by=getpass.getuser(), since=since):
            raise TrustError(f"invitation {invitation} is {found.state}", otherwise)
    _note(engine, found.tenant, f"invitations {state}", f"{invitation} for {found.device}")
    say(f"{invitation}: {state}, device {found.device}")


def _open(config: ConfigFile, data: DataFolder) -> Database:
    from cloud_sink.store.database import open_current

    return open_current(settings_of(config, data).database_url)


def _note(engine: Database, tenant: str, command: str, what: str) -> None:
    from cloud_sink.rights.audit import done_on_machine

    done_on_machine(engine, tenant, f"sink {command}", what, by=getpass.getuser())
