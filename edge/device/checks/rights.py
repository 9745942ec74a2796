"""Whether what is the device's own is closed to others."""

from __future__ import annotations

import re
import stat
from typing import TYPE_CHECKING

from edge.device.checks.finding import bad, doubtful, good
from edge.device.rights import OTHERS, too_open

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edge.contract.config import AgentConfig
    from edge.contract.findings import Finding

CHECK = "rights"
_SECRET_IN_URL = re.compile(r"://[^/\s:@]+:[^/\s@]+@")
_NAMED = 3


def check_rights(config: AgentConfig, file: Path) -> list[Finding]:
    """The data folder, the files that hold secrets, and the folder that decides what the agent is told."""
    findings = [*_secrets(config, file), *_folders(config, file)]
    return findings or [good(CHECK, f"{config.data} and the files with secrets are their owner's alone")]


def _secrets(config: AgentConfig, file: Path) -> Iterator[Finding]:
    named = [
        None if config.collector is None else config.collector.key_file,
        None if config.updates is None else config.updates.token_file,
        None if config.sensors is None else config.sensors.password_file,
        None if config.at_rest is None else config.at_rest.key,
    ]
    for path in dict.fromkeys(one for one in named if one is not None):
        if mode := _open_to_others(path):
            yield bad(CHECK, f"{path}: others may reach it (mode {mode:o})", f"chmod 600 {path}")
    if (mode := _open_to_others(file)) and _SECRET_IN_URL.search(_text(file)):
        yield bad(CHECK, f"{file} holds a password, and others may read it (mode {mode:o})", f"chmod 600 {file}")


def _folders(config: AgentConfig, file: Path) -> Iterator[Finding]:
    for path in (file, file.resolve().parent):
        mode = _open_to_others(path)
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            yield bad(CHECK, f"{path}: everybody may change what the agent is told", f"chmod o-w {path}")
    if not config.data.is_dir():
        return
    found = list(too_open(config.data))
    if found:
        names = ", ".join(str(one) for one in found[:_NAMED]) + (" …" if len(found) > _NAMED else "")
        said = f"others may read or write {len(found)} files of {config.data}: {names}"
        mend = "start the agent anew as its user, or: chmod -R go= on that folder"
        status = bad if config.data in found and _open_to_others(config.data) & stat.S_IWOTH else doubtful
        yield status(CHECK, said, mend)


def _open_to_others(path: Path) -> int:
    """The mode of a file that others may reach; 0 where they may not, or it cannot be looked at."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return 0
    return mode if mode & OTHERS else 0


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
