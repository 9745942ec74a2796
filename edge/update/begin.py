"""What an agent starts with: its own configuration, under the release that it runs. Decided at every start."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from edge.contract.desired import key_in
from edge.contract.errors import ConfigError, FacingsError
from edge.contract.files import WrongKeyError
from edge.device.settings import check_config, read_config
from edge.update.compose import laid_over
from edge.update.folder import UpdateFolder
from edge.update.state import StateFiles

if TYPE_CHECKING:
    from pathlib import Path

    from edge.contract.config import AgentConfig
    from edge.update.state import Slot, UpdateState

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Beginning:
    """What to start with."""

    config: AgentConfig
    running: int | None  # the release; None: what the device came with


class ElsewhereError(Exception):
    """What is to run lies in another environment than this process: it begins anew.

    Attributes:
        floor: what was installed on the device is to run, since the disk does not take down what is.
    """

    def __init__(self, *, floor: bool) -> None:
        super().__init__("another environment is to run")
        self.floor = floor


def begin(filed: AgentConfig, path: Path, *, slot: Slot | None = None) -> Beginning:
    """Choose what to start with, and count the start of a release that has not lasted yet.

    A release that cannot be used is taken back here, before anything of it runs: the one before comes in its place,
    and in the end what the device came with.

    Args:
        filed: the device's own configuration, its paths resolved.
        path: its file, for errors.
        slot: the environment that this process runs in; its start was counted by whoever launched it.

    Raises:
        FacingsError: the device's own configuration cannot be used.
        ElsewhereError: another environment is to run.
    """
    if filed.updates is not None:
        files, folder = StateFiles(filed.data / "updates"), UpdateFolder(filed.data)
        state = files.state()
        if state.environment is None and slot is None:
            state = kept(files, state.started())
        elif slot is None:
            check_config(filed, path)  # the launcher could not go over to it, and the disk refuses
            return Beginning(filed, None)
        while state.running is not None and state.environment == slot:
            try:
                config = compose(filed, path, folder, state.running)
            except FacingsError as error:
                state = kept(files, _back(state, folder, str(error)))
            else:
                return Beginning(config, state.running)
        if state.environment != slot:
            raise ElsewhereError(floor=files.state() != state)
    check_config(filed, path)
    return Beginning(filed, None)


def compose(filed: AgentConfig, path: Path, folder: UpdateFolder, number: int) -> AgentConfig:
    """The configuration under a release, with all it points to looked at.

    Raises:
        FacingsError: the release is damaged, or does not fit this device; told with the release as the place of the
            fault, unless the device's own file has it as well.
    """
    release = folder.load(number)
    config = laid_over(filed, release, folder.place(number))
    try:
        check_config(config, path)
    except WrongKeyError as error:
        check_config(filed, path)
        key = key_in(json.loads(config.model_dump_json()), error.loc)
        raise ConfigError(f"release {number}: {key}: {error.said}", error.mend) from None
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
    """Take back a release on probation that the agent could not start under; whether there was one and it is kept."""
    files = StateFiles(data / "updates")
    state = files.state()
    if state.running is None or state.probation is None:
        return False
    back = kept(files, state.rolled_back(why))
    return files.state() == back


def came_up(data: Path) -> None:
    """The environment does what it should: it ended in an orderly way, or said itself what keeps it from working."""
    files = StateFiles(data / "updates")
    state = files.state()
    if state.launches:
        kept(files, state.came_up())


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
    return state.release_lost()
