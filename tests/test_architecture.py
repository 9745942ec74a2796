"""The rules between the parts: who may import whom, and what a package's `__init__` may bring along."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EDGE = sorted((ROOT / "edge").rglob("*.py"))
SINK = sorted((ROOT / "cloud_sink").rglob("*.py"))


def imports(path: Path) -> set[str]:
    """Every module a file imports, wherever in the file it does."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def importers(files: list[Path], *modules: str) -> set[str]:
    """The files that import one of the modules or something below them, relative to the root."""
    return {
        str(path.relative_to(ROOT))
        for path in files
        if any(name == module or name.startswith(f"{module}.") for name in imports(path) for module in modules)
    }


def test_the_device_knows_nothing_of_the_collector() -> None:
    assert importers(EDGE, "cloud_sink") == set()


def test_the_collector_takes_only_contract_and_shelf_from_the_device() -> None:
    for path in SINK:
        taken = {name for name in imports(path) if name.split(".")[0] == "edge" and name != "edge"}
        assert all(name.startswith(("edge.contract", "edge.shelf")) for name in taken), path


def test_the_contract_stands_alone() -> None:
    allowed = {"pydantic", "pydantic_core", "yaml", "packaging", "edge"} | set(sys.stdlib_module_names)
    for path in sorted((ROOT / "edge" / "contract").rglob("*.py")):
        for name in imports(path):
            assert name.split(".")[0] in allowed, f"{path}: {name}"
            assert not name.startswith("edge.") or name.startswith("edge.contract"), f"{path}: {name}"


@pytest.mark.parametrize("package", ["shelf", "traffic"])
def test_analytics_are_pure(package: str) -> None:
    allowed = {"numpy", "__future__", "bisect", "collections", "dataclasses", "datetime", "enum", "functools"}
    allowed |= {"itertools", "math", "typing", "_typeshed", "edge"}
    for path in sorted((ROOT / "edge" / package).glob("*.py")):
        for name in imports(path):
            assert name.split(".")[0] in allowed, f"{path}: {name}"
            assert not name.startswith("edge.") or name.startswith(f"edge.{package}"), f"{path}: {name}"
        source = path.read_text()
        assert "open(" not in source, path
        assert ".now(" not in source, path


@pytest.mark.parametrize(
    ("files", "module", "places"),
    [
        (EDGE, "onnxruntime", ("edge/recognise/",)),
        (EDGE, "paho", ("edge/deliver/",)),
        (EDGE, "sqlite3", ("edge/deliver/",)),
        (EDGE, "http_message_signatures", ("edge/deliver/",)),
        (EDGE, "segno", ("edge/aim/",)),
        (EDGE, "sqlalchemy", ()),
        (EDGE, "fastapi", ()),
        (EDGE, "tuf", ("edge/update/",)),
        (SINK, "tuf", ("cloud_sink/releases/",)),
        (SINK, "securesystemslib", ("cloud_sink/releases/",)),
        (SINK, "paho", ("cloud_sink/collect/",)),
        (SINK, "sqlalchemy", ("cloud_sink/store/",)),
        (SINK, "sqlite3", ("cloud_sink/store/",)),
        (SINK, "fastapi", ("cloud_sink/api/", "cloud_sink/web/")),
        (SINK, "http_message_signatures", ("cloud_sink/trust/",)),
        (SINK, "segno", ("cloud_sink/trust/",)),
        (SINK, "jinja2", ("cloud_sink/web/",)),
        (SINK, "babel", ("cloud_sink/web/",)),
        (SINK, "statsmodels", ("cloud_sink/analyses/",)),
        (SINK, "scipy", ("cloud_sink/analyses/",)),
        (SINK, "obstore", ("cloud_sink/evidence/",)),
        (SINK, "simpleeval", ("cloud_sink/fleet/",)),
        (SINK, "cv2", ()),
        (SINK, "onnxruntime", ()),
    ],
)
def test_a_library_stays_in_its_place(files: list[Path], module: str, places: tuple[str, ...]) -> None:
    assert {path for path in importers(files, module) if not path.startswith(places or ("nowhere",))} == set()


@pytest.mark.parametrize(
    "package",
    [
        "edge",
        "edge.aim",
        "edge.contract",
        "edge.shelf",
        "edge.traffic",
        "edge.recognise",
        "edge.deliver",
        "edge.update",
        "cloud_sink",
        "models",
    ],
)
def test_importing_a_package_brings_nothing_heavy(package: str) -> None:
    heavy = ["numpy", "cv2", "onnxruntime", "paho", "sqlalchemy", "fastapi", "torch"]
    code = f"import sys, {package}; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    reasons = (ROOT / "docs" / "decisions" / "0001-dependencies.md").read_text()
    for line in wanted:
        name = line.split(">")[0].split("=")[0].split("[")[0].strip()
        assert name == "facings" or f"`{name}`" in reasons, name


def test_there_is_one_cv2_and_it_wants_no_screen() -> None:
    names = {line.split("==")[0] for line in (ROOT / "requirements.lock").read_text().splitlines() if "==" in line}
    assert {name for name in names if name.startswith("opencv")} == {"opencv-python-headless"}


def test_the_lock_names_hashes_and_no_index() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert lock.count("--hash=sha256:") > lock.count("==")
    assert "://" not in lock
    assert "index" not in lock.replace("importlib", "")
