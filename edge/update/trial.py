"""Tries a release beside the one that runs, each in a process of its own at low priority: neither can hurt the agent.

`python -m edge.update.trial CONFIG NUMBER` reads the stored frames under one release (0: what the device came with) and
prints what it made of them.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import suppress
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from edge.contract.errors import DeliveryError, FacingsError
from edge.update.comparison import Tried, Unit, better, misfit

if TYPE_CHECKING:
    import threading

    from edge.contract.releases import Limits

LONGEST = 900.0
"""Seconds for one version, on the weakest device while the agent works. Longer is a hang."""

ROUNDS = 2
"""What does not fit at first is tried once more: a device that was busy makes no release bad."""

NICE = 10
_LOOK = 0.2
_END_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def try_out(config: Path, running: int | None, number: int, limits: Limits, stop: threading.Event) -> str:
    """Try a release.

    Args:
        config: the agent's file.
        running: the release that runs; None: what the device came with.
        number: of the release, assembled.
        limits: how far it may be from what runs.
        stop: end the trial when set.

    Returns:
        Why it may not take the place of what runs; empty when it may.

    Raises:
        DeliveryError: it was stopped, or what runs cannot be tried: nothing is known then.
    """
    befores: list[Tried] = []
    afters: list[Tried] = []
    why = ""
    for _ in range(ROUNDS):
        before = _tried(config, running or 0, stop)
        if isinstance(before, str):
            raise DeliveryError(f"what runs cannot be tried: {before}")
        after = _tried(config, number, stop)
        if isinstance(after, str):
            return after
        befores.append(before)
        afters.append(after)
        why = misfit(reduce(better, befores), reduce(better, afters), limits)
        if not why:
            return ""
    return why


def _tried(config: Path, number: int, stop: threading.Event) -> Tried | str:
    """What a version made of the stored frames, or why it made nothing."""
    command = [sys.executable, "-m", "edge.update.trial", str(config), str(number)]
    child = subprocess.Popen(  # noqa: S603 - our own module
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    deadline = time.monotonic() + LONGEST
    try:
        while True:
            try:
                out, err = child.communicate(timeout=_LOOK)
                break
            except subprocess.TimeoutExpired:
                if stop.is_set():
                    raise DeliveryError("the trial was left off: the agent ends") from None
                if time.monotonic() > deadline:
                    return f"no answer within {LONGEST:g} s"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    if child.returncode < 0:
        return f"ended by {signal.Signals(-child.returncode).name}"
    try:
        return Tried.model_validate_json(out)
    except ValidationError:
        said = err.decode(errors="replace").strip().splitlines()
        return said[-1].removeprefix("error: ")[:400] if said else f"exit code {child.returncode}"


def read_frames(config: Path, number: int) -> Tried:
    """Read every stored frame under a release.

    Raises:
        FacingsError: the release does not fit this device, or gives nonsense.
    """
    import numpy as np  # noqa: PLC0415 - what is heavy belongs to the child alone

    from edge.device.at_rest import at_rest_to_look  # noqa: PLC0415
    from edge.device.opening import load_analysers, looks_for_people, models_of  # noqa: PLC0415
    from edge.device.settings import check_config, read_config  # noqa: PLC0415
    from edge.recognise.images import decode_upright  # noqa: PLC0415
    from edge.update.begin import compose  # noqa: PLC0415
    from edge.update.folder import UpdateFolder  # noqa: PLC0415
    from edge.update.frames import label_of  # noqa: PLC0415

    filed = read_config(config)
    folder, at_rest = UpdateFolder(filed.data), at_rest_to_look(filed)
    if number:
        under = compose(filed, config, folder, number)
    else:
        under = filed
        check_config(under, config)
    loaded = models_of(under)
    analysers = load_analysers(under, loaded)
    blank = np.full((480, 640, 3), 128, np.uint8)
    for analyser in analysers.values():
        analyser.analyse(blank)  # that it runs is known without a frame; and the first of a process is slow
    if under.traffic or looks_for_people(under):
        loaded.people.detect(blank)
    frames: dict[str, list[Unit]] = {}
    spent: list[float] = []
    for camera in under.cameras:
        for path in sorted((folder.frames / camera.id).glob("*.jpg")):
            picture = decode_upright(at_rest.open(path.read_bytes(), label_of(path)), str(path))
            began = time.process_time()
            analysis = analysers[camera.fixture].analyse(picture.image)
            spent.append((time.process_time() - began) * 1000)
            frames[f"{camera.id}/{path.name}"] = [Unit(box=facing.box, sku=facing.sku) for facing in analysis.facings]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Tried(frames=frames, milliseconds=spent, memory_mb=memory)


def main() -> int:
    """The child."""
    os.nice(NICE)
    ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGKILL)
    try:
        tried = read_frames(Path(sys.argv[1]), int(sys.argv[2]))
    except FacingsError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stdout.write(json.dumps(tried.model_dump()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
