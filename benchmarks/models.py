"""What each network costs: parameters, GFLOP, and milliseconds a frame, in turn on one machine.

python -m benchmarks.models [unet5 zhang ...] [--size 256] [--rounds 7] [--threads 2]

The networks are those of conf/model, with random weights. A multiplication and an addition are two operations. Times
are medians over rounds in which every network colours one frame, in PyTorch float32 and channels-last.
"""

import argparse
import statistics
import time

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from temporal_colorize import cli


def build(name: str) -> nn.Module:
    """Build the network of conf/model/<name>.yaml with random weights."""
    from omegaconf import open_dict

    config = cli.compose("train", [f"model={name}"]).model
    with open_dict(config):
        for option, value in {
            "pretrained": False,
            "frozen_blocks": 0,
            "frozen": False,
            "extractor_weights": None,
        }.items():
            if option in config:
                config[option] = value
    return cli.build(config).eval().to(memory_format=torch.channels_last)


def frame_for(net: nn.Module, size: int) -> torch.Tensor:
    """One frame of noise, (1, 1, 1, H, W): `size` pixels square unless the network takes one size alone."""
    height, width = net.fixed_size or (size, size)
    return 100 * torch.rand(1, 1, 1, height, width, generator=torch.Generator().manual_seed(0))


@torch.inference_mode()
def gflop(net: nn.Module, frame: torch.Tensor) -> float:
    with FlopCounterMode(display=False) as counter:
        net(frame)
    return counter.get_total_flops() / 1e9


@torch.inference_mode()
def milliseconds(net: nn.Module, frame: torch.Tensor) -> float:
    """Time one frame in the middle of a clip."""
    _, state = net(frame)
    start = time.perf_counter()
    net(frame, None, state)
    return 1e3 * (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", default=None)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    names = arguments.models or sorted({path.stem for path in (cli.conf_folder() / "model").glob("*.yaml")} - {"caffe"})
    nets = {name: build(name) for name in names}
    frames = {name: frame_for(net, arguments.size) for name, net in nets.items()}
    times = {name: [] for name in names}
    for _ in range(arguments.rounds):
        for name, net in nets.items():
            times[name].append(milliseconds(net, frames[name]))
    print("| network | parameters | input | GFLOP | ms a frame |\n|---|---|---|---|---|")
    for name, net in nets.items():
        millions = sum(parameter.numel() for parameter in net.parameters()) / 1e6
        height, width = frames[name].shape[-2:]
        cost, spent = gflop(net, frames[name]), statistics.median(times[name])
        print(f"| `{name}` | {millions:.1f} M | {height}x{width} | {cost:.1f} | {spent:.0f} |")


if __name__ == "__main__":
    main()
