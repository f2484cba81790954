"""Networks in ONNX Runtime, on the CPU."""

import contextlib
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from google.protobuf.message import Message

from temporal_colorize.inference.runtimes.card import PREFIX, Card
from temporal_colorize.inference.runtimes.graph_net import Arrays, Shapes
from temporal_colorize.inference.runtimes.step import Step, example, shapes
from temporal_colorize.inference.weights import Weights

SUFFIX = ".onnx"
VERSION = f"{onnx.__version__} {onnxruntime.__version__} {torch.__version__}"


def convert(weights: Weights, card: Card) -> onnx.ModelProto:
    """Export a network's step; batch, height and width stay open, unless it takes one size alone."""
    net, inputs = weights.net, example(weights.net)
    names = list(shapes(net, *inputs[0].shape[::2], inputs[0].shape[3]))
    dynamic = torch.export.Dim.DYNAMIC
    axes = {0: dynamic} if net.fixed_size else {0: dynamic, 2: dynamic, 3: dynamic}
    with _quiet():
        program = torch.onnx.export(
            Step(net).eval(),
            inputs,
            dynamo=True,
            input_names=names,
            output_names=list(card.outputs),
            dynamic_shapes=(axes, axes, *([(axes,) * len(net.state_planes)] if net.state_planes else [])),
            external_data=False,
            verbose=False,
        )
    return program.model_proto


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's remarks on its own insides from the user."""
    log = logging.getLogger("torch.onnx")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(before)


def write(model: onnx.ModelProto, card: Card, path: Path) -> None:
    """Write a graph and its card as one file; the card's precision decides about the constants."""
    if card.precision == "fp16":
        _halve(model)
    onnx.helper.set_model_props(model, {f"{PREFIX}{name}": value for name, value in card.metadata().items()})
    onnx.save_model(model, path)


def _halve(model: onnx.ModelProto) -> None:
    """Store kernels as float16, each with a cast, which ONNX Runtime does once, when it loads the graph."""
    casts = []
    for constant in model.graph.initializer:
        values = onnx.numpy_helper.to_array(constant)
        if values.dtype != np.float32 or values.ndim < 2 or np.abs(values).max() > np.finfo(np.float16).max:
            continue
        name = constant.name
        constant.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}.half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def read(path: Path) -> tuple[Card, onnx.ModelProto]:
    """Read what `write` wrote.

    Raises:
        ValueError: If it is something else, or damaged.
    """
    try:
        model = onnx.load_model(path, load_external_data=False)
    except Exception as error:  # of protobuf, which has one of its own for every kind of damage
        raise ValueError(f"it is no ONNX file that can be read ({' '.join(str(error).split())})") from error
    if any(onnx.external_data_helper.uses_external_data(tensor) for tensor in _tensors(model)):
        raise ValueError("its numbers are in other files, which may be anywhere: give a graph that export.py wrote")
    found = {entry.key: entry.value for entry in model.metadata_props}
    return Card.read({key.removeprefix(PREFIX): found[key] for key in found if key.startswith(PREFIX)}), model


def _tensors(message: Message) -> Iterator[onnx.TensorProto]:
    """Find all constants, those of functions and of subgraphs, too."""
    if isinstance(message, onnx.TensorProto):
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is not None:
            for part in [value] if isinstance(value, Message) else value:
                yield from _tensors(part)


class Engine:
    """Computes a graph; see `graph_net.GraphEngine`.

    Args:
        model: Of a step.
        precision: Of no meaning here: a graph is computed as it is stored, and nothing is kept in
        cache: either.
        threads: On which it computes.

    Raises:
        ValueError: If the graph is damaged.
    """

    runtime, precision = "onnx", "fp32"

    def __init__(self, model: onnx.ModelProto, *, precision: str, threads: int, cache: Path | None) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 4  # what goes wrong is raised as well
        try:
            self._session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
        except Exception as error:  # of ONNX Runtime's own, without a common base
            raise ValueError(f"ONNX Runtime cannot run it ({' '.join(str(error).split())})") from error
        self.inputs = frozenset(entry.name for entry in self._session.get_inputs())

    def prepare(self, inputs: Shapes) -> None:
        """Do nothing: ONNX Runtime takes any shape as fast."""

    def run(self, arrays: Arrays, outputs: Shapes) -> list[np.ndarray]:
        """Compute one step; see `graph_net.GraphEngine`."""
        return self._session.run(list(outputs), dict(arrays))
