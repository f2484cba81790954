"""Networks in PyTorch, computed as the device does it best."""

import warnings
from dataclasses import replace

import torch
from torch import Tensor, nn

from temporal_colorize.inference.memory import ran_out
from temporal_colorize.inference.runtimes.step import Step
from temporal_colorize.inference.weights import Weights
from temporal_colorize.models.contract import ColorOutput, State, VideoColorizer, fresh_state

_TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
_MOST_GRAPHS = 8  # each holds the memory of a step


def in_torch(weights: Weights, *, device: torch.device, precision: str = "auto") -> Weights:
    """Give weights whose network computes in a precision; in float32 off CUDA they are as they were.

    Args:
        weights: Of `load_weights`.
        device: Where it runs.
        precision: fp32, bf16, fp16, or auto: bf16 on CUDA, else fp32.

    Raises:
        ValueError: If the network or the device cannot do with it.
    """
    if precision == "auto":
        precision = "bf16" if device.type == "cuda" else "fp32"
    if precision == "fp16" and device.type == "cpu":
        raise ValueError("precision=fp16 is for device=cuda: choose fp32 or bf16 on the CPU")
    if precision == "fp32" and device.type != "cuda":
        return weights
    try:
        moved = weights.net.to(device, memory_format=torch.channels_last)
    except RuntimeError as error:
        if not ran_out(error):
            raise
        return replace(weights, net=weights.net.to("cpu"))  # the session tries again, and says so
    net = TorchNet(moved, _TYPES[precision])
    return replace(weights, net=net)


class TorchNet(nn.Module):
    """A network under autocast, and on CUDA as a CUDA graph for every size of single frames.

    float16 has no room for batch variances above 65504, but autocast leaves batch normalisation in float32.

    Args:
        net: On its device, channels-last.
        dtype: Of convolutions; float32 for no autocast.
    """

    def __init__(self, net: VideoColorizer, dtype: torch.dtype) -> None:
        super().__init__()
        self.net, self.dtype = net, dtype
        self.precision = next(name for name, kind in _TYPES.items() if kind == dtype)
        self.architecture, self.config = net.architecture, net.config
        self.stride, self.fixed_size, self.has_bins = net.stride, net.fixed_size, net.has_bins
        self.state_planes = net.state_planes
        self._graphs: dict[tuple[int, ...], _Captured | None] = {}

    def prepare(self, height: int, width: int) -> None:
        """Make frames of this size, one at a time, as fast as they can be: on CUDA by capturing a graph."""
        device = next(self.net.parameters()).device
        if device.type == "cuda" and (1, height, width) not in self._graphs and len(self._graphs) < _MOST_GRAPHS:
            self._graphs[1, height, width] = _capture(self, height, width, device)

    def _apply(self, *arguments: object, **options: object) -> "TorchNet":
        self._graphs.clear()  # they hold the weights where they were
        return super()._apply(*arguments, **options)

    @torch.no_grad()
    def forward(
        self, lightness: Tensor, hints: Tensor | None = None, state: State | None = None
    ) -> tuple[ColorOutput, State | None]:
        """Colour a clip; shapes and ranges are those of `VideoColorizer`."""
        batch, frames, _, height, width = lightness.shape
        captured = self._graphs.get((batch, height, width)) if frames == 1 else None
        if captured is None:
            return self.eager(lightness, hints, state)
        hints = torch.zeros_like(lightness).expand(-1, -1, 3, -1, -1) if hints is None else hints
        given = fresh_state(self, batch, height, width, like=lightness) if self.state_planes and not state else state
        output, after = captured(lightness, hints, given or ())
        return output, after if self.state_planes else state

    def eager(self, lightness: Tensor, hints: Tensor | None, state: State | None) -> tuple[ColorOutput, State | None]:
        """Compute without a captured graph."""
        with torch.autocast(lightness.device.type, self.dtype, enabled=self.dtype != torch.float32):
            return self.net(lightness, hints, state)


class _Captured:
    """One step at one size as a CUDA graph, which the processor launches at once instead of kernel by kernel."""

    def __init__(self, net: TorchNet, height: int, width: int, device: torch.device) -> None:
        self.net = net
        step = Step(net.net)
        state = fresh_state(net, 1, height, width)
        frame = torch.zeros(1, 1, height, width), torch.zeros(1, 3, height, width)
        self.inputs = tuple(part.to(device) for part in (*frame, *state))
        output, _ = net.eager(self.inputs[0][None], self.inputs[1][None], self.inputs[2:])
        self.names = [name for name, part in zip(output._fields, output, strict=True) if part is not None]
        self.graph, aside = torch.cuda.CUDAGraph(), torch.cuda.Stream()
        with torch.autocast("cuda", net.dtype, enabled=net.dtype != torch.float32, cache_enabled=False):
            aside.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(aside):
                for _ in range(3):  # libraries choose their kernels, which must not be recorded
                    step(*self.inputs)
            torch.cuda.current_stream().wait_stream(aside)
            with torch.cuda.graph(self.graph):
                self.outputs = step(*self.inputs)

    def __call__(self, lightness: Tensor, hints: Tensor, state: State) -> tuple[ColorOutput, State]:
        """Colour a frame, B = T = 1; see `VideoColorizer`."""
        for own, given in zip(self.inputs, (lightness[:, 0], hints[:, 0], *state), strict=True):
            own.copy_(given)
        self.graph.replay()
        results = [part.clone() for part in self.outputs]  # the graph writes into its own again
        shown = dict(zip(self.names, (part[:, None] for part in results), strict=False))
        return ColorOutput(shown["ab"], shown.get("logits"), shown.get("known")), tuple(results[len(self.names) :])


@torch.no_grad()
def _capture(net: TorchNet, height: int, width: int, device: torch.device) -> _Captured | None:
    try:
        return _Captured(net, height, width, device)
    except RuntimeError as error:
        warnings.warn(f"no CUDA graph, frames are slower: {str(error).splitlines()[0]}", stacklevel=2)
        return None
