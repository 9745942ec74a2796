"""What an agent starts with: its own configuration, under the release that it runs. Decided at every start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from edge.contract.errors import FacingsError
from edge.device.settings import check_config, read_config
from edge.update.compose import laid_over
from edge.update.folder import UpdateFolder
from edge.update.state import StateFiles

if TYPE_CHECKING:
    from pathlib import Path

    from edge.contract.config import AgentConfig
    from edge.update.state import UpdateState

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Beginning:
    """What to start with."""

    config: AgentConfig
    running: int | None  # the release; None: what the device came with


def begin(filed: AgentConfig, path: Path) -> Beginning:
    """Choose what to start with, and count the start of a release that has not lasted yet.

    A release that cannot be used is taken back here, before anything of it runs: the one before comes in its place,
    and in the end what the device came with.

    Args:
        filed: the device's own configuration, its paths resolved.
        path: its file, for errors.

    Raises:
        FacingsError: the device's own configuration cannot be used.
    """
    if filed.updates is not None:
        files, folder = StateFiles(filed.data / "updates"), UpdateFolder(filed.data)
        state = kept(files, files.state().started())
        while state.running is not None:
            try:
                config = compose(filed, path, folder, state.running)
            except FacingsError as error:
                state = kept(files, _back(state, folder, str(error)))
            else:
                return Beginning(config, state.running)
    check_config(filed, path)
    return Beginning(filed, None)


def compose(filed: AgentConfig, path: Path, folder: UpdateFolder, number: int) -> AgentConfig:
    """The configuration under a release, with all it points to looked at.

    Raises:
        FacingsError: the release is damaged, or does not fit this device.
    """
    release = folder.load(number)
    config = laid_over(filed, release, folder.place(number))
    check_config(config, path)
    return config


def read_anew(path: Path) -> AgentConfig:
    """The device's own configuration from its file, under the release that runs, with all it points to looked at.

    Raises:
        FacingsError: it cannot be used.
    """
    filed = read_config(path)
    running = None if filed.updates is None else StateFiles(filed.data / "updates").state().running
    if running is not None:
        return compose(filed, path, UpdateFolder(filed.data), running)
    check_config(filed, path)
    return filed


def roll_back(data: Path, why: str) -> bool:
    """Take back a release on probation that the agent could not start under; whether there was one."""
    files = StateFiles(data / "updates")
    state = files.state()
    if state.running is None or state.probation is None:
        return False
    kept(files, state.rolled_back(why))
    return True


def kept(files: StateFiles, state: UpdateState) -> UpdateState:
    """Keep a state, and tell in the log what became of a release; a disk that refuses keeps no agent from starting."""
    before = files.state()
    if state == before:
        return state
    for number in sorted(state.set_aside.keys() - before.set_aside.keys()):
        log.error("update.set_aside", release=number, why=state.set_aside[number], running=state.running)
    try:
        files.keep(state)
    except OSError as error:
        log.warning("update.state_not_kept", error=error.strerror)
    return state


def _back(state: UpdateState, folder: UpdateFolder, why: str) -> UpdateState:
    """The state without a release that cannot be used. One that had lasted is damaged, and may be fetched again."""
    assert state.running is not None
    if state.probation is not None:
        return state.rolled_back(why)
    log.error("update.damaged", release=state.running, why=why)
    folder.forget_damaged(state.running)
    return state.model_copy(update={"running": state.before, "before": None})
