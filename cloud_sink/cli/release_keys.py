"""`sink release keys`: who signs, how many of them must, and what to do when a key is lost or stolen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cloud_sink.cli.options import ConfigFile, DataFolder, say, settings_of
from cloud_sink.cli.release_options import PassphraseFile, Tenant, known, now_utc, passphrase_of
from cloud_sink.cli.release_signing import Prepare, SomeKeys, check_way, root_line, settle
from edge.contract.errors import ConfigError

if TYPE_CHECKING:
    from cloud_sink.releases.keys import OfflineRole

app = typer.Typer(help="Keys that sign releases: who has them, and how many must sign.", no_args_is_help=True)

_ROLES: tuple[OfflineRole, ...] = ("root", "targets")


@app.command("list", epilog="Example: sink release keys list --data /var/lib/facings")
def list_keys(tenant: Tenant = None, config: ConfigFile = None, data: DataFolder = None) -> None:
    """Tell who signs, how many must, and the root that devices and signers compare."""
    from cloud_sink.releases.authority import holder_of

    _, repository = known(settings_of(config, data), tenant)
    metadata = repository.signed.root_as_signed()
    root = metadata.signed
    say(f"{root_line(root.version, metadata.signed_bytes)}, valid until {root.expires:%Y-%m-%d}")
    for name in ("root", "targets", "snapshot", "timestamp"):
        role = root.roles[name]
        held = ", ".join(holder_of(root.keys[keyid]) for keyid in role.keyids)
        say(f"{name}: {role.threshold} of {len(role.keyids)} sign: {held}")
    say(f"roll-out: {', '.join(one[:8] for one in repository.signed.top().get_delegated_role('roll-out').keyids)}")
    if len(root.roles["root"].keyids) == root.roles["root"].threshold:
        say("no root key may be lost: add one more than must sign, with sink release keys change --add")


@app.command(epilog="Example: sink release keys make root --holder alice --keys /media/stick/acme-keys")
def make(
    role: Annotated[Literal["root", "targets"], typer.Argument(help="root: says who signs; targets: signs releases")],
    holder: Annotated[str, typer.Option(help="who has it, such as alice")],
    keys: Annotated[Path, typer.Option(help="the folder to make it in, on a stick of the holder's")],
    *,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make a key on any machine. Its public half is written beside it: hand that to whoever changes the keys."""
    from pydantic import ValidationError

    from cloud_sink.releases.authority import OfferedKey, holder_of
    from cloud_sink.releases.files import write_whole
    from cloud_sink.releases.keys import make_offline

    try:
        OfferedKey(role=role, holder=holder, public="0" * 64)
    except ValidationError:
        raise ConfigError(f"--holder {holder!r} is no name", "letters, figures and dashes, such as alice") from None
    signer = make_offline(keys, role, passphrase_of(passphrase_file, anew=True))
    offered = OfferedKey.of(role, holder, signer.public_key)
    out = keys / f"{holder}.{role}.pub"
    write_whole(out, offered.model_dump_json(indent=2).encode() + b"\n")
    say(f"{keys / role}.pem: keep a copy elsewhere; {out}: key {holder_of(offered.key())}, for --add {out.name}")


@app.command(epilog="Example: sink release keys change --add alice.root.pub --threshold root=2 --keys KEYS")
def change(
    *,
    add: Annotated[list[Path], typer.Option(help="public half of a key that is to sign; may be said again")] = [],  # noqa: B006 - typer's
    remove: Annotated[list[str], typer.Option(help="root=HOLDER, targets=HOLDER or root=ID; may be said again")] = [],  # noqa: B006 - typer's
    threshold: Annotated[list[str], typer.Option(help="how many must sign, such as root=2; may be said again")] = [],  # noqa: B006 - typer's
    new_server_keys: Annotated[
        bool, typer.Option("--new-server-keys", help="make the server's keys anew: it was taken over, or lost them")
    ] = False,
    keys: SomeKeys = None,
    prepare: Prepare = None,
    tenant: Tenant = None,
    passphrase_file: PassphraseFile = None,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Change who signs. Enough of the keys before and of those after must sign it; devices follow by themselves."""
    from cloud_sink.releases.authority import KeyChange, OfferedKey
    from cloud_sink.releases.publishing import prepare_keys

    wanted = KeyChange(
        add=tuple(OfferedKey.read(_text(one), name=str(one)) for one in add),
        remove=tuple(_role_and(one, "--remove", "root=alice") for one in remove),
        thresholds={
            role: _count(said, one) for one in threshold for role, said in (_role_and(one, "--threshold", "root=2"),)
        },
    )
    kept = settings_of(config, data)
    check_way(keys, prepare, kept.data)
    _, repository = known(kept, tenant)
    proposal = prepare_keys(repository, wanted, now_utc(), new_server_keys=new_server_keys)
    if settle(repository, proposal, keys=keys, prepare=prepare, passphrase=passphrase_file):
        say("new devices begin with the new root: sink release root --out trusted-root.json; keep a backup")


def _role_and(said: str, option: str, example: str) -> tuple[OfflineRole, str]:
    name, _, value = said.partition("=")
    for role in _ROLES:
        if name == role and value:
            return role, value
    raise ConfigError(f"{option} {said!r} names no role", f"such as {option} {example}")


def _count(said: str, whole: str) -> int:
    if not said.isascii() or not said.isdigit():
        raise ConfigError(f"--threshold {whole!r} is no number of keys", "such as --threshold root=2")
    return int(said)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "no text"
        raise ConfigError(f"--add {path}: {said}", "give what sink release keys make wrote") from None
