"""The systemd unit: what it starts is a command, what it allows is what the agent needs."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from edge.cli.app import app
from edge.device.agent import FAREWELL
from edge.update.environments import Environments
from tests.edge.device.agents import CATALOGUE, FRAMES, ROOT

PR_SET_MDWE = 65
UNSUPPORTED = 77
MOST_EXPOSED = 21
"""Of 100, as `systemd-analyze security` counts. What is left are the network, cameras and their group, what is read of
/proc, the question about the clock, and the priority of a trial."""

UNIT = Path(__file__).resolve().parents[3] / "configs" / "systemd" / "facings-edge.service"


def keys() -> dict[str, list[str]]:
    found = defaultdict(list)
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found[key].append(value)
    return found


def test_what_it_starts_is_a_command_of_ours() -> None:
    words = shlex.split(keys()["ExecStart"][0])
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    command = group.commands[words[1]]
    assert not command.make_context("unit", words[2:]).args


def test_it_is_told_when_the_agent_is_ready_and_watches_it() -> None:
    unit = keys()
    assert unit["Type"] == ["notify"]
    assert int(unit["WatchdogSec"][0]) >= 30
    assert unit["Restart"] == ["always"]
    assert unit["StartLimitIntervalSec"] == ["0"]


def test_an_orderly_end_fits_into_the_time_it_is_given() -> None:
    # A command, captures, pictures, the flush, and twice 5 s for the delivery's and the link's threads.
    assert int(keys()["TimeoutStopSec"][0]) > 6 * FAREWELL


def test_the_agent_may_ask_whether_its_clock_is_synchronised() -> None:
    unit = keys()
    assert "ProtectClock" not in unit  # it forbids the question along with the setting
    assert unit["SystemCallFilter"][-1].split() == ["adjtimex", "clock_adjtime"]
    assert unit["CapabilityBoundingSet"] == [""]


def test_what_it_writes_cannot_be_run_but_for_the_environments_of_releases() -> None:
    unit = keys()
    assert unit["NoExecPaths"] == ["/"]
    allowed = [Path(path.removeprefix("-")) for path in unit["ExecPaths"][0].split()]
    # Each is made, or comes with the system; one that came later would not be in force until the next start.
    assert [path for path in allowed if path.is_relative_to("/var")] == [Environments(Path("/var/lib/facings")).path]
    assert unit["StateDirectory"] == ["facings facings/environments"]
    assert unit["MemoryDenyWriteExecute"] == ["yes"]


def test_models_are_read_and_seen_with_where_memory_is_written_or_run_never_both() -> None:
    """As `MemoryDenyWriteExecute` has it; skips on kernels before 6.3, which cannot be asked for it here."""
    code = f"""
import ctypes, sys
if ctypes.CDLL(None).prctl({PR_SET_MDWE}, 1, 0, 0, 0) != 0:
    sys.exit({UNSUPPORTED})
from edge.cli.app import main
main()
"""
    picture = min(FRAMES.glob("*.jpg"))
    words = ["analyse", str(picture), "--catalogue", str(CATALOGUE), "--people"]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode == UNSUPPORTED:
        pytest.skip("this kernel does not know PR_SET_MDWE")
    assert done.returncode == 0, done.stderr
    assert "41 facings" in done.stdout


def test_it_is_exposed_no_more_than_cameras_and_a_network_need() -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    command = [analyze, "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED}", str(UNIT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if "--offline" in done.stderr:
        pytest.skip("this systemd-analyze reads no files")
    assert done.returncode == 0, done.stdout


def test_systemd_finds_no_fault_with_it() -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    done = subprocess.run([analyze, "verify", str(UNIT)], capture_output=True, text=True, check=False, timeout=60)
    faults = [line for line in done.stderr.splitlines() if UNIT.name in line and "is not executable" not in line]
    assert faults == []
