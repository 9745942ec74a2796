"""`sink import`: master data, contracts, promotions, units sold and delivered."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cloud_sink.cli.options import ConfigFile, DataFolder, say, settings_of
from edge.contract.errors import StoreError

if TYPE_CHECKING:
    from cloud_sink.fleet.imports import ImportReport

_SHOWN = 20


def import_(
    kind: Annotated[
        Literal["stores", "fixtures", "contracts", "promotions", "sales", "deliveries"],
        typer.Argument(help="what the file holds"),
    ],
    file: Annotated[Path, typer.Argument(help="a CSV with a header line, UTF-8")],
    *,
    tenant: Annotated[str | None, typer.Option(help="whose data, where there are several tenants")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would become of it")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object")] = False,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Import a file: all of it or, where a line is wrong, nothing; the same file again changes nothing."""
    from cloud_sink.fleet.imports import import_file
    from cloud_sink.fleet.master import stores_of
    from cloud_sink.fleet.products import products_of
    from cloud_sink.profile.ask import only_tenant
    from cloud_sink.store.database import open_current

    try:
        content = file.read_bytes()
    except OSError as error:
        raise StoreError(f"{file}: {error.strerror}", "give the path of a readable file") from None
    settings = settings_of(config, data)
    engine = open_current(settings.database_url)
    stores = stores_of(engine, settings.stores)
    owner = only_tenant(engine, stores, tenant)
    report = import_file(
        engine,
        stores,
        products_of(engine, settings.catalogues).of(owner),
        tenant=owner,
        kind=kind,
        name=file.name,
        data=content,
        by=getpass.getuser(),
        now=datetime.now(UTC),
        dry_run=dry_run,
    )
    if as_json:
        say(report.model_dump_json())
    else:
        for line in _in_words(report, file):
            say(line)
    if report.faults:
        first = report.faults[0]
        where = f"line {first.line}" + (f": column {first.column}" if first.column else "")
        more = f"; and {len(report.faults) - 1} more" if len(report.faults) > 1 else ""
        raise StoreError(
            f"{file}: {where}: {first.said}{more}", "nothing was imported; mend the file and import it again"
        )


def _in_words(report: ImportReport, file: Path) -> list[str]:
    if report.repeated:
        return [f"{file}: imported before, at {report.repeated_at}: nothing is changed"]
    if report.faults:
        return [
            f"{file}: line {fault.line}: {f'column {fault.column}: ' if fault.column else ''}{fault.said}"
            for fault in report.faults[1:_SHOWN]
        ]
    verb = "would be imported" if report.dry_run else "imported"
    unchanged = f", {report.unchanged} of them as they were" if report.unchanged else ""
    lines = [f"{file}: {report.lines} lines {verb}{unchanged}"]
    for one in report.unmatched[:_SHOWN]:
        what = "no catalogue has" if one.what == "gtin" else "nobody described store"
        name = f"GTIN {one.value}" if one.what == "gtin" else one.value
        lines.append(f"{file}: unmatched: {what} {name}: {one.lines} lines, the first is line {one.first_line}")
    if len(report.unmatched) > _SHOWN:
        lines.append(f"{file}: unmatched: {len(report.unmatched) - _SHOWN} more; --json lists them")
    return lines
