"""What networks cost, measured in turn on the machine at hand."""

import statistics
import time
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

Costs = dict[str, dict[str, float]]


def measure_costs(nets: Mapping[str, nn.Module], *, size: int = 256, rounds: int = 5) -> Costs:
    """Count parameters and operations, and time a frame in the middle of a clip.

    Args:
        nets: By name, in eval mode, where they are to run.
        size: Height and width of the frame, unless a network takes one size alone.
        rounds: In each of which every network colours one frame; the median counts.

    Returns:
        For each network: parameters in millions; GFLOP a frame, a multiplication and an addition being two operations;
        milliseconds a frame. The first two are left out where PyTorch does not compute it.
    """
    frames = {name: _frame_for(net, size) for name, net in nets.items()}
    times: dict[str, list[float]] = {name: [] for name in nets}
    for _ in range(rounds):
        for name, net in nets.items():
            times[name].append(_milliseconds(net, frames[name]))
    return {
        name: {**_counts(net, frames[name]), "ms a frame": statistics.median(times[name])} for name, net in nets.items()
    }


def _counts(net: nn.Module, frame: Tensor) -> dict[str, float]:
    parameters = sum(parameter.numel() for parameter in net.parameters())
    return {"parameters, M": parameters / 1e6, "GFLOP a frame": count_gflop(net, frame)} if parameters else {}


def _frame_for(net: nn.Module, size: int) -> Tensor:
    """Make a frame of noise, (1, 1, 1, H, W) in 0..100."""
    height, width = net.fixed_size or (size, size)
    frame = 100 * torch.rand(1, 1, 1, height, width, generator=torch.Generator().manual_seed(0))
    parameter = next(net.parameters(), None)
    return frame if parameter is None else frame.to(parameter.device)


@torch.inference_mode()
def count_gflop(net: nn.Module, frame: Tensor) -> float:
    """Count what PyTorch computes for a first frame, in 10^9 operations."""
    with FlopCounterMode(display=False) as counter:
        net(frame)
    return counter.get_total_flops() / 1e9


@torch.inference_mode()
def _milliseconds(net: nn.Module, frame: Tensor) -> float:
    _, state = net(frame)
    _wait(frame)
    start = time.perf_counter()
    net(frame, None, state)
    _wait(frame)
    return 1e3 * (time.perf_counter() - start)


def _wait(frame: Tensor) -> None:
    if frame.is_cuda:
        torch.cuda.synchronize()
