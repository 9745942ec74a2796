"""A still picture over HTTP: all of it in time, or none, from whatever answers."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edge.capture.snapshot import MAX_BYTES, Snapshot
from edge.contract.errors import SourceError
from tests.edge.recognise.files import encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Answer = Callable[[socket.socket, threading.Event], None]

DEADLINE = 1.0
PICTURE = encoded(".jpg", np.full((24, 32, 3), 90, np.uint8))
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(PICTURE)


@pytest.fixture
def camera() -> Iterator[Callable[[Answer], str]]:
    """Serves every connection with what is handed in; gives the address."""
    ended = threading.Event()
    with contextlib.ExitStack() as stack:

        def serve(answer: Answer) -> str:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

            def accept() -> None:
                with contextlib.suppress(OSError):
                    while True:
                        connection, _ = listener.accept()
                        with connection, contextlib.suppress(OSError):
                            answer(connection, ended)

            threading.Thread(target=accept, daemon=True).start()
            return f"http://user:secret@127.0.0.1:{listener.getsockname()[1]}/still.jpg?token=secret"

        yield serve
        ended.set()


def drip(data: bytes, head: bytes = b"") -> Answer:
    """Send a byte every now and then, so that no timeout of a socket ever runs out."""

    def answer(connection: socket.socket, ended: threading.Event) -> None:
        connection.recv(4096)
        connection.sendall(head)
        for index in range(len(data)):
            connection.sendall(data[index : index + 1])
            if ended.wait(0.05):
                return

    return answer


def silent(_: socket.socket, ended: threading.Event) -> None:
    ended.wait()


def endless(connection: socket.socket, _: threading.Event) -> None:
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(bytes(2**20))


def test_a_picture_in_time_is_given(camera: Callable[[Answer], str]) -> None:
    url = camera(lambda connection, _: connection.sendall(HEAD + PICTURE) if connection.recv(4096) else None)
    snapshot = Snapshot(url, deadline=10.0)
    for _ in range(2):
        frame = snapshot.capture()
        assert frame is not None
        assert frame.image.shape == (24, 32, 3)


@pytest.mark.parametrize(
    "answer",
    [drip(PICTURE, HEAD), drip(b"HTTP/1.1 200 OK\r\n" + b"X-Y: z\r\n" * 100), silent],
    ids=["picture byte by byte", "head byte by byte", "silence"],
)
def test_a_slow_answer_is_cut_at_the_deadline(camera: Callable[[Answer], str], answer: Answer) -> None:
    snapshot = Snapshot(camera(answer), deadline=DEADLINE)
    began = time.monotonic()
    with pytest.raises(SourceError) as caught:
        snapshot.capture()
    assert time.monotonic() - began < DEADLINE + 1.0
    assert "no whole picture within 1 s" in str(caught.value) or "Timeout" in str(caught.value)
    assert "secret" not in str(caught.value)
    snapshot.close()


def test_an_answer_that_never_ends_is_refused_by_its_size(camera: Callable[[Answer], str]) -> None:
    with pytest.raises(SourceError, match=f"over {MAX_BYTES} bytes"):
        Snapshot(camera(endless), deadline=30.0).capture()


def test_a_fetch_leaves_no_thread_behind(camera: Callable[[Answer], str]) -> None:
    snapshot = Snapshot(camera(silent), deadline=0.2)
    with pytest.raises(SourceError):
        snapshot.capture()
    end = time.monotonic() + 5.0
    while any(thread.name == "snapshot" for thread in threading.enumerate()):
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_fetch_can_be_broken_off_by_another_thread(camera: Callable[[Answer], str]) -> None:
    snapshot = Snapshot(camera(silent), deadline=60.0)
    threading.Timer(0.3, snapshot.close).start()
    began = time.monotonic()
    with pytest.raises(SourceError):
        snapshot.capture()
    assert time.monotonic() - began < 5.0
    assert snapshot.capture() is None
