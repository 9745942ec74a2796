from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edge.contract.errors import ModelError
from edge.recognise.manifest import Model, ModelEntry, ModelInput
from edge.recognise.session import ModelSession

if TYPE_CHECKING:
    from pathlib import Path

# An ONNX graph of one node: q = x / y, three vectors of float32 (opset 17).
QUOTIENT = base64.b64decode(
    "CAg6SQoOCgF4CgF5EgFxIgNEaXYSAWdaEAoBeBILCgkIARIFCgMSAW5aEAoBeRILCgkIARIFCgMSAW5iEAoBcRILCgkIARIFCgMSAW5CBAoAEBE="
)


def model(folder: Path, content: bytes = QUOTIENT) -> Model:
    path = folder / "quotient.onnx"
    path.write_bytes(content)
    entry = ModelEntry(
        name="quotient",
        kind="sku-embedder",
        version="1",
        file=path.name,
        sha256=hashlib.sha256(content).hexdigest(),
        input=ModelInput(
            height=1, width=1, layout="NCHW", colours="BGR", dtype="float32", mean=(0, 0, 0), std=(1, 1, 1)
        ),
        licence="Apache-2.0",
        card="card.md",
        training_data=(),
        thresholds={},
        figures=(),
    )
    return Model(entry=entry, path=path)


def vector(*values: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.array(values, np.float32)


def test_a_model_is_run_and_gives_its_outputs(tmp_path: Path) -> None:
    session = ModelSession(model(tmp_path), threads=1)
    (quotient,) = session.run({"x": vector(6, 8), "y": vector(2, 4)}, shapes=((2,),))
    assert quotient.tolist() == [3.0, 2.0]


@pytest.mark.parametrize("divisor", [0.0, float("nan")])
def test_outputs_that_are_no_numbers_are_refused(tmp_path: Path, divisor: float) -> None:
    session = ModelSession(model(tmp_path), threads=1)
    with pytest.raises(ModelError, match="q holds values that are no numbers"):
        session.run({"x": vector(1), "y": vector(divisor)}, shapes=((None,),))


@pytest.mark.parametrize("shape", [(3,), (1, 2), ()])
def test_outputs_of_another_shape_are_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    session = ModelSession(model(tmp_path), threads=1)
    with pytest.raises(ModelError, match="has shape"):
        session.run({"x": vector(1, 1), "y": vector(1, 1)}, shapes=(shape,))


def test_another_number_of_outputs_is_refused(tmp_path: Path) -> None:
    session = ModelSession(model(tmp_path), threads=1)
    with pytest.raises(ModelError, match="gives 1 outputs, 2 are expected"):
        session.run({"x": vector(1), "y": vector(1)}, shapes=((1,), (1,)))


@pytest.mark.parametrize(
    "feeds",
    [
        pytest.param({"z": vector(1)}, id="another name"),
        pytest.param({"x": vector(1, 2, 3), "y": vector(1, 2)}, id="sizes that fit no operation"),
    ],
)
def test_an_input_that_does_not_fit_is_a_model_error_and_nothing_else(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], feeds: dict[str, np.ndarray[tuple[int], np.dtype[np.float32]]]
) -> None:
    session = ModelSession(model(tmp_path), threads=1)
    with pytest.raises(ModelError, match="model quotient"):
        session.run(feeds, shapes=((1,),))
    assert capfd.readouterr() == ("", "")  # ONNX Runtime would write lines of its own


NEXT_OPSET, NEXT_IR = QUOTIENT[:-1] + b"\x63", QUOTIENT[:1] + b"\x63" + QUOTIENT[2:]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"no model", id="text"),
        pytest.param(QUOTIENT[: len(QUOTIENT) // 2], id="half of it"),
        pytest.param(QUOTIENT[:-1], id="all but its last byte"),
        pytest.param(NEXT_OPSET, id="an opset to come"),
        pytest.param(NEXT_IR, id="a format to come"),
        pytest.param(QUOTIENT.replace(b"Div", b"Dov"), id="an operation that nobody knows"),
    ],
)
def test_a_file_that_is_no_model_is_refused_in_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], content: bytes
) -> None:
    with pytest.raises(ModelError, match=r"quotient\.onnx") as caught:
        ModelSession(model(tmp_path, content), threads=1)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_an_altered_model_is_never_loaded(tmp_path: Path) -> None:
    good = model(tmp_path)
    good.path.write_bytes(QUOTIENT + b"\x00")
    with pytest.raises(ModelError, match="sha256"):
        ModelSession(good, threads=1)
