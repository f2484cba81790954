"""What each network costs: parameters, GFLOP, and milliseconds a frame, in turn on one machine.

python -m benchmarks.models [unet5 zhang ...] [--openvino convlstm zhang ...] [--size 256] [--rounds 7] [--threads 2]

The networks are those of conf/model, with random weights, in PyTorch float32 and channels-last; see
`temporal_colorize/evaluation/cost.py`. Those after --openvino run there too, as `infer.py` runs them on this processor.
"""

import argparse

import torch
from torch import nn

from temporal_colorize import cli
from temporal_colorize.color.bins import BIN_COUNT
from temporal_colorize.evaluation.cost import measure_costs
from temporal_colorize.inference.runtimes.card import Card
from temporal_colorize.inference.runtimes.graph_net import GraphNet
from temporal_colorize.inference.runtimes.opening import OPENVINO, graph_backend
from temporal_colorize.inference.weights import Decoding, Weights

_FROM_NOTHING = {"pretrained": False, "frozen_blocks": 0, "frozen": False, "extractor_weights": None}


def build(name: str) -> nn.Module:
    """Build the network of conf/model/<name>.yaml with random weights."""
    config = cli.compose("train", [f"model={name}"]).model
    for option in _FROM_NOTHING.keys() & config.keys():
        config[option] = _FROM_NOTHING[option]
    return cli.build(config).eval().to(memory_format=torch.channels_last)


def in_openvino(net: nn.Module, *, size: int, threads: int) -> GraphNet:
    """Convert a network as `infer.py` does, prepared for single frames of this size."""
    backend = graph_backend(OPENVINO)
    weights = Weights(net, torch.zeros(BIN_COUNT), Decoding(), net.architecture)
    card = Card.of(weights)
    engine = backend.Engine(backend.convert(weights, card), precision="auto", threads=threads, cache=None)
    converted = GraphNet(card, engine)
    converted.prepare(size, size)
    return converted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", help="all, if none is named here or after --openvino")
    parser.add_argument("--openvino", nargs="*", default=[], metavar="MODEL")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    known = {path.stem for path in (cli.conf_folder() / "model").glob("*.yaml")} - {"caffe"}  # which needs files
    nets = {name: build(name) for name in arguments.models or (() if arguments.openvino else sorted(known))}
    for name in arguments.openvino:
        nets[f"{name}, OpenVINO"] = in_openvino(build(name), size=arguments.size, threads=arguments.threads)
    costs = measure_costs(nets, size=arguments.size, rounds=arguments.rounds)
    print("| network | parameters, M | GFLOP | ms a frame |\n|---|---|---|---|")
    for name, cost in costs.items():
        *counts, milliseconds = cost.values()
        millions, gflop = (f"{count:.1f}" for count in counts) if counts else ("", "")
        print(f"| `{name}` | {millions} | {gflop} | {milliseconds:.1f} |")


if __name__ == "__main__":
    main()
