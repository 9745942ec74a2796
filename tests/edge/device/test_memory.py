"""What is remembered of a camera survives the way through text."""

from __future__ import annotations

import numpy as np

from edge.device.memory import ENOUGH_SHARPNESS, KEPT_SHARPNESS, CameraMemory


def test_a_memory_is_read_back_as_it_was_written() -> None:
    boxes = np.array([[0.1, 0.2, 0.3, 0.4], [0.5, 0.5, 0.6, 0.9]], np.float32)
    memory = CameraMemory(cursor="a.jpg", blocked=1, stockouts={"version": 1}, evidence_day="2026-03-14")
    memory = memory.accepted(sharpness=812.5, boxes=boxes)
    again = CameraMemory.load(memory.dump())
    assert again == memory
    assert np.allclose(again.last_boxes, boxes, atol=1e-4)
    assert again.blocked == 0


def test_without_a_text_the_memory_is_empty() -> None:
    assert CameraMemory.load(None) == CameraMemory()
    assert CameraMemory().last_boxes.shape == (0, 4)


def test_usual_sharpness_is_the_median_of_the_last_accepted_frames() -> None:
    memory = CameraMemory()
    nothing = np.zeros((0, 4), np.float32)
    for step in range(ENOUGH_SHARPNESS - 1):
        memory = memory.accepted(sharpness=float(step), boxes=nothing)
        assert memory.usual_sharpness is None
    for _ in range(KEPT_SHARPNESS):
        memory = memory.accepted(sharpness=500.0, boxes=nothing)
    assert memory.usual_sharpness == 500.0
    assert len(memory.sharpness) == KEPT_SHARPNESS
