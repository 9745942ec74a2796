"""The process that reads a camera: it may hang, crash and lie, it dies with the agent, and it shows no password."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pytest

from edge.capture.child_film import Film
from edge.capture.child_process import Reader, ReaderDiedError, ReaderSilentError
from edge.capture.child_wire import MAX_MESSAGE, Kind, Order, Reply, Request

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

ORDER = Order("rtsp", "rtsp://user:secret@10.0.0.5/stream", rate=100.0)
START = 20.0


def odd(way: str, order: Order = ORDER) -> Reader:
    return Reader(order, program=(sys.executable, "-m", "tests.edge.capture.odd_readers", way))


def eventually(holds: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Whether it comes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.02)
    return holds()


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def ask_until_it_fails(reader: Reader) -> int:
    """How many frames came before that."""
    frames = 0
    with pytest.raises(ReaderSilentError):  # noqa: PT012 - what came before is counted
        while True:
            reply, image = reader.ask(Request(), timeout=START if frames == 0 else 0.5)
            assert reply.kind is Kind.FRAME
            assert image is not None
            assert image.shape == (24, 32, 3)
            frames += 1
    return frames


@pytest.mark.parametrize("way", ["hangs", "hangs-with-the-interpreter"])
def test_a_reader_whose_camera_hangs_is_silent_and_can_be_killed(way: str) -> None:
    with closing(odd(way)) as reader:
        assert 1 <= ask_until_it_fails(reader) <= 3
        pid, began = reader.pid, time.monotonic()
        assert reader.close()
        assert time.monotonic() - began < 1.0
        assert not is_running(pid)


def test_a_question_to_a_reader_that_is_killed_ends_at_once() -> None:
    with closing(odd("never-opens")) as reader:
        os.kill(reader.pid, signal.SIGKILL)
        with pytest.raises(ReaderDiedError, match="signal 9"):
            reader.ask(Request(), timeout=START)


def test_a_crash_of_the_camera_library_is_told_by_its_signal() -> None:
    with closing(odd("crashes")) as reader, pytest.raises(ReaderDiedError, match="signal 11"):  # noqa: PT012
        for _ in range(5):
            reader.ask(Request(), timeout=START)


def test_an_error_in_the_reader_is_told_without_the_words_of_the_library() -> None:
    with closing(odd("raises")) as reader:
        reply, image = reader.ask(Request(), timeout=START)
        while image is not None:
            reply, image = reader.ask(Request(), timeout=START)
    assert reply.kind is Kind.FAILED
    assert reply.reason == "its reader failed: RuntimeError"


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("talks-nonsense", "too short"),
        ("gives-memory-that-shrinks", "may shrink"),
        ("gives-too-large-a-frame", "outside the shared memory"),
    ],
)
def test_a_reader_taken_over_by_what_it_reads_does_the_agent_no_harm(way: str, said: str) -> None:
    with closing(odd(way)) as reader, pytest.raises(ReaderDiedError, match=said):
        reader.ask(Request(), timeout=START)


AGENT = """
    import sys, time
    from edge.capture.child_process import Reader
    from edge.capture.child_wire import Order, Request
    reader = Reader(Order("rtsp", "rtsp://10.0.0.5/"), program=(sys.executable, "-m", "tests.edge.capture.odd_readers",
                    sys.argv[1]))
    if sys.argv[1] != "never-opens":
        reader.ask(Request(), timeout=20)
    print(reader.pid, flush=True)
    time.sleep(3600)
"""


@pytest.mark.parametrize("way", ["hangs", "hangs-with-the-interpreter", "never-opens", "streams"])
def test_a_killed_agent_leaves_no_reader_behind(way: str) -> None:
    command = [sys.executable, "-c", textwrap.dedent(AGENT), way]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as agent:
        assert agent.stdout is not None
        reader = int(agent.stdout.readline())
        time.sleep(0.2)  # the camera hangs by now
        assert is_running(reader)
        agent.send_signal(signal.SIGKILL)
    assert eventually(lambda: not is_running(reader))


def test_neither_command_line_nor_environment_shows_the_address(tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    with closing(odd("tells", Order("rtsp", f"rtsp://user:secret@{told}", rate=100.0))) as reader:
        reader.ask(Request(), timeout=START)
        seen = json.loads(told.read_text())
        seen["parent's view"] = " ".join(psutil.Process(reader.pid).cmdline())
    assert "odd_readers" in seen["cmdline"]
    assert "PYTHONPATH" in seen["environ"]
    assert not any("secret" in text for text in seen.values())


def test_a_reader_loads_no_models_and_no_configuration() -> None:
    code = "import sys, edge.capture.child, edge.capture.child_film; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert "cv2" in loaded
    assert loaded.isdisjoint({"onnxruntime", "pydantic", "paho", "sqlite3", "structlog", "urllib3"})


def test_a_frame_that_is_being_unpacked_when_a_later_one_is_asked_for_is_in_nobodys_way() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        film = Film(Order("video", "film"), theirs, lambda _: SlowFilm(ours))
        serving = threading.Thread(target=film.serve, daemon=True)
        serving.start()
        ours.settimeout(START)
        ours.send(Request(0).dump())
        for wanted in (0, 3):  # the second is asked for while frame 1 is being unpacked, see SlowFilm
            message, files, _, _ = socket.recv_fds(ours, MAX_MESSAGE, 1)
            for file in files:
                os.close(file)
            assert Reply.load(message).index == wanted
        ours.shutdown(socket.SHUT_RDWR)
        serving.join(START)


class SlowFilm:
    """Five frames. While frame 1 is unpacked, somebody asks for frame 3."""

    def __init__(self, asker: socket.socket) -> None:
        self._asker = asker
        self._number = -1

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return True

    def grab(self) -> bool:
        self._number += 1
        return self._number < 5

    def retrieve(self, image: NDArray[np.uint8] | None = None, /) -> tuple[bool, NDArray[np.uint8]]:
        if self._number == 1:
            time.sleep(0.3)  # frame 0 is on its way
            self._asker.send(Request(3).dump())
            time.sleep(0.3)
        return True, np.zeros((24, 32, 3), np.uint8) if image is None else image

    def get(self, prop: int, /) -> float:  # noqa: ARG002 - OpenCV's order
        return 10.0


def test_closing_twice_does_nothing_more() -> None:
    reader = odd("streams")
    assert reader.close()
    assert reader.close()


def test_readers_leave_no_open_files_behind() -> None:
    me = psutil.Process()
    before = me.num_fds()
    for _ in range(3):
        with closing(odd("streams")) as reader:
            reader.ask(Request(), timeout=START)
    assert me.num_fds() <= before  # fewer when what earlier tests left was collected meanwhile
