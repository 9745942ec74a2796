"""`edge catalogue`: make a catalogue of SKUs, look into it, ask it."""

from __future__ import annotations

import json
import sys
from datetime import date
from typing import Annotated

import typer

from edge.cli.enrol import Folder, Images, Models, day, enrol, enrol_folder

app = typer.Typer(no_args_is_help=True, help="SKUs and the embeddings they are known by.")
app.command("enrol")(enrol)
app.command("enrol-folder")(enrol_folder)

Day = Annotated[
    date | None,
    typer.Option(
        "--day",
        parser=day,
        metavar="YYYY-MM-DD",
        help="pack designs in use that day; without it, every design whatever its days",
    ),
]


@app.command()
def identify(
    catalogue: Folder,
    images: Images,
    on: Day = None,
    models: Models = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a line")] = False,
) -> None:
    """Say which SKU each picture shows.

    Example: edge catalogue identify --catalogue my-shop crop.jpg --json
    """
    from edge.contract.errors import ImageError, one_line
    from edge.recognise.catalogue import Catalogue
    from edge.recognise.embedder import SkuEmbedder
    from edge.recognise.manifest import find_model
    from edge.recognise.pack_shot import read_pack_shot

    embedder = SkuEmbedder(find_model("sku-embedder", folder=models))
    index = Catalogue.load(catalogue, embedder.identity).index(on)
    failed = 0
    for path in images:
        try:
            picture = read_pack_shot(path)
        except ImageError as error:
            typer.echo(f"error: {error}", err=True)
            failed += 1
            continue
        (identity,) = index.identify(embedder.embed_whole([picture]), embedder.doubt)
        row = {"image": str(path), "sku": identity.sku, "score": round(identity.score, 4), "status": identity.status}
        said = f"{one_line(str(path))}: {identity.sku} ({identity.status}, {identity.score:.2f})"
        sys.stdout.write((json.dumps(row) if as_json else said) + "\n")
    if failed:
        raise typer.Exit(1)


@app.command("list")
def list_skus(
    catalogue: Folder, as_json: Annotated[bool, typer.Option("--json", help="one JSON object a line")] = False
) -> None:
    """List the SKUs of a catalogue and how many embeddings each is known by.

    Example: edge catalogue list --catalogue my-shop
    """
    from edge.recognise.catalogue import Catalogue

    known = Catalogue.load(catalogue)
    for sku in known.skus.values():
        held = sum(len(vectors) for vectors in known.references.get(sku.id, {}).values())
        if as_json:
            sys.stdout.write(json.dumps({**sku.model_dump(mode="json"), "embeddings": held}) + "\n")
        else:
            sys.stdout.write(
                f"{sku.id:<28} {sku.brand:<16} {sku.package:<8} {sku.life_cycle:<9} {held:>3}  {sku.name}\n"
            )


@app.command()
def check(catalogue: Folder, on: Day = None, models: Models = None) -> None:
    """Check that a catalogue is whole and fits the embedder that it will be used with; exit code 1 when not.

    With --day, the SKUs that have no pack design in use that day are told: the shelf would not show them.

    Example: edge catalogue check --catalogue my-shop
    """
    from edge.contract.errors import CatalogueError
    from edge.recognise.catalogue import Catalogue
    from edge.recognise.embedder import SkuEmbedder
    from edge.recognise.manifest import find_model

    known = Catalogue.load(catalogue, SkuEmbedder(find_model("sku-embedder", folder=models)).identity)
    bare = [sku for sku in known.skus if sku not in known.references]
    if bare:
        raise CatalogueError(
            f"{catalogue}: {len(bare)} SKUs have no embeddings: {', '.join(bare[:5])}", "enrol each from a picture"
        )
    for sku in known.skus:
        if not known.designs_in_use(sku, on):
            typer.echo(f"{catalogue}: {sku} has no pack design in use on {on}", err=True)
    sys.stdout.write(
        f"{catalogue}: {known.name} version {known.version}, {len(known.skus)} SKUs, "
        f"embedder {known.embedder.name} {known.embedder.version}: good\n"
    )
