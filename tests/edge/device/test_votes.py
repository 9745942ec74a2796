"""Captures of one camera vote: what counts, what the event says of it, and what survives a restart."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from edge.capture.quality.gate import Findings
from edge.capture.quality.measure import measure
from edge.contract.config import CameraSection, FolderSource, VoteSection
from edge.contract.payloads import ShelfObserved, Versions
from edge.device.analysis import Analysis
from edge.device.observation import observed
from edge.device.votes import Verdict, vote_capture
from edge.recognise.detector import Detections
from edge.shelf.reading import Reading, read_shelf
from tests.edge.shelf.shop import plan, shop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.shelf.facing import Facing

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
PLANNED = "a a b\nc c d"
CAMERA = CameraSection(id="cam-1", fixture="cooler-1", source=FolderSource(kind="folder", path="frames"))


def read(facings: Sequence[Facing]) -> Reading:
    return read_shelf(
        facings,
        slots=plan(PLANNED),
        owner_of=dict.fromkeys("abcd", "us"),
        own=frozenset({"us"}),
        must_stock=None,
        ever_seen=frozenset("abcd"),
    )


def analysis(text: str, faint: str = "") -> Analysis:
    boxes = np.array([facing.box for facing in shop(faint).facings], np.float32).reshape(-1, 4)
    return Analysis(
        200, 1100, read(shop(text).facings), {}, faint=Detections(boxes, np.full(len(boxes), 0.3, np.float32))
    )


def replay(
    texts: Sequence[str], rules: VoteSection | None = None, *, every: float = 20.0
) -> tuple[Verdict, list[dict[str, Any]]]:
    """The verdict on the last of these captures, each after a restart."""
    remembered: list[dict[str, Any]] = []
    for number, text in enumerate(texts):
        verdict, remembered = vote_capture(
            json.loads(json.dumps(remembered)),
            analysis(text),
            at=NOON + timedelta(minutes=every * number),
            capture=f"c-{number}",
            rules=rules or VoteSection(),
            read=read,
        )
    return verdict, remembered


def event(texts: Sequence[str]) -> ShelfObserved:
    verdict, _ = replay(texts)
    return observed(
        analysis(texts[-1]),
        verdict,
        capture=f"c-{len(texts) - 1}",
        camera=CAMERA,
        trigger="scheduled",
        measured=measure(np.full((32, 32, 3), 128, np.uint8)),
        findings=Findings(),
        versions=Versions(agent="1", detector="1"),
        planned={},
        evidence=None,
        simulated=True,
    )


FULL = "a a b\nc c d"
MISSED = "a a b\nc _ d"
MISTAKEN = "a a x\nc c d?"


@pytest.mark.parametrize("bad", [MISSED, MISTAKEN, "a", "x x x\nx x x"])
def test_one_bad_frame_changes_no_number(bad: str) -> None:
    verdict, _ = replay([FULL, FULL, bad])
    assert verdict.reading.kpis == read(shop(FULL).facings).kpis
    assert verdict.reading.deviations == ()


def test_a_change_counts_with_the_second_capture_that_shows_it() -> None:
    now = read(shop(MISSED).facings)
    assert replay([FULL, FULL, MISSED])[0].reading.kpis != now.kpis
    assert replay([FULL, FULL, MISSED, MISSED])[0].reading.kpis == now.kpis


@pytest.mark.parametrize(
    ("rules", "every"),
    [(VoteSection(captures=1), 20.0), (VoteSection(within=600), 20.0), (VoteSection(), 600.0)],
    ids=["one vote", "votes that last ten minutes", "captures ten hours apart"],
)
def test_without_other_voters_a_capture_counts_as_it_is(rules: VoteSection, every: float) -> None:
    verdict, remembered = replay([FULL, FULL, MISSED], rules, every=every)
    assert verdict.reading.kpis == read(shop(MISSED).facings).kpis
    assert verdict.source is None
    assert verdict.captures == ("c-2",)
    assert len(remembered) == 1


def test_what_is_still_there_faintly_is_never_called_gone() -> None:
    remembered: list[dict[str, Any]] = []
    for number in range(8):
        seen = analysis(FULL) if number == 0 else analysis(MISSED, faint="_ _ _\n_ x _")
        verdict, remembered = vote_capture(
            remembered,
            seen,
            at=NOON + timedelta(minutes=20 * number),
            capture=f"c-{number}",
            rules=VoteSection(),
            read=read,
        )
        assert verdict.reading.kpis.facings == 6
        assert verdict.reading.evidence is not None
        assert "c" not in verdict.reading.evidence.lapsing
    assert verdict.reading.kpis.unsure == 1


def test_what_is_remembered_stays_small() -> None:
    _, remembered = replay([FULL] * 20, VoteSection(captures=5))
    assert [past["capture"] for past in remembered] == [f"c-{number}" for number in range(15, 20)]
    assert len(json.dumps(remembered)) < 5 * 6 * 80


def test_a_clock_that_was_set_back_ends_a_vote_and_nothing_else() -> None:
    _, remembered = replay([FULL, FULL, FULL])
    verdict, _ = vote_capture(
        remembered, analysis(MISSED), at=NOON - timedelta(days=9), capture="c", rules=VoteSection(), read=read
    )
    assert verdict.captures == ("c",)


def test_an_event_tells_what_was_seen_and_what_counts() -> None:
    said = event([FULL, FULL, "a _ x x\nc c d?"])
    assert [f.sku for f in said.facings] == [f.sku for f in shop("a _ x x\nc c d?").facings]
    assert said.kpis.facings == len(said.facings) == 6
    assert said.vote is not None
    assert said.vote.captures == ["c-0", "c-1", "c-2"]
    assert [(f.sku, f.shelf, f.position) for f in said.vote.kept] == [("a", 2, 2)]
    assert [said.facings[index].sku for index in said.vote.dropped] == ["x"]
    assert {(said.facings[one.facing].sku, one.sku, one.status) for one in said.vote.renamed} == {
        ("x", "b", "recognised"),
        ("d", "d", "recognised"),
    }
    assert sorted(str(f.sku) for f in said.counted_facings) == ["a", "a", "b", "c", "c", "d"]
    assert said.counted_kpis == event([FULL]).kpis
    assert said.deviations == []


def test_an_event_says_nothing_of_a_vote_that_changed_nothing() -> None:
    said = event([FULL, FULL, FULL])
    assert said.vote is None
    assert said.counted_facings == said.facings
    assert said.counted_kpis == said.kpis


def test_the_event_is_read_back_as_it_was_said() -> None:
    said = event([FULL, FULL, MISTAKEN])
    assert ShelfObserved.model_validate_json(said.model_dump_json(exclude_none=True)) == said
