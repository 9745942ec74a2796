"""The only place that makes ONNX Runtime sessions: bounded threads, no spinning, flat memory, outputs that are checked.

Memory is kept flat in three ways. All sessions of a process take their buffers from one arena, since they run one
after the other: it is as large as the largest needs, not as all need together. The plan of buffers that ONNX Runtime
makes for each new input shape is left out: it saves no time here, and each plan holds its own block for good. And
shapes are few: one camera's frames have one size, and crops come in batches of a bounded number. Measured on the demo's
frames in eight sizes: 390 MB before, 219 MB now, at the same speed; without any arena 240 MB and a third slower.
"""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime as ort

from edge.contract.errors import ModelError
from edge.recognise.macs import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from edge.recognise.manifest import Model

# Threads that wait for the next operator spin by default and starve the rest of a device with 2-4 weak cores.
SPINNING_KEYS = ("session.intra_op.allow_spinning", "session.inter_op.allow_spinning")
# What goes wrong comes as an exception and is told once; ONNX Runtime would also print it in its own words.
FATAL_ONLY = 4
NUMBERS = "biuf"  # kinds of numpy types


class ModelSession:
    """A verified model, loaded and ready.

    Args:
        model: of the manifest; its hash is checked here.
        threads: CPU threads for one call.

    Raises:
        ModelError: the file is missing, altered, or no model ONNX Runtime can load.
    """

    def __init__(self, model: Model, *, threads: int = 2) -> None:
        self._name = model.entry.name
        self._session = _load(model, _options(threads))
        self._outputs = [output.name for output in self._session.get_outputs()]

    def run(
        self, feeds: Mapping[str, NDArray[np.uint8] | NDArray[np.float32]], *, shapes: Sequence[tuple[int | None, ...]]
    ) -> list[NDArray[np.float32]]:
        """Run the model once.

        Args:
            feeds: arrays by input name.
            shapes: the shape each output must have, in order; None where any size will do.

        Raises:
            ModelError: the input does not fit, or an output is not finite, no number or has another shape.
        """
        try:
            outputs = self._session.run(self._outputs, dict(feeds))
        except Exception as error:  # ONNX Runtime's errors have no common class
            raise ModelError(f"model {self._name}: {error}", "check the input against the manifest") from error
        if len(outputs) != len(shapes):
            raise ModelError(f"model {self._name}: gives {len(outputs)} outputs, {len(shapes)} are expected")
        for name, output, shape in zip(self._outputs, outputs, shapes, strict=True):
            if not isinstance(output, np.ndarray) or output.dtype.kind not in NUMBERS:
                raise ModelError(f"model {self._name}: {name} is no array of numbers", "export the model anew")
            fits = output.ndim == len(shape) and all(w in (None, g) for w, g in zip(shape, output.shape, strict=True))
            if not fits:
                raise ModelError(f"model {self._name}: {name} has shape {output.shape}, {shape} is expected")
            if not np.isfinite(output).all():
                raise ModelError(
                    f"model {self._name}: {name} holds values that are no numbers", "export the model anew"
                )
        return [np.asarray(output, dtype=np.float32) for output in outputs]


def trace_operations(model: Model, feeds: Mapping[str, NDArray[np.uint8]]) -> list[Operation]:
    """Run a model once as it stands in its file, unfused, and tell each operation with the shapes it had.

    Raises:
        ModelError: the model cannot be loaded, or the input does not fit.
    """
    options = _options(1)
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.enable_profiling = True
    with tempfile.TemporaryDirectory() as scratch:
        options.profile_file_prefix = str(Path(scratch) / "trace")
        session = _load(model, options)
        try:
            session.run(None, dict(feeds))
        except Exception as error:  # ONNX Runtime's errors have no common class
            raise ModelError(f"model {model.entry.name}: {error}", "check the input against the manifest") from error
        finally:
            written = Path(session.end_profiling())
        events = json.loads(written.read_text(encoding="utf-8"))
    ran = [event["args"] for event in events if "output_type_shape" in event.get("args", {})]
    return [
        Operation(args["op_name"], _shapes(args["input_type_shape"]), _shapes(args["output_type_shape"]))
        for args in ran
    ]


def _shapes(typed: Sequence[Mapping[str, Sequence[int]]]) -> tuple[tuple[int, ...], ...]:
    """Shapes out of the profile's [{type: shape}, ...]."""
    return tuple(tuple(shape) for one in typed for shape in one.values())


def _options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = FATAL_ONLY
    options.enable_mem_pattern = False
    options.add_session_config_entry("session.use_env_allocators", "1")
    for key in SPINNING_KEYS:
        options.add_session_config_entry(key, "0")
    return options


@cache
def _share_arena() -> None:
    """Make the one arena of the process."""
    memory = ort.OrtMemoryInfo("Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT)
    ort.create_and_register_allocator(memory, None)


def _load(model: Model, options: ort.SessionOptions) -> ort.InferenceSession:
    data = model.read()
    _share_arena()
    try:
        return ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors have no common class
        raise ModelError(f"{model.path}: {error}", "install the package again, or export the model anew") from error
