"""Agents as wheels: small ones that do one thing, and the project's own under a later version."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import distributions, version
from pathlib import Path
from sysconfig import get_path
from typing import TYPE_CHECKING

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from cloud_sink.releases import bundles
from edge.contract.wheels import AGENT, Distribution, closure
from edge.update.building import Order, build_here
from edge.update.next_agent import this_platform
from tests.wheels import later, make_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloud_sink.releases.bundles import Found
    from edge.contract.releases import Bundle
    from edge.update.state import Slot

ROOT = Path(__file__).resolve().parents[3]

SAYS_WHERE = "import sys\nprint('agent in', sys.prefix)\n"

APP = """\
import sys
if "--version" in sys.argv:
    print("facings {version}")
"""


def small(folder: Path, number: str = "9.0", *, files: Mapping[str, str] | None = None, requires: str = "") -> Path:
    """A folder with an agent that has no more than these modules."""
    inside = {"edge/__init__.py": "", "edge/cli/__init__.py": "", "edge/update/__init__.py": ""}
    inside |= {"edge/cli/app.py": APP.format(version=number)} | dict(files or {})
    make_wheel(folder, AGENT, number, files=inside, requires=[requires] if requires else [])
    return folder


def bundled(folder: Path) -> tuple[Bundle, Found]:
    """Its bundle of a release, for this machine."""
    return bundles.agent([folder], [this_platform()])


def put(data: Path, slot: Slot, folder: Path, number: str = "9.0", *, key: str = "0" * 64) -> None:
    """Build an environment out of a folder of wheels."""
    wheels = tuple(sorted(folder.glob("*.whl")))
    build_here(Order(data=data, slot=slot, key=key, version=number, wheels=wheels))


@dataclass(frozen=True, slots=True)
class OwnAgent:
    """The project's own wheel, and those of what it requires.

    The latter stand for the ones that are installed where the tests run, and point there: half a gigabyte less.
    """

    wheel: Path
    required: tuple[Path, ...]

    def of(self, folder: Path, number: str, changes: Mapping[str, str] | None = None) -> Path:
        """A folder with a version of it and all that it requires."""
        later(self.wheel, folder, number, changes, without=("cloud_sink/", "models/", "configs/"))
        for wheel in self.required:
            (folder / wheel.name).hardlink_to(wheel)
        return folder


def own_agent(folder: Path) -> OwnAgent:
    """Build the project's wheel."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    known: dict[str, Distribution] = {}
    for one in distributions():
        name = canonicalize_name(one.metadata["Name"])
        known[name] = Distribution(name, Version(one.version), tuple(map(Requirement, one.requires or ())))
    markers = {name: str(value) for name, value in default_environment().items()}
    required: list[Path] = []
    for needed in sorted(closure(known, markers) - {AGENT}):
        here = {"elsewhere.pth": f"{get_path('purelib')}\n"} if needed == "typer" else {}
        required.append(make_wheel(folder / "required", needed, str(known[needed].version), files=here))
    return OwnAgent(folder / f"{AGENT}-{version(AGENT)}-py3-none-any.whl", tuple(required))
