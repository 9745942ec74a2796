"""From what was read off a frame to the payloads of the contract. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.contract import payloads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edge.capture.quality import Measured
    from edge.contract.config import CameraSection
    from edge.device.analysis import Analysis
    from edge.shelf.compliance import Compliance
    from edge.shelf.kpis import ShelfKpis
    from edge.shelf.ratio import Ratio

DIGITS = 4
"""Of normalised boxes and scores: a ten-thousandth of a frame is less than half a pixel."""


def observed(
    analysis: Analysis,
    *,
    capture: str,
    camera: CameraSection,
    trigger: payloads.Trigger,
    measured: Measured,
    versions: payloads.Versions,
    planned: Mapping[str, int],
    evidence: str | None,
    simulated: bool,
) -> payloads.ShelfObserved:
    """The observation of one accepted capture."""
    boxes = analysis.unit_boxes
    return payloads.ShelfObserved(
        capture=capture,
        capture_set=capture,
        camera=camera.id,
        fixture=camera.fixture,
        view=camera.view,
        trigger=trigger,
        quality=quality_of(measured),
        evidence=evidence,
        versions=versions,
        facings=[
            payloads.FacingRecord(
                box=[round(float(value), DIGITS) for value in box],
                shelf=facing.shelf,
                position=facing.position,
                sku=facing.sku,
                status=facing.status,
                score=round(facing.score, DIGITS),
                sku_score=None if facing.sku_score is None else round(facing.sku_score, DIGITS),
            )
            for facing, box in zip(analysis.facings, boxes, strict=True)
        ],
        gaps=[
            payloads.GapRecord(
                box=[
                    round(min(1.0, max(0.0, value / size)), DIGITS)
                    for value, size in zip(gap.box, (analysis.width, analysis.height) * 2, strict=True)
                ],
                shelf=gap.shelf,
                sku=gap.sku,
            )
            for gap in analysis.gaps
        ],
        kpis=kpis_of(analysis.kpis),
        deviations=deviations_of(analysis),
        planned=dict(planned),
        simulated=simulated,
    )


def quality_of(measured: Measured) -> payloads.Quality:
    """What the quality gate measured."""
    return payloads.Quality(brightness=round(measured.brightness, DIGITS), sharpness=round(measured.sharpness, 1))


def kpis_of(kpis: ShelfKpis) -> payloads.Kpis:
    """The KPIs of one capture."""
    return payloads.Kpis(
        facings=kpis.facings,
        own=kpis.own,
        foreign=kpis.foreign,
        unknown=kpis.unknown,
        unsure=kpis.unsure,
        gaps=kpis.gaps,
        assortment=kpis.assortment,
        must_stock=None if kpis.must_stock is None else _ratio(kpis.must_stock),
        compliance=None if kpis.compliance is None else _compliance(kpis.compliance),
    )


def deviations_of(analysis: Analysis) -> list[payloads.Deviation]:
    """The differences between plan and shelf."""
    return [
        payloads.Deviation(
            kind=deviation.kind,
            sku=deviation.sku,
            shelf=deviation.shelf,
            position=deviation.position,
            planned=deviation.planned,
            seen=deviation.seen,
        )
        for deviation in analysis.deviations
    ]


def _compliance(compliance: Compliance) -> payloads.Compliance:
    return payloads.Compliance(
        present=_ratio(compliance.present),
        shelf=_ratio(compliance.shelf),
        order=_ratio(compliance.order),
        facings=_ratio(compliance.facings),
    )


def _ratio(ratio: Ratio) -> payloads.Ratio:
    return payloads.Ratio(part=ratio.part, whole=ratio.whole)
