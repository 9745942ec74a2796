"""Streams of a camera on the network that fails in every way, and of files."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import psutil
import pytest

from edge.capture.child_process import Reader
from edge.capture.child_wire import Order
from edge.capture.stream import Stream
from edge.capture.stream_rules import BackOff, Deadlines, StreamState
from edge.capture.video import LiveCamera, open_live, open_stream
from edge.contract.config import RtspSource, UsbSource, VideoSource
from edge.contract.errors import SourceError
from tests.edge.capture import h264
from tests.edge.capture.rtsp_server import RtspServer, Script, shade

if TYPE_CHECKING:
    from pathlib import Path

    from edge.capture.frame import Frame

QUICK = BackOff(first=0.05, longest=0.1)
START = 20.0
FAST = Script(rate=25.0, speed=8.0)
"""FFmpeg looks at a second of a stream before it gives a frame; sent faster, that takes less of a test."""

OPENING = 40
"""Frames after which FFmpeg has surely opened a stream."""


def rtsp(server: RtspServer) -> RtspSource:
    return RtspSource(kind="rtsp", url=server.url)


def stream(server: RtspServer, *, silence: float = 1.0, **more: Any) -> Stream:
    order = Order("rtsp", server.url, rate=more.pop("rate", 500.0))
    deadlines = Deadlines(first=more.pop("first", START), frame=silence)
    return Stream(order, name="cam", deadlines=deadlines, back_off=QUICK, **more)


def odd(way: str, **more: Any) -> Stream:
    """A stream of a camera that hangs, see `odd_readers`."""
    deadlines = Deadlines(first=more.pop("first", START), frame=more.pop("silence", 0.5))
    program = (sys.executable, "-m", "tests.edge.capture.odd_readers", way)
    order = Order("rtsp", "rtsp://10.0.0.5/", rate=100.0)
    return Stream(order, name="cam", deadlines=deadlines, back_off=QUICK, program=program, **more)


def until_it_fails(source: Stream) -> tuple[list[Frame], str]:
    """The frames before the next failure, and what it said."""
    frames: list[Frame] = []
    with pytest.raises(SourceError) as caught:  # noqa: PT012 - what came before is kept
        for frame in source.frames():
            frames.append(frame)  # noqa: PERF402 - same
    return frames, str(caught.value)


@pytest.mark.parametrize(
    ("then", "said"),
    [("stall", "no frame within 1 s"), ("half", "no frame within 1 s"), ("drop", "broke off"), ("bye", "broke off")],
)
def test_a_stream_that_fails_in_the_middle_is_opened_anew(then: Any, said: str) -> None:
    scripts = [replace(FAST, frames=OPENING, then=then), FAST]
    with RtspServer(scripts) as server, closing(stream(server)) as source:
        frames, words = until_it_fails(source)
        assert frames
        assert said in words
        assert source.state == "backing off"
        assert source.reader_pid is None
        assert source.capture() is not None
        assert source.state == "streaming"
        assert server.connections == 2


@pytest.mark.parametrize(
    ("refuse", "deadline", "said"),
    [
        ("hang up", START, "the camera does not open"),
        ("silent", 2.0, "no frame within 2 s"),
        ("half an answer", 2.0, "no frame within 2 s"),
        ("unauthorised", START, "refuses the user or the password (check them in its address)"),
        ("not found", START, "has no such stream (check the path of its address)"),
    ],
)
def test_a_camera_that_does_not_let_one_in_says_why_in_time(
    refuse: Any, deadline: float, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENCV_FFMPEG_LOGLEVEL", "-8")  # as the agent has it, which silences FFmpeg in itself
    with RtspServer([Script(refuse=refuse)]) as server:
        began = time.monotonic()
        with pytest.raises(SourceError) as caught:
            open_live(rtsp(server), deadline=deadline).capture()
        assert time.monotonic() - began < deadline + 5.0  # a busy machine has its own time
    assert said in str(caught.value)
    assert f"rtsp://127.0.0.1:{server.port}/shelf" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_of_a_stream_of_differences_no_frame_is_given_before_the_first_whole_one() -> None:
    # The connection begins ten frames after a whole one: what comes till the next has nothing to differ from.
    with RtspServer([replace(FAST, codec="h264", first=10)]) as server, closing(stream(server)) as source:
        for frame, _ in zip(source.frames(), range(40), strict=False):
            off = np.abs(h264.truth().astype(int) - frame.image).mean(axis=(1, 2, 3))
            assert off.min() < 0.5


def test_a_camera_away_for_a_while_is_back_by_itself() -> None:
    scripts = [Script(refuse="hang up")] * 2 + [FAST]
    with RtspServer(scripts) as server, closing(stream(server)) as source:
        said = []
        frame = None
        while frame is None:
            try:
                frame = source.capture()
            except SourceError as error:
                said.append(str(error))
        assert len(said) == 2
        assert len(set(said)) == 1  # the same each time, so that it is logged once


def test_frames_have_the_size_they_come_in() -> None:
    sizes = ((320, 240),) * OPENING + ((160, 120),) * 20 + ((640, 480),)
    with RtspServer([replace(FAST, pictures=sizes)]) as server, closing(stream(server)) as source:
        seen: list[tuple[int, ...]] = []
        while (480, 640, 3) not in seen:
            frame = source.capture()
            assert frame is not None
            if not seen or frame.image.shape != seen[-1]:
                seen.append(frame.image.shape)
        assert frame is not None
        assert float(frame.image.std()) < 40  # a whole picture: smooth noise around one shade
    assert seen[0] == (240, 320, 3)
    assert server.connections == 1  # and nothing was opened anew for it


def test_of_a_live_stream_the_newest_frame_is_given() -> None:
    with RtspServer([Script(rate=50.0)]) as server, closing(stream(server)) as source:
        source.capture()
        for _ in range(3):
            time.sleep(0.4)
            asked = time.monotonic()
            frame = source.capture()
            assert frame is not None
            assert asked - frame.seconds < 0.15
        age = source.age()
        assert age is not None
        assert 0 <= age < 0.5


def test_a_flood_is_thinned_to_the_rate_and_never_queues_up() -> None:
    flood = Script(pictures=((64, 48),), rate=25.0, speed=0)
    with RtspServer([flood]) as server, closing(stream(server, rate=10.0)) as source:
        source.capture()
        began = time.monotonic()
        frames = [source.capture() for _ in range(10)]
        seconds = time.monotonic() - began
        assert 0.8 <= seconds < 3.0
        gaps = np.diff([frame.seconds for frame in frames if frame])
        assert gaps.min() > 0.02
        assert psutil.Process(source.reader_pid).memory_info().rss < 150 * 2**20


def test_a_reader_killed_from_outside_is_replaced() -> None:
    with RtspServer([FAST]) as server, closing(stream(server)) as source:
        source.capture()
        first = source.reader_pid
        psutil.Process(first).kill()
        _, said = until_it_fails(source)
        assert "signal 9" in said
        assert source.capture() is not None
        assert source.reader_pid != first


def test_a_read_that_never_comes_back_costs_its_deadline() -> None:
    with closing(odd("hangs-with-the-interpreter")) as source:
        frames, said = until_it_fails(source)
        assert frames
        assert "no frame within 0.5 s" in said
        asked = time.monotonic()
        assert source.capture() is not None  # by a reader of its own, that hangs in turn
        assert time.monotonic() - asked < START


def test_an_opening_that_never_comes_back_costs_the_deadline_of_the_first_frame() -> None:
    with closing(odd("never-opens", first=0.5)) as source:
        began = time.monotonic()
        _, said = until_it_fails(source)
        assert time.monotonic() - began < 1.5
        assert "no frame within 0.5 s" in said
        assert source.age() is None


def test_a_stream_that_hangs_can_be_closed_by_another_thread() -> None:
    source = odd("never-opens")
    given: list[object] = []
    capturing = threading.Thread(target=lambda: given.append(source.capture()))
    capturing.start()
    while source.reader_pid is None:
        time.sleep(0.01)
    began = time.monotonic()
    source.close()
    capturing.join(5)
    assert time.monotonic() - began < 2.0
    assert given == [None]
    assert source.state is StreamState.CLOSED
    assert source.gone
    assert source.capture() is None


def test_a_back_off_can_be_closed() -> None:
    source = Stream(
        Order("rtsp", "rtsp://127.0.0.1:9/"),
        name="cam",
        deadlines=Deadlines(START, START),
        back_off=BackOff(first=600, longest=600),
    )
    until_it_fails(source)
    threading.Timer(0.2, source.close).start()
    began = time.monotonic()
    assert source.capture() is None
    assert time.monotonic() - began < 2.0


def test_a_reader_that_cannot_be_started_is_told() -> None:
    source = Stream(
        Order("usb", 0), name="cam", deadlines=Deadlines(START, START), back_off=QUICK, program=("/nowhere/python",)
    )
    _, said = until_it_fails(source)
    assert "cam: no process can be started" in said


def test_while_a_killed_reader_is_held_by_a_driver_no_other_one_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    close = Reader.close
    monkeypatch.setattr(Reader, "close", lambda reader: not close(reader))  # killed, and still there
    monkeypatch.setattr(Reader, "gone", property(lambda reader: held[0] is not reader._process))
    absent = UsbSource(kind="usb", device="/dev/video-none")
    for camera in (open_live(absent, deadline=START), open_live(absent, deadline=START, every=1.0)):
        held: list[object] = [None]
        with pytest.raises(SourceError, match="does not open"):
            camera.capture()
        undead = (camera._stream if isinstance(camera, LiveCamera) else camera)._undead  # type: ignore[union-attr]
        assert undead is not None
        held = [undead._process]
        with pytest.raises(SourceError, match=r"does not die \(a driver hangs"):
            camera.capture()
        held = [None]
        with pytest.raises(SourceError, match="does not open"):
            camera.capture()


def test_a_camera_captured_seldom_is_closed_between_and_one_captured_often_is_not() -> None:
    with RtspServer([FAST]) as server:
        seldom = open_live(rtsp(server), deadline=START, every=900.0)
        often = open_live(rtsp(server), deadline=START, every=5.0)
        for camera in (seldom, often):
            with closing(camera):
                assert camera.capture() is not None
                assert camera.capture() is not None
        assert isinstance(seldom, LiveCamera)
        assert server.connections == 3


def test_a_capture_of_a_camera_kept_open_is_read_after_it_was_asked_for() -> None:
    with RtspServer([Script(rate=20.0)]) as server, closing(open_live(rtsp(server), deadline=START, every=1.0)) as kept:
        for _ in range(3):
            asked = time.monotonic()
            frame = kept.capture()
            assert frame is not None
            assert frame.seconds >= asked
            time.sleep(0.3)


def test_a_usb_camera_that_is_not_there_says_so() -> None:
    live = open_stream(UsbSource(kind="usb", device="/dev/video-none"), deadline=START, rate=5.0)
    with closing(live), pytest.raises(SourceError, match=r"camera /dev/video-none: .*does not open \(check the cable"):
        live.capture()


def film(path: Path, frames: int, size: tuple[int, int] = (64, 48)) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, size)
    for number in range(frames):
        writer.write(np.full((size[1], size[0], 3), shade(number), np.uint8))
    writer.release()
    return path


def test_of_a_file_every_frame_is_given_in_order_however_long_each_is_looked_at(tmp_path: Path) -> None:
    source = open_stream(VideoSource(kind="video", path=film(tmp_path / "a.avi", 40)), deadline=START)
    frames: list[Frame] = []
    for frame in source.frames():
        if len(frames) < 3:
            time.sleep(0.2)
        frames.append(frame)
    assert [frame.index for frame in frames] == list(range(40))
    assert [frame.seconds for frame in frames] == pytest.approx([number / 10 for number in range(40)])
    assert [float(frame.image.mean()) for frame in frames] == pytest.approx([shade(n) for n in range(40)], abs=3)
    assert source.state is StreamState.ENDED
    assert source.reader_pid is None
    assert source.rate == 10.0


def test_a_frame_given_is_not_written_over_by_later_ones(tmp_path: Path) -> None:
    with closing(open_stream(VideoSource(kind="video", path=film(tmp_path / "a.avi", 12)), deadline=START)) as source:
        first = source.capture()
        assert first is not None
        before = first.image.copy()
        list(source.frames())
        assert np.array_equal(first.image, before)


def test_a_file_goes_on_behind_the_frame_at_which_its_reader_died(tmp_path: Path) -> None:
    source = open_stream(VideoSource(kind="video", path=film(tmp_path / "a.avi", 30)), deadline=START)
    indices = [frame.index for frame in (source.capture() for _ in range(10)) if frame]
    psutil.Process(source.reader_pid).kill()
    rest, _ = until_it_fails(source)
    rest += list(source.frames())
    assert indices + [frame.index for frame in rest] == list(range(30))


def test_a_live_stream_without_a_rate_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="needs a rate"):
        open_stream(UsbSource(kind="usb"), deadline=1.0)
