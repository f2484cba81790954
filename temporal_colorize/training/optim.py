"""Optimiser groups, the learning rate's course, and the precision that a device has."""

import math
import re

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR


def parameter_groups(
    net: nn.Module,
    *,
    lr: float,
    encoder_lr_scale: float,
    weight_decay: float,
    encoder_lr_decay: float = 1.0,
    encoder_weight_decay: float | None = None,
) -> list[dict]:
    """Divide what is trained into groups of one learning rate and one weight decay.

    The encoder's last block learns at `lr * encoder_lr_scale`, each one before it at `encoder_lr_decay` times the next
    one's rate; its weight decay is the others' unless given. Biases and normalisation are not decayed. What is frozen
    is left out.
    """
    depth = _encoder_depth(net)
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in net.named_parameters():
        if not parameter.requires_grad:
            continue
        rate, decay = lr, weight_decay
        if name.startswith("encoder."):
            rate *= encoder_lr_scale * encoder_lr_decay ** (depth - _block_of(name))
            decay = weight_decay if encoder_weight_decay is None else encoder_weight_decay
        groups.setdefault((rate, decay if parameter.ndim > 1 else 0.0), []).append(parameter)
    return [{"params": some, "lr": rate, "weight_decay": decay} for (rate, decay), some in groups.items()]


def _encoder_depth(net: nn.Module) -> int:
    return max((_block_of(name) for name, _ in net.named_parameters() if name.startswith("encoder.")), default=0)


def _block_of(name: str) -> int:
    """Number of the encoder's block that a parameter is in, counted from 0; -1 for what is before all blocks."""
    number = re.search(r"\.(\d+)\.", name) if name.startswith(("encoder.blocks.", "encoder.stages.")) else None
    return int(number[1]) if number else -1


def warmup_cosine(optimizer: Optimizer, *, total_steps: int, warmup_steps: int, last_scale: float = 0.01) -> LambdaLR:
    """Raise the learning rate linearly over `warmup_steps`, then lower it along a cosine to `last_scale` of it; 1 keeps
    it as it is."""

    def scale(step: int) -> float:
        if step < warmup_steps:
            return (step + 1) / (warmup_steps + 1)
        progress = min(1.0, (step - warmup_steps) / max(1, total_steps - warmup_steps))
        return last_scale + (1 - last_scale) * (1 + math.cos(math.pi * progress)) / 2

    return LambdaLR(optimizer, scale)


def best_precision() -> str:
    """Name the Lightning precision for this machine: "bf16-mixed" where the device has bfloat16, else "32-true"."""
    if torch.cuda.is_available():
        has_bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        has_bf16 = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return "bf16-mixed" if has_bf16 else "32-true"
