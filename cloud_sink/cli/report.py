"""`sink report`: a week of a store or a chain as a PDF, the same file as the page gives."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from cloud_sink.cli.options import ConfigFile, DataFolder, say, settings_of
from edge.contract.errors import StoreError

_ISO_WEEK = re.compile(r"^(\d{4})-?W(\d{2})$")


def report(
    *,
    out: Annotated[Path, typer.Option(help="the file to write")],
    store: Annotated[str | None, typer.Option(help="the store's id")] = None,
    chain: Annotated[str | None, typer.Option(help="or a chain's name; all stores, if both are left out")] = None,
    week: Annotated[
        str | None, typer.Option(help="such as 2026-W11, or a day of it; that of the last data if left out")
    ] = None,
    lang: Annotated[Literal["en", "zh"], typer.Option(help="the language")] = "en",
    photographs: Annotated[bool, typer.Option(help="put the photographs that are kept into it")] = True,
    tenant: Annotated[str | None, typer.Option(help="whose, where there are several")] = None,
    config: ConfigFile = None,
    data: DataFolder = None,
) -> None:
    """Write a printable report of a week as PDF: figures, trends, what is to do, pictures."""
    from cloud_sink.evidence.opening import open_room
    from cloud_sink.fleet.master import stores_of
    from cloud_sink.fleet.products import products_of
    from cloud_sink.profile.ask import only_tenant
    from cloud_sink.report import write
    from cloud_sink.report.gather import Sources, chain_week, last_monday, store_week
    from cloud_sink.report.typeset import as_pdf
    from cloud_sink.store.database import open_current
    from cloud_sink.web.language import languages

    if store is not None and chain is not None:
        raise StoreError("--store and --chain name two reports", "give one of them")
    settings = settings_of(config, data)
    engine = open_current(settings.database_url)
    sources = Sources(
        engine,
        stores_of(engine, settings.stores),
        products_of(engine, settings.catalogues),
        settings,
        open_room(engine, settings) if photographs else None,
    )
    owner, now, words = only_tenant(engine, sources.stores, tenant), datetime.now(UTC), languages()
    monday = _monday(week) if week else last_monday(engine, owner, now)
    language = words["zh-CN" if lang == "zh" else "en"]
    if store is not None:
        found = store_week(sources, tenant=owner, store=store, monday=monday, now=now)
        document, pictures = write.of_store(found, language), found.photographs
    else:
        of = chain_week(sources, tenant=owner, chain=chain or "", monday=monday, now=now)
        document, pictures = write.of_chain(of, sources.stores, owner, language), of.photographs
    content = as_pdf(document, {one.sha256: one.content for one in pictures}, now)
    _keep(out, content)
    say(f"{out}: {document.title}, {monday} ff., {len(pictures)} photographs, {len(content) // 1024} KB")


def _monday(text: str) -> date:
    """The first day of a week by its ISO name or any of its days."""
    from cloud_sink.photo_audit.sample import monday_of

    try:
        iso = _ISO_WEEK.match(text)
        return date.fromisocalendar(int(iso[1]), int(iso[2]), 1) if iso else monday_of(date.fromisoformat(text))
    except (ValueError, OverflowError):
        raise StoreError(f"--week {text}: no such week", "write it as 2026-W11, or as one of its days") from None


def _keep(out: Path, content: bytes) -> None:
    """All of the file, or none."""
    partial = out.with_name(f"{out.name}.part")
    try:
        partial.write_bytes(content)
        partial.replace(out)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise StoreError(
            f"{out} cannot be written: {error.strerror}", "name a file in a folder that is there, with room"
        ) from None
