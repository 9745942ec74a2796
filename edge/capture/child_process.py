"""The agent's side of a reader: start it, ask it for frames, and kill it."""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import edge
from edge.capture.child_wire import MAX_MESSAGE, Kind, Reply, Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edge.capture.child_wire import Order

PROGRAM = (sys.executable, "-P", "-m", "edge.capture.child")

REAP_SECONDS = 2.0
"""A killed process is gone at once, unless a driver holds it in the kernel."""

FFMPEG_LOG = frozenset({"OPENCV_FFMPEG_LOGLEVEL", "OPENCV_FFMPEG_DEBUG"})

MAX_OCTETS = 3 * 120_000_000
MAX_WORDS = 65536


class ReaderSilentError(Exception):
    """The reader did not answer in time."""


class ReaderDiedError(Exception):
    """The reader is no more: killed, crashed, or never begun. Its words say how."""


class Reader:
    """One reader process, from its start to its end.

    Args:
        order: what it reads.
        program: the command; the number of its socket is appended.

    Raises:
        OSError: no process can be started.
    """

    def __init__(self, order: Order, *, program: Sequence[str] = PROGRAM) -> None:
        self._asking = threading.Lock()
        self._pixels: mmap.mmap | None = None
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._words, words = os.pipe()
        os.set_blocking(self._words, False)
        os.set_blocking(words, False)  # what nobody reads is dropped once the pipe is full
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, and a module of ours
                [*program, str(theirs.fileno())],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=words,
                pass_fds=[theirs.fileno()],
                env=_environment(),
                process_group=0,  # Ctrl-C is for the agent, which ends its readers itself
            )
        except OSError:
            os.close(self._words)
            self._channel.close()
            raise
        finally:
            theirs.close()
            os.close(words)
        assert self._process.stdin is not None
        self._lifeline = self._process.stdin  # stays open, see edge.capture.child.die_with
        with contextlib.suppress(BrokenPipeError):  # it died; asked for a frame, that is told
            self._lifeline.write(order.dump())
            self._lifeline.flush()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def ask(self, request: Request, *, timeout: float) -> tuple[Reply, NDArray[np.uint8] | None]:
        """The next frame's reply and a copy of its pixels, (height, width, 3) BGR; without pixels at an end.

        Raises:
            ReaderSilentError: no answer within `timeout` seconds. What it answers later would be out of turn: close it.
            ReaderDiedError: it is no more, or talks nonsense.
        """
        with self._asking:
            try:
                self._channel.settimeout(max(timeout, 0.001))
                self._channel.send(request.dump())
                message, files, _, _ = socket.recv_fds(self._channel, MAX_MESSAGE, 1)
            except TimeoutError:
                raise ReaderSilentError from None
            except OSError:
                raise ReaderDiedError(self._end()) from None
            try:
                if not message:
                    raise ReaderDiedError(self._end())
                reply = Reply.load(message)
                if files:
                    self._remap(files[0])
                return reply, self._copy(reply) if reply.kind is Kind.FRAME else None
            except ValueError as error:
                raise ReaderDiedError(str(error)) from None
            finally:
                for file in files:
                    os.close(file)

    def words(self) -> str:
        """What it and its libraries printed since last asked. It may hold an address with its password."""
        with contextlib.suppress(BlockingIOError):
            return os.read(self._words, MAX_WORDS).decode(errors="replace")
        return ""

    def close(self) -> bool:
        """Kill it; whether it is gone. A question under way in another thread ends with `ReaderDiedError`."""
        self._process.kill()
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)
        with self._asking:
            if self._channel.fileno() >= 0:
                self._channel.close()
                self._lifeline.close()
                os.close(self._words)
                self._pixels = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(REAP_SECONDS)
        return self.gone

    @property
    def gone(self) -> bool:
        """Whether the process has ended. One that a driver holds in the kernel lives on after it was killed."""
        return self._process.poll() is not None

    def _remap(self, file: int) -> None:
        """Take over new shared memory."""
        if not fcntl.fcntl(file, fcntl.F_GET_SEALS) & fcntl.F_SEAL_SHRINK:
            raise ValueError("shared memory that may shrink")
        self._pixels = mmap.mmap(file, 0, access=mmap.ACCESS_READ)

    def _copy(self, reply: Reply) -> NDArray[np.uint8]:
        """The frame, out of memory that the reader will write again."""
        pixels = self._pixels
        if pixels is None or not 0 < reply.octets <= min(MAX_OCTETS, len(pixels) - reply.offset):
            raise ValueError("a frame outside the shared memory")
        frame = np.frombuffer(pixels, np.uint8, reply.octets, reply.offset)
        return frame.reshape(reply.height, reply.width, 3).copy()

    def _end(self) -> str:
        """How the process ended."""
        try:
            code = self._process.wait(REAP_SECONDS)
        except subprocess.TimeoutExpired:
            return "it hung up"
        return f"signal {-code}" if code < 0 else f"exit code {code}"


def _environment() -> dict[str, str]:
    """A small process that finds this very package."""
    root = str(Path(edge.__file__).parent.parent)
    paths = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    # FFmpeg told anything about its log prints it to standard output; else errors, where they are looked for.
    inherited = {name: value for name, value in os.environ.items() if name not in FFMPEG_LOG}
    small = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
    transport = {"OPENCV_FFMPEG_CAPTURE_OPTIONS": "rtsp_transport;tcp"}  # over UDP pictures come torn
    return {**transport, **inherited, **small, "PYTHONPATH": paths}
