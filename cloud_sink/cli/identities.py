"""`sink identities`: which device is where, and was; moving it, retiring it, shutting it out."""

from __future__ import annotations

import getpass
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cloud_sink.cli.options import ConfigFile, DataFolder, say, settings_of

if TYPE_CHECKING:
    from cloud_sink.fleet.settings import SinkConfig
    from cloud_sink.store.database import Database
    from cloud_sink.store.identities import Identity
    from cloud_sink.store.orders import Order
    from cloud_sink.trust.placing import Placer, Standing

identities = typer.Typer(help="What devices are known by, and where they are.", no_args_is_help=True)

Device = Annotated[str, typer.Argument(help="the device's name")]
Whose = Annotated[str, typer.Option("--tenant", help="whose")]
Tenant = Annotated[str | None, typer.Option(help="whose, where there are several tenants")]
Reason = Annotated[str, typer.Option(help="why, for its history")]


@identities.command("list", epilog="Example: sink identities list --store store-01")
def list_identities(
    tenant: Tenant = None,
    store: Annotated[str | None, typer.Option(help="only of this store")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a line")] = False,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """List the devices that have a certificate: name, store, fixture, state, and until when it holds."""
    from cloud_sink.store import orders
    from cloud_sink.store.database import open_current, reading
    from cloud_sink.store.identities import listed
    from cloud_sink.trust.placing import standings

    now = datetime.now(UTC)
    with reading(open_current(settings_of(config, data).database_url)) as connection:
        found = listed(connection, tenant, store=store)
        ordered = {one.identity: one for one in orders.all_open(connection, tenant)}
        states = standings(connection, found, ordered, now)
    for one in found:
        order = ordered.get(one.id)
        say(_in_json(one, states[one.id], order) if as_json else _in_words(one, states[one.id], order))


@identities.command("history", epilog="Example: sink identities history unit-07 --tenant acme")
def history(device: Device, *, tenant: Whose, config: ConfigFile = None, data: DataFolder = None) -> None:
    """Tell which board of a device was where, from when until when, why it came and why it left; the newest first."""
    from cloud_sink.store import placements
    from cloud_sink.store.database import open_current, reading

    with reading(open_current(settings_of(config, data).database_url)) as connection:
        found = placements.history(connection, tenant, device)
    if not found:
        raise _unknown(tenant, device)
    for one in found:
        until = f"{one.until:%Y-%m-%d %H:%M}  {one.ended}" if one.until else "now"
        why = f"  {one.reason}" if one.reason else ""
        by = f" by {one.by}" if one.by else ""
        say(
            f"{one.since:%Y-%m-%d %H:%M} - {until}  {one.store}/{one.fixture}  {one.began}{by}  key {one.key[:16]}{why}"
        )


@identities.command("move", epilog="Example: sink identities move unit-07 --tenant acme --store s2 --fixture cooler-1")
def move(
    device: Device,
    *,
    tenant: Whose,
    store: Annotated[str, typer.Option(help="where to")],
    fixture: Annotated[str, typer.Option(help="what it will look at there")],
    reason: Reason = "",
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Let a device stand elsewhere, with the key and certificate it has. It goes there as soon as it hears of it."""
    from cloud_sink.trust.placing import Asked

    engine, placer = _placer(config, data)
    asked = Asked(getpass.getuser(), reason)
    placer.move(tenant, device, (store, fixture), asked, datetime.now(UTC))
    _note(engine, tenant, "identities move", f"{device} to {store}/{fixture}")
    say(f"{tenant}/{device} moves to {store}/{fixture} as soon as it hears of it: sink identities list")


@identities.command("retire", epilog="Example: sink identities retire unit-07 --tenant acme --wipe")
def retire(
    device: Device,
    *,
    tenant: Whose,
    wipe: Annotated[bool, typer.Option("--wipe", help="surely: ask nothing")] = False,
    now: Annotated[bool, typer.Option("--now", help="it delivers nothing of what waits first")] = False,
    days: Annotated[int, typer.Option(min=0, max=365, help="after which it is shut out without its word")] = 14,
    reason: Reason = "",
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Have a device deliver what it holds, wipe itself and say so; then it is shut out, and can be let in anew."""
    from cloud_sink.trust.placing import Asked

    engine, placer = _placer(config, data)
    if not wipe and not typer.confirm(f"Wipe {tenant}/{device}? It will be a device no more.", default=False, err=True):
        say("nothing was changed")
        raise typer.Exit(1)
    asked = Asked(getpass.getuser(), reason)
    order = placer.retire(tenant, device, asked, datetime.now(UTC), at_once=now, days=days)
    _note(engine, tenant, "identities retire", f"{device}{' at once' if now else ''}")
    say(f"{tenant}/{device} wipes itself as soon as it hears of it; it is shut out on {order.due:%Y-%m-%d} in any case")


@identities.command("recall", epilog="Example: sink identities recall unit-07 --tenant acme")
def recall(device: Device, *, tenant: Whose, config: ConfigFile = None, data: DataFolder = None) -> None:
    """Take back a move or a retirement that the device has not carried out."""
    engine, placer = _placer(config, data)
    order = placer.cancel(tenant, device, datetime.now(UTC))
    _note(engine, tenant, "identities recall", f"{device}: {order.kind}")
    say(f"{tenant}/{device}: its order to {order.kind} is taken back")


@identities.command("revoke", epilog="Example: sink identities revoke unit-07 --tenant acme")
def revoke(device: Device, *, tenant: Whose, config: ConfigFile = None, data: DataFolder = None) -> None:
    """Let a device in no more: at the collector at once, at the broker as soon as its files follow."""
    from cloud_sink.fleet.master import stores_of
    from cloud_sink.store import identities as stored
    from cloud_sink.store.database import open_current, writing
    from cloud_sink.trust.leaving import shut_out

    settings = settings_of(config, data)
    engine = open_current(settings.database_url)
    stores = stores_of(engine, settings.stores)
    with writing(engine) as connection:
        found = stored.of_device(connection, tenant, device)
        if found is None:
            raise _unknown(tenant, device)
        shut_out(connection, found, datetime.now(UTC), stores)
    _note(engine, tenant, "identities revoke", device)
    say(f"{tenant}/{device} is revoked")


def _in_words(one: Identity, state: Standing, order: Order | None) -> str:
    where = f" to {order.store}/{order.fixture}" if order is not None and order.kind == "move" else ""
    heard = ", and knows" if order is not None and order.handed is not None else ""
    line = f"{one.tenant}/{one.device}  {one.store}/{one.fixture}  {state}{where}{heard}"
    return f"{line}  until {one.expires:%Y-%m-%d}  {one.id}"


def _in_json(one: Identity, state: Standing, order: Order | None) -> str:
    told: dict[str, object] = {name: getattr(one, name) for name in ("tenant", "device", "store", "fixture", "id")}
    told |= {"state": state, "expires": one.expires.isoformat(), "key": one.key, "order": None}
    if order is not None:
        told["order"] = {"kind": order.kind, "store": order.store, "fixture": order.fixture, "by": order.by}
    return json.dumps(told)


def _placer(config: ConfigFile, data: DataFolder) -> tuple[Database, Placer]:
    from cloud_sink.fleet.master import stores_of
    from cloud_sink.store.database import open_current
    from cloud_sink.trust.keyring import Vault
    from cloud_sink.trust.placing import Placer as Made
    from cloud_sink.trust.registrar import Registrar

    settings: SinkConfig = settings_of(config, data)
    engine = open_current(settings.database_url)
    stores = stores_of(engine, settings.stores)
    registrar = Registrar(engine, Vault(engine, settings.trust.passphrase_file), stores, settings)
    return engine, Made(engine, registrar, stores)


def _unknown(tenant: str, device: str) -> Exception:
    from cloud_sink.trust.errors import TrustError

    return TrustError(f"{tenant} has no device {device} with a certificate", "sink identities list shows them")


def _note(engine: Database, tenant: str, command: str, what: str) -> None:
    from cloud_sink.rights.audit import done_on_machine

    done_on_machine(engine, tenant, f"sink {command}", what, by=getpass.getuser())
