"""The manifest of the shipped models: what each file is, where it comes from, and the proof that it is that file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge.contract.errors import ModelError

# `models/` lies beside `edge/` in a checkout and in an installed wheel alike.
MODELS = Path(__file__).resolve().parents[2] / "models"
MANIFEST = "manifest.json"

Kind = Literal["product-detector", "people-detector", "sku-embedder"]
Precision = Literal["float32", "int8"]
# INT8 is taken where it costs less than half a point of accuracy, as it was measured when it was made.
MOST_LOSS = 0.005


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelInput(_Strict):
    """What a session is fed. The caller lays pixels out as said here and applies (value - mean) / std."""

    height: Annotated[int, Field(gt=0, description="Pixels; the longest side where `multiple` is given.")]
    width: Annotated[int, Field(gt=0, description="Pixels; the longest side where `multiple` is given.")]
    multiple: Annotated[
        int | None, Field(description="Sides may be any multiple of this; absent: the size is fixed.")
    ] = None
    layout: Annotated[
        Literal["NHWC", "NCHW"], Field(description="Order of the axes: N pictures, Height, Width, Colours.")
    ]
    colours: Annotated[Literal["BGR", "RGB"], Field(description="Order of the colour channels.")]
    dtype: Annotated[Literal["uint8", "float32"], Field(description="Type of the values.")]
    mean: Annotated[
        tuple[float, float, float], Field(description="Subtracted by the caller; 0 where the graph does it.")
    ]
    std: Annotated[
        tuple[float, float, float], Field(description="Divided by by the caller; 1 where the graph does it.")
    ]


class TrainingData(_Strict):
    """One source of training pictures."""

    name: Annotated[str, Field(min_length=1, description="Folder or title of the data set.")]
    licence: Annotated[str, Field(min_length=1, description="SPDX id or name of its licence.")]
    attribution: Annotated[str, Field(min_length=1, description="Who made it and where it is, as its licence asks.")]


class Figure(_Strict):
    """One measured figure and the command that gives it again."""

    what: Annotated[str, Field(min_length=1, description="Measure and the pictures it was taken on.")]
    value: Annotated[float, Field(description="As measured.")]
    command: Annotated[str, Field(min_length=1, description="Command from the project's root that prints it.")]


class Quantisation(_Strict):
    """What an INT8 file was made from, and what that cost and gained, measured beside each other in one run."""

    made_from: Annotated[
        str, Field(pattern=r"^[0-9a-f]{64}$", description="sha256 of the float32 file: the family of both.")
    ]
    measure: Annotated[str, Field(min_length=1, description="Accuracy measured, and on which held-back photographs.")]
    float32: Annotated[float, Field(ge=0, le=1, description="That accuracy of the float32 file.")]
    int8: Annotated[float, Field(ge=0, le=1, description="That accuracy of this file.")]
    time_ratio: Annotated[float, Field(gt=0, description="Time of one call / that of the float32 file.")]

    @property
    def pays(self) -> bool:
        """Whether this file is to be preferred to the float32 one: faster, and as good but for half a point."""
        return self.float32 - self.int8 < MOST_LOSS and self.time_ratio < 1


class ModelEntry(_Strict):
    """One model file."""

    name: Annotated[str, Field(min_length=1, description="Name used in events and pages.")]
    kind: Annotated[Kind, Field(description="What the agent uses it for.")]
    version: Annotated[str, Field(min_length=1, description="Counts up with every change of the file.")]
    file: Annotated[str, Field(pattern=r"^[\w.-]+\.onnx$", description="File beside the manifest.")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="Of the file; another is refused.")]
    precision: Annotated[Precision, Field(description="Of the weights and sums inside.")] = "float32"
    quantisation: Annotated[Quantisation | None, Field(description="Of an int8 file.")] = None
    input: ModelInput
    licence: Annotated[str, Field(min_length=1, description="SPDX id of the weights' licence.")]
    card: Annotated[str, Field(min_length=1, description="Model card, relative to the manifest.")]
    training_data: tuple[TrainingData, ...]
    thresholds: Annotated[dict[str, float], Field(description="Shipped thresholds by name.")]
    figures: tuple[Figure, ...]

    @model_validator(mode="after")
    def _int8_says_what_it_was_made_from(self) -> Self:
        if (self.precision == "int8") != (self.quantisation is not None):
            raise ValueError("an int8 entry, and no other, has a quantisation")
        return self

    @property
    def family(self) -> str:
        """sha256 that a float32 file and the int8 file made from it share: their embeddings may be compared."""
        return self.quantisation.made_from if self.quantisation else self.sha256

    @property
    def full_version(self) -> str:
        """The version with the precision, as events report it."""
        return self.version if self.precision == "float32" else f"{self.version}+{self.precision}"


class Manifest(_Strict):
    """All models of one folder."""

    format: Literal[1] = 1
    models: tuple[ModelEntry, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """An entry of the manifest and where its file lies."""

    entry: ModelEntry
    path: Path

    def read(self) -> bytes:
        """The file's bytes, checked against the manifest: what was checked is what is run.

        Raises:
            ModelError: the file is missing or is not the one the manifest names.
        """
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise ModelError(f"{self.path}: {error.strerror}", "install the package again") from error
        found = hashlib.sha256(data).hexdigest()
        if found != self.entry.sha256:
            raise ModelError(
                f"{self.path}: sha256 is {found[:12]}…, {MANIFEST} says {self.entry.sha256[:12]}…",
                "the file was altered or cut short: install the package again, or export the model anew",
            )
        return data

    def threshold(self, name: str) -> float:
        """A shipped threshold.

        Raises:
            ModelError: the manifest has none of that name.
        """
        try:
            return self.entry.thresholds[name]
        except KeyError:
            raise ModelError(
                f"{MANIFEST}: {self.entry.name} has no threshold {name!r}", "add it to the manifest"
            ) from None


def load_manifest(folder: Path = MODELS) -> Manifest:
    """Read `folder/manifest.json`.

    Raises:
        ModelError: it is missing or invalid.
    """
    path = folder / MANIFEST
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}", "point to a folder of models with a manifest.json") from error
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ModelError(f"{path}: {where}: {first['msg']}", "restore the manifest of the release") from error


def find_model(
    kind: Kind, *, folder: Path | None = None, name: str | None = None, precision: Precision | None = None
) -> Model:
    """The model of a kind, or the one of that name where there are several; its file is not opened yet.

    Args:
        kind: what it is for.
        folder: of the manifest; None for the shipped one.
        name: of the model; None for the first of its kind.
        precision: of the file; None for int8 where it was made from this float32 file and pays, else float32.

    Raises:
        ModelError: there is none.
    """
    folder = folder or MODELS
    entries = [entry for entry in load_manifest(folder).models if entry.kind == kind and name in (None, entry.name)]
    variants = [entry for entry in entries if entry.name == entries[0].name]
    chosen = (
        _preferred(variants) if precision is None else [entry for entry in variants if entry.precision == precision]
    )
    if chosen:
        return Model(entry=chosen[0], path=folder / chosen[0].file)
    wanted = f"{kind} named {name!r}" if name else kind
    wanted += f" of precision {precision}" if precision else ""
    raise ModelError(f"{folder / MANIFEST}: no {wanted}", "install the package again, or name a model of the manifest")


def _preferred(variants: list[ModelEntry]) -> list[ModelEntry]:
    """The variants of one model, the one to use first; an int8 file of another float32 file is passed over."""
    plain = [entry for entry in variants if entry.precision == "float32"]
    families = {entry.sha256 for entry in plain}
    small = [v for v in variants if v.quantisation and v.quantisation.pays and v.family in families]
    return [*small, *plain] or variants
