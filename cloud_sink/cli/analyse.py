"""`sink rank` and `sink analyse`: all stores beside each other, promotions, replenishment, display settlement."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cloud_sink.cli.options import ConfigFile, DataFolder, say, settings_of
from edge.contract.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloud_sink.fleet.settings import SinkConfig
    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.database import Database
    from edge.contract.catalogue import Sku

app = typer.Typer(help="Analyses: promotions, replenishment, display settlement. JSON on stdout.", no_args_is_help=True)

Tenant = Annotated[str | None, typer.Option(help="whose data, where there are several tenants")]
Day = typer.Option(formats=["%Y-%m-%d"], help="the last business day; yesterday if left out")


def rank(
    *,
    by: Annotated[str, typer.Option(help="a figure, such as osa, purity, compliance, footfall; or score")] = "score",
    day: Annotated[datetime | None, Day] = None,
    days: Annotated[int, typer.Option(min=1, max=400, help="days up to it")] = 30,
    limit: Annotated[int, typer.Option(min=1, help="stores that are shown")] = 50,
    tenant: Tenant = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object instead of a table")] = False,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Rank all stores by a figure, the worst first."""
    from cloud_sink.fleet.rules import NUMBERS
    from cloud_sink.profile.measure import Yardstick
    from cloud_sink.profile.ranking import ask_ranking

    if by not in NUMBERS:
        raise StoreError(f"--by {by}: no such figure", f"figures are {', '.join(NUMBERS)}")
    settings, engine, stores, _, owner = _open(config, data, tenant)
    now = datetime.now(UTC)
    until = day.date() if day else now.date() - timedelta(days=1)
    found = ask_ranking(
        engine,
        stores,
        Yardstick.of(settings),
        tenant=owner,
        since=until - timedelta(days=days - 1),
        until=until,
        now=now,
        by=by,
        limit=limit,
    )
    if as_json:
        say(found.model_dump_json())
        return
    say(f"{'rank':>4}  {'store':<20} {by:>16} {'completeness':>13}  grade  tags")
    for one in found.stores:
        value = one.score if by == "score" else getattr(one.figures, by)
        seen = one.figures.completeness
        say(
            f"{one.rank or '-':>4}  {one.store:<20} {'-' if value is None else f'{value:.3f}':>16}"
            f" {'-' if seen is None else f'{seen:.1%}':>13}  {one.letter or '-':<5}  {', '.join(one.tags)}"
        )


@app.command(epilog="Example: sink analyse promotion march-cola --data /var/lib/facings")
def promotion(
    name: Annotated[str, typer.Argument(help="the promotion, as its file names it")],
    *,
    before: Annotated[
        int | None, typer.Option(min=3, max=400, help="days before it; as many as it lasts, two weeks to twelve")
    ] = None,
    tenant: Tenant = None,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """What a promotion changed against matched stores without it, with intervals, and what it returned."""
    from cloud_sink.analyses.promotion import ask_promotion

    settings, engine, stores, products, owner = _open(config, data, tenant)
    now = datetime.now(UTC)
    found = ask_promotion(
        engine, stores, products, settings.alike, tenant=owner, promotion=name, now=now, before=before
    )
    say(found.model_dump_json())


@app.command(epilog="Example: sink analyse replenishment store-01 --days 3 --data /var/lib/facings")
def replenishment(
    store: Annotated[str, typer.Argument(help="the store's id")],
    *,
    days: Annotated[int, typer.Option(min=1, max=28, help="days that a refill has to last")] = 3,
    tenant: Tenant = None,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """When each SKU of a store will run out, and with a sales file how much to bring."""
    from cloud_sink.analyses.replenishment import ask_replenishment

    _, engine, stores, products, owner = _open(config, data, tenant)
    found = ask_replenishment(engine, stores, products, tenant=owner, store=store, now=datetime.now(UTC), days=days)
    say(found.model_dump_json())


@app.command(epilog="Example: sink analyse settlement contract-7 2026-03 --file march.zip --data /var/lib/facings")
def settlement(
    contract: Annotated[str, typer.Argument(help="the contract, as its file names it")],
    month: Annotated[datetime, typer.Argument(formats=["%Y-%m"], help="the month, such as 2026-03")],
    *,
    file: Annotated[Path | None, typer.Option(help="where to write the file that both sides can check")] = None,
    photographs: Annotated[bool, typer.Option(help="put the photographs that are kept into it")] = True,
    tenant: Tenant = None,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """What was paid for and what stood there, day by day, with photographs."""
    from cloud_sink.analyses.settlement import ask_settlement
    from cloud_sink.analyses.settlement_file import write
    from cloud_sink.evidence.opening import open_room

    settings, engine, stores, products, owner = _open(config, data, tenant)
    now = datetime.now(UTC)
    found = ask_settlement(engine, stores, products, tenant=owner, contract=contract, month=month.date(), now=now)
    if file is None:
        say(found.model_dump_json())
        return
    room = open_room(engine, settings) if photographs else None
    partial = file.with_name(f"{file.name}.part")
    try:
        with partial.open("wb") as out:
            shown = write(out, found, products, (lambda sha256: room.show(owner, sha256)) if room else None)
        partial.replace(file)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StoreError(
            f"{file} cannot be written: {error.strerror}", "name a file in a folder that is there, with room"
        ) from None
    say(json.dumps({"file": str(file), "sha256": found.sha256, "photographs": shown, "final": found.final}))


def _open(
    config: Path | None, data: Path | None, tenant: str | None
) -> tuple[SinkConfig, Database, StoreBook, Mapping[str, Sku], str]:
    from cloud_sink.fleet.master import stores_of
    from cloud_sink.fleet.products import products_of
    from cloud_sink.profile.ask import only_tenant
    from cloud_sink.store.database import open_current

    settings = settings_of(config, data)
    engine = open_current(settings.database_url)
    stores = stores_of(engine, settings.stores)
    owner = only_tenant(engine, stores, tenant)
    return settings, engine, stores, products_of(engine, settings.catalogues).of(owner), owner
