"""The demo's cooler as two cameras before two doors would see it: overlapping halves of its frames."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from edge.recognise.images import read_image

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

ROOT = Path(__file__).resolve().parents[3]
DEMO = ROOT / "configs" / "demo"
HALVES = {"left": (0.0, 0.62), "right": (0.38, 1.0)}  # of the frame, which is taken for the fixture's front


def write_halves(
    folder: Path, moments: Sequence[str], *, absent: Collection[str] = (), dark: Collection[str] = ()
) -> None:
    """Write both halves of the demo's frames of these moments, such as 08-20.

    Args:
        folder: gets a folder for each view.
        moments: of the frames.
        absent: moments of which the right view has no picture.
        dark: moments at which its picture is black.
    """
    for view, (start, end) in HALVES.items():
        (folder / view).mkdir(parents=True)
        for number, moment in enumerate(moments):
            if view == "right" and moment in absent:
                continue
            image = read_image(DEMO / "frames" / f"2026-03-14T{moment}-00.jpg")
            width = image.shape[1]
            half = np.ascontiguousarray(image[:, round(start * width) : round(end * width)])
            if view == "right" and moment in dark:
                half = np.random.default_rng(number).integers(0, 4, half.shape, np.uint8)
            # Two clocks are never equal.
            second = "07" if view == "right" else "00"
            cv2.imwrite(str(folder / view / f"2026-03-14T{moment}-{second}.jpg"), half, [cv2.IMWRITE_JPEG_QUALITY, 95])


def two_doors(folder: Path, **fixture: Any) -> dict[str, Any]:
    """The configuration of these two cameras, for `replay`."""
    corners = [[0, 0], [1, 0], [1, 1], [0, 1]]
    return {
        "cameras": [
            {
                "id": f"cam-{view}",
                "fixture": "cooler-1",
                "view": view,
                "source": {"kind": "folder", "path": folder / view, "times": "names", "simulated": True},
                "geometry": {"part": [start, 0, end, 1], "corners": corners},
            }
            for view, (start, end) in HALVES.items()
        ],
        "fixtures": [cooler(**fixture)],
    }


def one_door(folder: Path, moments: Sequence[str], **fixture: Any) -> dict[str, Any]:
    """One camera that sees all of it."""
    folder.mkdir(parents=True)
    for moment in moments:
        (folder / f"2026-03-14T{moment}-00.jpg").write_bytes(
            (DEMO / "frames" / f"2026-03-14T{moment}-00.jpg").read_bytes()
        )
    source = {"kind": "folder", "path": folder, "times": "names", "simulated": True}
    return {
        "cameras": [{"id": "cam-all", "fixture": "cooler-1", "source": source}],
        "fixtures": [cooler(**fixture)],
    }


def cooler(**more: Any) -> dict[str, Any]:
    """The demo's cooler."""
    return {
        "id": "cooler-1",
        "catalogue": ROOT / "configs" / "catalogues" / "demo",
        "planogram": DEMO / "planogram.csv",
        "own": ["Lurralos Drinks Co."],
        **more,
    }
