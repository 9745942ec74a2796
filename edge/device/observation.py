"""From what was read off a frame to the payloads of the contract. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.contract import payloads

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from edge.capture.quality.gate import Findings
    from edge.capture.quality.measure import Measured
    from edge.contract.config import CameraSection
    from edge.device.analysis import Analysis
    from edge.device.votes import Verdict
    from edge.shelf.compliance import Compliance
    from edge.shelf.deviations import Deviation
    from edge.shelf.facing import Box, Facing, Gap
    from edge.shelf.kpis import ShelfKpis
    from edge.shelf.ratio import Ratio

DIGITS = 4
"""Of normalised boxes and scores: a ten-thousandth of a frame is less than half a pixel."""


def observed(
    analysis: Analysis,
    verdict: Verdict,
    *,
    capture: str,
    capture_set: str | None = None,
    camera: CameraSection,
    trigger: payloads.Trigger,
    measured: Measured,
    findings: Findings,
    versions: payloads.Versions,
    planned: Mapping[str, int],
    evidence: str | None,
    simulated: bool,
    opening: payloads.Opening | None = None,
) -> payloads.ShelfObserved:
    """The observation of one accepted capture; `capture_set` is given where several views make one set."""
    return payloads.ShelfObserved(
        capture=capture,
        capture_set=capture_set or capture,
        camera=camera.id,
        fixture=camera.fixture,
        view=camera.view,
        trigger=trigger,
        quality=quality_of(measured, findings),
        evidence=evidence,
        versions=versions,
        facings=[facing_of(facing, analysis) for facing in analysis.facings],
        gaps=[gap_of(gap, analysis) for gap in analysis.gaps],
        kpis=kpis_of(analysis.kpis, analysis.width),
        deviations=deviations_of(verdict.reading.deviations),
        planned=dict(planned),
        simulated=simulated,
        opening=opening,
        vote=vote_of(verdict, analysis),
    )


def vote_of(verdict: Verdict, analysis: Analysis) -> payloads.Vote | None:
    """What the vote changed; None when it changed nothing."""
    if verdict.source is None:
        return None
    counted = dict(zip(verdict.source, verdict.reading.facings, strict=True))
    renamed = [
        payloads.RenamedFacing(facing=index, sku=now.sku, status=now.status, sku_score=_rounded(now.sku_score))
        for index, facing in enumerate(analysis.facings)
        if (now := counted.get(index)) and (now.sku, now.status) != (facing.sku, facing.status)
    ]
    kept = [f for f, index in zip(verdict.reading.facings, verdict.source, strict=True) if index is None]
    return payloads.Vote(
        captures=list(verdict.captures),
        kept=[facing_of(facing, analysis) for facing in kept],
        dropped=sorted(set(range(len(analysis.facings))) - set(counted)),
        renamed=renamed,
        gaps=[gap_of(gap, analysis) for gap in verdict.reading.gaps],
        kpis=kpis_of(verdict.reading.kpis, analysis.width),
    )


def facing_of(facing: Facing, analysis: Analysis) -> payloads.FacingRecord:
    """A facing of the frame."""
    return payloads.FacingRecord(
        box=_shares(facing.box, analysis),
        shelf=facing.shelf,
        position=facing.position,
        sku=facing.sku,
        status=facing.status,
        score=round(facing.score, DIGITS),
        sku_score=_rounded(facing.sku_score),
    )


def gap_of(gap: Gap, analysis: Analysis) -> payloads.GapRecord:
    """An empty place of the frame."""
    return payloads.GapRecord(box=_shares(gap.box, analysis), shelf=gap.shelf, sku=gap.sku)


def quality_of(measured: Measured, findings: Findings) -> payloads.Quality:
    """What the quality gate measured."""
    return payloads.Quality(
        brightness=round(measured.brightness, DIGITS),
        sharpness=round(measured.sharpness, 1),
        blown=round(measured.blown, DIGITS),
        edges=round(measured.edges, DIGITS),
        contrast=round(measured.contrast, DIGITS),
        featureless=round(measured.featureless, DIGITS),
        repeated=_rounded(findings.repeated),
        moved=_rounded(findings.moved),
        agreed=_rounded(findings.agreed),
        covered=_rounded(findings.lost),
        fogged=_rounded(findings.fogged),
        hidden=_rounded(findings.hidden),
        people=_rounded(findings.people),
    )


def kpis_of(kpis: ShelfKpis, width: int) -> payloads.Kpis:
    """The KPIs of one capture; `width` of its frame, in pixels."""
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
        widths=payloads.Widths(
            own=round(kpis.widths.own / width, DIGITS),
            foreign=round(kpis.widths.foreign / width, DIGITS),
            unknown=round(kpis.widths.unknown / width, DIGITS),
            unsure=round(kpis.widths.unsure / width, DIGITS),
        ),
    )


def deviations_of(deviations: Iterable[Deviation]) -> list[payloads.Deviation]:
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
        for deviation in deviations
    ]


def _shares(box: Box, analysis: Analysis) -> list[float]:
    """A box in pixels as shares of the frame's width and height."""
    size = (analysis.width, analysis.height) * 2
    return [round(min(1.0, max(0.0, value / length)), DIGITS) for value, length in zip(box, size, strict=True)]


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, DIGITS)


def _compliance(compliance: Compliance) -> payloads.Compliance:
    return payloads.Compliance(
        present=_ratio(compliance.present),
        shelf=_ratio(compliance.shelf),
        order=_ratio(compliance.order),
        facings=_ratio(compliance.facings),
    )


def _ratio(ratio: Ratio) -> payloads.Ratio:
    return payloads.Ratio(part=ratio.part, whole=ratio.whole)
