"""Evidence of a camera: what is wanted, what shows nobody, and what stays due. Real models, rendered pictures."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import cv2
import pytest

from edge.contract.business_day import Clockwork
from edge.contract.config import EvidenceSection
from edge.deliver.evidence import EvidenceSpool
from edge.device.analysis import LoadedModels, load_analyser
from edge.device.evidence import EvidenceKeeper, Shot
from edge.device.memory import CameraMemory
from edge.recognise.images import read_image
from edge.recognise.privacy import View, clear_people

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edge.device.analysis import Analysis

DEMO = Path(__file__).resolve().parents[3] / "configs" / "demo"
CLOCKWORK = Clockwork(ZoneInfo("UTC"), time(4), time(8), time(22))
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
LOADED = LoadedModels()


@pytest.fixture(scope="module")
def cooler() -> tuple[NDArray[np.uint8], Analysis]:
    image = read_image(DEMO / "frames" / "2026-03-14T09-00-00.jpg")
    return image, load_analyser(None, loaded=LOADED).analyse(image)


def keeper(tmp_path: Path, keep: str, *, real: bool = True, view: View | None = None) -> EvidenceKeeper:
    return EvidenceKeeper(
        EvidenceSection.model_validate({"keep": keep}),
        spool=EvidenceSpool(tmp_path / "evidence"),
        clockwork=CLOCKWORK,
        people=LOADED.people if real else None,
        view=view,
    )


def shot(cooler: tuple[NDArray[np.uint8], Analysis], minutes: float, *, changed: bool = False) -> Shot:
    image, analysis = cooler
    return Shot(image, analysis, NOON + timedelta(minutes=minutes), 60 * minutes, changed=changed)


def with_hand(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Somebody reaches in from the side: a sleeve that no people detector takes for a person."""
    reached = image.copy()
    cv2.line(reached, (image.shape[1], 420), (470, 560), (40, 60, 90), 70)
    return reached


def test_nothing_is_kept_where_nothing_is_asked_for(tmp_path: Path, cooler: tuple[NDArray[np.uint8], Analysis]) -> None:
    sha, _ = keeper(tmp_path, "never").keep(shot(cooler, 0, changed=True), CameraMemory())
    assert sha is None
    assert not list((tmp_path / "evidence").rglob("*.jpg"))


def test_a_rendered_picture_is_kept_as_it_is(tmp_path: Path, cooler: tuple[NDArray[np.uint8], Analysis]) -> None:
    sha, _ = keeper(tmp_path, "always", real=False).keep(shot(cooler, 0), CameraMemory())
    (kept,) = (tmp_path / "evidence").glob("*.jpg")
    assert sha == kept.stem
    assert read_image(kept).shape == cooler[0].shape


def test_the_first_pictures_of_a_real_camera_wait_until_it_is_known_what_nobody_looks_like(
    tmp_path: Path, cooler: tuple[NDArray[np.uint8], Analysis]
) -> None:
    daily, memory = keeper(tmp_path, "daily"), CameraMemory()
    first, memory = daily.keep(shot(cooler, 0), memory)
    assert (first, memory.evidence_due) == (None, True)
    told = []
    for minute in (15, 30, 45, 60):
        sha, memory = daily.keep(shot(cooler, minute), memory)
        told.append(sha)
    assert len([sha for sha in told if sha]) == 1  # one a day, as soon as it may be shown
    assert not memory.evidence_due
    assert daily.withheld["no_view"] >= 1


def test_a_picture_with_an_arm_is_withheld_and_the_next_without_it_takes_its_place(
    tmp_path: Path, cooler: tuple[NDArray[np.uint8], Analysis]
) -> None:
    on_change, memory = keeper(tmp_path, "on_change"), CameraMemory()
    for minute in (0, 15, 30):
        _, memory = on_change.keep(shot(cooler, minute), memory)
    reaching = (with_hand(cooler[0]), cooler[1])
    sha, memory = on_change.keep(shot(reaching, 45, changed=True), memory)
    assert sha is None
    assert on_change.withheld["moved"] == 1
    sha, memory = on_change.keep(shot(cooler, 60), memory)
    assert sha is not None
    sha, memory = on_change.keep(shot(cooler, 75), memory)
    assert sha is None


def test_what_was_learnt_before_is_believed_and_an_arm_is_withheld_all_the_same(
    tmp_path: Path, cooler: tuple[NDArray[np.uint8], Analysis]
) -> None:
    image, analysis = cooler
    nobody = LOADED.people.detect(image, min_score=LOADED.people.private_score)
    goods = [facing.box for facing in analysis.facings]
    view, _ = clear_people(View(), image, nobody, at=0.0, goods=goods)
    early, _ = keeper(tmp_path / "early", "always", view=view).keep(shot(cooler, 1), CameraMemory())
    assert early is None  # seen once, a minute ago: somebody may have stood still
    view, _ = clear_people(view, image, nobody, at=91.0, goods=goods)
    known, _ = keeper(tmp_path / "known", "always", view=view).keep(shot(cooler, 2), CameraMemory())
    assert known is not None
    reaching, _ = keeper(tmp_path / "arm", "always", view=view).keep(
        shot((with_hand(image), analysis), 2), CameraMemory()
    )
    assert reaching is None
