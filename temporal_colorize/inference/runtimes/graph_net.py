"""A graph under the contract of networks, whichever engine computes it."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from temporal_colorize.color.bins import BIN_COUNT
from temporal_colorize.inference.runtimes.card import Card
from temporal_colorize.inference.runtimes.step import HINTS, LIGHTNESS, shapes, state_names
from temporal_colorize.models.contract import ColorOutput, State, check_clip, fresh_state

Arrays = Mapping[str, np.ndarray]
Shapes = Mapping[str, tuple[int, ...]]
_CHANNELS = {"ab": 2, "logits": BIN_COUNT, "known": 3}


class GraphEngine(Protocol):
    """Computes the graph of a `Step`.

    Attributes:
        inputs: Names of what it takes, which a network that ignores hints may do without.
        runtime: Its name.
        precision: In which it computes: fp32, bf16, fp16.
    """

    inputs: frozenset[str]
    runtime: str
    precision: str

    def run(self, arrays: Arrays, outputs: Shapes) -> list[np.ndarray]:
        """Compute one step, given the inputs and the shapes of the outputs in their order; the results are the
        caller's own. Threads take turns."""
        ...

    def prepare(self, inputs: Shapes) -> None:
        """Make inputs of these shapes as fast as they can be; others work as well."""
        ...


class GraphNet(nn.Module):
    """Colours with a graph on the CPU; its output goes to the device of the input. It has no parameters to train."""

    def __init__(self, card: Card, engine: GraphEngine) -> None:
        super().__init__()
        self.architecture, self.config = card.architecture, card.config
        self.stride, self.fixed_size, self.has_bins = card.stride, card.fixed_size, card.has_bins
        self.state_planes = card.state_planes
        self._output_stride, self._output_names, self._engine = card.output_stride, card.outputs, engine
        self.runtime, self.precision = engine.runtime, engine.precision
        self._no_hints = np.zeros(0, np.float32)

    def prepare(self, height: int, width: int) -> None:
        """Make frames of this size, one at a time, as fast as they can be; other shapes work as well."""
        self._engine.prepare(shapes(self, 1, height, width))

    @torch.no_grad()
    def forward(
        self, lightness: Tensor, hints: Tensor | None = None, state: State | None = None
    ) -> tuple[ColorOutput, State | None]:
        """Colour a clip; shapes and ranges are those of `VideoColorizer`.

        Raises:
            ValueError: Also if the graph takes one size alone, and this is another.
        """
        check_clip(lightness, hints, self.stride)
        batch, frames, _, height, width = lightness.shape
        if self.fixed_size not in (None, (height, width)):
            raise ValueError(f"this network takes {'x'.join(map(str, self.fixed_size))} alone, got {height}x{width}")
        if not self.state_planes:
            flat = None if hints is None else hints.flatten(0, 1)
            parts, _ = self._step(lightness.flatten(0, 1), flat, ())
            return _output({name: part.unflatten(0, (batch, frames)) for name, part in parts.items()}), state
        state, steps = state or fresh_state(self, batch, height, width), []
        for frame in range(frames):
            parts, state = self._step(lightness[:, frame], None if hints is None else hints[:, frame], state)
            steps.append(parts)
        return _output({name: torch.stack([parts[name] for parts in steps], dim=1) for name in steps[0]}), state

    def _step(self, lightness: Tensor, hints: Tensor | None, state: State) -> tuple[dict[str, Tensor], State]:
        given = {LIGHTNESS: _array(lightness), HINTS: self._zeros(lightness) if hints is None else _array(hints)}
        given |= {name: _array(plane) for name, plane in zip(state_names(self), state, strict=True)}
        needed = {name: array for name, array in given.items() if name in self._engine.inputs}
        results = self._engine.run(needed, self._output_shapes(*lightness.shape))
        tensors = [torch.from_numpy(array).to(lightness.device) for array in results]
        shown = len(tensors) - len(state)
        return dict(zip(self._output_names[:shown], tensors[:shown], strict=True)), tuple(tensors[shown:])

    def _output_shapes(self, batch: int, _: int, height: int, width: int) -> Shapes:
        places = height // self._output_stride, width // self._output_stride
        shown = {name: (batch, _CHANNELS[name], *places) for name in self._output_names if name in _CHANNELS}
        state = {f"next_{name}": shape for name, shape in shapes(self, batch, height, width).items()}
        return shown | {name: state[name] for name in self._output_names if name not in _CHANNELS}

    def _zeros(self, lightness: Tensor) -> np.ndarray:
        """Give the hints that hint nothing, the same array as long as the size stays."""
        shape = (len(lightness), 3, *lightness.shape[-2:])
        if self._no_hints.shape != shape:
            self._no_hints = np.zeros(shape, np.float32)
        return self._no_hints


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().float().contiguous().cpu().numpy()


def _output(parts: Mapping[str, Tensor]) -> ColorOutput:
    return ColorOutput(parts["ab"], parts.get("logits"), parts.get("known"))
