"""ONNX models, their manifest and cards, how they were trained, and the store that renders itself."""
