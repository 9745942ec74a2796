"""What was wrong for a while is remembered; what was wrong for a moment, while a hand moved the camera, is not."""

from __future__ import annotations

from edge.aim.findings import Finding
from edge.aim.history import HOLD_SECONDS, History


def followed(*looks: tuple[float, bool | None]) -> History:
    history = History()
    for at, passed in looks:
        history.look([Finding("dark", passed)], at=at)
    return history


def test_what_fails_for_long_enough_failed_once_however_long() -> None:
    one = followed((0, False), (1, False), (HOLD_SECONDS, False), (9, False), (10, True)).followed["dark"]
    assert (one.fails, one.first, one.since) == (1, HOLD_SECONDS, None)


def test_what_fails_for_a_moment_did_not_fail() -> None:
    assert followed((0, False), (HOLD_SECONDS - 0.1, False), (HOLD_SECONDS, True)).followed["dark"].fails == 0


def test_what_is_not_known_ends_nothing_and_begins_nothing() -> None:
    assert followed((0, False), (1, None), (HOLD_SECONDS, False)).followed["dark"].fails == 1
    assert followed((0, None), (HOLD_SECONDS + 1, None)).followed["dark"].fails == 0


def test_what_is_mended_and_fails_again_failed_twice() -> None:
    history = followed((0, False), (4, False), (5, True), (6, False), (10, False))
    one = history.followed["dark"]
    assert (one.fails, one.counted, one.first) == (2, True, 4)
    assert history.failed["dark"].passed is False
