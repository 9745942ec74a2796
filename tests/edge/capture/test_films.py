"""A reader's work, with a camera that does as the test says."""

from __future__ import annotations

import mmap
import os
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from edge.capture import child_film, stream_rules
from edge.capture.child_film import Film
from edge.capture.child_wire import BROKE_OFF, NO_FRAME, OPENS_NOT, TOO_FAST, Kind, Order, Reply, Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


class FakeVideo:
    """Frames of one shade each, its number.

    Args:
        frames: how many there are.
        seconds: from one to the next.
        opens: whether it opens.
        dated: its own time from one to the next.
        grey: whether it gives grey pictures, without colours.
        rate: as it says.
    """

    def __init__(
        self,
        frames: int = 100_000,
        *,
        seconds: float = 0.0,
        opens: bool = True,
        dated: float = 0.04,
        grey: bool = False,
        rate: float = 25.0,
    ) -> None:
        self._left, self._seconds, self._opens, self._dated = frames, seconds, opens, dated
        self._shape = (24, 32) if grey else (24, 32, 3)
        self._rate = rate
        self.grabbed = 0

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return self._opens

    def get(self, prop: int, /) -> float:
        return {cv2.CAP_PROP_POS_MSEC: self.grabbed * self._dated * 1000, cv2.CAP_PROP_FPS: self._rate}[prop]

    def grab(self) -> bool:
        if self._left == 0:
            return False
        time.sleep(self._seconds)
        self._left -= 1
        self.grabbed += 1
        return True

    def retrieve(self, image: NDArray[np.uint8] | None = None, /) -> tuple[bool, NDArray[np.uint8]]:
        if image is None:
            image = np.empty(self._shape, np.uint8)
        image[...] = (self.grabbed - 1) % 251
        return True, image


class Asker:
    """The agent's side, frame by frame."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self.pixels: mmap.mmap | None = None

    def ask(self, first: int = 0, since: int = 0) -> Reply:
        self._channel.send(Request(first, since).dump())
        message, files, _, _ = socket.recv_fds(self._channel, 4096, 1)
        for file in files:
            self.pixels = mmap.mmap(file, 0, access=mmap.ACCESS_READ)
            os.close(file)
        return Reply.load(message)

    def shades(self, reply: Reply) -> set[int]:
        """Of the frame, as it is in memory now."""
        assert self.pixels is not None
        return set(self.pixels[reply.offset : reply.offset + reply.octets])


@contextmanager
def film(order: Order, video: FakeVideo) -> Iterator[Asker]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(20)
    serving = threading.Thread(target=Film(order, theirs, lambda _: video).serve)
    serving.start()
    with ours, theirs:
        yield Asker(ours)
        ours.shutdown(socket.SHUT_RDWR)
        serving.join(5)
    assert not serving.is_alive()


LIVE = Order("rtsp", "rtsp://10.0.0.5/", rate=500.0)
FILE = Order("video", "a.avi")


def test_a_frame_handed_out_is_not_written_over_until_the_next_one_is_asked_for() -> None:
    video = FakeVideo(seconds=0.001)
    with film(LIVE, video) as asker:
        for _ in range(5):
            reply = asker.ask()
            grabbed = video.grabbed
            while video.grabbed < grabbed + 20:
                assert asker.shades(reply) == {reply.index % 251}


def test_of_a_live_source_frames_that_nobody_takes_are_passed_over() -> None:
    video = FakeVideo(seconds=0.002)
    with film(LIVE, video) as asker:
        asker.ask()
        time.sleep(0.2)
        seen = video.grabbed
        assert asker.ask().index >= seen - 2


def test_without_a_rate_a_frame_is_made_only_when_one_is_asked_for() -> None:
    video = FakeVideo(seconds=0.002)
    with film(Order("usb", 0), video) as asker:
        time.sleep(0.1)
        asked = time.monotonic_ns()
        reply = asker.ask(since=asked)
        assert reply.read_ns >= asked
        assert asker.shades(reply) == {reply.index % 251}


def test_a_frame_older_than_wanted_is_not_given() -> None:
    with film(LIVE, FakeVideo(seconds=0.05)) as asker:
        asker.ask()
        time.sleep(0.12)
        asked = time.monotonic_ns()
        assert asker.ask(since=asked).read_ns >= asked


def test_a_file_waits_for_who_looks_at_it_and_ends_after_its_last_frame() -> None:
    video = FakeVideo(6)
    with film(FILE, video) as asker:
        assert asker.ask().index == 0
        time.sleep(0.05)
        assert video.grabbed <= 3
        assert [asker.ask().index for _ in range(2)] == [1, 2]
        assert asker.ask(first=5).index == 5
        assert asker.ask().kind is Kind.END
        assert asker.ask().kind is Kind.END


def test_the_frames_after_opening_are_passed_over() -> None:
    video = FakeVideo(seconds=0.01)
    with film(Order("usb", 0, warm_up=4), video) as asker:
        assert min(asker.shades(asker.ask())) >= 4


def test_grey_cameras_give_three_channels() -> None:
    with film(FILE, FakeVideo(3, grey=True)) as asker:
        for number in range(3):
            reply = asker.ask()
            assert (reply.height, reply.width) == (24, 32)
            assert asker.shades(reply) == {number}


@pytest.mark.parametrize(("rate", "said"), [(25.0, 25.0), (90_000.0, 0.0), (0.0, 0.0), (float("nan"), 0.0)])
def test_a_rate_that_cannot_be_is_none(rate: float, said: float) -> None:
    with film(FILE, FakeVideo(1, rate=rate)) as asker:
        assert asker.ask().rate == said


@pytest.mark.parametrize(
    ("order", "video", "reason"),
    [
        (LIVE, FakeVideo(opens=False), OPENS_NOT),
        (LIVE, FakeVideo(0), NO_FRAME),
        (FILE, FakeVideo(0), NO_FRAME),
        (Order("usb", 0, warm_up=4), FakeVideo(3), NO_FRAME),
        (Order("usb", 0, warm_up=4), FakeVideo(4), NO_FRAME),
    ],
)
def test_a_source_without_frames_says_why(order: Order, video: FakeVideo, reason: str) -> None:
    with film(order, video) as asker:
        reply = asker.ask()
    assert (reply.kind, reply.reason) == (Kind.FAILED, reason)


def test_the_end_of_a_live_source_is_a_failure() -> None:
    with film(LIVE, FakeVideo(1)) as asker:
        asker.ask()
        reply = asker.ask()
    assert (reply.kind, reply.reason) == (Kind.FAILED, BROKE_OFF)


@pytest.mark.parametrize(("busy", "reason"), [(1.0, TOO_FAST), (0.3, "")])
def test_a_reader_too_slow_for_its_camera_gives_up_once_its_frames_are_old(
    monkeypatch: pytest.MonkeyPatch, busy: float, reason: str
) -> None:
    monkeypatch.setattr(stream_rules, "LAG_ALLOWED", 0.05)
    monkeypatch.setattr(stream_rules, "LAG_BORNE", 0.2)
    monkeypatch.setattr(child_film, "_busy_seconds", lambda: time.monotonic() * busy)
    with film(LIVE, FakeVideo(seconds=0.005, dated=0.001)) as asker:
        replies = [asker.ask() for _ in range(100)]
    assert replies[-1].reason == reason
