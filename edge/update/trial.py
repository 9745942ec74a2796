"""Tries a release beside the one that runs, each in a process of its own at low priority: neither can hurt the agent.

`python -m edge.update.trial CONFIG NUMBER` reads the stored frames under one release (0: what the device came with) and
prints what it made of them. Another version of the agent is asked the same with its own interpreter: command and answer
are a contract between versions (docs/decisions/0034-environments.md).
"""

from __future__ import annotations

import json
import resource
import sys
import time
from dataclasses import dataclass
from functools import reduce
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from edge.contract.errors import ConfigError, DeliveryError, FacingsError
from edge.deliver.outbox_schema import PLAIN_VERSION, SCHEMA_VERSION, SEALED_VERSION
from edge.update.child import step_back, watch
from edge.update.comparison import Tried, Unit, better, misfit

if TYPE_CHECKING:
    import threading

    from edge.contract.config import AgentConfig
    from edge.contract.releases import Limits

LONGEST = 900.0
"""Seconds for one version, on the weakest device while the agent works. Longer is a hang."""

LONGEST_START = 120.0
"""Seconds until an agent says its version."""

ROUNDS = 2
"""What does not fit at first is tried once more: a device that was busy makes no release bad."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A release on its trial.

    Attributes:
        number: of the release, assembled.
        limits: how far it may be from what runs.
        python: of the environment whose agent it is to run under; this one's where it says nothing of the agent.
        version: of that agent.
    """

    number: int
    limits: Limits
    python: Path | None = None
    version: str = ""


def try_out(config: Path, running: int | None, candidate: Candidate, stop: threading.Event) -> str:
    """Try a release.

    Args:
        config: the agent's file.
        running: the release that runs; None: what the device came with.
        candidate: the release.
        stop: end the trial when set.

    Returns:
        Why it may not take the place of what runs; empty when it may.

    Raises:
        DeliveryError: it was stopped, or what runs cannot be tried: nothing is known then.
    """
    befores: list[Tried] = []
    afters: list[Tried] = []
    why = ""
    python = sys.executable
    if candidate.python is not None:
        python = str(candidate.python)
        if why := _misstarts(python, candidate.version, stop):
            return why
    for _ in range(ROUNDS):
        before = _tried(sys.executable, config, running or 0, stop)
        if isinstance(before, str):
            raise DeliveryError(f"what runs cannot be tried: {before}")
        after = _tried(python, config, candidate.number, stop)
        if isinstance(after, str):
            return after
        befores.append(before)
        afters.append(after)
        why = misfit(reduce(better, befores), reduce(better, afters), candidate.limits)
        if not why:
            return ""
    return why


def _tried(python: str, config: Path, number: int, stop: threading.Event) -> Tried | str:
    """What a version made of the stored frames, or why it made nothing."""
    command = [python, "-P", "-m", "edge.update.trial", str(config), str(number)]
    ended = watch(command, longest=LONGEST, stop=stop)
    if ended.fault:
        return ended.fault
    try:
        return Tried.model_validate_json(ended.out)
    except ValidationError:
        return "it said nothing that can be read"


def _misstarts(python: str, version: str, stop: threading.Event) -> str:
    """Why the agent of an environment cannot be started; empty when it says its version."""
    ended = watch([python, "-P", "-m", "edge.cli.app", "--version"], longest=LONGEST_START, stop=stop)
    if ended.fault:
        return f"agent {version} cannot be started: {ended.fault}"
    said = ended.out.decode(errors="replace").split()
    return "" if said[-1:] == [version] else f"agent {version} says it is {' '.join(said)[:80]!r}"


def read_frames(config: Path, number: int) -> Tried:
    """Read every stored frame under a release.

    Raises:
        FacingsError: the release does not fit this device, or gives nonsense.
    """
    import numpy as np  # noqa: PLC0415 - what is heavy belongs to the child alone

    import edge.device.agent  # noqa: F401, PLC0415 - that all of it can be loaded is seen here, not in the shop
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
    _check_contacts(under)
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
    writes = SEALED_VERSION if under.at_rest is not None and under.at_rest.on else PLAIN_VERSION
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Tried(frames=frames, milliseconds=spent, memory_mb=memory, outbox_reads=SCHEMA_VERSION, outbox_writes=writes)


def _check_contacts(config: AgentConfig) -> None:
    """That what reads a contact at a pin is there: it is no part of every agent."""
    sensors = [fixture.door.sensor for fixture in config.fixtures if fixture.door is not None]
    if any(one.kind == "gpio" for one in sensors) and find_spec("gpiod") is None:
        raise ConfigError("its wheels have no gpiod, which a door contact here needs", "./scripts/wheels … gpio")


def main() -> int:
    """The child."""
    step_back()
    try:
        tried = read_frames(Path(sys.argv[1]), int(sys.argv[2]))
    except FacingsError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    sys.stdout.write(json.dumps(tried.model_dump()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
