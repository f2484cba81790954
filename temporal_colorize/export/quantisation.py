"""Post-training quantisation of a graph to 8-bit integers, by NNCF."""

import logging
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

sys.modules.setdefault("openvino_telemetry", None)  # or every use of NNCF is told to Google Analytics
import nncf  # noqa: E402

# What stays in floating point: by the names of the networks' modules, those that decide colours or add up over frames;
KEPT = (r".*head.*", r".*memory.*", r".*blend.*", r".*recall.*")
# and by their types in OpenVINO and ONNX, those of hints, where a guard against 0 / 0 would be rounded to 0.
_KEPT_TYPES = {"xml": ("AvgPool", "Multiply", "Divide"), "onnx": ("AveragePool", "Mul", "Div")}


def quantised(graph: Any, items: Sequence[dict[str, np.ndarray]], *, kept: Sequence[str] = KEPT) -> Any:
    """Quantise convolutions, weights and activations, but for those that are kept.

    Args:
        graph: Of OpenVINO or ONNX.
        items: Inputs by name, all of which are looked at.
        kept: Patterns of the names of operations that stay as they are.
    """
    nncf.set_log_level(logging.ERROR)
    taken = [_without_unused(graph, item) for item in items]
    types = _KEPT_TYPES["xml" if hasattr(graph, "inputs") else "onnx"]
    scope = nncf.IgnoredScope(patterns=list(kept), types=list(types), validate=False)
    return nncf.quantize(graph, nncf.Dataset(taken), subset_size=len(taken), ignored_scope=scope)


def _without_unused(graph: Any, item: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Leave out the inputs that a graph does not have: hints, of a network that ignores them."""
    ports = graph.inputs if hasattr(graph, "inputs") else graph.graph.input
    names = {getattr(port, "any_name", None) or port.name for port in ports}
    return {name: array for name, array in item.items() if name in names}
