"""What each network costs: parameters, GFLOP, and milliseconds a frame, in turn on one machine.

python -m benchmarks.models [unet5 zhang ...] [--size 256] [--rounds 7] [--threads 2]

The networks are those of conf/model, with random weights, in PyTorch float32 and channels-last; see
`temporal_colorize/evaluation/cost.py`.
"""

import argparse

import torch
from torch import nn

from temporal_colorize import cli
from temporal_colorize.evaluation.cost import measure_costs

_FROM_NOTHING = {"pretrained": False, "frozen_blocks": 0, "frozen": False, "extractor_weights": None}


def build(name: str) -> nn.Module:
    """Build the network of conf/model/<name>.yaml with random weights."""
    config = cli.compose("train", [f"model={name}"]).model
    for option in _FROM_NOTHING.keys() & config.keys():
        config[option] = _FROM_NOTHING[option]
    return cli.build(config).eval().to(memory_format=torch.channels_last)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    known = {path.stem for path in (cli.conf_folder() / "model").glob("*.yaml")} - {"caffe"}  # which needs files
    nets = {name: build(name) for name in arguments.models or sorted(known)}
    costs = measure_costs(nets, size=arguments.size, rounds=arguments.rounds)
    print("| network | parameters | GFLOP | ms a frame |\n|---|---|---|---|")
    for name, cost in costs.items():
        millions, gflop, milliseconds = cost.values()
        print(f"| `{name}` | {millions:.1f} M | {gflop:.1f} | {milliseconds:.0f} |")


if __name__ == "__main__":
    main()
