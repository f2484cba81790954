"""Networks and weights small enough for tests."""

from pathlib import Path

import torch

from temporal_colorize.color.bins import BIN_COUNT
from temporal_colorize.inference.weights import Decoding, Weights, save_weights
from temporal_colorize.models.convlstm import ConvLSTMUNet


def tiny_network(*, seed: int = 0, classify: bool = True) -> ConvLSTMUNet:
    """Make a network with random weights, its statistics too, so that nothing is accidentally zero."""
    torch.manual_seed(seed)
    net = ConvLSTMUNet(
        encoder="residual", encoder_width=8, widths=(16, 16, 16), memory=(8, 8), blend=True, classify=classify
    )
    torch.nn.init.normal_(net.blend4.gate[-1].weight)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return net.eval()


def tiny_weights(*, seed: int = 0, classify: bool = True) -> Weights:
    """Wrap `tiny_network` with flat rebalancing weights."""
    return Weights(tiny_network(seed=seed, classify=classify), torch.zeros(BIN_COUNT), Decoding(), "tiny")


def tiny_weights_file(folder: Path, *, seed: int = 0) -> Path:
    """Write `tiny_network` as a weights file."""
    path = folder / "tiny.safetensors"
    save_weights(path, tiny_network(seed=seed), torch.zeros(BIN_COUNT))
    return path
