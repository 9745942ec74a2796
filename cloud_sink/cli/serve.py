"""`sink serve`, `sink collect`, `sink db upgrade`: what keeps running, and what it runs on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cloud_sink.cli.options import ConfigFile, DataFolder, say, settings_of
from edge.contract.errors import ConfigError

db = typer.Typer(help="The database.", no_args_is_help=True)


def serve(
    config: ConfigFile = None,
    data: DataFolder = None,
    http_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="the port of the API; 0 takes a free one")
    ] = None,
    broker_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="the port of the broker on 127.0.0.1; 0 takes a free one")
    ] = None,
    ready_file: Annotated[
        Path | None, typer.Option(help="where to write a JSON with the addresses once everything is up")
    ] = None,
) -> None:
    """Run broker, collector and API in one service until SIGTERM or Ctrl-C."""
    from cloud_sink.fleet.settings import EmbeddedBroker
    from cloud_sink.service import serve as run

    settings = settings_of(config, data)
    if http_port is not None:
        settings = settings.model_copy(update={"http": settings.http.model_copy(update={"port": http_port})})
    if broker_port is not None:
        if not isinstance(settings.broker, EmbeddedBroker):
            raise ConfigError("--broker-port is for the embedded broker", "leave it out, or set broker.kind: embedded")
        settings = settings.model_copy(update={"broker": EmbeddedBroker(port=broker_port)})
    run(settings, ready_file=ready_file, say=say)


def collect(
    config: ConfigFile = None,
    data: DataFolder = None,
    health_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="where /healthz, /readyz and /metrics are told; nowhere")
    ] = None,
    health_host: Annotated[str, typer.Option(help="the address of that port")] = "127.0.0.1",
) -> None:
    """Collect from a broker that is there already; any number of these share the load."""
    from cloud_sink.service import collect as run

    probe = None if health_port is None else (health_host, health_port)
    run(settings_of(config, data), probe=probe, say=say)


@db.command("upgrade", epilog="Example: sink db upgrade --data /var/lib/facings")
def db_upgrade(config: ConfigFile = None, data: DataFolder = None) -> None:
    """Bring the database to this version's tables; nothing happens to one that is current."""
    from cloud_sink.store.database import open_database, upgrade

    engine = open_database(settings_of(config, data).database_url)
    upgrade(engine)
    say(f"database {engine.url!r} is current")
