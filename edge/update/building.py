"""Builds an environment out of wheels: `python -m edge.update.building`, told on its standard input what of.

No pip takes part. `venv` makes the environment, `installer` puts each file of a wheel where its RECORD says and checks
it; nothing is asked of a network, and no code of a wheel runs. What every file has on the disk is read once more and
held against the RECORDs before the seal is set.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import sys
import venv
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING

from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.sources import WheelFile
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from pydantic import BaseModel, ConfigDict, ValidationError

from edge.contract.errors import DeliveryError, FacingsError
from edge.contract.wheels import AGENT, Distribution, closure
from edge.update.child import step_back, watch
from edge.update.environments import Environments, Seal, this_python
from edge.update.state import Slot

if TYPE_CHECKING:
    import threading

LONGEST = 1800.0
"""Seconds for one environment, on the slowest card while the agent works. Longer is a hang."""


class Order(BaseModel):
    """What to build, and where."""

    model_config = ConfigDict(frozen=True)

    data: Path
    slot: Slot
    key: str
    version: str
    wheels: tuple[Path, ...]


def build(order: Order, stop: threading.Event) -> str:
    """Build an environment in a process of its own.

    Returns:
        Why it could not be built; empty when it was.

    Raises:
        DeliveryError: it was left off.
    """
    command = [sys.executable, "-P", "-m", "edge.update.building"]
    return watch(command, longest=LONGEST, stop=stop, told=order.model_dump_json().encode()).fault


def build_here(order: Order) -> None:
    """Build an environment in this process: whole and sealed at the end, or nothing.

    Raises:
        DeliveryError: a wheel is damaged, or what is required is not among them.
        OSError: the disk refuses.
    """
    environments = Environments(order.data)
    place = environments.place(order.slot)
    environments.clear(order.slot)
    venv.EnvBuilder(with_pip=False, symlinks=True).create(place)
    library = site_packages(place)
    for wheel in order.wheels:
        _put(wheel, place, library)
    agent = check_requirements(library)
    if str(agent) != str(Version(order.version)):
        raise DeliveryError(f"its wheels hold agent {agent}, and {order.version} was signed")
    check_files(library)
    os.sync()  # thousands of files at once, and not one by one
    python = this_python()
    environments.seal(order.slot, Seal(key=order.key, version=order.version, python=python))


def site_packages(place: Path) -> Path:
    """Where the distributions of an environment lie."""
    return place / "lib" / f"python{this_python()}" / "site-packages"


def check_requirements(library: Path) -> Version:
    """Look whether all that the agent requires is there, in a version that it takes; its own version.

    Raises:
        DeliveryError: what is missing.
    """
    known: dict[str, Distribution] = {}
    for one in distributions(path=[str(library)]):
        name = canonicalize_name(one.metadata["Name"])
        requires = tuple(Requirement(line) for line in one.requires or ())
        known[name] = Distribution(name, Version(one.version), requires)
    markers = {name: str(value) for name, value in default_environment().items()}
    try:
        closure(known, markers)
    except FacingsError as error:
        raise DeliveryError(error.what) from None
    return known[AGENT].version


def check_files(library: Path) -> None:
    """Read every file of every distribution, and hold it against its RECORD.

    Raises:
        DeliveryError: one is not as it was packed.
    """
    for record in sorted(library.glob("*.dist-info/RECORD")):
        with record.open(encoding="utf-8", newline="") as rows:
            for name, digest, _ in csv.reader(rows):
                if digest and _digest(library / name, digest.partition("=")[0]) != digest:
                    raise DeliveryError(f"{name} of {record.parent.name} is not as it was packed")


def _put(wheel: Path, place: Path, library: Path) -> None:
    """Put one wheel into the environment, with its bytecode, so that the first start is as fast as the others."""
    scripts = place / "bin"
    with WheelFile.open(wheel) as source:
        scheme = {
            "purelib": str(library),
            "platlib": str(library),
            "scripts": str(scripts),
            "headers": str(place / "include" / source.distribution),
            "data": str(place),
        }
        destination = SchemeDictionaryDestination(
            scheme, interpreter=str(scripts / "python"), script_kind="posix", bytecode_optimization_levels=(0,)
        )
        try:
            source.validate_record(validate_contents=True)
            install(source, destination, {})
        except (ValueError, FileExistsError, AssertionError) as error:
            raise DeliveryError(f"{wheel.name}: {error}") from None


def _digest(path: Path, algorithm: str) -> str:
    try:
        with path.open("rb") as file:
            hashed = hashlib.file_digest(file, algorithm).digest()
    except (OSError, ValueError):
        return ""
    return f"{algorithm}={base64.urlsafe_b64encode(hashed).rstrip(b'=').decode()}"


def main() -> int:
    """The child."""
    step_back()
    try:
        build_here(Order.model_validate_json(sys.stdin.buffer.read()))
    except FacingsError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"error: {error.filename or 'the disk'}: {error.strerror}\n")
        return 1
    except ValidationError as error:
        sys.stderr.write(f"error: no order of an environment: {error.error_count()} faults\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
