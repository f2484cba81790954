"""What an object carries from frame to frame, as tensors that a file can hold."""

from collections.abc import Iterable, Mapping

import numpy as np
import torch
from torch import Tensor

Snapshot = dict[str, Tensor]
_KINDS = {bool: torch.bool, int: torch.int64, float: torch.float64}


def take(thing: object, names: Iterable[str]) -> Snapshot:
    """Copy attributes: numbers, arrays, tensors, tuples of these, and None; one that is not set yet is left out."""
    found: Snapshot = {}
    for name in names:
        _put(found, name, getattr(thing, name, None))
    return found


def give_back(thing: object, names: Iterable[str], snapshot: Mapping[str, Tensor]) -> None:
    """Set attributes as they were when `take` copied them; what was None then is left as it is."""
    for name in names:
        parts = {key: value for key, value in snapshot.items() if key.split("/")[0] == name}
        if parts:
            setattr(thing, name, _get(parts, name))


def nest(name: str, snapshot: Mapping[str, Tensor]) -> Snapshot:
    """Put a name before all keys, so that several objects' snapshots fit in one."""
    return {f"{name}.{key}": value for key, value in snapshot.items()}


def unnest(name: str, snapshot: Mapping[str, Tensor]) -> Snapshot:
    """Undo `nest`, for the keys of that name."""
    return {key.removeprefix(f"{name}."): value for key, value in snapshot.items() if key.startswith(f"{name}.")}


def _put(found: Snapshot, name: str, value: object) -> None:
    if isinstance(value, tuple):
        for number, part in enumerate(value):
            _put(found, f"{name}/{number}", part)
    elif isinstance(value, Tensor):
        found[f"{name}/tensor"] = value.detach().to("cpu", copy=True).contiguous()
    elif isinstance(value, np.ndarray):
        found[f"{name}/array"] = torch.from_numpy(value.copy())
    elif value is not None:
        found[f"{name}/number"] = torch.tensor(value, dtype=_KINDS[type(value)])


def _get(parts: Mapping[str, Tensor], name: str) -> object:
    inner = {key.removeprefix(f"{name}/"): value for key, value in parts.items()}
    if "tensor" in inner:
        return inner["tensor"]
    if "array" in inner:
        return inner["array"].numpy()
    if "number" in inner:
        return inner["number"].item()
    numbers = sorted({int(key.split("/")[0]) for key in inner})
    return tuple(
        _get({key: value for key, value in inner.items() if key.split("/")[0] == str(number)}, str(number))
        for number in numbers
    )
