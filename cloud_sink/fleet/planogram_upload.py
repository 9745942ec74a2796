"""A planogram as somebody uploads it, our CSV or PTS: read, and all that is wrong with it told by line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloud_sink.fleet.products import by_gtin
from edge.contract.errors import PlanogramError
from edge.contract.planogram import MAX_BYTES, PTS, faults_of, parse_planogram
from edge.contract.planogram_pts import decode_pts, parse_pts, plan_from_pts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edge.contract.catalogue import Sku
    from edge.contract.planogram import Planogram

MOST_FAULTS = 100
"""Faults of one file that are told: who sees so many looks at the whole file."""


@dataclass(frozen=True, slots=True)
class Upload:
    """What is read of a file."""

    plan: Planogram | None  # None: it has faults
    faults: tuple[str, ...] = ()  # each with its line, column and mend
    notes: tuple[str, ...] = ()  # what a person should know of it
    unknown: tuple[str, ...] = ()  # planned SKUs that no catalogue of the sink has


def read_upload(data: bytes, *, name: str, products: Mapping[str, Sku]) -> Upload:
    """Read an uploaded planogram.

    Args:
        data: the file.
        name: of the planogram, for its faults.
        products: the catalogues' SKUs by id: their GTINs tell what a PTS file plans.
    """
    if len(data) > MAX_BYTES:
        return Upload(None, (f"{name}: {len(data)} bytes (a planogram has at most {MAX_BYTES} bytes)",))
    notes: tuple[str, ...] = ()
    try:
        text = _decode(data, name)
        if PTS in text[:100]:
            read = plan_from_pts(
                parse_pts(text, name=name),
                name=name,
                plan_id=name,
                sku_of=by_gtin(products) if products else None,
                skus=list(products),
            )
            plan, notes = read.plan, read.notes
        elif faults := faults_of(text, name=name):
            return Upload(None, tuple(map(str, faults[:MOST_FAULTS])))
        else:
            plan = parse_planogram(text, name=name, plan_id=name)
    except PlanogramError as error:
        return Upload(None, (str(error),))
    unknown = sorted(plan.facings_by_sku.keys() - products.keys()) if products else []
    return Upload(plan, notes=notes, unknown=tuple(unknown))


def _decode(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        text = decode_pts(data, name=name)
        if PTS not in text[:100]:
            raise PlanogramError(
                f"{name}: byte {error.start} is not UTF-8", "save the file as UTF-8; only PTS files come in Shift_JIS"
            ) from None
        return text
