"""`sink users` and `sink keys`: who may do what, for whoever has the machine."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from cloud_sink.cli.options import ConfigFile, DataFolder, say, settings_of
from cloud_sink.rights.roles import Role
from edge.contract.errors import StoreError

if TYPE_CHECKING:
    from cloud_sink.store.database import Database

users = typer.Typer(help="People and their roles.", no_args_is_help=True)
keys = typer.Typer(help="API keys, for programs.", no_args_is_help=True)

Tenant = Annotated[str, typer.Option(help="whose")]
OneTenant = Annotated[str | None, typer.Option(help="only of this tenant")]
RoleOption = Annotated[Role, typer.Option(help="what they may do")]


@users.command("invite", epilog="Example: sink users invite mai --tenant acme --role merchandiser")
def invite(
    name: Annotated[str, typer.Argument(help="the name to sign in with, such as a mail address")],
    *,
    tenant: Tenant,
    role: RoleOption = Role.VIEWER,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Make a user and print the one-time link that sets the password."""
    from cloud_sink.rights.accounts import invite as make

    engine = _open(config, data)
    _, token = make(engine, tenant, name, role)
    _note(engine, tenant, "users invite", f"{name} as {role}")
    _say_link(token, config, data)


@users.command("link", epilog="Example: sink users link mai --tenant acme")
def link(
    name: Annotated[str, typer.Argument(help="the user's name")],
    *,
    tenant: Tenant,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Print a new one-time link for a user who lost the password."""
    from cloud_sink.rights.accounts import new_link
    from cloud_sink.store.database import reading
    from cloud_sink.store.users import named

    engine = _open(config, data)
    with reading(engine) as connection:
        user = named(connection, tenant, name)
    if user is None:
        raise StoreError(f"{tenant} has no user {name}", "sink users list shows them")
    token = new_link(engine, user)
    _note(engine, tenant, "users link", name)
    _say_link(token, config, data)


@users.command("list", epilog="Example: sink users list --tenant acme")
def list_users(tenant: OneTenant = None, config: ConfigFile = None, data: DataFolder = None) -> None:
    """List users: tenant, name, role, and whether they can sign in."""
    from cloud_sink.store.database import reading
    from cloud_sink.store.users import listed

    with reading(_open(config, data)) as connection:
        for user in sorted(listed(connection, tenant, limit=1_000_000), key=lambda one: (one.tenant, one.name)):
            state = "disabled" if user.disabled else "active" if user.password or user.subject else "invited"
            say(f"{user.tenant}  {user.name}  {user.role}  {state}")


@keys.command("create", epilog="Example: sink keys create warehouse --tenant acme --role merchandiser --days 365")
def create(
    name: Annotated[str, typer.Argument(help="what it is for")],
    *,
    tenant: Tenant,
    role: RoleOption = Role.VIEWER,
    days: Annotated[int | None, typer.Option(min=1, max=3650, help="days it holds; for good if left out")] = None,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Make an API key and print it; it is shown once."""
    from cloud_sink.rights.accounts import make_key

    engine = _open(config, data)
    key, text = make_key(engine, tenant, name, role, by=getpass.getuser(), days=days)
    _note(engine, tenant, "keys create", f"{name} as {role}: {key.id}")
    say(text)


@keys.command("list", epilog="Example: sink keys list --tenant acme")
def list_keys(tenant: OneTenant = None, config: ConfigFile = None, data: DataFolder = None) -> None:
    """List keys: id, tenant, name, role, and when each was used last."""
    from cloud_sink.store.database import reading
    from cloud_sink.store.keys import listed

    with reading(_open(config, data)) as connection:
        for key in listed(connection, tenant, limit=1_000_000):
            used = f"used {key.used:%Y-%m-%d %H:%M}" if key.used else "never used"
            say(f"{key.id}  {key.tenant}  {key.name}  {key.role}  {used}")


@keys.command("revoke", epilog="Example: sink keys revoke 0123456789abcdef")
def revoke(
    key: Annotated[str, typer.Argument(help="the key's id, as `sink keys list` shows it")],
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Revoke a key at once."""
    from cloud_sink.store import keys as stored
    from cloud_sink.store.database import writing

    engine = _open(config, data)
    with writing(engine) as connection:
        found = stored.find(connection, key)
        if found is None:
            raise StoreError(f"there is no key {key}", "sink keys list shows them")
        stored.revoke(connection, key)
    _note(engine, found.tenant, "keys revoke", found.name)


def _open(config: ConfigFile, data: DataFolder) -> Database:
    from cloud_sink.store.database import open_current

    return open_current(settings_of(config, data).database_url)


def _note(engine: Database, tenant: str, command: str, what: str) -> None:
    from cloud_sink.rights.audit import done_on_machine

    done_on_machine(engine, tenant, f"sink {command}", what, by=getpass.getuser())


def _say_link(token: str, config: ConfigFile, data: DataFolder) -> None:
    http = settings_of(config, data).http
    say(f"{http.url or f'http://127.0.0.1:{http.port}'}/welcome/{token}")
