"""Writes networks as graphs that run without PyTorch's network: ONNX and OpenVINO, in three precisions."""
