"""The command `sink`."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge.contract.errors import ConfigError, FacingsError

if TYPE_CHECKING:
    from cloud_sink.fleet.settings import SinkConfig

app = typer.Typer(
    name="sink",
    help="The collector: takes shelf events in without loss and gives store profiles out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
db = typer.Typer(help="The database.", no_args_is_help=True)
quarantine = typer.Typer(help="What was refused, with its bytes and the reason.", no_args_is_help=True)
app.add_typer(db, name="db")
app.add_typer(quarantine, name="quarantine")

ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="the sink's configuration, such as configs/sink/demo.yaml")
]
DataFolder = Annotated[Path | None, typer.Option("--data", help="the folder for database and evidence")]


@app.command(epilog="Example: sink serve --config configs/sink/demo.yaml --data /var/lib/facings")
def serve(
    config: ConfigFile = None,
    data: DataFolder = None,
    http_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="the port of the API on 127.0.0.1; 0 takes a free one")
    ] = None,
    broker_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="the port of the broker on 127.0.0.1; 0 takes a free one")
    ] = None,
    ready_file: Annotated[
        Path | None, typer.Option(help="where to write a JSON with the addresses once everything is up")
    ] = None,
) -> None:
    """Run broker, collector and API in one service until SIGTERM or Ctrl-C."""
    from cloud_sink.fleet.settings import EmbeddedBroker, HttpSection
    from cloud_sink.service import serve as run

    settings = _settings(config, data)
    if http_port is not None:
        settings = settings.model_copy(update={"http": HttpSection(port=http_port)})
    if broker_port is not None:
        if not isinstance(settings.broker, EmbeddedBroker):
            raise ConfigError("--broker-port is for the embedded broker", "leave it out, or set broker.kind: embedded")
        settings = settings.model_copy(update={"broker": EmbeddedBroker(port=broker_port)})
    run(settings, ready_file=ready_file, say=_say)


@app.command(epilog="Example: sink collect --config /etc/facings/sink.yaml")
def collect(config: ConfigFile = None, data: DataFolder = None) -> None:
    """Collect from a broker that is there already; any number of these share the load."""
    from cloud_sink.service import collect as run

    run(_settings(config, data), say=_say)


@db.command("upgrade", epilog="Example: sink db upgrade --data /var/lib/facings")
def db_upgrade(config: ConfigFile = None, data: DataFolder = None) -> None:
    """Bring the database to this version's tables; nothing happens to one that is current."""
    from cloud_sink.store.database import open_database, upgrade

    engine = open_database(_settings(config, data).database_url)
    upgrade(engine)
    _say(f"database {engine.url!r} is current")


@app.command(epilog="Example: sink profile store-01 --day 2026-03-14 --data /var/lib/facings")
def profile(
    store: Annotated[str, typer.Argument(help="the store's id")],
    *,
    tenant: Annotated[str | None, typer.Option(help="its tenant, where several have a store of that id")] = None,
    day: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="the business day; the last one with data if left out"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object instead of tables")] = False,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Show people, goods and place of one store and business day."""
    from cloud_sink.fleet.products import load_products
    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.profile.ask import ask_profile
    from cloud_sink.store.database import open_current

    settings = _settings(config, data)
    found = ask_profile(
        open_current(settings.database_url),
        StoreBook(settings.stores),
        load_products(settings.catalogues),
        store=store,
        tenant=tenant,
        day=day.date() if day else None,
        now=datetime.now(UTC),
    )
    if as_json:
        _say(found.model_dump_json())
        return
    from rich.console import Console

    from cloud_sink.profile.table import render

    # Into a file or pipe the tables keep their width: a reader there has no terminal to fit into.
    console = Console() if sys.stdout.isatty() else Console(width=120)
    for part in render(found):
        console.print(part)


@quarantine.command("list", epilog="Example: sink quarantine list --json --data /var/lib/facings")
def quarantine_list(
    tenant: Annotated[str | None, typer.Option(help="only of this tenant")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="how many at most, the oldest first")] = 1000,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a line, with the body")] = False,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """List what was refused and why."""
    import json

    from cloud_sink.store.database import open_current, reading
    from cloud_sink.store.quarantine import listed

    with reading(open_current(_settings(config, data).database_url)) as connection:
        rows = listed(connection, tenant=tenant, limit=limit)
    for row in rows:
        key = f"{row.epoch}-{row.seq}" if row.epoch else None
        if as_json:
            body = row.body.decode("utf-8", errors="replace")
            content = {"id": row.id, "source": f"/{row.tenant}/{row.store}/{row.device}", "event": key}
            content |= {"received": row.received.isoformat(), "reason": row.reason, "detail": row.detail, "body": body}
            _say(json.dumps(content))
        else:
            source = f"/{row.tenant}/{row.store}/{row.device}"
            _say(f"{row.received:%Y-%m-%d %H:%M:%S}  {source}  {key or '(no key)'}  {row.reason}  {row.detail}")
    if not rows and not as_json:
        _say("the quarantine is empty")


@quarantine.command("replay", epilog="Example: sink quarantine replay --data /var/lib/facings")
def quarantine_replay(
    tenant: Annotated[str | None, typer.Option(help="only of this tenant")] = None,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Read what was refused again, after an upgrade; what is an event now is stored."""
    from cloud_sink.collect.replay import replay
    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.database import open_current

    settings = _settings(config, data)
    done = replay(open_current(settings.database_url), StoreBook(settings.stores), tenant=tenant)
    _say(f"{done.taken} taken, {done.kept} stay in quarantine")


def main() -> None:
    """Run the command line: exit code 2 for bad usage, 1 for failure, errors in one line."""
    _log_to_stderr()
    try:
        app()
    except FacingsError as error:
        typer.echo(f"sink: {error}", err=True)
        sys.exit(1)
    except OSError as error:  # a full disk or a broken one, met where nobody could say more: stdout, above all
        where = error.filename or "standard output"
        typer.echo(f"sink: {where}: {error.strerror or error}", err=True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left unwritten must not fail once more at the exit
        sys.exit(1)


def _settings(config: Path | None, data: Path | None) -> SinkConfig:
    from cloud_sink.fleet.settings import SinkConfig, load_config

    settings = load_config(config) if config is not None else SinkConfig()
    return settings.model_copy(update={"data": data}) if data is not None else settings


def _say(line: str) -> None:
    typer.echo(line)
    sys.stdout.flush()


def _log_to_stderr() -> None:
    import structlog

    human = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if human else [structlog.processors.format_exc_info]),
            structlog.dev.ConsoleRenderer() if human else structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


if __name__ == "__main__":
    main()
