"""The program that reads one camera: `python -m edge.capture.child N`, N being the socket it talks over.

Camera libraries block for ever, leak and crash. Here they may: the agent kills this process and starts another.
Little is loaded, no model and no configuration, so that it starts in a moment and stays small.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import socket
import sys
from typing import TYPE_CHECKING

from edge.capture.child_wire import Order

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.capture.child_film import Video


def main(opener: Callable[[Order], Video] | None = None) -> None:
    """Read as the order on standard input says, until the agent is gone.

    Args:
        opener: opens what is to be read; a test gives one that never comes back.
    """
    order = Order.load(sys.stdin.buffer.readline())
    die_with(sys.stdin.fileno())
    from edge.capture.child_film import Film, open_video  # noqa: PLC0415 - loading OpenCV may hang, too

    with socket.socket(fileno=int(sys.argv[-1])) as channel:
        Film(order, channel, opener or open_video).serve()
    os._exit(0)  # the thread that reads may be stuck for ever


def die_with(lifeline: int) -> None:
    """Have the kernel end this process when a pipe is closed at its other end, whatever this process is doing then.

    Nothing more may come through the pipe: that would end it, too.

    The agent holds the other end, so it closes when the agent dies, of SIGKILL too. A thread that waits for that would
    need the interpreter, which a stuck library may hold. `PR_SET_PDEATHSIG` would be sent when the thread ends that
    started this process, not when the agent does.
    """
    signal.signal(signal.SIGIO, signal.SIG_DFL)  # which is to end the process
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    poll = select.poll()
    poll.register(lifeline, 0)
    if poll.poll(0):  # it was closed before
        os._exit(0)


if __name__ == "__main__":
    main()
