"""Weights that others have published, as they come: PyTorch state dicts under their authors' names."""

import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

_COUNTER = "num_batches_tracked"  # of batch normalisation; older files have none, and nothing here reads it


def read_public(path: str | Path, *, option: str = "weights") -> dict[str, Tensor]:
    """Read a .pth, .pt or .safetensors file that holds a state dict; nothing in it is executed.

    Args:
        path: The file.
        option: By which it was given, for the message.

    Raises:
        ValueError: If the file is missing, or is anything else; the message has its name.
    """
    if not Path(path).is_file():
        raise ValueError(f"{option}={path}: no such file; give the path of a .pth, .pt or .safetensors file")
    try:
        is_safe = Path(path).suffix == ".safetensors"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pickles that it does not know
            weights = load_file(path) if is_safe else torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        what = "is damaged, or carries code, which is never run; give the published file, or a .safetensors file"
        raise ValueError(f"{option}={path} {what}") from error
    except Exception as error:  # whatever unpickling something else raises
        raise ValueError(f"{option}={path} cannot be read as a file of weights; download it again") from error
    if not isinstance(weights, Mapping) or not all(isinstance(value, Tensor) for value in weights.values()):
        message = "holds more than weights; give the published file, not a training's checkpoint"
        raise ValueError(f"{option}={path} {message}")
    return dict(weights)


def take(net: nn.Module, weights: Mapping[str, Tensor], source: str) -> None:
    """Load weights that bear the network's own names.

    Args:
        net: The network; it is changed only if everything fits.
        weights: All of its state; the counters of batch normalisation may be missing.
        source: Whose weights these should be, for the message.

    Raises:
        ValueError: If a tensor is missing, is one too many, or has another shape; the message names the first.
    """
    own = {name: value for name, value in net.state_dict().items() if not name.endswith(_COUNTER)}
    given = {name: value for name, value in weights.items() if not name.endswith(_COUNTER)}
    if missing := [name for name in own if name not in given]:
        raise ValueError(f"these are not the weights of {source}: {missing[0]} is missing")
    if unknown := [name for name in given if name not in own]:
        raise ValueError(f"these are not the weights of {source}: {unknown[0]} has no place in it")
    for name, value in given.items():
        if value.shape != own[name].shape:
            shapes = f"{name} is {tuple(value.shape)}, not {tuple(own[name].shape)}"
            raise ValueError(f"these are not the weights of {source}: {shapes}")
    net.load_state_dict(given, strict=False)
