"""What a device does first when it starts: the rest of a move, or of its own end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from edge.contract.errors import DeliveryError, FacingsError
from edge.contract.orders import Outcome
from edge.device.order_file import Moving, OrderFile, Retired, Retiring

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GONE = 78
"""The exit code of an agent whose device is none any more (EX_CONFIG of sysexits.h): a supervisor starts it no more."""


class GoneError(FacingsError):
    """This was a device and is none any more."""


def carry_on(path: Path, *, alive: Callable[[], None] = lambda: None) -> None:
    """Go on with what the device is in the midst of; what it then is, its files say.

    Args:
        path: the configuration file.
        alive: is called every fraction of a second where that takes long.

    Raises:
        GoneError: it is no device any more.
        FacingsError: another agent is at work, or the disk refuses.
    """
    file = OrderFile(path)
    step = file.read()
    if isinstance(step, Moving):
        from edge.device.moving import move  # noqa: PLC0415 - for who moves alone

        move(path, step, None if step.order is None else Outcome(order=step.order, outcome="moved"))
    elif isinstance(step, Retiring):
        from edge.device.retiring import retire  # noqa: PLC0415 - for who retires alone

        if retire(path, step, alive=alive):
            raise _gone(file)
    elif isinstance(step, Retired):
        if not path.exists():
            raise _gone(file)
        file.forget()  # it was let in anew


def move_now(path: Path, step: Moving, *, patience: float = 60.0) -> None:
    """Move while somebody stands before the device; an agent at work does it, once it has ended for that.

    Args:
        path: the configuration file.
        step: the move.
        patience: seconds for an agent at work.

    Raises:
        FacingsError: the agent does not make room, or the disk refuses.
    """
    file = OrderFile(path)
    file.keep(step)
    until = time.monotonic() + patience
    while isinstance(file.read(), Moving):
        try:
            carry_on(path)
        except DeliveryError:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)


def _gone(file: OrderFile) -> GoneError:
    step = file.read()
    when = f" on {step.at:%Y-%m-%d %H:%M} UTC" if isinstance(step, Retired) else ""
    return GoneError(f"this device was retired and wiped{when}", "let it in anew: edge provision --claim …")
