"""A process of its own at low priority for what takes long: it can be left off, is bounded, and ends with the agent."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from edge.contract.errors import DeliveryError

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

NICE = 10
_LOOK = 0.2
_END_WITH_PARENT = 1  # PR_SET_PDEATHSIG
_FOREIGN = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP")


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a child."""

    out: bytes
    fault: str  # one line; empty when it ended well


def watch(command: Sequence[str], *, longest: float, stop: threading.Event, told: bytes = b"") -> Ended:
    """Run a command to its end.

    Args:
        command: an interpreter and its module.
        longest: seconds; more is a hang, and it is ended.
        stop: leave off when set.
        told: its standard input.

    Raises:
        DeliveryError: it was left off.
    """
    child = subprocess.Popen(  # noqa: S603 - our own modules
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env=own_environment(),
    )
    deadline = time.monotonic() + longest
    given: bytes | None = told
    try:
        while True:
            try:
                out, err = child.communicate(given, timeout=_LOOK)
                break
            except subprocess.TimeoutExpired:
                given = None  # it was taken in by the first call
                if stop.is_set():
                    raise DeliveryError("left off: the agent ends") from None
                if time.monotonic() > deadline:
                    return Ended(b"", f"no answer within {longest:g} s")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    if child.returncode < 0:
        return Ended(out, f"ended by {signal.Signals(-child.returncode).name}")
    if child.returncode > 0:
        said = err.decode(errors="replace").strip().splitlines()
        return Ended(out, said[-1].removeprefix("error: ")[:400] if said else f"exit code {child.returncode}")
    return Ended(out, "")


def step_back() -> None:
    """In the child: leave processor and disk to the agent, and end with it."""
    os.nice(NICE)
    with suppress(psutil.Error, OSError, AttributeError):
        psutil.Process().ionice(psutil.IOPRIO_CLASS_IDLE)
    ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGKILL)


def own_environment() -> dict[str, str]:
    """The variables of this process without those that have a Python take its modules from elsewhere."""
    return {name: value for name, value in os.environ.items() if name not in _FOREIGN}
