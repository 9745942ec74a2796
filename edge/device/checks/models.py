"""Models, catalogues and planograms: each is the one its manifest names, and does its work once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from edge.contract.errors import FacingsError
from edge.device.checks.finding import bad_error, doubtful, good
from edge.device.settings import check_fixture
from edge.recognise.detector import ProductDetector
from edge.recognise.embedder import SkuEmbedder
from edge.recognise.manifest import MODELS, find_model
from edge.recognise.people import PeopleDetector

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from edge.contract.config import AgentConfig
    from edge.contract.findings import Finding

SLOW_MS = 5000.0
"""Of one call: on such a device no capture of a dense shelf is done within a minute."""


def check_models(folder: Path | None = None, *, threads: int = 2, people: bool = True) -> list[Finding]:
    """Load the shipped models, or those of a folder, and run each twice: the second call is the one that is told.

    Args:
        folder: of models; None for the shipped ones.
        threads: of one inference.
        people: whether people are counted on this device.
    """
    folder = folder or MODELS
    return [
        _check("product-detector", lambda: _detect(folder, threads)),
        _check("sku-embedder", lambda: _embed(folder, threads)),
        *([_check("people-detector", lambda: _detect_people(folder))] if people else []),
    ]


def check_fixtures(config: AgentConfig, path: Path) -> list[Finding]:
    """Catalogue and planogram of every fixture fit each other and the models."""
    findings = []
    for number, fixture in enumerate(config.fixtures):
        name = f"fixture {fixture.id}"
        try:
            check_fixture(fixture, path, ("fixtures", number), models=config.models.folder or MODELS)
        except FacingsError as error:
            findings.append(bad_error(name, error))
            continue
        has = [kind for kind, file in (("catalogue", fixture.catalogue), ("planogram", fixture.planogram)) if file]
        if has:
            findings.append(good(name, f"{' and '.join(has)} can be used"))
        else:
            findings.append(doubtful(name, "no catalogue: products have no names", "enrol SKUs: edge catalogue enrol"))
    return findings


def _check(kind: str, measure: Callable[[], tuple[str, float]]) -> Finding:
    name = f"model {kind}"
    try:
        version, milliseconds = measure()
    except FacingsError as error:
        return bad_error(name, error)
    said = f"{version}, sha256 as in the manifest, {milliseconds:.0f} ms a call"
    if milliseconds > SLOW_MS:
        return doubtful(name, said, "see what else runs on the device, and models.threads")
    return good(name, said)


def _detect(folder: Path, threads: int) -> tuple[str, float]:
    detector = ProductDetector(find_model("product-detector", folder=folder), threads=threads)
    grey = np.full((640, 640, 3), 127, np.uint8)
    return detector.version, _second_ms(lambda: detector.detect(grey))


def _detect_people(folder: Path) -> tuple[str, float]:
    detector = PeopleDetector(find_model("people-detector", folder=folder))
    grey = np.full((480, 640, 3), 127, np.uint8)
    return detector.version, _second_ms(lambda: detector.detect(grey))


def _embed(folder: Path, threads: int) -> tuple[str, float]:
    embedder = SkuEmbedder(find_model("sku-embedder", folder=folder), threads=threads)
    crop = np.full((1, embedder.shape.height, embedder.shape.width, 3), 127, np.uint8)
    return embedder.identity.version, _second_ms(lambda: embedder.embed_crops(crop))


def _second_ms(call: Callable[[], object]) -> float:
    call()
    began = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - began)
