"""What an int8 graph is calibrated on: real frames in order, with the state that the network had when it saw them."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from temporal_colorize.color.chroma import luma_of_rgb
from temporal_colorize.color.lab import rgb_to_lab
from temporal_colorize.inference.planes import see
from temporal_colorize.inference.runtimes.step import Step, shapes
from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.inference.weights import Weights
from temporal_colorize.models.contract import fresh_state

_HINTED_EVERY = 4  # scenes, whose first frame is given in its true colours, so that hints too are in range


@torch.inference_mode()
def calibration_items(
    weights: Weights, scenes: Iterable[Sequence[np.ndarray]], options: SessionOptions
) -> Iterator[dict[str, np.ndarray]]:
    """Give the inputs of every step of every scene, by name.

    Args:
        weights: The network in PyTorch.
        scenes: The tuning split: frames in order, each (H, W, 3) uint8 RGB.
        options: Of the size at which they are seen.
    """
    session, step = Session(weights, options), Step(weights.net).eval()
    for number, scene in enumerate(scenes):
        size = session.network_size(*scene[0].shape[:2])
        state = fresh_state(weights.net, 1, *size)
        for first, frame in zip([number % _HINTED_EVERY == 0] + [False] * len(scene), scene, strict=False):
            lightness, ab = _seen(frame, size)
            hints = torch.cat([ab, torch.ones_like(lightness)], dim=1) if first else torch.zeros(1, 3, *size)
            inputs = (lightness, hints, *state)
            yield {name: part.numpy() for name, part in zip(shapes(weights.net, 1, *size), inputs, strict=True)}
            results = step(*inputs)
            state = results[len(results) - len(state) :]


def _seen(frame: np.ndarray, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Give L*, (1, 1, height, width), of a frame as the network sees it, and its true ab."""
    rgb = torch.from_numpy(np.ascontiguousarray(frame)).permute(2, 0, 1).float() / 255
    plane = (luma_of_rgb(rgb, "bt601")[0] * 255).round().byte().numpy()
    ab = torch.nn.functional.interpolate(rgb_to_lab(rgb)[None, 1:], size, mode="area")
    return see(plane, size)[None], ab
