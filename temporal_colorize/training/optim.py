"""Optimiser groups, the learning rate's course, and the precision that a device has."""

import math
from collections.abc import Iterator

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR


def parameter_groups(net: nn.Module, *, lr: float, encoder_lr_scale: float, weight_decay: float) -> list[dict]:
    """Divide what is trained into four groups: encoder and rest, with and without weight decay.

    Biases and normalisation are not decayed. Frozen parameters are left out, and so are empty groups.
    """

    def chosen(*, encoder: bool, decayed: bool) -> Iterator[nn.Parameter]:
        for name, parameter in net.named_parameters():
            is_matrix = parameter.ndim > 1
            if parameter.requires_grad and name.startswith("encoder.") == encoder and is_matrix == decayed:
                yield parameter

    groups = []
    for encoder in (True, False):
        for decayed in (True, False):
            parameters = list(chosen(encoder=encoder, decayed=decayed))
            rate = lr * (encoder_lr_scale if encoder else 1.0)
            groups.append({"params": parameters, "lr": rate, "weight_decay": weight_decay * decayed})
    return [group for group in groups if group["params"]]


def warmup_cosine(optimizer: Optimizer, *, total_steps: int, warmup_steps: int, last_scale: float = 0.01) -> LambdaLR:
    """Raise the learning rate linearly over `warmup_steps`, then lower it along a cosine to `last_scale` of it."""

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
