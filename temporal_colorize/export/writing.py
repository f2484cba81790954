"""Writes weights as a graph in a file."""

import importlib
import os
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from temporal_colorize.inference.runtimes.card import Card
from temporal_colorize.inference.runtimes.opening import graph_backend
from temporal_colorize.inference.weights import Weights
from temporal_colorize.options import require_one_of

FORMATS = ("onnx", "openvino")
PRECISIONS = ("fp32", "fp16", "int8")


def check_export(output: Path, *, format: str, precision: str) -> ModuleType:
    """Return what writes a format.

    Raises:
        ValueError: If an option is unknown, the output's suffix is another, or its folder is not there.
    """
    require_one_of("format", format, FORMATS)
    require_one_of("precision", precision, PRECISIONS)
    backend = graph_backend(format)
    if output.suffix != backend.SUFFIX:
        raise ValueError(f"output={output}: format={format} is written as {backend.SUFFIX}")
    if not output.absolute().parent.is_dir() or not os.access(output.absolute().parent, os.W_OK):
        raise ValueError(f"output={output}: its folder is not one that can be written to")
    return backend


def export_weights(
    weights: Weights,
    output: str | Path,
    *,
    format: str,
    precision: str = "fp32",
    calibration: Iterable[dict[str, np.ndarray]] = (),
) -> Path:
    """Write one step of a network as a graph that says itself how it is used.

    Args:
        weights: In PyTorch.
        output: An .onnx file, or an .xml file, beside which a .bin appears.
        format: onnx or openvino.
        precision: fp32; fp16, which halves the file; or int8, which computes faster.
        calibration: For int8: what `calibration.calibration_items` gives.

    Raises:
        ValueError: See `check_export`; or if there is nothing to calibrate on.
    """
    output = Path(output)
    backend = check_export(output, format=format, precision=precision)
    card = Card.of(weights)
    graph = backend.convert(weights, card)
    if precision == "int8":
        graph = _quantised(graph, list(calibration))
    backend.write(graph, card.stored_as(precision), output)
    return output


def _quantised(graph: Any, items: list[dict[str, np.ndarray]]) -> Any:
    if not items:
        raise ValueError("precision=int8 is calibrated on the tuning split, which is empty: give data.root")
    try:
        quantisation = importlib.import_module("temporal_colorize.export.quantisation")
    except ModuleNotFoundError as error:
        raise ValueError(
            f"precision=int8 needs {error.name}, which is not installed: pip install '.[int8]' in a checkout"
        ) from error
    return quantisation.quantised(graph, items)
