"""The only place that makes ONNX Runtime sessions: bounded threads, no spinning, outputs that are checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnxruntime as ort

from edge.contract.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from edge.recognise.manifest import Model

# Threads that wait for the next operator spin by default and starve the rest of a device with 2-4 weak cores.
SPINNING_KEYS = ("session.intra_op.allow_spinning", "session.inter_op.allow_spinning")
ERRORS_ONLY = 3


class ModelSession:
    """A verified model, loaded and ready.

    Args:
        model: of the manifest; its hash is checked here.
        threads: CPU threads for one call.

    Raises:
        ModelError: the file is missing, altered, or no model ONNX Runtime can load.
    """

    def __init__(self, model: Model, *, threads: int = 2) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = ERRORS_ONLY
        for key in SPINNING_KEYS:
            options.add_session_config_entry(key, "0")
        self._name = model.entry.name
        data = model.read()
        try:
            self._session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's errors have no common class
            raise ModelError(f"{model.path}: {error}", "install the package again, or export the model anew") from error
        self._outputs = [output.name for output in self._session.get_outputs()]

    def run(
        self, feeds: Mapping[str, NDArray[np.uint8] | NDArray[np.float32]], *, shapes: Sequence[tuple[int | None, ...]]
    ) -> list[NDArray[np.float32]]:
        """Run the model once.

        Args:
            feeds: arrays by input name.
            shapes: the shape each output must have, in order; None where any size will do.

        Raises:
            ModelError: the input does not fit, or an output is not finite or has another shape.
        """
        try:
            outputs = self._session.run(self._outputs, dict(feeds))
        except Exception as error:  # ONNX Runtime's errors have no common class
            raise ModelError(f"model {self._name}: {error}", "check the input against the manifest") from error
        if len(outputs) != len(shapes):
            raise ModelError(f"model {self._name}: gives {len(outputs)} outputs, {len(shapes)} are expected")
        for name, output, shape in zip(self._outputs, outputs, shapes, strict=True):
            fits = output.ndim == len(shape) and all(w in (None, g) for w, g in zip(shape, output.shape, strict=True))
            if not fits:
                raise ModelError(f"model {self._name}: {name} has shape {output.shape}, {shape} is expected")
            if not np.isfinite(output).all():
                raise ModelError(
                    f"model {self._name}: {name} holds values that are no numbers", "export the model anew"
                )
        return [np.asarray(output, dtype=np.float32) for output in outputs]
