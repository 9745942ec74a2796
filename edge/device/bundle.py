"""The support bundle: what somebody far away needs to help, in one file. No frame, no secret."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import zipfile
from dataclasses import asdict
from importlib.metadata import distributions
from typing import TYPE_CHECKING

import yaml

from edge.contract.errors import ConfigError
from edge.device.redact import Redactor

if TYPE_CHECKING:
    from pathlib import Path

    from edge.contract.findings import DoctorResult
    from edge.device.doctor import Examined

UNIT = "facings-edge"
LOG_LINES = 2000
LOG_BYTES = 2 * 1024 * 1024


def write_bundle(out: Path, result: DoctorResult, examined: Examined, *, log: Path | None = None) -> list[str]:
    """Write the bundle.

    Args:
        out: the zip file; one that is there is replaced.
        result: of the doctor.
        examined: what it had before it.
        log: a file with the agent's log; without one the journal of the systemd unit is asked.

    Returns:
        The names of what it holds.

    Raises:
        ConfigError: the file cannot be written, or the log not read.
    """
    redactor = Redactor(examined.config)
    parts = {
        "doctor.json": result.model_dump_json(indent=2),
        "versions.json": json.dumps(_versions(), indent=2),
        "configuration.yaml": _configuration(examined),
        "outbox.json": _outbox(examined),
        "log.txt": _log(log),
    }
    held = {name: redactor.clean(text) for name, text in parts.items() if text}
    try:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle:
            for name, text in held.items():
                bundle.writestr(name, text)
    except OSError as error:
        raise ConfigError(f"{out}: {error.strerror}", "give a path that can be written") from None
    return sorted(held)


def _versions() -> dict[str, object]:
    return {
        "python": sys.version,
        "system": platform.platform(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "packages": dict(sorted((one.metadata["Name"], one.version) for one in distributions())),
    }


def _configuration(examined: Examined) -> str:
    if examined.config is None:
        return ""
    content = json.loads(examined.config.model_dump_json())
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=1000)


def _outbox(examined: Examined) -> str:
    if examined.outbox is None:
        return ""
    return json.dumps(asdict(examined.outbox), indent=2, default=str)


def _log(file: Path | None) -> str:
    """The end of the log; empty where there is none to be had."""
    if file is not None:
        try:
            with file.open("rb") as handle:
                handle.seek(max(0, file.stat().st_size - LOG_BYTES))
                return handle.read().decode("utf-8", "replace")
        except OSError as error:
            raise ConfigError(f"{file}: {error.strerror}", "give the file that holds the agent's log") from None
    journalctl = shutil.which("journalctl")
    if journalctl is None:
        return ""
    command = [journalctl, "--unit", UNIT, "--lines", str(LOG_LINES), "--no-pager", "--quiet", "--output", "short-iso"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=30, check=False)  # noqa: S603 - a fixed command
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace")
