"""The catalogue on disk: `catalogue.yaml` (SKUs) and `embeddings.npz` (reference embeddings). No photographs."""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml
from pydantic import ValidationError

from edge.contract.catalogue import CatalogueFile, PackDesign, Sku
from edge.contract.errors import CatalogueError
from edge.contract.files import load_yaml
from edge.recognise.identity import Index
from edge.recognise.prototypes import summarise

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from pathlib import Path
    from typing import IO

    from numpy.typing import NDArray

    from edge.recognise.identity import Doubt, Identity

SKUS_FILE = "catalogue.yaml"
EMBEDDINGS_FILE = "embeddings.npz"
MAX_REFERENCES = 8  # of one SKU and design; more pictures are summarised to so many
FIRST_DESIGN = "first"  # undated, and not listed until somebody dates it
EARLY = 14  # days before its first day on sale that a design is looked for: the first lorries come early
# Days after its last one: shops sell off what they have, slow ones for a season. Looking for a design that is gone
# costs little, since it is the same SKU; not looking for one that is there makes a stock-out of a full shelf.
LATE = 90
_LENGTH_TOLERANCE = 1e-3  # of a unit vector


@dataclass(frozen=True, slots=True)
class EmbedderId:
    """Which embedder made the embeddings: those of another cannot be compared with them."""

    name: str
    version: str
    sha256: str  # of the float32 file; an int8 file made from it goes by the same, see docs/decisions/0007-int8.md


@dataclass(frozen=True, slots=True)
class Catalogue:
    """SKUs and the embeddings they are known by. A value: `enrol` gives a new one."""

    name: str
    version: int
    skus: dict[str, Sku]  # by id, in the order of the file
    references: dict[str, dict[str, NDArray[np.float32]]]  # SKU -> design -> (m, d) of length 1, m >= 1
    embedder: EmbedderId

    @classmethod
    def empty(cls, name: str, embedder: EmbedderId) -> Catalogue:
        """A catalogue without SKUs."""
        return cls(name, 1, {}, {}, embedder)

    @classmethod
    def load(cls, folder: Path, embedder: EmbedderId | None = None) -> Catalogue:
        """Read a catalogue; with `embedder`, only one that this embedder made.

        Raises:
            CatalogueError: a file is missing, broken, contradicts the other, or was made by another embedder.
        """
        if not (folder / SKUS_FILE).is_file():
            raise CatalogueError(f"{folder}: no {SKUS_FILE} in it", "give a folder that `edge catalogue enrol` made")
        content = load_yaml(folder / SKUS_FILE, CatalogueFile, error=CatalogueError)
        skus = {sku.id: sku for sku in content.skus}
        made_by, references = _read_embeddings(folder / EMBEDDINGS_FILE)
        stray = next((sku for sku in references if sku not in skus), None)
        if stray is not None:
            raise CatalogueError(
                f"{folder / EMBEDDINGS_FILE}: has embeddings of {stray}, which {SKUS_FILE} does not list",
                f"list {stray} in {SKUS_FILE} again, or restore both files together",
            )
        catalogue = cls(content.name, content.version, skus, references, made_by)
        if embedder is not None:
            catalogue.require(embedder, where=str(folder))
        return catalogue

    def require(self, embedder: EmbedderId, *, where: str = "") -> None:
        """Refuse an embedder other than the one that made the embeddings.

        Raises:
            CatalogueError: naming both.
        """
        if embedder.sha256 != self.embedder.sha256:
            raise CatalogueError(
                f"{where or self.name}: its embeddings are of {_called(self.embedder)}, not of {_called(embedder)}",
                "enrol its SKUs again with this model, or use the model it was made with",
            )

    def save(self, folder: Path) -> None:
        """Write both files, each whole or not at all.

        The SKUs go first: a SKU without embeddings is one not enrolled yet, embeddings without a SKU are an error.

        Raises:
            CatalogueError: the folder cannot be written, or what would be written could not be read again.
        """
        try:
            CatalogueFile(name=self.name, version=self.version, skus=tuple(self.skus.values()))
        except ValidationError as failure:
            said = failure.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
            raise CatalogueError(f"{folder}: {said}", "give each SKU its own, or leave it out") from None
        content = {
            "name": self.name,
            "version": self.version,
            "skus": [sku.model_dump(mode="json", exclude_defaults=True) for sku in self.skus.values()],
        }
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)
        rows = [
            (sku, design, vector)
            for sku, designs in self.references.items()
            for design, vectors in designs.items()
            for vector in vectors
        ]
        arrays: dict[str, Any] = {
            "vectors": np.stack([row[2] for row in rows]) if rows else np.zeros((0, 0), np.float32),
            "skus": np.array([row[0] for row in rows], dtype=np.str_),
            "designs": np.array([row[1] for row in rows], dtype=np.str_),
            "embedder": np.array([self.embedder.name, self.embedder.version, self.embedder.sha256]),
        }
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _write_whole(folder / SKUS_FILE, lambda file: file.write(text.encode()))
            _write_whole(folder / EMBEDDINGS_FILE, lambda file: np.savez(file, **arrays))
        except OSError as failure:
            raise CatalogueError(f"{folder}: {failure.strerror or failure}", "give a folder to write to") from None

    def with_sku(self, sku: Sku) -> Catalogue:
        """A catalogue that lists `sku`, its embeddings kept when it was listed before."""
        return replace(self, skus={**self.skus, sku.id: sku}, version=self.version + 1)

    def with_design(self, sku_id: str, design: PackDesign) -> Catalogue:
        """A catalogue in which a listed SKU has this design, in the place of one of the same name."""
        sku = self.skus[sku_id]
        known = {listed.id: listed for listed in sku.designs} | {design.id: design}
        dated = sku.model_copy(update={"designs": tuple(known.values())})
        return replace(self, skus={**self.skus, sku_id: dated}, version=self.version + 1)

    def enrol(
        self, sku_id: str, embeddings: NDArray[np.float32], *, design: str = FIRST_DESIGN, afresh: bool = False
    ) -> Catalogue:
        """A catalogue that also knows a listed SKU by these embeddings.

        Args:
            sku_id: a SKU of this catalogue.
            embeddings: (n, d) of length 1, n >= 1; those of more pictures than are kept are summarised.
            design: the look of the pack they show; a new one is listed.
            afresh: forget what the design was known by.

        Raises:
            CatalogueError: the SKU is not listed, or the embeddings are not finite unit vectors of the same size.
        """
        if sku_id not in self.skus:
            raise CatalogueError(f"{self.name}: SKU {sku_id} is not listed", "list it first: name, brand, owner")
        vectors = np.asarray(embeddings, np.float32)
        if vectors.ndim != 2 or not len(vectors) or not _are_unit(vectors):  # noqa: PLR2004 - rows and columns
            raise CatalogueError(
                f"{sku_id}: embeddings of shape {vectors.shape} are not finite unit vectors", "give (n, d), n >= 1"
            )
        width = next((held.shape[1] for designs in self.references.values() for held in designs.values()), None)
        if width is not None and vectors.shape[1] != width:
            raise CatalogueError(f"{sku_id}: embeddings have {vectors.shape[1]} values, the catalogue's have {width}")
        designs = dict(self.references.get(sku_id, {}))
        if design in designs and not afresh:
            vectors = np.concatenate([designs[design], vectors])
        designs[design] = summarise(vectors, MAX_REFERENCES)
        sku = self.skus[sku_id]
        if design != FIRST_DESIGN and design not in {listed.id for listed in sku.designs}:
            sku = sku.model_copy(update={"designs": (*sku.designs, PackDesign(id=design))})
        return replace(
            self,
            skus={**self.skus, sku_id: sku},
            references={**self.references, sku_id: designs},
            version=self.version + 1,
        )

    def index(self, day: date | None = None) -> Index:
        """The references laid out for searching.

        Args:
            day: with one, only designs in use that day, EARLY before to LATE after the days they are on sale; a SKU
                without any is left out. None: every design.

        Raises:
            CatalogueError: no SKU of the catalogue is enrolled, or none has a design in use.
        """
        if not self.references:
            raise CatalogueError(f"catalogue {self.name} knows no SKU yet", "enrol one: `edge catalogue enrol`")
        used = {sku: self.designs_in_use(sku, day) for sku in self.skus}
        enrolled = [sku for sku, designs in used.items() if designs]
        if not enrolled:
            raise CatalogueError(
                f"catalogue {self.name} has no pack design in use on {day}", f"mend the days in its {SKUS_FILE}"
            )
        groups = [np.concatenate([self.references[sku][design] for design in used[sku]]) for sku in enrolled]
        first = np.cumsum([0, *(len(group) for group in groups[:-1])])
        return Index(tuple(enrolled), np.concatenate(groups), first.astype(np.int64))

    def designs_in_use(self, sku_id: str, day: date | None = None) -> list[str]:
        """The enrolled designs of a listed SKU that may stand on shelves that day; None: all of them."""
        dated = {design.id: design for design in self.skus[sku_id].designs}
        enrolled = self.references.get(sku_id, {})
        return [name for name in enrolled if day is None or name not in dated or _is_used(dated[name], day)]

    def identify(self, embeddings: NDArray[np.float32], doubt: Doubt) -> list[Identity]:
        """The identity of each of (n, d) unit embeddings; to ask often, keep the `index()`.

        Raises:
            CatalogueError: no SKU of the catalogue is enrolled.
        """
        return self.index().identify(embeddings, doubt)


def _read_embeddings(path: Path) -> tuple[EmbedderId, dict[str, dict[str, NDArray[np.float32]]]]:
    mend = "restore it, or enrol the SKUs again"
    try:
        with np.load(path, allow_pickle=False) as arrays:
            vectors = np.asarray(arrays["vectors"], np.float32)
            skus, designs = arrays["skus"].tolist(), arrays["designs"].tolist()
            name, version, sha256 = arrays["embedder"].tolist()
    except FileNotFoundError:
        raise CatalogueError(f"{path}: is missing", mend) from None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as failure:
        raise CatalogueError(f"{path}: cannot be read: {failure}", mend) from None
    if not len(vectors) == len(skus) == len(designs):
        raise CatalogueError(f"{path}: {len(vectors)} embeddings for {len(skus)} names", mend)
    if len(vectors) and not _are_unit(vectors):
        raise CatalogueError(f"{path}: holds embeddings that are not unit vectors", mend)
    rows: dict[str, dict[str, list[NDArray[np.float32]]]] = {}
    for sku, design, vector in zip(skus, designs, vectors, strict=True):
        rows.setdefault(sku, {}).setdefault(design, []).append(vector)
    references = {sku: {design: np.stack(held) for design, held in designs.items()} for sku, designs in rows.items()}
    return EmbedderId(str(name), str(version), str(sha256)), references


def _is_used(design: PackDesign, day: date) -> bool:
    begun = design.since is None or (day - design.since).days >= -EARLY
    return begun and (design.until is None or (day - design.until).days <= LATE)


def _are_unit(vectors: NDArray[np.float32]) -> bool:
    return bool(np.all(np.abs(np.linalg.norm(vectors, axis=1) - 1) < _LENGTH_TOLERANCE))


def _called(embedder: EmbedderId) -> str:
    return f"{embedder.name} {embedder.version} ({embedder.sha256[:12]})"


def _write_whole(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
