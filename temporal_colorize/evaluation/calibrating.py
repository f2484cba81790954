"""Fits how sure weights say they are to how often they were right, and keeps that with them."""

import json
from dataclasses import asdict
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save_file

from temporal_colorize.evaluation.judging import FINE, Judged
from temporal_colorize.inference.certainty import Certainty
from temporal_colorize.inference.weights import find_weights, load_weights
from temporal_colorize.metrics.calibration import Reliability, fit_curve


def fit_certainty(judged: Judged, within: float) -> Certainty:
    """Fit a curve to all that was judged."""
    both = Reliability(bins=FINE)
    for half in judged.said:
        both.merge(half)
    said, right = fit_curve(both.table())
    return Certainty(within=within, said=said, right=right)


def keep_certainty(name: str, path: Path, certainty: Certainty) -> None:
    """Write weights, a safetensors file of ours, with another certainty and nothing else changed.

    Raises:
        WeightsError: If it is not such a file.
    """
    load_weights(name)  # refuses what is not ours
    with safe_open(find_weights(name), framework="pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (safe_open is no mapping)
        metadata = {**file.metadata(), "certainty": json.dumps(asdict(certainty))}
    save_file(tensors, path, metadata=metadata)
