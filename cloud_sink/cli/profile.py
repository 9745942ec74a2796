"""`sink profile`: people, goods and place of one store."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from cloud_sink.cli.options import ConfigFile, DataFolder, say, settings_of


def profile(
    store: Annotated[str, typer.Argument(help="the store's id")],
    *,
    tenant: Annotated[str | None, typer.Option(help="its tenant, where several have a store of that id")] = None,
    day: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="the business day; the last one with data if left out"),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="the first day of a period that ends with --day"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object instead of tables")] = False,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Show people, goods and place of one store over one business day, or from one to another."""
    from cloud_sink.fleet.master import stores_of
    from cloud_sink.fleet.products import products_of
    from cloud_sink.profile.ask import owner_of
    from cloud_sink.profile.measure import Yardstick
    from cloud_sink.profile.whole import ask_whole
    from cloud_sink.store.database import open_current, reading

    settings = settings_of(config, data)
    engine = open_current(settings.database_url)
    stores = stores_of(engine, settings.stores)
    with reading(engine) as connection:
        owner = owner_of(connection, stores, store, tenant)
    found = ask_whole(
        engine,
        stores,
        products_of(engine, settings.catalogues).of(owner),
        Yardstick.of(settings),
        store=store,
        tenant=owner,
        day=day.date() if day else None,
        since=since.date() if since else None,
        now=datetime.now(UTC),
        standing=True,
    )
    if as_json:
        say(found.model_dump_json())
        return
    from rich.console import Console

    from cloud_sink.profile.text.render import render

    # Into a file or pipe the tables keep their width: a reader there has no terminal to fit into.
    console = Console() if sys.stdout.isatty() else Console(width=120)
    for part in render(found, found.standing):
        console.print(part)
