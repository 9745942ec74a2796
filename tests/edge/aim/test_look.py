"""One frame of the demo's cooler, spoilt in one way after another, through the models that the page looks with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from edge.aim.diagnosis import diagnose
from edge.aim.drawing import LONGEST, WRONG, draw
from edge.aim.look import look
from edge.aim.tilt import find_tilt
from edge.aim.upright import find_turn
from edge.contract.config import CameraSection, FixtureSection, FolderSource
from edge.device.analysis import LoadedModels, load_analyser
from edge.recognise.images import read_image
from models.scenes import spoiling
from models.scenes.arrays import to_linear
from models.scenes.shopper import Shopper, draw_shopper

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from edge.aim.findings import Finding
    from edge.aim.view import AimedView

    Image = NDArray[np.uint8]

ROOT = Path(__file__).parents[3]
GOOD = read_image(ROOT / "configs/demo/frames/2026-03-14T08-00-00.jpg")
ROWS, COLUMNS = GOOD.shape[:2]
MODELS = LoadedModels()
CAMERA = CameraSection(id="cam-1", fixture="cooler-1", source=FolderSource(kind="folder", path="frames"))
FIXTURE = FixtureSection(
    id="cooler-1",
    catalogue=ROOT / "configs/catalogues/demo",
    planogram=ROOT / "configs/demo/planogram.csv",
)


@pytest.fixture(scope="module")
def see() -> Callable[..., tuple[AimedView, tuple[Finding, ...]]]:
    """Looks at a frame and says what is found."""
    analyser = load_analyser(FIXTURE, loaded=MODELS)

    def seen(
        image: Image | None, *, at: float = 0.0, before: AimedView | None = None
    ) -> tuple[AimedView, tuple[Finding, ...]]:
        view = look(
            image, at=at, camera=CAMERA, fixture=FIXTURE, analyser=analyser, people=MODELS.people, before=before
        )
        return view, diagnose(view)

    return seen


def failed(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.code for finding in findings if finding.passed is False]


def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def with_somebody(image: Image) -> Image:
    """A shopper who stands before the middle of the shelves."""
    figure, mask = draw_shopper(Shopper(0.5, 0.1, 0.55, 3), rows=ROWS, columns=COLUMNS, room=0.7)
    light = to_linear(image) * (1 - mask[..., None]) + figure * mask[..., None]
    return np.asarray(np.round(np.clip(light, 0, 1) ** (1 / 2.2) * 255), np.uint8)


@pytest.mark.parametrize(
    ("spoilt", "code"),
    [
        pytest.param(spoiling.exposed(GOOD, -6, rng()), "dark", id="a 64th of the light"),
        pytest.param(spoiling.exposed(GOOD, 4, rng()), "bright", id="16 times the light"),
        pytest.param(
            spoiling.backlit(GOOD, 2.5, np.array([100.0, 150.0, 620.0, 900.0])), "glare", id="a window behind"
        ),
        pytest.param(np.full_like(GOOD, 128), "blank", id="a cap on the lens"),
        pytest.param(spoiling.smeared(GOOD, 0.8, rng()), "fogged", id="grease over most of the lens"),
        pytest.param(spoiling.defocused(GOOD, 5), "blurred", id="focused on something else"),
        pytest.param(with_somebody(GOOD), "people", id="somebody in front"),
        pytest.param(cv2.rotate(GOOD, cv2.ROTATE_180), "turned", id="upside down"),
        pytest.param(cv2.rotate(GOOD, cv2.ROTATE_90_CLOCKWISE), "turned", id="on its side"),
        pytest.param(spoiling.smaller(GOOD, 0.25), "far", id="a quarter of the pixels"),
        pytest.param(GOOD[:, 150:-150], "near", id="cut off on both sides"),
        pytest.param(spoiling.turned(GOOD, -8), "tilted", id="turned by eight degrees"),
        pytest.param(GOOD[:, 120:], "cut_left", id="the first column half out"),
        pytest.param(GOOD[:, :-120], "cut_right", id="the last column half out"),
        pytest.param(spoiling.barred(GOOD, (300, 400), rng()), "blocked", id="a door's edge before the middle"),
        pytest.param(GOOD[265:], "shelves_unseen", id="the upmost shelf out of view"),
    ],
)
def test_a_spoilt_frame_says_what_spoils_it_first(
    see: Callable[..., tuple[AimedView, tuple[Finding, ...]]], spoilt: Image, code: str
) -> None:
    _, findings = see(np.ascontiguousarray(spoilt))
    assert failed(findings)[:1] == [code]


def test_the_good_frame_passes_everything_that_one_frame_can_tell(
    see: Callable[..., tuple[AimedView, tuple[Finding, ...]]],
) -> None:
    _, findings = see(GOOD)
    assert {finding.code for finding in findings if finding.passed is not True} == {"frozen"}


def test_the_same_frame_again_is_frozen_until_another_comes(
    see: Callable[..., tuple[AimedView, tuple[Finding, ...]]],
) -> None:
    view, _ = see(GOOD)
    view, findings = see(GOOD, at=3.0, before=view)
    assert failed(findings) == [], "two frames within five seconds may be one to a video codec"
    view, findings = see(GOOD, at=8.0, before=view)
    assert failed(findings) == ["frozen"]
    noisy = np.asarray(np.clip(GOOD + rng().normal(0, 3, GOOD.shape), 0, 255), np.uint8)
    _, findings = see(noisy, at=14.0, before=view)
    assert failed(findings) == []


def test_people_are_painted_over_in_what_is_shown(see: Callable[..., tuple[AimedView, tuple[Finding, ...]]]) -> None:
    frame = with_somebody(GOOD)
    view, findings = see(frame)
    assert view.picture is not None
    _, mask = draw_shopper(Shopper(0.5, 0.1, 0.55, 3), rows=ROWS, columns=COLUMNS, room=0.7)
    body = mask > 0.9
    assert (view.picture != frame).any(axis=2)[body].mean() > 0.9
    assert draw(view, findings).shape[2] == 3


def test_what_is_wrong_is_drawn_where_it_is(see: Callable[..., tuple[AimedView, tuple[Finding, ...]]]) -> None:
    def marks(image: Image) -> NDArray[np.bool_]:
        view, findings = see(np.ascontiguousarray(image))
        return np.asarray((draw(view, findings) == WRONG).all(axis=2))

    assert not marks(GOOD).any()
    left = marks(GOOD[:, 120:])
    assert left[:, :8].mean() > 0.5
    assert not left[:, left.shape[1] // 2 :].any()
    barred = marks(spoiling.barred(GOOD, (300, 400), rng()))
    where = np.flatnonzero(barred.any(axis=0)) / barred.shape[1] * COLUMNS
    assert where.min() > 250
    assert where.max() < 450


def test_a_camera_without_a_picture_is_grey_and_says_so(
    see: Callable[..., tuple[AimedView, tuple[Finding, ...]]],
) -> None:
    view, findings = see(None)
    assert failed(findings) == ["no_picture"]
    picture = draw(view, findings)
    assert max(picture.shape[:2]) == LONGEST
    assert picture.std() == 0


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_turned_picture_says_by_how_much_it_must_be_turned_back(turn: int) -> None:
    turned = np.ascontiguousarray(np.rot90(GOOD, turn // 90))  # counterclockwise
    assert find_turn(turned, MODELS.detector) == turn


@pytest.mark.parametrize("degrees", [-20.0, -11.0, -4.0, 3.0, 9.0, 17.0])
def test_the_tilt_is_found_to_half_a_degree(degrees: float) -> None:
    straight, leaning = find_tilt(GOOD), find_tilt(spoiling.turned(GOOD, degrees))
    assert straight is not None
    assert leaning is not None
    assert leaning - straight == pytest.approx(degrees, abs=0.5)


def test_a_mirrored_picture_leans_to_the_other_side() -> None:
    leaning = spoiling.turned(GOOD, 7)
    there, back = find_tilt(leaning), find_tilt(np.ascontiguousarray(cv2.flip(leaning, 1)))
    assert there is not None
    assert back == pytest.approx(-there, abs=0.5)


def test_a_plain_wall_leans_nowhere() -> None:
    assert find_tilt(np.full((480, 640, 3), 170, np.uint8)) is None
