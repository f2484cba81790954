"""Parts of made-up public weights."""

import torch
from torch import Tensor


def normalisation(name: str, channels: int, draw: torch.Generator) -> dict[str, Tensor]:
    """Draw the state of a batch normalisation, by the names that PyTorch gives it."""
    state = {
        f"{name}.{part}": low + (high - low) * torch.rand(channels, generator=draw)
        for part, low, high in (("weight", 0.5, 1.5), ("bias", -0.5, 0.5), ("running_mean", 0, 1))
    }
    state[f"{name}.running_var"] = 0.5 + torch.rand(channels, generator=draw)
    return state | {f"{name}.num_batches_tracked": torch.tensor(7)}
