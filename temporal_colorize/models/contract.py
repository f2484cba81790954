"""What every network takes and gives.

    output, state = model(lightness, hints=None, state=None)

State goes in and comes out; nothing temporal lives on the module, so frame by frame equals the whole clip, two clips
cannot mix, and a scene cut is `state=None`.
"""

from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from temporal_colorize.color.bins import decode_annealed_mean

State = tuple[Tensor, ...]


class ColorOutput(NamedTuple):
    """Colour at the network's output resolution (H' = H / 4 for `convlstm`).

    Attributes:
        ab: (B, T, 2, H', W'), regressed, and where hints are known theirs, in ab units (-110..110).
        logits: (B, T, 313, H', W') over the bins of `color.bins`, or None from a regression-only network.
        known: (B, T, 3, H', W'), what is left of the hints: a, b and a share in 0..1, how much of the pixel's colour
            they decide. None from a network that does not carry hints apart.
        caution: (B, T), 1 where the session distrusts the picture itself, as in infrared light; no network sets it.
    """

    ab: Tensor
    logits: Tensor | None
    known: Tensor | None = None
    caution: Tensor | None = None

    def frame(self, number: int) -> "ColorOutput":
        """Give one frame's part, T = 1."""
        return ColorOutput(*(None if part is None else part[:, number : number + 1] for part in self))


def decode(output: ColorOutput, log_weights: Tensor, *, vividness: float, temperature: float) -> Tensor:
    """Give one colour a pixel, (B, T, 2, H', W') float32 in ab units: of the bins where there are any, else the
    regression's; and where hints are known, theirs.

    Args:
        output: Of a network.
        log_weights: (313,), and the others: see `color.bins.decode_annealed_mean`.
        vividness: Of no meaning without bins, and so is
        temperature: this.
    """
    if output.logits is None:
        return output.ab.float()
    ab = decode_annealed_mean(output.logits, log_weights, vividness=vividness, temperature=temperature)
    return ab if output.known is None else trust_hints(ab, output.known)


def trust_hints(ab: Tensor, known: Tensor) -> Tensor:
    """Put what is known of hints, (B, T, 3, H', W'), over estimated colours, (B, T, 2, H', W')."""
    return torch.lerp(ab.float(), known[:, :, :2], known[:, :, 2:])


class StatePlane(NamedTuple):
    """A tensor of the state: (B, channels, H / stride, W / stride), zeros at a fresh start."""

    channels: int
    stride: int


class VideoColorizer(Protocol):
    """A network under the contract.

    Attributes:
        architecture: The name by which a weights file finds its class.
        config: The keyword arguments that build this network again, all plain values.
        stride: Height and width of the input must be multiples of this.
        fixed_size: The height and width that the input must have, where a network takes one size alone, or None.
        has_bins: Whether it gives logits.
        state_planes: What its state consists of, in order; empty for a network of single frames, which gives back the
            state that it is given.
    """

    architecture: str
    config: dict[str, object]
    stride: int
    fixed_size: tuple[int, int] | None
    has_bins: bool
    state_planes: tuple[StatePlane, ...]

    def __call__(
        self, lightness: Tensor, hints: Tensor | None = None, state: State | None = None
    ) -> tuple[ColorOutput, State | None]:
        """Colour a clip.

        Args:
            lightness: (B, T, 1, H, W), L* in 0..100.
            hints: (B, T, 3, H, W): a, b in ab units and a 0/1 mask of the pixels where they are given; None for none.
            state: What the call on the frames before returned; None for a fresh start, which zeros are too, also in
                some of a batch's streams or some places alone.

        Raises:
            ValueError: If a shape does not fit.
        """
        ...


def fresh_state(net: VideoColorizer, batch: int, height: int, width: int, *, like: Tensor | None = None) -> State:
    """Make the state that stands for None: zeros, float32 on the CPU, or of the type and on the device of `like`."""
    like = torch.empty(0) if like is None else like
    return tuple(
        like.new_zeros(batch, plane.channels, height // plane.stride, width // plane.stride)
        for plane in net.state_planes
    )


def check_clip(lightness: Tensor, hints: Tensor | None, stride: int) -> None:
    """Raise a ValueError that names the shape when a clip or its hints break the contract."""
    if lightness.ndim != 5 or lightness.shape[2] != 1:
        raise ValueError(f"lightness must be (B, T, 1, H, W), got {tuple(lightness.shape)}")
    *lead, _, height, width = lightness.shape
    if height % stride or width % stride:
        raise ValueError(f"height and width must be multiples of {stride}, got {height}x{width}")
    if hints is not None and list(hints.shape) != [*lead, 3, height, width]:
        raise ValueError(f"hints must be {(*lead, 3, height, width)}, got {tuple(hints.shape)}")
