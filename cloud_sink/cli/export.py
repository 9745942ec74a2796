"""`sink export`: facts and figures of a period as one file."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Literal

import typer

from cloud_sink.cli.options import ConfigFile, DataFolder, settings_of
from edge.contract.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable

DAY = "%Y-%m-%d"


def export(
    kind: Annotated[
        Literal["facings", "traffic", "stockouts", "profiles", "epcis"], typer.Argument(help="what to export")
    ],
    *,
    tenant: Annotated[str | None, typer.Option(help="whose, where there are several")] = None,
    store: Annotated[str | None, typer.Option(help="one store; all, if left out")] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=[DAY], help="the first business day; a week before the last")
    ] = None,
    until: Annotated[datetime | None, typer.Option(formats=[DAY], help="the last business day; today")] = None,
    format_: Annotated[
        Literal["csv", "parquet"], typer.Option("--format", help="of a table; EPCIS is JSON-LD always")
    ] = "csv",
    out: Annotated[Path | None, typer.Option(help="the file; standard output, if left out")] = None,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Write facts (facings, traffic, stockouts, epcis) or figures (profiles) of a period."""
    from cloud_sink.exports import epcis
    from cloud_sink.exports.tables import EXPORTS, Source
    from cloud_sink.exports.walk import Wanted
    from cloud_sink.exports.write import as_csv, as_parquet
    from cloud_sink.fleet.master import MasterData
    from cloud_sink.fleet.products import products_of
    from cloud_sink.profile.ask import days_between, only_tenant
    from cloud_sink.store.database import open_current

    settings = settings_of(config, data)
    engine = open_current(settings.database_url)
    master = MasterData(engine, settings.stores)
    master.refresh()
    source = Source(engine, settings, master.book, products_of(engine, settings.catalogues))
    last = until.date() if until else datetime.now(UTC).date() + timedelta(days=1)
    first = since.date() if since else last - timedelta(days=7)
    days_between(first, last)
    wanted = Wanted(only_tenant(engine, master.book, tenant), first, last, store)
    pieces: Iterable[bytes]
    if kind == "epcis":
        pieces = epcis.documents(source, wanted, datetime.now(UTC))
    elif format_ == "csv":
        pieces = as_csv(EXPORTS[kind], EXPORTS[kind].rows(source, wanted))
    else:
        pieces = as_parquet(EXPORTS[kind], EXPORTS[kind].rows(source, wanted))
    if out is None:
        _write(pieces, sys.stdout.buffer)
        return
    try:
        with out.open("wb") as file:
            _write(pieces, file)
    except OSError as error:
        raise StoreError(f"{out}: {error.strerror}", "name a file in a folder that can be written") from None


def labels(
    folder: Annotated[Path, typer.Argument(help="a new folder for photographs and annotations.json")],
    *,
    tenant: Annotated[str | None, typer.Option(help="whose, where there are several")] = None,
    store: Annotated[str | None, typer.Option(help="one store; all, if left out")] = None,
    since: Annotated[datetime | None, typer.Option(formats=[DAY], help="the first business day")] = None,
    until: Annotated[datetime | None, typer.Option(formats=[DAY], help="the last business day; today")] = None,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Write the photographs that people corrected or judged, with labels (COCO), for `edge evaluate` and training."""
    from datetime import date

    from cloud_sink.evidence.opening import open_room
    from cloud_sink.exports.labels import write_labels
    from cloud_sink.exports.walk import Wanted
    from cloud_sink.fleet.master import MasterData
    from cloud_sink.profile.ask import only_tenant
    from cloud_sink.store.database import open_current

    settings = settings_of(config, data)
    engine = open_current(settings.database_url)
    master = MasterData(engine, settings.stores)
    master.refresh()
    wanted = Wanted(
        only_tenant(engine, master.book, tenant),
        since.date() if since else date.min,
        until.date() if until else date.max,
        store,
    )
    done = write_labels(engine, open_room(engine, settings), wanted, folder)
    typer.echo(
        f"{folder}: {done.photographs} photographs, {done.judged} facings judged by people"
        + (f"; {done.without_photograph} of their captures kept no photograph" if done.without_photograph else "")
    )


def _write(pieces: Iterable[bytes], file: IO[bytes]) -> None:
    for piece in pieces:
        file.write(piece)
    file.flush()
