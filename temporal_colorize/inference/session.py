"""Colours one stream of frames: carries the network's state on, and drops it at a cut."""

import itertools
from dataclasses import asdict, dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from temporal_colorize.inference.snapshot import Snapshot, give_back, nest, take, unnest
from temporal_colorize.inference.weights import Decoding, Weights
from temporal_colorize.models.contract import ColorOutput, State, decode
from temporal_colorize.options import require_number

LONGEST = 8  # times the shorter side; beyond that the network would see a strip of pixels enlarged without end

_CARRIED = ("cuts", "_state")


class CutDetector:
    """Finds cuts from what has been seen so far, never looking ahead.

    A cut is a frame whose coarse picture differs from the one before it by more than `threshold`: a new scene, a
    camera that jumps, or one that switches to its infrared lamp. Motion moves a coarse picture far less.

    Args:
        threshold: Mean absolute difference of L* (0..100) between coarse pictures.
    """

    CARRIED = ("_last",)
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
        size: Shorter side of what the network sees, in pixels; None for what suits the weights.
        vividness: 0 honest to 1 vivid; None for what suits the weights.
        temperature: Of the annealed mean, above 0; None for what suits the weights.
        cut_threshold: See `CutDetector`.

    Raises:
        ValueError: If a value is out of its range.
    """

    size: int | None = None
    vividness: float | None = None
    temperature: float | None = None
    cut_threshold: float = 12.0

    def __post_init__(self) -> None:
        if self.size is not None:
            require_number("inference.size", self.size, least=32, most=8192)
        require_number("inference.cut_threshold", self.cut_threshold, least=0)
        if self.vividness is not None:
            require_number("vividness", self.vividness, least=0, most=1)
        if self.temperature is not None:
            require_number("temperature", self.temperature, least=0.01, most=10)


class Session:
    """One stream of frames, in order. Streams do not share anything that changes: give each a session of its own.

    Args:
        weights: The network and its decoding; the network is moved to the device, and otherwise not changed.
        options: See `SessionOptions`.
        device: Where the network runs; the CPU if None.

    Attributes:
        decoding: The vividness and the temperature in force, and
        size: the shorter side of what the network sees.
        cuts: How many cuts have been found.

    Raises:
        ValueError: If a vividness or a temperature is asked of weights that have no bins to decode.
    """

    def __init__(self, weights: Weights, options: SessionOptions, *, device: torch.device | None = None) -> None:
        self.size = options.size or weights.size
        self.device = device or torch.device("cpu")
        self.net = weights.net.to(self.device)
        self.log_weights = weights.log_weights.to(self.device)
        asked = {name: getattr(options, name) for name in ("vividness", "temperature")}
        asked = {name: value for name, value in asked.items() if value is not None}
        if asked and not weights.net.has_bins:
            raise ValueError(
                f"{next(iter(asked))} needs a network with bins, and weights={weights.name} only regresses"
            )
        self.decoding = replace(weights.decoding, **asked)
        self.cuts = 0
        self._detect = CutDetector(options.cut_threshold)
        self._state: State | None = None

    def reset(self) -> None:
        """Forget what came before, as at a cut."""
        self._state = None

    def settings(self) -> dict[str, object]:
        """Name what decides how this session colours, beside the weights' values."""
        return {
            "network": self.net.architecture,
            "size": self.size,
            "device": str(self.device),
            "cut_threshold": self._detect.threshold,
            **asdict(self.decoding),
        }

    def snapshot(self) -> Snapshot:
        """Copy what is carried from frame to frame."""
        return {**take(self, _CARRIED), **nest("detect", take(self._detect, CutDetector.CARRIED))}

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a `snapshot` of a session like this one."""
        give_back(self, _CARRIED, snapshot)
        give_back(self._detect, CutDetector.CARRIED, unnest("detect", snapshot))
        self._state = None if self._state is None else tuple(part.to(self.device) for part in self._state)

    def network_size(self, height: int, width: int) -> tuple[int, int]:
        """Return the height and width that the network sees of a picture.

        `size` on the shorter side, but at most `LONGEST` times that on the longer one, in multiples of the stride; or
        the one size that the network takes.
        """
        if self.net.fixed_size is not None:
            return self.net.fixed_size
        stride = self.net.stride
        scale = self.size * min(1 / min(height, width), LONGEST / max(height, width))
        return tuple(max(stride, round(length * scale / stride) * stride) for length in (height, width))

    def prepare(self, height: int, width: int) -> tuple[int, int]:
        """Make the runtime as fast as it can be for pictures of this size, and return the `network_size`."""
        size = self.network_size(height, width)
        if hasattr(self.net, "prepare"):
            self.net.prepare(*size)
        return size

    def color(self, lightness: Tensor, hints: Tensor | None = None) -> Tensor:
        """Colour the next frame; `step` and `decode` in one."""
        return self.decode(self.step(lightness, hints))

    def step(self, lightness: Tensor, hints: Tensor | None = None) -> ColorOutput:
        """Run the network on the next frame.

        Args:
            lightness: (1, H, W), L* in 0..100, H and W as `network_size` says.
            hints: (3, H, W): a, b and a 0/1 mask, or None.

        Returns:
            The network's output with B = T = 1, on its device.
        """
        (output,) = self.steps(lightness[None], None if hints is None else hints[None])
        return output

    @torch.inference_mode()
    def steps(self, clip: Tensor, hints: Tensor | None = None) -> list[ColorOutput]:
        """Run the network on the next frames together: what is done frame by frame as a batch, the memory in order.

        Args:
            clip: (T, 1, H, W), see `step`.
            hints: (T, 3, H, W), or None.

        Returns:
            What `step` returns for each of them, but for rounding.
        """
        cuts = [number for number, lightness in enumerate(clip) if self._detect(lightness)]
        self.cuts += len(cuts)
        outputs = []
        for start, end in itertools.pairwise(sorted({0, *cuts, len(clip)})):
            if start in cuts:
                self._state = None
            seen = clip[None, start:end].to(self.device)
            given = None if hints is None else hints[None, start:end].to(self.device)
            output, self._state = self.net(seen, given, self._state)
            outputs += (output.frame(number) for number in range(end - start))
        return outputs

    @torch.inference_mode()
    def decode(self, output: ColorOutput, decoding: Decoding | None = None) -> Tensor:
        """Decode what `step` returned, by the session's decoding or another: (2, H', W') float32 on the CPU, in ab."""
        how = decoding or self.decoding
        ab = decode(output, self.log_weights, vividness=how.vividness, temperature=how.temperature)
        return ab[0, 0].cpu()


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
