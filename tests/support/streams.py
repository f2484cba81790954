"""Streams of frames as a network sees them, and how far two runtimes are apart on one."""

import torch
from torch.nn import functional as F

from temporal_colorize.inference.session import Session, SessionOptions
from temporal_colorize.inference.weights import Weights


def stream(count: int, height: int = 64, width: int = 96) -> torch.Tensor:
    """Make noisy frames, (count, 1, height, width) of L*, of a scene through which something bright moves."""
    generator = torch.Generator().manual_seed(0)
    scene = F.interpolate(100 * torch.rand(1, 1, 6, 8, generator=generator), (height, width), mode="bilinear")
    frames = scene.repeat(count, 1, 1, 1)
    for number, frame in enumerate(frames):
        place = number % (width - 16)
        frame[:, 16:40, place : place + 16] += 30
    return (frames + torch.randn(frames.shape, generator=generator)).clamp(0, 100)


def farthest(one: Weights, other: Weights, frames: torch.Tensor) -> float:
    """Return the largest difference of decoded ab over a stream that each colours with its own carried state."""
    sessions = [Session(weights, SessionOptions(size=64, cut_threshold=1000)) for weights in (one, other)]
    return max(float((sessions[0].color(frame) - sessions[1].color(frame)).abs().max()) for frame in frames)
