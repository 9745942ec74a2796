"""`edge catalogue`: make a catalogue of SKUs, look into it, ask it."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from edge.contract.catalogue import Sku
    from edge.recognise.catalogue import Catalogue
    from edge.recognise.embedder import SkuEmbedder

app = typer.Typer(no_args_is_help=True, help="SKUs and the embeddings they are known by.")

Folder = Annotated[Path, typer.Option("--catalogue", help="folder of the catalogue", metavar="DIR")]
Images = Annotated[list[Path], typer.Argument(help="pack shots or crops, one product each", metavar="IMAGE…")]


@app.command()
def enrol(
    *,
    catalogue: Folder,
    sku: Annotated[str, typer.Option(help="id of the SKU: letters, digits, dot, dash, underscore")],
    images: Images,
    name: Annotated[str | None, typer.Option(help="as a merchandiser says it; the id when left out")] = None,
    brand: Annotated[str | None, typer.Option(help="the brand on the pack")] = None,
    owner: Annotated[str | None, typer.Option(help="the company that decides own or foreign")] = None,
    package: Annotated[str | None, typer.Option(help="can, bottle, carton, pouch, cup, jar, box, bag, other")] = None,
    gtin: Annotated[str | None, typer.Option(help="8, 12, 13 or 14 digits; the check digit is verified")] = None,
    category: Annotated[str | None, typer.Option(help="what shares of shelf are counted within")] = None,
    design: Annotated[str | None, typer.Option(help="the look of the pack that the pictures show")] = None,
) -> None:
    """Teach the catalogue a SKU from pictures; makes the catalogue when it is not there.

    Example: edge catalogue enrol --catalogue my-shop --sku cola-330 --brand Cola --owner "Cola Ltd" --package can a.jpg
    """
    from edge.recognise.catalogue import FIRST_DESIGN
    from edge.recognise.embedder import SkuEmbedder
    from edge.recognise.enrolment import large_enough, with_shelf_views
    from edge.recognise.images import read_image

    pictures = [large_enough(path, read_image(path)) for path in images]
    embedder = SkuEmbedder.open()
    known = _load_or_begin(catalogue, embedder)
    given = {"name": name, "brand": brand, "owner": owner, "package": package, "gtin": gtin, "category": category}
    listed = described(sku, known.skus.get(sku), {key: value for key, value in given.items() if value is not None})
    embeddings = embedder.embed_whole(with_shelf_views(pictures))
    known = known.with_sku(listed).enrol(sku, embeddings, design=design or FIRST_DESIGN)
    known.save(catalogue)
    held = sum(len(vectors) for vectors in known.references[sku].values())
    sys.stderr.write(f"{catalogue}: {sku} enrolled from {len(pictures)} pictures, known by {held} embeddings\n")


@app.command()
def identify(
    catalogue: Folder,
    images: Images,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a line")] = False,
) -> None:
    """Say which SKU each picture shows.

    Example: edge catalogue identify --catalogue my-shop crop.jpg --json
    """
    from edge.contract.errors import ImageError
    from edge.recognise.catalogue import Catalogue
    from edge.recognise.embedder import SkuEmbedder
    from edge.recognise.images import read_image

    embedder = SkuEmbedder.open()
    index = Catalogue.load(catalogue, embedder.identity).index()
    failed = 0
    for path in images:
        try:
            picture = read_image(path)
        except ImageError as error:
            typer.echo(f"error: {error}", err=True)
            failed += 1
            continue
        (identity,) = index.identify(embedder.embed_whole([picture]), embedder.doubt)
        row = {"image": str(path), "sku": identity.sku, "score": round(identity.score, 4), "status": identity.status}
        sys.stdout.write(
            json.dumps(row) + "\n" if as_json else f"{path}: {identity.sku} ({identity.status}, {identity.score:.2f})\n"
        )
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
def check(catalogue: Folder) -> None:
    """Check that a catalogue is whole and fits the embedder that is installed; exit code 1 when not.

    Example: edge catalogue check --catalogue my-shop
    """
    from edge.contract.errors import CatalogueError
    from edge.recognise.catalogue import Catalogue
    from edge.recognise.embedder import SkuEmbedder

    known = Catalogue.load(catalogue, SkuEmbedder.open().identity)
    bare = [sku for sku in known.skus if sku not in known.references]
    if bare:
        raise CatalogueError(
            f"{catalogue}: {len(bare)} SKUs have no embeddings: {', '.join(bare[:5])}", "enrol each from a picture"
        )
    sys.stdout.write(
        f"{catalogue}: {known.name} version {known.version}, {len(known.skus)} SKUs, "
        f"embedder {known.embedder.name} {known.embedder.version}: good\n"
    )


def described(sku_id: str, before: Sku | None, given: dict[str, str]) -> Sku:
    """The SKU with what was given laid over what was known; a new one is called by its id where nothing is given.

    Raises:
        typer.BadParameter: a value that is not allowed, named with its option.
    """
    from pydantic import ValidationError

    from edge.contract.catalogue import Sku

    base = before.model_dump() if before else {"id": sku_id, "name": sku_id, "brand": "unknown", "owner": "unknown"}
    try:
        return Sku.model_validate({**base, **given})
    except ValidationError as failure:
        first = failure.errors(include_url=False)[0]
        key = str(first["loc"][0]) if first["loc"] else "sku"
        option = "--sku" if key == "id" else f"--{key}"
        mend = Sku.model_fields[key].description or "" if key in Sku.model_fields else ""
        said = first["msg"].removeprefix("Value error, ")
        raise typer.BadParameter(f"{said} ({mend})" if mend else said, param_hint=option) from None


def _load_or_begin(folder: Path, embedder: SkuEmbedder) -> Catalogue:
    from edge.contract.errors import CatalogueError
    from edge.recognise.catalogue import SKUS_FILE, Catalogue

    if (folder / SKUS_FILE).is_file():
        return Catalogue.load(folder, embedder.identity)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CatalogueError(f"{folder}: is there, and no catalogue", "give a new folder, or that of a catalogue")
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", folder.resolve().name).strip(".-_")[:64]
    return Catalogue.empty(name or "catalogue", embedder.identity)
