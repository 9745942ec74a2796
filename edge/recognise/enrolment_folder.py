"""A tree of pictures to enrol from: one folder a SKU, named by its id, and a CSV that says what each SKU is."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from edge.contract.catalogue import Sku
from edge.contract.errors import CatalogueError
from edge.contract.names import SkuId

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
COLUMNS = ("sku", "name", "brand", "owner", "package", "gtin", "category")
_ID: TypeAdapter[str] = TypeAdapter(SkuId)


@dataclass(frozen=True, slots=True)
class SkuFolder:
    """The pictures of one SKU, and what the CSV says of it."""

    sku: str
    pictures: tuple[Path, ...]  # at least one, by name
    given: Mapping[str, str]  # field of `Sku` -> value; what is left empty is not given
    said_in: str  # where it is given, for an error


def read_tree(tree: Path, listing: Path | None = None) -> tuple[list[SkuFolder], list[str]]:
    """The SKU folders of a tree, by name, and the SKUs of the CSV that have none.

    Args:
        tree: its folders are named by SKU ids; hidden ones and files beside them are passed over.
        listing: CSV whose first line names its columns, `sku` and any of the others of COLUMNS.

    Raises:
        CatalogueError: nothing to enrol, a folder that is no SKU's or empty, or a CSV that says nothing sensible.
    """
    if not tree.is_dir():
        raise CatalogueError(f"{tree}: is no folder", "give the folder that holds one folder a SKU")
    listed = {} if listing is None else _read_listing(listing)
    folders = []
    for folder in sorted(path for path in tree.iterdir() if path.is_dir() and not path.name.startswith(".")):
        try:
            sku = _ID.validate_python(folder.name)
        except ValidationError:
            raise CatalogueError(
                f"{folder}: its name is no SKU id", f"{Sku.model_fields['id'].description}: rename the folder"
            ) from None
        pictures = tuple(sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES))
        if not pictures:
            raise CatalogueError(
                f"{folder}: no picture in it", f"add one ({', '.join(sorted(SUFFIXES))}), or remove it"
            )
        if listing is not None and sku not in listed:
            raise CatalogueError(f"{folder}: {listing} does not list {sku}", f"add a line for {sku}, or rename it")
        said_in, given = listed.get(sku, ("", {}))
        folders.append(SkuFolder(sku, pictures, given, said_in))
    if not folders:
        raise CatalogueError(f"{tree}: no folder in it", "make one folder a SKU, named by its id")
    found = {folder.sku for folder in folders}
    return folders, [sku for sku in listed if sku not in found]


def described_in(folder: SkuFolder, before: Sku | None) -> Sku:
    """The SKU with what the CSV gives laid over what was known.

    Raises:
        CatalogueError: a value that is not allowed, named with its line and column.
    """
    base = before.model_dump() if before else {"name": folder.sku, "brand": "unknown", "owner": "unknown"}
    try:
        return Sku.model_validate({**base, **folder.given, "id": folder.sku})
    except ValidationError as failure:
        first = failure.errors(include_url=False)[0]
        column = str(first["loc"][0]) if first["loc"] else "sku"
        mend = Sku.model_fields[column].description or "" if column in Sku.model_fields else ""
        raise CatalogueError(
            f"{folder.said_in}: {column}: {first['msg'].removeprefix('Value error, ')}", mend
        ) from None


def _read_listing(path: Path) -> dict[str, tuple[str, dict[str, str]]]:
    """SKU -> where it is said, and the fields given."""
    try:
        text = path.read_text(encoding="utf-8-sig")  # spreadsheets write a byte order mark
    except OSError as failure:
        raise CatalogueError(f"{path}: {failure.strerror or failure}", "give the path of a readable file") from None
    except UnicodeDecodeError as failure:
        raise CatalogueError(f"{path}: byte {failure.start} is not UTF-8", "save the file as UTF-8") from None
    lines = csv.DictReader(text.splitlines())
    columns = [column.strip() for column in lines.fieldnames or ()]
    strange = next((column for column in columns if column not in COLUMNS), None)
    if strange is not None or "sku" not in columns:
        said = f"column {strange!r} is none of its columns" if strange is not None else "has no column sku"
        raise CatalogueError(f"{path}: line 1: {said}", f"columns: {','.join(COLUMNS)}")
    lines.fieldnames = columns
    listed: dict[str, tuple[str, dict[str, str]]] = {}
    for line in lines:
        where = f"{path}: line {lines.line_num}"
        if None in line:
            raise CatalogueError(f"{where}: more values than columns", "put a value with a comma in quotes")
        values = {column: value.strip() for column, value in line.items() if value and value.strip()}
        sku = values.pop("sku", None)
        if sku is None:
            raise CatalogueError(f"{where}: has no sku", "give its id, or remove the line")
        if sku in listed:
            raise CatalogueError(f"{where}: {sku} stands twice", "keep one line for each SKU")
        listed[sku] = (where, values)
    return listed
