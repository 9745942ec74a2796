"""Who runs the agent: every start begins in what was installed on the device, which goes over to an environment.

The installed agent reads which environment is to run, counts that start, and becomes it (`exec`): the process, its
supervisor and its watchdog stay. So an environment that cannot start at all is known by its count, and left, by code
that no release ever changed. What of this an environment relies on, and what it is relied on for, is in
docs/decisions/0034-environments.md.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import structlog
import yaml

from edge.contract.errors import ConfigError
from edge.device.health import agent_version
from edge.update.child import own_environment
from edge.update.environments import Environments
from edge.update.state import StateFiles

if TYPE_CHECKING:
    from edge.update.state import Slot, UpdateState

LAUNCHER = "FACINGS_LAUNCHER"
"""The variable by which an environment knows how to begin anew: the installed agent's command line, as JSON."""

FLOOR = "FACINGS_FLOOR"
"""Set when the installed agent is to run by itself, since nothing else can be and the disk does not take that down."""

log = structlog.get_logger(__name__)


def launch(config: Path) -> Slot | None:
    """Become the environment that is to run, where there is one.

    Returns:
        The environment that this process runs in; None: what was installed on the device, and it is to run.

    Raises:
        ConfigError: somebody started an environment by hand.
    """
    data = data_folder(config)
    if data is None:
        return None
    environments = Environments(data)
    slot = environments.slot_of(Path(sys.prefix))
    if slot is not None:
        if LAUNCHER not in os.environ:
            raise ConfigError(
                f"{sys.prefix} is an environment of releases", "start the edge that was installed on this device"
            )
        return slot
    if os.environ.pop(FLOOR, None) is None:
        _go_over(environments, StateFiles(data / "updates"), config)
    return None


def begin_anew(*, floor: bool = False) -> NoReturn:
    """The same command in the same process: its id, its supervisor and its terminal stay, its memory does not.

    Args:
        floor: what was installed on the device is to run, whatever is written down.
    """
    command = [sys.executable, *sys.orig_argv[1:]]
    if (said := os.environ.get(LAUNCHER)) is not None:
        command = json.loads(said)
    variables = {name: value for name, value in os.environ.items() if name not in {LAUNCHER, FLOOR}}
    if floor:
        variables[FLOOR] = "1"
    os.execve(command[0], command, variables)  # noqa: S606 - our own command line


def data_folder(config: Path) -> Path | None:
    """The data folder of a configuration that takes releases, read with as little understanding as can be.

    A newer agent may know keys that this one does not: it is not kept from starting by them. None where the file tells
    of no such folder, or cannot be read: then whoever goes on says what is wrong with it.
    """
    try:
        content = yaml.safe_load(config.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return None
    if not isinstance(content, dict) or not content.get("updates") or not isinstance(content.get("data"), str):
        return None
    return config.resolve().parent / str(content["data"])


def _go_over(environments: Environments, files: StateFiles, config: Path) -> None:
    """Become the environment that is to run; returns when none is, or none can be."""
    state = files.state()
    while (slot := state.environment) is not None:
        after, fault = _counted(environments, slot, state)
        goes = (after.running, after.environment) == (state.running, slot)
        if not _kept(files, after) and (after.probation is not None or not goes):
            log.error("update.start_not_counted", environment=slot, running="what the device came with")
            return  # nobody would ever know that it cannot start
        if goes:
            fault = _become(environments, slot, config)
            after = after.environment_lost(fault)
            if not _kept(files, after):
                return
        why = fault or after.set_aside.get(state.running or 0) or f"{state.launches} starts, none came up"
        log.error("update.environment_left", environment=slot, why=why, running=after.running)
        state = after


def _counted(environments: Environments, slot: Slot, state: UpdateState) -> tuple[UpdateState, str]:
    """The state after one more start of an environment, or without one that cannot be used, and why it cannot."""
    if fault := environments.fault(slot):
        return state.environment_lost(fault), fault
    installed = agent_version()
    if environments.holds_older(slot, installed):
        return state.without_environment(), f"agent {installed} was installed since"
    return state.launched(), ""


def _become(environments: Environments, slot: Slot, config: Path) -> str:
    """Go over to an environment; returns only when that cannot be, and why."""
    python = str(environments.python(slot))
    variables = own_environment() | {LAUNCHER: json.dumps([sys.executable, *sys.orig_argv[1:]])}
    command = [python, "-P", "-m", "edge.cli.app", "run", "--config", str(config)]
    try:
        os.execve(python, command, variables)  # noqa: S606 - what the fleet's owner signed
    except OSError as error:
        return f"environment {slot} cannot be started: {error.strerror}"


def _kept(files: StateFiles, state: UpdateState) -> bool:
    try:
        files.keep(state)
    except OSError as error:
        log.warning("update.state_not_kept", error=error.strerror)
        return False
    return True
