"""Recognition: ONNX sessions, the product detector, the SKU recogniser and its catalogue."""
