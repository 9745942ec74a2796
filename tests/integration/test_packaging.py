"""The wheel: each extra installed from it into an empty folder brings what it needs, no more, and runs there."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import cv2
import pytest

ROOT = Path(__file__).resolve().parents[2]

ABSENT = {
    "edge": ("fastapi", "starlette", "sqlalchemy", "alembic", "iotcore", "torch"),
    "sink": ("cv2", "onnxruntime", "pycocotools", "torch"),
    "train": ("fastapi", "starlette", "sqlalchemy", "alembic", "iotcore"),
    "dev": ("cv2", "sqlalchemy", "torch"),
}


CARRIED = (
    "models/manifest.json",
    "models/cards/product-detector.md",
    "configs/catalogues/cooler-vn/catalogue.yaml",
    "configs/catalogues/cooler-vn/embeddings.npz",
    "configs/catalogues/demo/catalogue.yaml",
    "configs/catalogues/demo/embeddings.npz",
    "cloud_sink/web/vendor/htmx.org/htmx.min.js",
    "cloud_sink/web/vendor/leaflet/LICENSE",
    "cloud_sink/web/vendor/uplot/uPlot.min.css",
    "cloud_sink/store/migrations/env.py",
    "cloud_sink/store/migrations/versions/r0001_first_tables.py",
)

SHIPPED = "import edge, pathlib; print(pathlib.Path(edge.__file__).parents[1] / 'configs' / 'catalogues' / 'cooler-vn')"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module", params=list(ABSENT))
def installed(
    request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    """The extra, and a virtual environment that holds it and nothing else."""
    extra: str = request.param
    folder = tmp_path_factory.mktemp(extra)
    venv.create(folder / "venv")
    pins = folder / "pins.txt"  # the versions that are locked, without their hashes: the wheel itself has none
    pins.write_text(
        "\n".join(line.rstrip(" \\") for line in (ROOT / "requirements.lock").read_text().splitlines() if "==" in line)
    )
    # This environment's pip fills the other; what is imported there is compiled there.
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "venv" / "bin" / "python"), "--quiet", "install"]
    subprocess.run(
        [*pip, "--disable-pip-version-check", "--no-compile", "-c", str(pins), f"{wheel}[{extra}]"], check=True
    )
    return extra, folder


def run(folder: Path, *words: str | Path) -> str:
    done = subprocess.run(
        [folder / "venv" / "bin" / words[0], *words[1:]], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_carries_models_catalogues_and_migrations_and_no_tests(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for name in CARRIED:
        assert name in names
    for entry in json.loads((ROOT / "models" / "manifest.json").read_text())["models"]:
        assert f"models/{entry['file']}" in names
    assert not [name for name in names if name.startswith("tests/")]
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_an_installation_brings_nothing_of_the_other_side(installed: tuple[str, Path]) -> None:
    extra, folder = installed
    code = "import importlib.util as u, sys; print([m for m in sys.argv[1:] if u.find_spec(m)])"
    assert run(folder, "python", "-c", code, *ABSENT[extra]).strip() == "[]"


def test_each_installation_runs_in_an_empty_folder(installed: tuple[str, Path]) -> None:
    extra, folder = installed
    match extra:
        case "edge":
            picture = folder / "frame.jpg"
            frame = next((ROOT / "configs" / "demo" / "frames").glob("*.jpg"))
            cv2.imwrite(str(picture), cv2.imread(str(frame)))
            answer = json.loads(run(folder, "edge", "analyse", picture, "--json"))
            assert answer["width"] > 0
            assert answer["facings"]
            catalogue = Path(run(folder, "python", "-c", SHIPPED).strip())
            assert "29 SKUs" in run(folder, "edge", "catalogue", "check", "--catalogue", catalogue)
        case "sink":
            run(folder, "sink", "db", "upgrade", "--data", folder / "state")
            assert list((folder / "state").glob("*.db*"))
        case "train":
            run(folder, "python", "-m", "models.scenes", "shelves", "--out", "shelves", "--count", "2")
            words = ["--data", "shelves", "--out", "run", "--epochs", "1", "--batch", "2", "--side", "64"]
            run(folder, "python", "-m", "models.train.detector", *words)
            assert (folder / "run" / "best.pt").is_file()
        case "dev":
            (folder / "test_one.py").write_text("def test_one():\n    assert 1 + 1 == 2\n")
            assert "1 passed" in run(folder, "python", "-m", "pytest", "test_one.py")
