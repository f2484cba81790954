"""What computes a network: PyTorch, OpenVINO or ONNX Runtime, all under the contract of `models.contract`."""

from temporal_colorize.inference.runtimes.opening import RuntimeOptions, open_weights

__all__ = ["RuntimeOptions", "open_weights"]
