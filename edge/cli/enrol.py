"""`edge catalogue enrol` and `enrol-folder`: teach a catalogue SKUs from pictures."""

from __future__ import annotations

import re
import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge.cli.progress import track

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edge.contract.catalogue import PackDesign, Sku
    from edge.recognise.catalogue import Catalogue
    from edge.recognise.embedder import SkuEmbedder
    from edge.recognise.enrolment_checks import Judgement

Folder = Annotated[Path, typer.Option("--catalogue", help="folder of the catalogue", metavar="DIR")]
Models = Annotated[
    Path | None, typer.Option("--models", help="folder of models; without it the shipped one", metavar="DIR")
]
Images = Annotated[
    list[Path],
    typer.Argument(help="pack shots or crops from shelves, one product each", metavar="IMAGE…", readable=False),
]


def day(text: str) -> date:
    """A day as YYYY-MM-DD.

    Raises:
        typer.BadParameter: it is none.
    """
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day: give YYYY-MM-DD") from None


def enrol(
    *,
    catalogue: Folder,
    sku: Annotated[str, typer.Option(help="id of the SKU: letters, digits, dot, dash, underscore")],
    images: Images,
    models: Models = None,
    name: Annotated[str | None, typer.Option(help="as a merchandiser says it; the id when left out")] = None,
    brand: Annotated[str | None, typer.Option(help="the brand on the pack")] = None,
    owner: Annotated[str | None, typer.Option(help="the company that decides own or foreign")] = None,
    package: Annotated[str | None, typer.Option(help="can, bottle, carton, pouch, cup, jar, box, bag, other")] = None,
    gtin: Annotated[str | None, typer.Option(help="8, 12, 13 or 14 digits; the check digit is verified")] = None,
    category: Annotated[str | None, typer.Option(help="what shares of shelf are counted within")] = None,
    design: Annotated[str | None, typer.Option(help="the look of the pack that the pictures show")] = None,
    since: Annotated[
        date | None, typer.Option("--from", parser=day, metavar="YYYY-MM-DD", help="the design's first day on sale")
    ] = None,
    until: Annotated[
        date | None, typer.Option("--until", parser=day, metavar="YYYY-MM-DD", help="the design's last day on sale")
    ] = None,
) -> None:
    """Teach the catalogue a SKU from pictures; makes the catalogue when it is not there.

    Plain ground around a pack, white or transparent, is cut off. What is doubtful is told, and the SKU enrolled.

    Example: edge catalogue enrol --catalogue my-shop --sku cola-330 --brand Cola --owner "Cola Ltd" --package can a.jpg
    """
    from edge.recognise.catalogue import FIRST_DESIGN
    from edge.recognise.embedder import SkuEmbedder
    from edge.recognise.enrolment import Newcomer, enrol_one, show
    from edge.recognise.manifest import find_model
    from edge.recognise.pack_shot import large_enough, read_pack_shot

    if design is None and (since or until):
        option = "--from" if since else "--until"
        raise typer.BadParameter("needs --design: what is dated is a look of the pack", param_hint=option)
    pictures = [(str(path), large_enough(path, read_pack_shot(path))) for path in images]
    embedder = SkuEmbedder(find_model("sku-embedder", folder=models))
    known = load_or_begin(catalogue, embedder)
    given = {"name": name, "brand": brand, "owner": owner, "package": package, "gtin": gtin, "category": category}
    before = known.skus.get(sku)
    listed = described(sku, before, {key: value for key, value in given.items() if value is not None})
    look = dated(before, design or FIRST_DESIGN, since, until)
    grown, judgements = enrol_one(known, Newcomer(listed, show(embedder, pictures)), embedder, design=look)
    grown.save(catalogue)
    tell(judgements)
    held = sum(len(vectors) for vectors in grown.references[sku].values())
    sys.stderr.write(f"{catalogue}: {sku} enrolled from {len(pictures)} pictures, known by {held} embeddings\n")


def enrol_folder(
    tree: Annotated[Path, typer.Argument(help="holds one folder a SKU, named by its id", metavar="FOLDER")],
    catalogue: Folder,
    skus: Annotated[
        Path | None,
        typer.Option(help="CSV of the SKUs: sku and any of name,brand,owner,package,gtin,category", metavar="FILE"),
    ] = None,
    models: Models = None,
) -> None:
    """Teach the catalogue many SKUs, one folder of pictures each; makes the catalogue when it is not there.

    Each SKU is known afresh by its folder, so a second run changes nothing. The catalogue is written once, at the end:
    broken off before, nothing has changed. A picture that cannot be read is told and passed over; exit code 1 then.

    Example: edge catalogue enrol-folder pictures --catalogue my-shop --skus skus.csv
    """
    from edge.contract.errors import ImageError
    from edge.recognise.embedder import SkuEmbedder
    from edge.recognise.enrolment import Newcomer, enrol_many, show
    from edge.recognise.enrolment_folder import described_in, read_tree
    from edge.recognise.manifest import find_model
    from edge.recognise.pack_shot import large_enough, read_pack_shot

    folders, without = read_tree(tree, skus)
    embedder = SkuEmbedder(find_model("sku-embedder", folder=models))
    known = load_or_begin(catalogue, embedder)
    listed = [described_in(folder, known.skus.get(folder.sku)) for folder in folders]
    newcomers, failed = [], 0
    for folder, sku in track(list(zip(folders, listed, strict=True)), "enrol"):
        pictures = []
        for path in folder.pictures:
            try:
                pictures.append((str(path), large_enough(path, read_pack_shot(path))))
            except ImageError as error:
                typer.echo(f"error: {error}", err=True)
                failed += 1
        if pictures:
            newcomers.append(Newcomer(sku, show(embedder, pictures)))
    if newcomers:
        grown, judgements = enrol_many(known, newcomers, embedder)
        grown.save(catalogue)
        tell(judgements)
    if without:
        typer.echo(f"{skus}: {len(without)} SKUs have no folder: {', '.join(without[:5])}", err=True)
    sys.stderr.write(f"{catalogue}: {len(newcomers)} of {len(folders)} SKUs enrolled\n")
    if failed:
        raise typer.Exit(1)


def tell(judgements: Iterable[Judgement]) -> None:
    """What is doubtful, a line each on stderr."""
    for judgement in judgements:
        typer.echo(f"warning: {judgement}", err=True)


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


def dated(before: Sku | None, design: str, since: date | None, until: date | None) -> PackDesign:
    """A design of a SKU with the days given laid over those known.

    Raises:
        typer.BadParameter: its name is none, or it would end before it begins.
    """
    from pydantic import ValidationError

    from edge.contract.catalogue import PackDesign

    known = next((listed for listed in before.designs if listed.id == design), None) if before else None
    base = known.model_dump() if known else {"id": design}
    given = {key: value for key, value in {"since": since, "until": until}.items() if value is not None}
    try:
        return PackDesign.model_validate({**base, **given})
    except ValidationError as failure:
        first = failure.errors(include_url=False)[0]
        option = "--design" if first["loc"] else ("--until" if until else "--from")
        raise typer.BadParameter(first["msg"].removeprefix("Value error, "), param_hint=option) from None


def load_or_begin(folder: Path, embedder: SkuEmbedder) -> Catalogue:
    """The catalogue of a folder, or an empty one where the folder is new or empty.

    Raises:
        CatalogueError: the folder holds other things, or a catalogue that cannot be used.
    """
    from edge.contract.errors import CatalogueError
    from edge.recognise.catalogue import SKUS_FILE, Catalogue

    if (folder / SKUS_FILE).is_file():
        return Catalogue.load(folder, embedder.identity)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CatalogueError(f"{folder}: is there, and no catalogue", "give a new folder, or that of a catalogue")
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", folder.resolve().name).strip(".-_")[:64]
    return Catalogue.empty(name or "catalogue", embedder.identity)
