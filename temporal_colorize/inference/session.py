"""Colours one stream of frames: carries the network's state on, and drops it at a cut."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from temporal_colorize.color.bins import decode_annealed_mean
from temporal_colorize.inference.weights import Weights
from temporal_colorize.models.contract import ColorOutput, State


class CutDetector:
    """Finds cuts from what has been seen so far, never looking ahead.

    A cut is a frame whose coarse picture differs from the one before it by more than `threshold`: a new scene, a
    camera that jumps, or one that switches to its infrared lamp. Motion moves a coarse picture far less.

    Args:
        threshold: Mean absolute difference of L* (0..100) between coarse pictures.
    """

    _CELLS = (9, 16)

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self._last: Tensor | None = None

    def __call__(self, lightness: Tensor) -> bool:
        """Take the next frame, (1, H, W); True if it starts a new scene. The first frame does not count as a cut."""
        coarse = F.adaptive_avg_pool2d(lightness, self._CELLS)
        last, self._last = self._last, coarse
        return last is not None and float((coarse - last).abs().mean()) > self.threshold


@dataclass(frozen=True, kw_only=True)
class SessionOptions:
    """How a stream is coloured.

    Attributes:
        size: Shorter side of what the network sees, in pixels.
        vividness: 0 honest to 1 vivid; None for what suits the weights.
        temperature: Of the annealed mean, above 0; None for what suits the weights.
        cut_threshold: See `CutDetector`.

    Raises:
        ValueError: If a value is out of its range.
    """

    size: int = 256
    vividness: float | None = None
    temperature: float | None = None
    cut_threshold: float = 12.0

    def __post_init__(self) -> None:
        _require("inference.size", self.size, 32, 8192)
        _require("inference.cut_threshold", self.cut_threshold, 0, float("inf"))
        if self.vividness is not None:
            _require("vividness", self.vividness, 0, 1)
        if self.temperature is not None:
            _require("temperature", self.temperature, 0.01, 10)


def _require(name: str, value: object, least: float, most: float) -> None:
    if not isinstance(value, int | float) or not least <= value <= most:
        raise ValueError(f"{name}={value} must be a number from {least} to {most}")


class Session:
    """One stream of frames, in order. Streams do not share anything that changes: give each a session of its own.

    Args:
        weights: The network and its decoding; used, never changed.
        options: See `SessionOptions`.
        device: Where the network runs; the weights are moved there.

    Attributes:
        cuts: How many cuts have been found.

    Raises:
        ValueError: If a vividness or a temperature is asked of weights that have no bins to decode.
    """

    def __init__(self, weights: Weights, options: SessionOptions, *, device: torch.device | None = None) -> None:
        self.options = options
        self.device = device or torch.device("cpu")
        self.net = weights.net.to(self.device)
        self.log_weights = weights.log_weights.to(self.device)
        self.vividness, self.temperature = weights.decoding.resolve(options.vividness, options.temperature)
        decoding = {"vividness": options.vividness, "temperature": options.temperature}
        asked = [name for name, value in decoding.items() if value is not None]
        if asked and not weights.net.config.get("classify", True):
            raise ValueError(f"{asked[0]} needs a network with bins, and weights={weights.name} only regresses")
        self.cuts = 0
        self._detect = CutDetector(options.cut_threshold)
        self._state: State | None = None

    def network_size(self, height: int, width: int) -> tuple[int, int]:
        """Return the height and width that the network sees of a picture: `size` on the shorter side, in strides."""
        stride, scale = self.net.stride, self.options.size / min(height, width)
        return tuple(max(stride, round(length * scale / stride) * stride) for length in (height, width))

    @torch.inference_mode()
    def color(self, lightness: Tensor, hints: Tensor | None = None) -> Tensor:
        """Colour the next frame.

        Args:
            lightness: (1, H, W), L* in 0..100, H and W as `network_size` says.
            hints: (3, H, W): a, b and a 0/1 mask, or None.

        Returns:
            (2, H', W') float32 on the CPU, in ab units.
        """
        if self._detect(lightness):
            self.cuts += 1
            self._state = None
        clip = lightness[None, None].to(self.device)
        given = None if hints is None else hints[None, None].to(self.device)
        output, self._state = self.net(clip, given, self._state)
        return self._decode(output)[0, 0].cpu()

    def _decode(self, output: ColorOutput) -> Tensor:
        if output.logits is None:
            return output.ab
        return decode_annealed_mean(
            output.logits, self.log_weights, vividness=self.vividness, temperature=self.temperature
        )


def pick_device(name: str) -> torch.device:
    """Turn "auto", "cpu", "cuda", "cuda:1" or "mps" into a device.

    Raises:
        ValueError: If this machine has no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device={name} is not on this machine: choose auto, cpu, cuda or mps") from error
    return device
