"""Opens weights in the runtime that is asked for, from a network or from a graph that was exported."""

import contextlib
import importlib
import importlib.util
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import torch

from temporal_colorize.inference.runtimes.cache import AUTO, cache_folder, cache_key, kept
from temporal_colorize.inference.runtimes.card import Card
from temporal_colorize.inference.runtimes.graph_net import GraphNet
from temporal_colorize.inference.runtimes.torch_net import in_torch
from temporal_colorize.inference.session import pick_device
from temporal_colorize.inference.weights import Weights, WeightsError, find_weights, load_weights, name_of
from temporal_colorize.options import require_number, require_one_of

TORCH, OPENVINO, ONNX = "torch", "openvino", "onnx"
PRECISIONS = {
    TORCH: (AUTO, "fp32", "bf16", "fp16"),
    OPENVINO: (AUTO, "fp32", "bf16", "fp16"),
    ONNX: (AUTO, "fp32"),
}
_NEEDS = {
    OPENVINO: (("openvino",), "pip install openvino"),
    ONNX: (("onnx", "onnxscript", "onnxruntime"), "pip install '.[onnx]' in a checkout"),
}
_RUNTIME_OF_SUFFIX = {".xml": OPENVINO, ".onnx": ONNX}
_UNCONVERTED = "caffe"  # runs in OpenCV


@dataclass(frozen=True, kw_only=True)
class RuntimeOptions:
    """What computes a network, and how.

    Attributes:
        runtime: "torch", "openvino", "onnx", or "auto": OpenVINO on a CPU where it is installed, else PyTorch. A graph
            that was exported runs in the runtime of its format.
        precision: In which is computed: "fp32", "bf16", "fp16", or "auto", what suits the machine. It changes nothing
            of an int8 graph's integers.
        threads: On a CPU; None for as many as PyTorch takes.
        cache: Folder in which converted networks are kept, "auto" for the user's, or "off".

    Raises:
        ValueError: If a value is unknown or out of its range.
    """

    runtime: str = AUTO
    precision: str = AUTO
    threads: int | None = None
    cache: str = AUTO

    def __post_init__(self) -> None:
        require_one_of("runtime", self.runtime, (AUTO, *PRECISIONS))
        require_one_of("precision", self.precision, PRECISIONS.get(self.runtime, PRECISIONS[TORCH]))
        if self.threads is not None:
            require_number("threads", self.threads, least=1, most=1024)

    def pick_device(self, name: str) -> torch.device:
        """Choose the device, as `session.pick_device`, but the CPU for a runtime that knows no other."""
        on_cpu = self.runtime in (OPENVINO, ONNX)
        if on_cpu and name not in (AUTO, "cpu"):
            raise ValueError(
                f"device={name}: runtime={self.runtime} runs on the CPU; choose device=cpu or runtime=torch"
            )
        return pick_device("cpu" if on_cpu else name)

    def chosen(self, device: torch.device) -> str:
        """Say which runtime computes on a device."""
        if self.runtime != AUTO:
            return self.runtime
        return OPENVINO if device.type == "cpu" and _missing(OPENVINO) is None else TORCH


def open_weights(
    name: str,
    options: RuntimeOptions,
    *,
    device: torch.device,
    architecture: str | None = None,
    network: Mapping[str, object] | None = None,
) -> Weights:
    """Read weights, and give them a network that the runtime computes.

    A network that is converted for the first time takes seconds; later the cache has it.

    Args:
        name: A path, or the name of shipped weights; .onnx and .xml are graphs that export.py wrote.
        options: See `RuntimeOptions`.
        device: Where the session will run.
        architecture: See `load_weights`, and
        network: its options.

    Raises:
        WeightsError: If the file cannot be used; see `load_weights`.
        ValueError: If the runtime or the precision cannot be had.
    """
    path = find_weights(name)
    if path.suffix in _RUNTIME_OF_SUFFIX:
        return _open_graph(path, options, architecture)
    runtime = options.chosen(device)
    if architecture == _UNCONVERTED or runtime == TORCH:
        weights = load_weights(name, architecture=architecture, options=network)
        if architecture != _UNCONVERTED:
            return in_torch(weights, device=device, precision=options.precision)
        if options.runtime != AUTO:
            warnings.warn(
                f"model={architecture} runs in OpenCV; runtime={options.runtime} changes nothing", stacklevel=2
            )
        return weights
    backend = graph_backend(runtime)

    def make(folder: Path) -> None:
        weights = load_weights(name, architecture=architecture, options=network)
        card = Card.of(weights)
        backend.write(backend.convert(weights, card), card, folder / f"graph{backend.SUFFIX}")

    facts = {"runtime": backend.VERSION, "architecture": architecture, **(network or {})}
    folder = cache_folder(options.cache)
    with kept(folder, cache_key(path, facts), make) as entry:
        card, graph = backend.read(entry / f"graph{backend.SUFFIX}")
        return _run_by(backend, card, graph, options, name_of(path), entry if folder else None)


def _open_graph(path: Path, options: RuntimeOptions, architecture: str | None) -> Weights:
    backend = graph_backend(_RUNTIME_OF_SUFFIX[path.suffix])
    try:
        card, graph = backend.read(path)
    except ValueError as error:
        raise WeightsError(f"weights={path}: {error}") from error
    if architecture not in (None, card.architecture):
        raise WeightsError(f"weights={path} is of the network {card.architecture}, not of {architecture}")
    return _run_by(backend, card, graph, options, name_of(path), cache_folder(options.cache))


def _run_by(
    backend: ModuleType, card: Card, graph: object, options: RuntimeOptions, name: str, compiled: Path | None
) -> Weights:
    threads = options.threads or torch.get_num_threads()
    engine = backend.Engine(graph, precision=options.precision, threads=threads, cache=compiled)
    return card.weights(GraphNet(card, engine), name)


def graph_backend(runtime: str) -> ModuleType:
    """Import what runs a runtime's graphs, which needs a library that not everyone has."""
    if missing := _missing(runtime):
        raise ValueError(f"runtime={runtime} needs {missing}, which is not installed: {_NEEDS[runtime][1]}")
    return importlib.import_module(f"temporal_colorize.inference.runtimes.{runtime}_graph")


def _missing(runtime: str) -> str | None:
    """Name the first library that a runtime lacks here."""
    for package in _NEEDS[runtime][0]:
        with contextlib.suppress(ImportError, ValueError):
            if importlib.util.find_spec(package) is not None:
                continue
        return package
    return None
