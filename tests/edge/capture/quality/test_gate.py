"""The quality gate: why a frame is not used, and which frames are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from edge.capture.folder import list_pictures
from edge.capture.quality.gate import Judgement, Past, judge, judge_alone
from edge.capture.quality.measure import measure
from edge.contract.config import QualityRules
from edge.recognise.images import read_upright
from tests.edge.capture.quality.shelf import HEIGHT, WIDTH, shelf, turned

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.edge.capture.quality.shelf import Image

RULES = QualityRules()
DATA = Path(__file__).resolve().parents[5] / "shared" / "data"
MINUTES = 60.0
FACINGS = np.array([[0.05, 0.04, 0.95, 0.96]], np.float32)


def after(frames: Sequence[Image], rules: QualityRules = RULES) -> Past:
    """What is known after these frames, a quarter of an hour apart, all accepted."""
    past = Past(facings=FACINGS)
    for number, frame in enumerate(frames):
        judgement = judge(frame, rules, past=past, at=number * 15 * MINUTES)
        past = replace(
            past,
            usual_sharpness=judgement.measured.sharpness,
            view=judgement.view(past.view),
            print=judgement.print,
        )
    return past


PAST = after([shelf(stock=number, empty=0.2, noise=number) for number in range(5)])


def judged(frame: Image, past: Past = PAST, rules: QualityRules = RULES, **more: object) -> Judgement:
    """A frame some hours later."""
    return judge(frame, rules, past=past, at=300 * MINUTES, **more)  # type: ignore[arg-type]


def blended(frame: Image, what: Image, mask: np.ndarray) -> Image:
    """Something before the frame where the mask is 1."""
    share = mask[..., None]
    return np.asarray(np.round(frame * (1 - share) + what * share), np.uint8)


def fog(frame: Image) -> Image:
    """Fog on the lower two thirds of the glass: paler, softer."""
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    mask[HEIGHT // 3 :] = 0.85
    misty = np.asarray(cv2.GaussianBlur(frame, (0, 0), 6) * 0.6 + 90, np.uint8)
    return blended(frame, misty, cv2.GaussianBlur(mask, (0, 0), 20))


def sticker(frame: Image) -> Image:
    """Something plain stuck before half of the lens."""
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    mask[:, : WIDTH // 2] = 1
    return blended(frame, np.full_like(frame, 150), cv2.GaussianBlur(mask, (0, 0), 9))


def arm(frame: Image) -> Image:
    """An arm from below to the middle."""
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.line(mask, (420, HEIGHT + 20), (330, 190), 1.0, 76, cv2.LINE_AA)
    return blended(frame, np.full_like(frame, (90, 120, 190)), cv2.GaussianBlur(mask, (0, 0), 1.5))


def passer(frame: Image) -> Image:
    """Somebody who passes at the side."""
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.rectangle(mask, (WIDTH - 60, 60), (WIDTH, HEIGHT), 1.0, -1)
    return blended(frame, np.full_like(frame, (60, 60, 90)), cv2.GaussianBlur(mask, (0, 0), 1.5))


NEW = shelf(stock=9, empty=0.2, noise=9)


@pytest.mark.parametrize(
    "frame",
    [
        NEW,
        shelf(stock=4, empty=0.2, noise=77),
        shelf(stock=9, empty=0.0, noise=9),
        shelf(stock=9, empty=0.9, noise=9),
        shelf(stock=9, empty=0.2, noise=9, light=0.6),
        shelf(stock=9, empty=0.2, noise=9, light=1.25),
        passer(NEW),
    ],
    ids=["other goods", "the same goods", "refilled", "nearly sold out", "evening", "sun", "somebody at the side"],
)
def test_what_a_day_brings_is_used(frame: Image) -> None:
    assert judged(frame).reason is None


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ((NEW * 0.05).astype(np.uint8), "dark"),
        (np.clip(NEW.astype(int) + 170, 0, 255).astype(np.uint8), "blown"),
        (cv2.GaussianBlur(NEW, (0, 0), 5), "blurred"),
        (np.asarray(cv2.filter2D(NEW, -1, np.full((1, 31), 1 / 31)), np.uint8), "blurred"),
        (fog(NEW), "fogged"),
        (sticker(NEW), "covered"),
        (np.full_like(NEW, 120), "covered"),
        (turned(NEW, right=90, down=30), "moved"),
        (turned(NEW, degrees=14), "moved"),
        (arm(NEW), "blocked"),
    ],
    ids=["dark", "blown", "defocus", "shake", "fog", "sticker", "lid", "pushed", "turned", "arm"],
)
def test_a_spoilt_frame_is_rejected_with_its_reason(frame: Image, reason: str) -> None:
    assert judged(frame).reason == reason


@pytest.mark.parametrize("change", [{"right": 9.0, "down": -6.0}, {"degrees": 1.2}, {"right": -14.0, "degrees": -0.7}])
def test_a_camera_that_moved_a_little_is_laid_back_to_where_it_looked(change: dict[str, float]) -> None:
    judgement = judged(turned(NEW, **change))
    assert judgement.reason is None
    inner = np.s_[60:-60, 60:-60]
    back = judgement.laid(turned(NEW, **change))[inner].astype(int)
    assert np.abs(back - NEW[inner]).mean() < np.abs(turned(NEW, **change)[inner].astype(int) - NEW[inner]).mean() / 3


def test_a_camera_that_stands_still_gives_its_frames_untouched() -> None:
    assert judged(NEW).laid(NEW) is NEW


def test_the_same_picture_again_is_frozen_even_with_a_clock_running_in_it() -> None:
    last = shelf(stock=4, empty=0.2, noise=4)
    written = cv2.putText(last.copy(), "12:34", (8, 20), 0, 0.5, (255, 255, 255), 1)
    assert judged(last).reason == "frozen"
    assert judged(written).reason == "frozen"


def test_frames_within_seconds_are_not_compared_but_a_hung_camera_is_still_found() -> None:
    frame = shelf(noise=1)
    past, reasons = Past(), []
    for second in (0, 2, 4, 6, 8):
        judgement = judge(frame, RULES, past=past, at=float(second))
        past = replace(past, print=judgement.print)
        reasons.append(judgement.reason)
    assert reasons == [None, None, None, "frozen", "frozen"]


def test_pictures_that_do_not_come_from_one_camera_are_neither_frozen_nor_moved() -> None:
    last = shelf(stock=4, empty=0.2, noise=4)
    assert judged(last, one_camera=False).reason is None
    assert judged(turned(NEW, right=120), one_camera=False).reason is None


def test_a_view_seen_once_gives_way_to_the_next_one() -> None:
    past = after([shelf(noise=1)])
    judgement = judged(np.asarray(cv2.resize(NEW.transpose(1, 0, 2), (WIDTH, HEIGHT)), np.uint8), past)
    assert judgement.reason is None
    assert judgement.view(past.view).frames == 1


def test_a_person_before_the_goods_is_in_front_and_one_beside_them_is_not() -> None:
    before, beside = np.array([[0.4, 0.2, 0.7, 1.0]], np.float32), np.array([[0.96, 0.1, 1.0, 1.0]], np.float32)
    judgement = judged(NEW, people=before)
    assert (judgement.reason, judgement.people_in_front) == ("blocked", True)
    assert judged(NEW, people=beside).reason is None


def test_what_stays_in_front_for_long_is_how_the_fixture_looks_now() -> None:
    judgement = judged(arm(NEW), front=False)
    assert judgement.reason is None
    anew = judgement.view(PAST.view, anew=True)
    assert judged(arm(NEW), replace(PAST, view=anew)).reason is None


def test_only_the_configured_region_counts() -> None:
    frame = NEW.copy()
    frame[:, WIDTH // 2 :] = 4
    frame[:, : WIDTH // 2] //= 3
    right_out = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
    assert judge_alone(measure(frame), RULES) == "dark"
    assert judge_alone(measure(frame, right_out), RULES) is None


def test_a_reason_that_is_never_wanted_is_never_given() -> None:
    never = QualityRules(never=("blocked", "covered"))
    assert judged(arm(NEW), rules=never).reason is None
    assert judged(np.full_like(NEW, 120), rules=never).reason == "blurred"


@pytest.mark.parametrize("shape", [(1, 1), (3, 900), (700, 5), (8, 8)])
def test_frames_of_any_shape_are_judged(shape: tuple[int, int]) -> None:
    frame = np.random.default_rng(1).integers(0, 255, (*shape, 3), np.uint8)
    past = after([frame, frame // 2 + 50])
    assert judged(frame, past).measured.brightness > 0


def test_a_view_of_another_resolution_is_another_camera() -> None:
    assert judged(np.ascontiguousarray(NEW[:, 100:500])).reason == "moved"


@pytest.mark.parametrize(
    ("folder", "spoil"),
    [("cooler/valid/images", None), ("store_cctv_dev/images", None), ("cooler/valid/images", sticker)],
)
def test_photographs_are_used_and_covered_ones_are_not(folder: str, spoil: Callable[[Image], Image] | None) -> None:
    if not (DATA / folder).is_dir():
        pytest.skip(f"no photographs: {DATA / folder} is absent")
    frames = [read_upright(path).image for path in list_pictures(DATA / folder)]
    if spoil is None:
        reasons = [judge_alone(measure(frame), RULES) for frame in frames]
        assert sum(reason is not None for reason in reasons) < 0.02 * len(frames)
    else:
        sized = [np.asarray(cv2.resize(frame, (WIDTH, HEIGHT)), np.uint8) for frame in frames]
        reasons = [judge_alone(measure(spoil(frame)), RULES) for frame in sized]
        assert sum(reason == "covered" for reason in reasons) > 0.9 * len(frames)
