"""Networks in OpenVINO, on the CPU."""

import sys
import threading
import warnings
from pathlib import Path

import numpy as np

from temporal_colorize.inference.runtimes.card import PREFIX, Card
from temporal_colorize.inference.runtimes.graph_net import Arrays, Shapes
from temporal_colorize.inference.runtimes.step import Step, example, shapes
from temporal_colorize.inference.weights import Weights

sys.modules.setdefault("openvino_telemetry", None)  # or importing OpenVINO is told to Google Analytics
import openvino as ov  # noqa: E402

SUFFIX = ".xml"
VERSION = ov.__version__
_HINTS = {"fp32": "f32", "bf16": "bf16", "fp16": "f16"}
_SECTION = PREFIX.rstrip(".")

# The only one, for as long as the process is there. It gives the thread that first asks it a stack for signal handlers;
# if it is dropped in another thread, that stack is unmapped while it is in use, and the next signal is a crash.
_CORE = ov.Core()


def convert(weights: Weights, card: Card) -> ov.Model:
    """Trace a network's step; batch, height and width stay open, unless it takes one size alone."""
    net, inputs = weights.net, example(weights.net)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer's, of checks of the shape that are not kept
        model = ov.convert_model(Step(net).eval(), example_input=inputs)
    names = list(shapes(net, *inputs[0].shape[::2], inputs[0].shape[3]))
    for port, name in zip([*model.inputs, *model.outputs], [*names, *card.outputs], strict=True):
        port.get_tensor().set_names({name})
    open_ = {
        name: [-1, part.shape[1], *(part.shape[2:] if net.fixed_size else (-1, -1))]
        for name, part in zip(names, inputs, strict=True)
    }
    model.reshape(open_)
    return model


def write(model: ov.Model, card: Card, path: Path) -> None:
    """Write a graph and its card, `path` and a `.bin` beside it; the card's precision decides about the constants."""
    for name, value in card.metadata().items():
        model.set_rt_info(value, [_SECTION, name])
    ov.save_model(model, path, compress_to_fp16=card.precision == "fp16")


def read(path: Path) -> tuple[Card, ov.Model]:
    """Read what `write` wrote.

    Raises:
        ValueError: If it is something else, or damaged.
    """
    try:
        model = _CORE.read_model(path)
    except RuntimeError as error:
        raise ValueError(f"OpenVINO cannot read it ({_reason(error)})") from error
    if not model.has_rt_info(_SECTION):
        raise ValueError("it is no graph that export.py wrote")
    info = model.get_rt_info(_SECTION).value
    return Card.read(info), model


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


class Engine:
    """Computes a graph; see `graph_net.GraphEngine`.

    Results are written straight into arrays that the caller keeps, so that nothing is copied once more.

    Args:
        model: Of a step.
        precision: fp32, bf16, fp16, or auto: bf16 where the processor has it.
        threads: On which it computes.
        cache: A folder for what is compiled, so that the next time nothing is; None for none.

    Raises:
        ValueError: If the processor does not have that precision.
    """

    runtime = "openvino"

    def __init__(self, model: ov.Model, *, precision: str, threads: int, cache: Path | None) -> None:
        self._model = model
        self.precision = self._chosen(precision)
        self._settings = {
            "INFERENCE_PRECISION_HINT": _HINTS[self.precision],
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
            "ENABLE_CPU_PINNING": False,  # the encoder needs the same cores
        }
        if cache is not None:
            self._settings["CACHE_DIR"] = str(cache)
        self.inputs = frozenset(port.any_name for port in model.inputs)
        self._requests: dict[object, ov.InferRequest] = {}  # by the shapes of their inputs; None: any
        self._one_at_a_time = threading.Lock()

    def _chosen(self, precision: str) -> str:
        able = _CORE.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        if precision == "auto":
            precision = "bf16" if "BF16" in able else "fp32"
        if precision != "fp32" and precision.upper() not in able:
            raise ValueError(f"precision={precision} is not what this processor computes in: choose auto or fp32")
        return precision

    def prepare(self, inputs: Shapes) -> None:
        """Compile once more for these shapes alone, which is a tenth faster or more."""
        inputs = {name: shape for name, shape in inputs.items() if name in self.inputs}
        with self._one_at_a_time:
            if (key := tuple(inputs.values())) not in self._requests:
                fixed = self._model.clone()
                fixed.reshape({name: list(shape) for name, shape in inputs.items()})
                self._requests[key] = self._compile(fixed)

    def run(self, arrays: Arrays, outputs: Shapes) -> list[np.ndarray]:
        """Compute one step; see `graph_net.GraphEngine`."""
        results = [np.empty(shape, np.float32) for shape in outputs.values()]
        with self._one_at_a_time:
            request = self._request_for(arrays)
            for name, array in zip(outputs, results, strict=True):
                request.set_tensor(name, ov.Tensor(array, shared_memory=True))
            for name, array in arrays.items():
                request.set_tensor(name, ov.Tensor(array, shared_memory=True))
            request.infer(share_outputs=True)
        return results

    def _request_for(self, arrays: Arrays) -> ov.InferRequest:
        key = tuple(array.shape for array in arrays.values())
        if key in self._requests:
            return self._requests[key]
        if None not in self._requests:
            self._requests[None] = self._compile(self._model)
        return self._requests[None]

    def _compile(self, model: ov.Model) -> ov.InferRequest:
        return _CORE.compile_model(model, "CPU", self._settings).create_infer_request()
