"""Readers whose camera hangs, crashes or lies: `python -m tests.edge.capture.odd_readers WAY N`."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edge.capture.child import main
from edge.capture.child_wire import Kind, Reply

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edge.capture.child_wire import Order

FOR_EVER = 3600


class Odd:
    """A camera that gives a few frames and then does what it is there for."""

    frames = 3

    def __init__(self, way: str) -> None:
        self._way = way
        self._grabbed = 0

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return True

    def get(self, _: int, /) -> float:
        return 0.0

    def grab(self) -> bool:
        self._grabbed += 1
        if self._grabbed > self.frames:
            match self._way:
                case "hangs":
                    time.sleep(FOR_EVER)
                case "hangs-with-the-interpreter":
                    ctypes.PyDLL(None).sleep(FOR_EVER)  # called so, nothing else of Python runs
                case "crashes":
                    os.kill(os.getpid(), signal.SIGSEGV)
                case "raises":
                    raise RuntimeError("rtsp://user:secret@10.0.0.5/ broke")
        time.sleep(0.01)
        return True

    def retrieve(self, image: NDArray[np.uint8] | None = None, /) -> tuple[bool, NDArray[np.uint8]]:
        del image
        return True, np.full((24, 32, 3), self._grabbed, np.uint8)


def opener(order: Order) -> Odd:
    way = sys.argv[1]
    if way == "never-opens":
        time.sleep(FOR_EVER)
    if way == "tells":  # what anybody on the machine can see of this process
        seen = {name: Path(f"/proc/self/{name}").read_text() for name in ("cmdline", "environ")}
        Path(str(order.address).partition("@")[2]).write_text(json.dumps(seen))
    return Odd(way)


def lie(way: str) -> None:
    """Answer the first request with what is none."""
    with socket.socket(fileno=int(sys.argv[-1])) as channel:
        channel.recv(4096)
        if way == "talks-nonsense":
            channel.send(b"hello")
        if way == "gives-memory-that-shrinks":
            file = os.memfd_create("frames")
            os.ftruncate(file, 100)
            socket.send_fds(channel, [Reply(Kind.FRAME, 4, 4).dump()], [file])
        if way == "gives-too-large-a-frame":
            channel.send(Reply(Kind.FRAME, 4, 4).dump())
        time.sleep(FOR_EVER)


if __name__ == "__main__":
    if sys.argv[1] in {"talks-nonsense", "gives-memory-that-shrinks", "gives-too-large-a-frame"}:
        lie(sys.argv[1])
    main(opener)
