"""`sink backup|restore|delete`, `sink retention` and `sink evidence`: what is kept, and what is not."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cloud_sink.cli.options import ConfigFile, DataFolder, say, settings_of
from edge.contract.errors import StoreError

if TYPE_CHECKING:
    from cloud_sink.fleet.settings import SinkConfig
    from cloud_sink.releases.keeping import BroughtBack

retention = typer.Typer(help="How long data are kept.", no_args_is_help=True)
evidence = typer.Typer(help="Photographs, where they are kept.", no_args_is_help=True)


def backup(
    folder: Annotated[Path, typer.Argument(help="a new folder for the backup")],
    *,
    photographs: Annotated[
        bool | None,
        typer.Option(help="copy photographs, too; if not said, those of a folder are, and those of a bucket stay"),
    ] = None,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Write the database as of one moment, photographs and releases into a new folder; the service may run on."""
    from cloud_sink.evidence.opening import open_place
    from cloud_sink.store.backup import back_up
    from cloud_sink.store.database import open_current

    settings = settings_of(config, data)
    place = open_place(settings)
    copied = settings.evidence.s3 is None if photographs is None else photographs
    engine = open_current(settings.database_url)
    made = back_up(engine, place, folder, datetime.now(UTC), photographs=copied, data=settings.data)
    kept = f"{made.photographs} photographs" if made.elsewhere is None else f"no photographs: they are in {place.label}"
    if made.releases:
        kept += f" and the releases of {', '.join(made.releases)}"
    say(f"backup of {made.database} with {kept}, in {folder}")


def restore(
    folder: Annotated[Path, typer.Argument(help="the folder of a backup")],
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Bring an empty database to the state of a backup; what devices told since is asked for when they speak."""
    from cloud_sink.evidence.opening import open_place
    from cloud_sink.releases.keeping import bring_back as bring_releases_back
    from cloud_sink.store.backup import restore as bring_back

    settings = settings_of(config, data)
    brought: list[BroughtBack] = []
    made = bring_back(
        folder,
        settings.database_url,
        open_place(settings),
        releases=lambda source: brought.append(bring_releases_back(source, settings.data, datetime.now(UTC))),
    )
    say(f"restored the state of {made.made} with {made.photographs} photographs")
    for tenant in [name for one in brought for name in one.taken]:
        say(f"releases of {tenant} are back; if any was made after the backup: sink release renew --tenant {tenant} …")
    for tenant in [name for one in brought for name in one.stayed]:
        say(f"releases of {tenant} were there, and stay as they are")
    _take_up(settings)


def restored(config: ConfigFile = None, data: DataFolder = None) -> None:
    """Say that the database was set back by other means: devices and photographs are asked for what came since."""
    _take_up(settings_of(config, data))


def _take_up(settings: SinkConfig) -> None:
    """Let a database that was set back find what came after its state."""
    from cloud_sink.evidence.compare import compare
    from cloud_sink.evidence.opening import open_place
    from cloud_sink.evidence.place import EvidenceAway
    from cloud_sink.store import tails
    from cloud_sink.store.database import open_database, upgrade, writing

    engine = open_database(settings.database_url)
    try:
        upgrade(engine)
        with writing(engine) as connection:
            outboxes = tails.open_all(connection, datetime.now(UTC))
        say(f"{outboxes} outboxes of devices are asked for what came after it, each once its device speaks")
        found = compare(engine, open_place(settings))
    except EvidenceAway as error:
        raise StoreError(error.what, "the database is restored; run sink evidence compare later") from None
    finally:
        engine.dispose()
    say(f"photographs: {found.entered} that came after it are found again, {found.dropped} are no more")


@evidence.command("compare", epilog="Example: sink evidence compare --data /var/lib/facings")
def evidence_compare(config: ConfigFile = None, data: DataFolder = None) -> None:
    """Enter photographs that the database knows nothing of, and forget those that are not there."""
    from cloud_sink.evidence.compare import compare
    from cloud_sink.evidence.opening import open_place
    from cloud_sink.store.database import open_current

    settings = settings_of(config, data)
    found = compare(open_current(settings.database_url), open_place(settings))
    say(f"{found.entered} photographs entered, {found.dropped} forgotten")


def delete(
    name: Annotated[str, typer.Argument(help="the id of the store, or of the device")],
    *,
    tenant: Annotated[str, typer.Option(help="whose it is")],
    kind: Annotated[Literal["store", "device"], typer.Option(help="what the id names")] = "store",
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Delete all that is stored of a store or a device, and print the proof of it as JSON."""
    import json
    from dataclasses import asdict

    from cloud_sink.evidence.opening import open_place
    from cloud_sink.rights.audit import done_on_machine
    from cloud_sink.store.database import open_current
    from cloud_sink.store.deletion import delete_all

    settings = settings_of(config, data)
    engine = open_current(settings.database_url)
    if not yes:
        typer.confirm(f"Delete all events, sums and photographs of {kind} {name} of {tenant}?", abort=True, err=True)
    proof = delete_all(
        engine,
        open_place(settings),
        tenant=tenant,
        kind=kind,
        name=name,
        by=getpass.getuser(),
        now=datetime.now(UTC),
    )
    if proof is None:
        raise StoreError(f"nothing is stored of {kind} {name} of {tenant}", "check the ids: sink profile lists stores")
    done_on_machine(engine, tenant, "sink delete", f"{kind} {name}: proof {proof.id}", by=getpass.getuser())
    say(json.dumps(asdict(proof)))


@retention.command("run", epilog="Example: sink retention run --dry-run --data /var/lib/facings")
def retention_run(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only count what would go")] = False,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Delete what is older than the configuration keeps it; a running service does so once a day."""
    from cloud_sink.evidence import removal
    from cloud_sink.evidence.opening import open_place
    from cloud_sink.housekeeping import keep_of
    from cloud_sink.store.database import open_current
    from cloud_sink.store.retention import expire

    settings = settings_of(config, data)
    engine, now = open_current(settings.database_url), datetime.now(UTC)
    gone = expire(engine, keep_of(settings.retention), now, dry_run=dry_run)
    gone["evidence"] = removal.expire(engine, open_place(settings), settings.retention.evidence, now, dry_run=dry_run)
    for name, count in gone.items():
        if count:
            say(f"{count:8} {name}")
    say(f"{sum(gone.values())} rows {'would go' if dry_run else 'deleted'}")
