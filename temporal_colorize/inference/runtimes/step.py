"""One frame of a network as a graph: plain tensors in and out, the state among them."""

import torch
from torch import Tensor, nn

from temporal_colorize.models.contract import VideoColorizer, fresh_state

LIGHTNESS, HINTS = "lightness", "hints"
_BATCH = 2  # of the example; not 1, which exporters take for a constant


class Step(nn.Module):
    """Colours one frame.

    Inputs: lightness (B, 1, H, W), hints (B, 3, H, W), zeros for none, and the state, zeros for a fresh start. Outputs:
    ab (B, 2, H', W'), logits and known where the network has any, and the state for the next frame. All float32.
    """

    def __init__(self, net: VideoColorizer) -> None:
        super().__init__()
        self.net = net

    def forward(self, lightness: Tensor, hints: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        output, after = self.net(lightness[:, None], hints[:, None], state)
        return *(part[:, 0].float() for part in output if part is not None), *(plane.float() for plane in after)


def state_names(net: VideoColorizer) -> list[str]:
    """Name the parts of the state."""
    return [f"state_{number}" for number in range(len(net.state_planes))]


def example(net: VideoColorizer, batch: int = _BATCH) -> tuple[Tensor, ...]:
    """Make inputs to trace with: noise, so that nothing in them is accidentally constant."""
    height, width = net.fixed_size or (_least(net.stride), _least(net.stride) + net.stride)
    frame = 100 * torch.rand(batch, 1, height, width)
    return frame, torch.zeros(batch, 3, height, width), *fresh_state(net, batch, height, width)


def _least(stride: int) -> int:
    """Give the least multiple of the stride on which every network works: Inception-ResNet-v2 needs 75 pixels."""
    return -(-96 // stride) * stride


def shapes(net: VideoColorizer, batch: int, height: int, width: int) -> dict[str, tuple[int, ...]]:
    """Give the shape of every input, by name, in order."""
    frame = {LIGHTNESS: (batch, 1, height, width), HINTS: (batch, 3, height, width)}
    state = ((batch, plane.channels, height // plane.stride, width // plane.stride) for plane in net.state_planes)
    return frame | dict(zip(state_names(net), state, strict=True))
