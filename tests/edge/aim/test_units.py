"""The page under systemd: at the first start, and on command while the agent waits."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from edge.aim.pin import FILE
from edge.cli.app import app

FOLDER = Path(__file__).resolve().parents[3] / "configs" / "systemd"
SETUP, AIM, AGENT = (FOLDER / f"facings-{name}.service" for name in ("setup", "aim", "edge"))


def lines(unit: Path) -> list[str]:
    return [line for line in unit.read_text(encoding="utf-8").splitlines() if "=" in line and not line.startswith("#")]


@pytest.mark.parametrize("unit", [SETUP, AIM], ids=["setup", "aim"])
def test_what_it_starts_is_a_command_of_ours(unit: Path) -> None:
    (start,) = [line.partition("=")[2] for line in lines(unit) if line.startswith("ExecStart=")]
    words = shlex.split(start)
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    assert not group.commands[words[1]].make_context("unit", words[2:]).args


@pytest.mark.parametrize("unit", [SETUP, AIM], ids=["setup", "aim"])
def test_systemd_finds_no_fault_with_it(unit: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    done = subprocess.run([analyze, "verify", str(unit)], capture_output=True, text=True, check=False, timeout=60)
    faults = [line for line in done.stderr.splitlines() if unit.name in line and "is not executable" not in line]
    assert faults == []


def test_the_page_comes_before_the_agent_until_its_pin_is_gone() -> None:
    setup = lines(SETUP)
    assert "Before=facings-edge.service" in setup
    assert "Type=oneshot" in setup  # what stands behind `Before` waits until it has ended
    assert "ConditionPathExists=|!/etc/facings/agent.yaml" in setup
    assert f"ConditionPathExists=|/etc/facings/{FILE}" in setup
    assert "ConditionPathExists=/etc/facings/agent.yaml" in lines(AGENT)


def test_on_command_it_takes_the_agent_s_place_and_gives_it_back() -> None:
    aim = lines(AIM)
    for line in ("Conflicts=", "After=", "OnSuccess=", "OnFailure="):
        assert f"{line}facings-edge.service" in aim


@pytest.mark.parametrize("unit", [SETUP, AIM], ids=["setup", "aim"])
def test_it_has_no_right_that_the_agent_has_not(unit: Path) -> None:
    """Of what is taken away from the agent, all is; it writes to the folder of the PIN beside."""
    asked = [
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "DevicePolicy=closed",
        "UMask=0077",
    ]
    assert set(asked) <= set(lines(unit))
    allowed = {line for line in lines(AGENT) if line.startswith(("DeviceAllow=", "RestrictAddressFamilies="))}
    assert {line for line in lines(unit) if line.startswith(("DeviceAllow=", "RestrictAddressFamilies="))} <= allowed
